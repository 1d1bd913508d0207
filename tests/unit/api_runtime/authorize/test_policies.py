"""IAM authorization and resource policies of REST APIs, by AWS's tables."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.api_runtime.authorize.support import ACCOUNT, FUNCTION, FakeClock, Region, policy, refusal

from atoll.api_runtime import serving
from atoll.api_runtime.authorize.authorizers import Authorizers
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.visit import NOBODY
from atoll.auth.policy.evaluate import NO_POLICIES, Question, evaluate
from atoll.auth.policy.parse import parse
from atoll.kernel.context import Principal
from atoll.kernel.errors import AccessDenied, CommonError, ExpiredToken, InvalidSignature, UnrecognizedClient

NONE = serving.Guard()
IAM = serving.Guard("AWS_IAM")
CUSTOM = serving.Guard("CUSTOM", "a")
REQUEST = {"a": serving.Authorizer("a", "a", "REQUEST", function=FUNCTION)}
ARN = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc123/dev/GET/pets"
MASKED = "arn:aws:execute-api:us-east-1:********9012:abc123/dev/GET/pets"


def statement(
    effect: str = "Allow", principal: Any = "*", resource: str = "execute-api:/*", **more: Any
) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": "execute-api:Invoke", "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> str:
    """A resource policy as it is kept: with whole ARNs."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return text.replace('"execute-api:/', f'"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc123/')


class Host:
    """Stands for the gateway: `signer` is who signed, or the error of a signature that is wrong; root may all in its account."""

    def __init__(self, signer: Principal | CommonError | None = None) -> None:
        self.kernel: Any = SimpleNamespace(clock=FakeClock())
        self.strict = False
        self._signer = signer
        self.asked: list[tuple[str, str]] = []
        self.issuers = None

    async def signer(self, _http: Any, *, service: str, region: str) -> Principal | None:
        assert (service, region) == ("execute-api", "us-east-1")
        if isinstance(self._signer, CommonError):
            raise self._signer
        return self._signer

    async def admit(self, ctx: Any, _http: Any, access: Any, params: Any) -> None:
        for one in access:
            arn = one.resource(ctx, params)
            self.asked.append((one.action, arn))
            text = await one.resource_policy(ctx, params) if one.resource_policy else None
            parsed = parse(text, kind="resource") if text else None
            question = Question(ctx.principal, one.action, arn, {})
            if not evaluate(question, NO_POLICIES, parsed, resource_account=ACCOUNT).allowed:
                raise AccessDenied(f"User: {ctx.principal.arn} is not authorized on resource: {arn}")


def authorizers_of(host: Any) -> Authorizers:
    return Authorizers(host, Roles(host.kernel.clock))


def visit_of(region: Region, **changes: Any) -> Any:
    visit = region.visit(**changes)
    visit.ctx.derive = lambda **changed: SimpleNamespace(**{**vars(visit.ctx), **changed})
    return visit


async def admit(host: Host, guard: serving.Guard, text: str | None, region: Region | None = None, **visit: Any) -> Any:
    made = visit_of(region or Region(), **visit)
    return await authorizers_of(host).admit_by_policy(made, guard, REQUEST, text)


async def test_resource_policy_alone() -> None:
    assert await admit(Host(), NONE, document(statement())) is NOBODY
    assert await admit(Host(), NONE, None) is NOBODY
    denied = await refusal(admit(Host(), NONE, document(statement("Deny"), statement())))
    assert (denied.reason, denied.text) == (
        "ACCESS_DENIED",
        f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {MASKED} "
        "with an explicit deny in a resource-based policy",
    )
    implicit = await refusal(admit(Host(), NONE, document(statement(resource="execute-api:/dev/POST/*"))))
    assert implicit.text == (
        f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {MASKED} "
        "because no resource-based policy allows the execute-api:Invoke action"
    )


