"""`--strict` turns each warning into a refusal, and nothing else. Every place that warns is tried both ways."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import httpx
import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape

import atoll
from atoll.services import SERVICES

if TYPE_CHECKING:
    from tests.conftest import Region

SITES = [
    (service.name, name, path, reason)
    for service in SERVICES
    for name, operation in sorted(service.operations().items())
    for path, reason in sorted(operation.not_honoured.items())
]
"""Every property that an operation declares as not honoured."""
OTHER_MACHINE = "x86_64" if platform.machine() in ("aarch64", "arm64") else "arm64"
FUNCTION = {
    "FunctionName": "new", "Runtime": "python3.11", "Handler": "app.handler", "Code": {"ZipFile": b"x"},
    "Role": "arn:aws:iam::000000000000:role/none",
}  # fmt: skip
UPDATE = {"FunctionName": "fn"}
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/l"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
POOL = "us-east-1_Nobody000"
IDENTITIES = "us-east-1:00000000-0000-0000-0000-000000000000"
NAMED = {
    "AccountId": "1" * 12, "FunctionName": "fn", "NamespacedFunctionName": "fn", "UserPoolIdType": POOL,
    "IdentityPoolId": IDENTITIES, "SoftwareTokenMFAUserCodeType": "123456",
}  # fmt: skip
"""What a shape must hold, where its pattern is not enough of a hint."""
ALLOW = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
CONDITIONAL = [
    ("lambda", "CreateEventSourceMapping", UPDATE, {"EventSourceArn": QUEUE}, "EventSourceArn"),
    (
        "lambda", "CreateEventSourceMapping", UPDATE | {"EventSourceArn": STREAM, "StartingPosition": "LATEST"},
        {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}, "DestinationConfig.OnFailure.Destination",
    ),
    ("lambda", "CreateFunction", FUNCTION, {"TracingConfig": {"Mode": "Active"}}, "TracingConfig.Mode"),
    ("lambda", "CreateFunction", FUNCTION, {"SnapStart": {"ApplyOn": "PublishedVersions"}}, "SnapStart.ApplyOn"),
    ("lambda", "CreateFunction", FUNCTION, {"Architectures": [OTHER_MACHINE]}, "Architectures"),
    ("lambda", "UpdateFunctionCode", UPDATE, {"Architectures": [OTHER_MACHINE], "ZipFile": b"x"}, "Architectures"),
    ("lambda", "UpdateFunctionConfiguration", UPDATE, {"TracingConfig": {"Mode": "Active"}}, "TracingConfig.Mode"),
    (
        "dynamodb", "UpdateContributorInsights", {"TableName": "none"}, {"ContributorInsightsAction": "ENABLE"},
        "ContributorInsightsAction",
    ),
    ("logs", "CreateLogGroup", {"logGroupName": "g"}, {"logGroupClass": "INFREQUENT_ACCESS"}, "logGroupClass"),
    ("lambda", "CreateFunction", FUNCTION, {"DeadLetterConfig": {"TargetArn": QUEUE}}, "DeadLetterConfig.TargetArn"),
    ("lambda", "UpdateFunctionConfiguration", UPDATE, {"DeadLetterConfig": {"TargetArn": QUEUE}}, "DeadLetterConfig.TargetArn"),
    (
        "lambda", "UpdateFunctionEventInvokeConfig", UPDATE, {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}},
        "DestinationConfig",
    ),
    (
        "lambda", "PutRuntimeManagementConfig", {"FunctionName": "fn", "UpdateRuntimeOn": "Manual"},
        {"RuntimeVersionArn": "arn:aws:lambda:us-east-1::runtime:0123"}, "RuntimeVersionArn",
    ),
    (
        "lambda", "AddLayerVersionPermission",
        {"LayerName": "l", "VersionNumber": 1, "StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"},
        {"OrganizationId": "o-0123456789"}, "OrganizationId",
    ),
    *(
        (
            "cognito-idp", f"{verb}UserPoolClient", {"UserPoolId": POOL, member: "app"},
            {"EnablePropagateAdditionalUserContextData": True}, "EnablePropagateAdditionalUserContextData",
        )
        for verb, member in (("Create", "ClientName"), ("Update", "ClientId"))
    ),
    *(
        ("cognito-idp", f"{verb}UserPoolDomain", {"UserPoolId": POOL, "Domain": "d"}, {"ManagedLoginVersion": 2}, "ManagedLoginVersion")
        for verb in ("Create", "Update")
    ),
    (
        "iam", "SimulateCustomPolicy", {"PolicyInputList": [ALLOW], "ActionNames": ["ec2:RunInstances"]},
        {"ResourceHandlingOption": "EC2-VPC-InstanceStore"}, "ResourceHandlingOption",
    ),
]  # fmt: skip
"""What is warned of depending on its value: service, operation, the rest of the request, what is set, and its name."""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, own: Region) -> Iterator[Region]:
    """A region under --strict."""
    region = type(own)(tmp_path_factory.mktemp("strict") / "data", ("--strict",)).start()
    yield region
    region.stop()


def sample(shape: Shape, path: list[str]) -> Any:
    """The least value of a shape that holds something at `path`."""
    if isinstance(shape, StructureShape):
        wanted = dict.fromkeys([*shape.required_members, *path[:1]]) or dict.fromkeys(list(shape.members)[:1])
        return {name: sample(shape.members[name], path[1:] if [name] == path[:1] else []) for name in wanted}
    if isinstance(shape, ListShape):
        return [sample(shape.member, path)] * max(1, int(shape.metadata.get("min", 1)))
    if isinstance(shape, MapShape):
        return {f"key{n}": sample(shape.value, path) for n in range(max(1, int(shape.metadata.get("min", 1))))}
    low = int(shape.metadata.get("min", 1))
    match shape.type_name:
        case "string":
            return text(shape, max(low, 3))
        case "boolean":
            return True
        case "blob":
            return b"x"
    return max(low, 1)


def text(shape: Shape, length: int) -> str:
    """A text that the shape's pattern takes."""
    if choices := getattr(shape, "enum", None):
        return "HTTP" if "HTTP" in choices else str(choices[0])
    if shape.name in NAMED:
        return NAMED[shape.name]
    if "kms" in shape.name.lower():
        return "arn:aws:kms:us-east-1:000000000000:key/k"
    if "arn:" in str(shape.metadata.get("pattern", "")):
        return "arn:aws:iam::000000000000:role/role"
    return "a" * length


