"""What clients make of the API: botocore's waiters and paginators, and every way to name a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session

from .conftest import Lambda, package

SIGNERS = {"SigningProfileVersionArns": ["arn:aws:signer:us-east-1:111111111111:/signing-profiles/test"]}


def test_waiters_wait_for_nothing(fn: Lambda) -> None:
    """The first look finds what they wait for: one attempt is enough."""
    fn.create(Publish=True)
    once = {"MaxAttempts": 1}
    for name in fn.client.waiter_names:
        named = {"Qualifier": "1"} if name == "published_version_active" else {}
        fn.client.update_function_configuration(FunctionName="fn", Description=name)
        fn.client.get_waiter(name).wait(FunctionName="fn", WaiterConfig=once, **named)


@pytest.fixture
def three(fn: Lambda, account: str) -> dict[str, dict[str, Any]]:
    """Three of all that is listed; what the listings are to be asked with, by operation."""
    c = fn.client
    config = c.create_code_signing_config(AllowedPublishers=SIGNERS)["CodeSigningConfig"]["CodeSigningConfigArn"]
    for number in ("1", "2", "3"):
        c.create_code_signing_config(AllowedPublishers=SIGNERS)
        fn.create(f"fn{number}")
        c.put_function_code_signing_config(FunctionName=f"fn{number}", CodeSigningConfigArn=config)
        c.update_function_configuration(FunctionName="fn1", Description=number)
        c.publish_version(FunctionName="fn1")
        c.create_alias(FunctionName="fn1", Name=f"a{number}", FunctionVersion=number)
        of_alias = {"FunctionName": "fn1", "Qualifier": f"a{number}"}
        c.put_function_event_invoke_config(**of_alias, MaximumRetryAttempts=1)
        c.create_function_url_config(**of_alias, AuthType="NONE")
        c.put_provisioned_concurrency_config(**of_alias, ProvisionedConcurrentExecutions=1)
        for layer in ("layer", f"layer{number}"):
            c.publish_layer_version(LayerName=layer, Content={"ZipFile": package({"a": number})})
        queue = f"arn:aws:sqs:us-east-1:{account}:queue{number}"
        c.create_event_source_mapping(FunctionName="fn1", EventSourceArn=queue, Enabled=False)
    of_function = {"FunctionName": "fn1"}
    return {
        "ListAliases": of_function,
        "ListCodeSigningConfigs": {},
        "ListEventSourceMappings": {},
        "ListFunctionEventInvokeConfigs": of_function,
        "ListFunctionUrlConfigs": of_function,
        "ListFunctions": {},
        "ListFunctionsByCodeSigningConfig": {"CodeSigningConfigArn": config},
        "ListLayerVersions": {"LayerName": "layer"},
        "ListLayers": {},
        "ListProvisionedConcurrencyConfigs": of_function,
        "ListVersionsByFunction": of_function,
    }


def test_every_listing_comes_in_pages(fn: Lambda, three: dict[str, dict[str, Any]]) -> None:
    pages = Session().get_paginator_model("lambda")
    for operation, asked in three.items():
        key = pages.get_paginator(operation)["result_key"]
        method = xform_name(operation)
        whole = getattr(fn.client, method)(**asked)
        assert len(whole[key]) >= 3, operation
        assert "NextMarker" not in whole
        found = list(fn.client.get_paginator(method).paginate(**asked, PaginationConfig={"PageSize": 1}))
        assert [len(page[key]) for page in found] == [1] * len(whole[key]), operation
        assert [page[key][0] for page in found] == whole[key], operation


def test_every_way_to_name_a_function(fn: Lambda, account: str, aws_error: Callable[..., tuple[str, str, int]]) -> None:
    c = fn.client
    arn = fn.create(Publish=True)["FunctionArn"]
    c.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    for base in (
        "fn",
        "function:fn",
        f"{account}:fn",
        f"{account}:function:fn",
        f"us-east-1:{account}:function:fn",
        arn,
    ):
        for qualifier, version in (("", "$LATEST"), (":$LATEST", "$LATEST"), (":1", "1"), (":live", "1")):
            shown = c.get_function(FunctionName=base + qualifier)["Configuration"]
            assert (shown["FunctionArn"], shown["Version"]) == (arn + qualifier, version)
            assert c.get_function_configuration(FunctionName=base + qualifier)["FunctionArn"] == arn + qualifier
            if qualifier:
                beside = c.get_function(FunctionName=base, Qualifier=qualifier[1:])["Configuration"]
                assert beside["FunctionArn"] == arn + qualifier
    for qualifier in ("9", "none"):
        assert aws_error(lambda qualifier=qualifier: c.get_function(FunctionName="fn", Qualifier=qualifier)) == (
            "ResourceNotFoundException", f"Function not found: {arn}:{qualifier}", 404,
        )  # fmt: skip