@pytest.mark.parametrize(
    ("resource", "allowed"),
    [
        ("*", True), (ARN, True), ("execute-api:/*", True), ("execute-api:/dev/GET/pets", True),
        (f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc123/*/GET/*", True), ("execute-api:/dev/*", True),
        ("execute-api:/prod/*", False), ("execute-api:/dev/POST/pets", False),
        (f"arn:aws:execute-api:us-east-1:{ACCOUNT}:other/*", False),
    ],
)  # fmt: skip
async def test_resources_of_a_resource_policy(resource: str, allowed: bool) -> None:
    admission = admit(Host(), NONE, document(statement(resource=resource)))
    if allowed:
        await admission
    else:
        await refusal(admission)


async def test_ip_ranges() -> None:
    text = document(statement(), statement("Deny", Condition={"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}}))
    assert await admit(Host(), NONE, text)
    assert "explicit deny" in ((await refusal(admit(Host(), NONE, text, source_ip="198.51.100.1"))).text or "")
    only_vpc = document(statement(Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}))
    await refusal(admit(Host(), NONE, only_vpc))
    vpc_ip = document(statement(Condition={"IpAddress": {"aws:VpcSourceIp": "0.0.0.0/0"}}))
    await refusal(admit(Host(), NONE, vpc_ip))


@pytest.mark.parametrize(
    "text", ["", "{}", "x", '{"Statement":[]}', "[" * 9000, '{"execute-api:/":1}', document({"Effect": "Allow"})]
)
@pytest.mark.parametrize("guard", [NONE, IAM, CUSTOM])
async def test_a_policy_that_cannot_be_read_refuses_all(text: str, guard: serving.Guard) -> None:
    region = Region(lambda event: policy())
    assert (await refusal(admit(Host(Principal.root(ACCOUNT)), guard, text, region))).reason == "ACCESS_DENIED"
    assert not region.calls


@pytest.mark.parametrize(
    ("authorizer", "policies", "outcome"),
    [
        ("Allow", "Allow", "in"), ("Allow", "", "in"), ("Allow", "Deny", "explicit"),
        ("", "Allow", "in"), ("", "", "implicit"), ("", "Deny", "explicit"),
        ("Deny", "Allow", "explicit"), ("Deny", "", "explicit"), ("Deny", "Deny", "explicit"),
    ],
)  # fmt: skip
async def test_lambda_authorizer_and_resource_policy(authorizer: str, policies: str, outcome: str) -> None:
    """The table for one account. A request that the resource policy denies never reaches the function."""
    answer = policy(authorizer) if authorizer else policy(resource=ARN + "/other")
    region = Region(lambda event: answer)
    text = document(statement(policies) if policies else statement(resource="execute-api:/other/*"))
    admission = admit(Host(), CUSTOM, text, region)
    if outcome == "in":
        assert (await admission).principal_id == "alice"
    else:
        refused = await refusal(admission)
        assert ("explicit deny" in (refused.text or "")) is (outcome == "explicit")
    assert len(region.calls) == (0 if policies == "Deny" else 1)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/pets", "/pets"), ("/", "/"), ("/%70ets", "/pets"), ("/p%65ts/%40me", "/pets/@me"), ("/a%20b", "/a%20b"),
        ("/caf%c3%a9", "/caf%C3%A9"), ("/caf\xc3\xa9", "/caf%C3%A9"), ("/a%2Fb", "/a%2Fb"), ("/%2570ets", "/%2570ets"),
        ("/*", "/%2A"), ("/%2a/%3f", "/%2A/%3F"), ("/${aws:username}", "/$%7Baws:username%7D"), ("/%", "/%25"),
    ],
)  # fmt: skip
async def test_one_path_has_one_name(path: str, named: str) -> None:
    """However a path is encoded, policies see it under one name, which holds no wildcard."""
    host = Host(Principal.root(ACCOUNT))
    await admit(host, IAM, None, path=path)
    assert host.asked == [("execute-api:Invoke", f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc123/dev/GET{named}")]
    denies = document(statement(), statement("Deny", resource="execute-api:/dev/GET/pets"))
    if named == "/pets":
        await refusal(admit(Host(), NONE, denies, path=path))


async def test_iam_within_the_account() -> None:
    """Either side may allow; a deny of the resource policy is final."""
    root, user = Principal.root(ACCOUNT), Principal("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/bob", "AIDA")
    caller = await admit(Host(root), IAM, None)
    assert (caller.kind, caller.principal) == ("AWS_IAM", root)
    assert await admit(Host(root), IAM, document(statement(resource="execute-api:/other")))
    assert await admit(Host(user), IAM, document(statement(principal={"AWS": user.arn})))
    assert (await refusal(admit(Host(user), IAM, None))).reason == "ACCESS_DENIED"
    denied = await refusal(admit(Host(root), IAM, document(statement("Deny"), statement())))
    assert denied.reason == "ACCESS_DENIED"


async def test_iam_across_accounts() -> None:
    """Both sides must allow."""
    stranger = Principal.root("999999999999")
    assert (await refusal(admit(Host(stranger), IAM, None))).reason == "ACCESS_DENIED"
    assert await admit(Host(stranger), IAM, document(statement(principal={"AWS": "999999999999"})))
    user = Principal("user", "999999999999", "arn:aws:iam::999999999999:user/bob")
    assert (await refusal(admit(Host(user), IAM, document(statement())))).reason == "ACCESS_DENIED"


async def test_iam_denial_masks_the_account() -> None:
    user = Principal("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/bob")
    refused = await refusal(admit(Host(user), IAM, None))
    assert refused.text == f"User: {user.arn} is not authorized on resource: {MASKED}"


@pytest.mark.parametrize(
    ("signer", "reason", "text"),
    [
        (None, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token"),
        (UnrecognizedClient("The security token included in the request is invalid."), "INVALID_SIGNATURE", None),
        (InvalidSignature("The request signature we calculated does not match"), "INVALID_SIGNATURE", None),
        (ExpiredToken("The security token included in the request is expired"), "EXPIRED_TOKEN", None),
    ],
)
async def test_signatures_that_are_missing_or_wrong(signer: Any, reason: str, text: str | None) -> None:
    for kind in ("REST", "WEBSOCKET"):
        refused = await refusal(admit(Host(signer), IAM, None, kind=kind))
        assert (refused.reason, refused.text) == (reason, text or signer.message)
    refused = await refusal(admit(Host(signer), IAM, None, kind="HTTP"))
    assert (refused.reason, refused.text) == ("ACCESS_DENIED", None)


async def test_what_iam_is_asked() -> None:
    host = Host(Principal.root(ACCOUNT))
    await admit(host, IAM, None, kind="WEBSOCKET", route_key="$connect")
    visit = visit_of(Region(), kind="WEBSOCKET", path="/@connections/L0SM9cOFvHcCIhw=", method="POST")
    assert (await authorizers_of(host).admit_manager(visit)).kind == "root"
    prefix = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc123/dev"
    assert host.asked == [
        ("execute-api:Invoke", f"{prefix}/$connect"),
        ("execute-api:ManageConnections", f"{prefix}/POST/@connections/L0SM9cOFvHcCIhw="),
    ]
    with_nobody = authorizers_of(Host())
    assert (await refusal(with_nobody.admit_manager(visit))).reason == "MISSING_AUTHENTICATION_TOKEN"


@pytest.mark.parametrize(
    "guard",
    [
        serving.Guard("CUSTOM"), serving.Guard("CUSTOM", "gone"), serving.Guard("JWT", "a"), serving.Guard("JWT"),
        serving.Guard("COGNITO_USER_POOLS", "a"), serving.Guard("CUSTOM", "pool"), serving.Guard("CUSTOM", "jwt"),
        serving.Guard("NEW", "a"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", [None, document(statement())])
async def test_guards_that_do_not_fit_let_nobody_in(guard: serving.Guard, text: str | None) -> None:
    authorizers = {
        **REQUEST,
        "pool": serving.Authorizer("pool", "pool", "COGNITO_USER_POOLS"),
        "jwt": serving.Authorizer("jwt", "jwt", "JWT"),
    }
    region = Region(lambda event: policy())
    admission = authorizers_of(Host()).admit_by_policy(visit_of(region), guard, authorizers, text)
    refused = await refusal(admission)
    assert refused.reason == "AUTHORIZER_CONFIGURATION_ERROR"
    assert refused.detail
    assert not region.calls
