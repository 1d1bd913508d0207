"""Code signing configurations: kept as data, and what their policy means for code that nobody signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Lambda, package
from .test_layers import publish

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
PROFILE = "arn:aws:signer:us-east-1:111111111111:/signing-profiles/test"


def make(fn: Lambda, policy: str | None = None, **settings: Any) -> dict[str, Any]:
    if policy:
        settings["CodeSigningPolicies"] = {"UntrustedArtifactOnDeployment": policy}
    publishers = {"SigningProfileVersionArns": [PROFILE]}
    answer = fn.client.create_code_signing_config(AllowedPublishers=publishers, **settings)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    return answer["CodeSigningConfig"]  # type: ignore[no-any-return]


def test_configurations_live(fn: Lambda, account: str, aws_error: Error) -> None:
    c = fn.client
    made = make(fn, "Enforce", Description="Testing", Tags={"a": "1"})
    arn = made["CodeSigningConfigArn"]
    assert arn == f"arn:aws:lambda:us-east-1:{account}:code-signing-config:{made['CodeSigningConfigId']}"
    assert {name: made[name] for name in ("Description", "AllowedPublishers", "CodeSigningPolicies")} == {
        "Description": "Testing",
        "AllowedPublishers": {"SigningProfileVersionArns": [PROFILE]},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Enforce"},
    }
    assert c.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == made
    assert c.update_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == made
    warn = {"UntrustedArtifactOnDeployment": "Warn"}
    changed = c.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies=warn, Description="new")
    assert changed["CodeSigningConfig"]["CodeSigningPolicies"] == warn
    assert changed["CodeSigningConfig"]["AllowedPublishers"] == made["AllowedPublishers"]
    other = make(fn)
    assert other["CodeSigningPolicies"] == warn
    ids = sorted([made["CodeSigningConfigId"], other["CodeSigningConfigId"]])
    first = c.list_code_signing_configs(MaxItems=1)
    rest = c.list_code_signing_configs(Marker=first["NextMarker"])
    assert [one["CodeSigningConfigId"] for page in (first, rest) for one in page["CodeSigningConfigs"]] == ids
    c.tag_resource(Resource=arn, Tags={"b": "2"})
    c.untag_resource(Resource=arn, TagKeys=["a"])
    assert c.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    c.delete_code_signing_config(CodeSigningConfigArn=arn)
    gone = ("ResourceNotFoundException", f"The Lambda code signing configuration {arn} can not be found.", 404)
    for call in (
        lambda: c.get_code_signing_config(CodeSigningConfigArn=arn),
        lambda: c.update_code_signing_config(CodeSigningConfigArn=arn, Description="x"),
        lambda: c.delete_code_signing_config(CodeSigningConfigArn=arn),
        lambda: c.list_functions_by_code_signing_config(CodeSigningConfigArn=arn),
        lambda: c.list_tags(Resource=arn),
    ):
        assert aws_error(call) == gone
    with pytest.raises(c.exceptions.ResourceNotFoundException) as error:
        c.get_code_signing_config(CodeSigningConfigArn=arn)
    assert (error.value.response["Message"], "Type" in error.value.response) == (gone[1], False)


def test_functions_have_configurations(fn: Lambda, account: str, aws_error: Error) -> None:
    c, arn = fn.client, make(fn)["CodeSigningConfigArn"]
    invalid = arn[:-3] + "zzz"
    fn.create(CodeSigningConfigArn=arn)
    fn.create("second")
    assert c.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"] == [
        f"arn:aws:lambda:us-east-1:{account}:function:fn"
    ]
    put = c.put_function_code_signing_config(CodeSigningConfigArn=arn, FunctionName="second")
    assert (put["CodeSigningConfigArn"], put["FunctionName"]) == (arn, "second")
    got = c.get_function_code_signing_config(FunctionName="second")
    assert (got["CodeSigningConfigArn"], got["FunctionName"]) == (arn, "second")
    assert len(c.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"]) == 2
    assert aws_error(lambda: c.delete_code_signing_config(CodeSigningConfigArn=arn))[0] == "ResourceConflictException"
    c.delete_function(FunctionName="fn")
    for _ in range(2):
        answer = c.delete_function_code_signing_config(FunctionName="second")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert "CodeSigningConfigArn" not in c.get_function_code_signing_config(FunctionName="second")
    missing = "The code signing configuration cannot be found. Check that the provided configuration is not deleted: "
    unknown = ("CodeSigningConfigNotFoundException", f"{missing}{invalid}.", 404)
    put_signing = c.put_function_code_signing_config
    for name in ("second", "none"):
        assert aws_error(lambda name=name: put_signing(CodeSigningConfigArn=invalid, FunctionName=name)) == unknown
    assert aws_error(lambda: fn.create("third", CodeSigningConfigArn=invalid)) == unknown
    nobody = ("ResourceNotFoundException", f"Function not found: arn:aws:lambda:us-east-1:{account}:function:none", 404)
    for call in (
        lambda: c.put_function_code_signing_config(CodeSigningConfigArn=arn, FunctionName="none"),
        lambda: c.get_function_code_signing_config(FunctionName="none"),
        lambda: c.delete_function_code_signing_config(FunctionName="none"),
    ):
        assert aws_error(call) == nobody
    c.delete_code_signing_config(CodeSigningConfigArn=arn)


def test_unsigned_code_is_refused_where_signatures_are_enforced(fn: Lambda, aws_error: Error) -> None:
    c, arn = fn.client, make(fn, "Enforce")["CodeSigningConfigArn"]

    def refused(artifact: str) -> tuple[str, str, int]:
        return (
            "CodeVerificationFailedException",
            "Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is "
            f"not configured to accept. Check the provided signature for {artifact}.",
            400,
        )

    assert aws_error(lambda: fn.create(CodeSigningConfigArn=arn)) == refused("fn")
    fn.create()
    c.put_function_code_signing_config(CodeSigningConfigArn=arn, FunctionName="fn")
    update = c.update_function_code
    for dry in (False, True):
        assert aws_error(lambda dry=dry: update(FunctionName="fn", ZipFile=package("x = 1"), DryRun=dry)) == refused(
            "fn"
        )
    layer = publish(fn, {"a": ""})
    change = c.update_function_configuration
    assert aws_error(lambda: change(FunctionName="fn", Layers=[layer])) == refused(layer)
    change(FunctionName="fn", Timeout=9)
    assert fn.invoke(event={"still": "there"}).payload == {"still": "there"}
    warn = {"UntrustedArtifactOnDeployment": "Warn"}
    c.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies=warn)
    update(FunctionName="fn", ZipFile=package("def handler(event, context):\n    return 'new'\n"))
    assert fn.invoke().payload == "new"


def test_another_account_finds_nothing_it_may_touch(fn: Lambda, region: Any, aws_error: Error) -> None:
    arn = make(fn)["CodeSigningConfigArn"]
    stranger = region.client("lambda", key="999988887777")
    for call in (
        lambda: stranger.get_code_signing_config(CodeSigningConfigArn=arn),
        lambda: stranger.delete_code_signing_config(CodeSigningConfigArn=arn),
        lambda: stranger.list_functions_by_code_signing_config(CodeSigningConfigArn=arn),
        lambda: stranger.tag_resource(Resource=arn, Tags={"a": "b"}),
        lambda: stranger.list_tags(Resource=arn),
    ):
        assert aws_error(call)[0] == "AccessDeniedException"


def test_a_configuration_has_one_name(fn: Lambda, aws_error: Error) -> None:
    """IAM compares what the request says: a policy that denies one name must not be passed by under another."""
    arn = make(fn)["CodeSigningConfigArn"]
    other = arn.replace("arn:aws:", "arn:aws-cn:")
    fn.create()
    for call in (
        lambda: fn.client.get_code_signing_config(CodeSigningConfigArn=other),
        lambda: fn.client.delete_code_signing_config(CodeSigningConfigArn=other),
        lambda: fn.client.tag_resource(Resource=other, Tags={"a": "b"}),
    ):
        assert aws_error(call)[0] == "ResourceNotFoundException"
    refused = aws_error(
        lambda: fn.client.put_function_code_signing_config(FunctionName="fn", CodeSigningConfigArn=other)
    )
    assert refused[0] == "CodeSigningConfigNotFoundException"
    assert fn.client.list_tags(Resource=arn)["Tags"] == {}