def ask(region: Region, service: str, operation: str, request: dict[str, Any]) -> tuple[str, str, int]:
    """The error that the region answers, ("", "", 200) for none."""
    client = region.client(service, key="000000000000")
    method = next(name for name, op in client.meta.method_to_api_mapping.items() if op == operation)
    try:
        getattr(client, method)(**request)
    except ClientError as error:
        found = error.response
        return found["Error"]["Code"], found["Error"]["Message"], found["ResponseMetadata"]["HTTPStatusCode"]
    return "", "", 200


def reported(region: Region, service: str, operation: str, prop: str) -> int:
    """How often the region has noted it."""
    return sum(
        entry["count"]
        for entry in httpx.get(f"{region.endpoint}/_atoll/unsupported").json()["unsupported"]
        if (entry["service"], entry["operation"], entry["property"]) == (service, operation, prop)
    )


def check_both_ways(own: Region, strict: Region, service: str, operation: str, request: Any, prop: str) -> str:
    """The refusal of the strict region; the other one only notes it."""
    before = reported(own, service, operation, prop)
    assert ask(own, service, operation, request)[0] != "NotImplemented"
    assert reported(own, service, operation, prop) == before + 1
    code, message, status = ask(strict, service, operation, request)
    assert (code, status) == ("NotImplemented", 501)
    assert message.startswith(f"Atoll does not honour {prop} of {service}:{operation}: ")
    return message


@pytest.mark.parametrize(("service", "operation", "path", "reason"), SITES, ids=[".".join(s[:3]) for s in SITES])
def test_what_is_declared(own: Region, strict: Region, service: str, operation: str, path: str, reason: str) -> None:
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    request = sample(shape, path.split("."))
    message = check_both_ways(own, strict, service, operation, request, path)
    assert message == f"Atoll does not honour {path} of {service}:{operation}: {reason}."


@pytest.mark.parametrize(
    ("service", "operation", "rest", "given", "prop"), CONDITIONAL, ids=[f"{c[1]}.{c[4]}" for c in CONDITIONAL]
)
def test_what_depends(
    own: Region, strict: Region, owner_of: Any, service: str, operation: str, rest: Any, given: Any, prop: str
) -> None:
    for region in (own, strict):
        if operation.startswith("UpdateFunction") and ask(region, "lambda", "GetFunction", UPDATE)[0]:
            owner = owner_of(region, "000000000000")
            owner.function("fn", "def handler(event, context): pass\n", owner.role())
    check_both_ways(own, strict, service, operation, rest | given, prop)


