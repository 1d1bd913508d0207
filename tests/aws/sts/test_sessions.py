"""Sessions that only the inside of the region can see: those that services open, and how sessions end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from atoll.auth import credentials
from atoll.auth.principal import check, unknown_key
from atoll.auth.sigv4 import SigningKeys
from atoll.gateway.call import Call, Parts
from atoll.gateway.pipeline import Gateway
from atoll.gateway.unsupported import Unsupported
from atoll.kernel.context import Principal
from atoll.kernel.errors import AccessDenied, ExpiredToken, UnrecognizedClient
from atoll.kernel.keys import under
from atoll.kernel.region import open_kernel
from atoll.protocol.models import Models
from atoll.services import iam, sts
from atoll.services.iam.directory import IamDirectory

ACCOUNT = "111122223333"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
LAMBDA = Principal.service("lambda.amazonaws.com", ACCOUNT, FUNCTION)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"


def trust(**more: object) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Inside:
    """IAM and STS over a real kernel, called as services call them."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.kernel = parts.kernel
        self.gateway = Gateway(parts)

    async def call(self, service, operation, request, principal=Principal.root(ACCOUNT)):  # noqa: B008  frozen
        span = self.kernel.tracer.begin("request", "test")
        ctx = Call(self.parts, span, "request", service=service, principal=principal).context()
        return await ctx.call(service, operation, request, principal=principal)

    async def assume(self, principal=LAMBDA, **more):
        request = {"RoleArn": ROLE, "RoleSessionName": "fn"} | more
        return (await self.call("sts", "AssumeRole", request, principal))["Credentials"]

    async def stored(self, prefix):
        return [key[-1] for key in await self.kernel.store.read(lambda tx: [key for key, _ in tx.scan(under(prefix))])]


@pytest.fixture
async def inside(tmp_path) -> AsyncIterator[Inside]:
    kernel = await open_kernel(tmp_path / "data", "process", verify=True)
    services = (iam.SERVICE, sts.SERVICE)
    yield Inside(
        Parts(
            kernel=kernel,
            models=Models([service.name for service in services]),
            directory=IamDirectory(),
            operations={service.name: service.operations() for service in services},
            runtimes={},
            unsupported=Unsupported(kernel.store, kernel.clock),
            signing_keys=SigningKeys(),
            auth="enforce",
            endpoint="http://127.0.0.1",
            request_log=lambda *_given, **_more: None,
        )
    )
    await kernel.close()


async def create_role(inside: Inside, document: str) -> None:
    await inside.call("iam", "CreateRole", {"RoleName": "worker", "AssumeRolePolicyDocument": document})


async def test_a_service_that_is_trusted(inside):
    await create_role(inside, trust())
    given = await inside.assume(DurationSeconds=43_200)
    key = await inside.kernel.store.read(lambda tx: credentials.credential(tx, given["AccessKeyId"]))
    assert key.principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/fn"
    assert key.principal.role_arn == ROLE
    assert given["Expiration"] - inside.kernel.clock.now() > 43_000


async def test_a_service_that_is_not_trusted(inside):
    await create_role(inside, trust())
    with pytest.raises(AccessDenied):
        await inside.assume(Principal.service("events.amazonaws.com", ACCOUNT))


async def test_what_a_service_acts_for(inside):
    await create_role(inside, trust(Condition={"ArnEquals": {"aws:SourceArn": FUNCTION}}))
    assert await inside.assume()
    with pytest.raises(AccessDenied):
        await inside.assume(Principal.service("lambda.amazonaws.com", ACCOUNT, f"{FUNCTION}2"))


async def test_a_session_ends_by_the_regions_clock(inside):
    await create_role(inside, trust())
    given = await inside.assume(DurationSeconds=900)
    key = await inside.kernel.store.read(lambda tx: credentials.credential(tx, given["AccessKeyId"]))
    check(key, given["SessionToken"], inside.kernel.clock.now())
    await inside.kernel.clock.advance(900)
    with pytest.raises(ExpiredToken):
        check(key, given["SessionToken"], inside.kernel.clock.now())


async def test_ended_sessions_leave_the_store(inside):
    await create_role(inside, trust())
    old = [(await inside.assume())["AccessKeyId"] for _ in range(3)]
    await inside.kernel.clock.advance(3600 + credentials.REMEMBERED)
    new = [(await inside.assume())["AccessKeyId"] for _ in range(3)]
    assert not set(old) & set(await inside.stored(credentials.PREFIX))
    assert sorted(await inside.stored(credentials.PREFIX)) == sorted(new)
    assert await inside.kernel.store.read(lambda tx: credentials.credential(tx, old[0])) is None
    with pytest.raises(UnrecognizedClient):  # and not the root, as whom other unknown keys act
        unknown_key(old[0], strict=False)
    assert sorted(await inside.stored(credentials.ENDINGS)) == sorted(new)