def test_hosted_pages_in_another_language(own: Region, strict: Region) -> None:
    for region, status, count in ((own, 200, 1), (strict, 501, 0)):
        idp = region.client("cognito-idp", key="000000000000")
        pool = idp.create_user_pool(PoolName="pages")["UserPool"]["Id"]
        oauth = {
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid"],
        }
        client = idp.create_user_pool_client(
            UserPoolId=pool, ClientName="app", CallbackURLs=["http://localhost:3000/"],
            SupportedIdentityProviders=["COGNITO"], **oauth,
        )["UserPoolClient"]["ClientId"]  # fmt: skip
        idp.create_user_pool_domain(UserPoolId=pool, Domain="pages")
        query = {"client_id": client, "response_type": "code", "redirect_uri": "http://localhost:3000/", "lang": "en"}
        pages = f"{region.endpoint}/_aws/cognito-idp/pages/login"
        assert httpx.get(pages, params=query).status_code == 200
        shown = httpx.get(pages, params=query | {"lang": "de"})
        assert shown.status_code == status, shown.text
        assert ("Atoll does not honour lang of cognito-idp:HostedPages: the pages are in English." in shown.text) == (
            region is strict
        )
        assert reported(region, "cognito-idp", "HostedPages", "lang") == count


def test_every_place_that_warns_is_tried() -> None:
    """Each `ctx.warn` names its property; one that is new must be added above. Those of API Gateway: test_api_warnings.py."""
    services = (Path(atoll.__file__).parent / "services").rglob("*.py")
    source = "".join(path.read_text() for path in services if "/apigateway" not in path.as_posix())
    named = set(re.findall(r"\.warn\(\s*f?\"(?:\{place\}\.)?(\{member\}|[\w.]+)\"", source))
    tried = {case[4] for case in CONDITIONAL} | {"Runtime", "lang"}
    # Runtime is named twice, and what may send to destinations says itself which member is one (`destinations.report`).
    assert len(named) == len(re.findall(r"\.warn\(", source)) - 2
    assert all(name == "{member}" or any(prop.endswith(name) for prop in tried) for name in named), named


def test_a_refusal_changes_nothing(strict: Region, owner_of: Any) -> None:
    owner = owner_of(strict, "123123123123")
    role = owner.role()
    before = owner.held()
    for settings in ({"TracingConfig": {"Mode": "Active"}}, {"KMSKeyArn": "arn:aws:kms:us-east-1:123123123123:key/k"}):
        with pytest.raises(ClientError, match="does not honour"):
            owner.function("fn", "def handler(event, context): pass\n", role, **settings)
    with pytest.raises(ClientError, match="does not honour"):
        owner.client("logs").create_log_group(logGroupName="g", logGroupClass="INFREQUENT_ACCESS")
    assert owner.held() == before


def test_nothing_else_is_refused(strict: Region, owner_of: Any) -> None:
    owner_of(strict, "321321321321").fill()
    assert "strict" in strict.atoll("status").stdout
    assert httpx.get(f"{strict.endpoint}/_atoll/status").json()["strict"] is True


def test_another_interpreter_is_refused_when_a_function_is_made_and_when_it_runs(
    new_region: Callable[..., Region], owner_of: Any, need: Any
) -> None:
    """A function that was made without --strict does not run under it where another Python stands in for its runtime."""
    region = new_region()
    findings = json.loads(region.atoll("doctor", "--json", check=False).stdout)["findings"]
    stand_ins = [found["name"] for found in findings if found["detail"].endswith(" stands in")]
    need(stand_ins, "a python3.x that only a newer one can stand in for")
    owner = owner_of(region, "111111111111")
    owner.function("fn", "def handler(event, context):\n    return 1\n", owner.role(), Runtime=stand_ins[0])
    assert owner.invoke("fn") == 1
    assert (
        reported(region, "lambda", "CreateFunction", "Runtime") == reported(region, "lambda", "Invoke", "Runtime") == 1
    )
    region.stop()
    region.options = ("--strict",)
    region.start()
    for attempt in (
        lambda: owner.invoke("fn"),
        lambda: owner.invoke("fn"),
        lambda: owner.function("new", "", owner.role("new"), Runtime=stand_ins[0]),
    ):
        with pytest.raises(
            ClientError, match=rf"Atoll does not honour Runtime of lambda:\w+: {stand_ins[0]} functions run on"
        ):
            attempt()


def test_the_environment_asks_for_it(new_region: Callable[..., Region]) -> None:
    region = new_region(start=False)
    region.environment["ATOLL_STRICT"] = "1"
    infrequent = {"logGroupName": "g", "logGroupClass": "INFREQUENT_ACCESS"}
    assert ask(region.start(), "logs", "CreateLogGroup", infrequent)[0] == "NotImplemented"
    failed = region.atoll("up", check=False, ATOLL_STRICT="yes")
    assert failed.stderr.startswith("error: ATOLL_STRICT must be one of 0, 1, not 'yes'.")
