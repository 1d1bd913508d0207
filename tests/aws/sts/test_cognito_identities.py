"""Tokens of Cognito's identity pools become sessions as those of any issuer do, without a provider in IAM: a service of the region is the
issuer, and gives its keys to `Host.issuers`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from tests.aws.sts.test_sessions import ACCOUNT, Inside
from tests.oidc import Provider

from atoll.auth.issuers import AsksIssuers, Issuers
from atoll.auth.sigv4 import SigningKeys
from atoll.gateway.call import Call, Parts
from atoll.gateway.unsupported import Unsupported
from atoll.kernel.context import Principal
from atoll.kernel.errors import AccessDenied
from atoll.kernel.region import open_kernel
from atoll.protocol.models import Models
from atoll.services import iam, sts
from atoll.services.iam.directory import IamDirectory
from atoll.services.sts.errors import InvalidIdentityTokenException

COGNITO = "cognito-identity.amazonaws.com"
POOL, IDENTITY = "us-east-1:pool", "us-east-1:identity"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/visitors"


@pytest.fixture(scope="module")
def keys():
    provider = Provider()
    provider.rotate("one")
    yield provider
    provider.close()


async def nowhere(_issuer: str) -> bytes:
    raise AssertionError("the network is not asked")


@pytest.fixture
async def inside(tmp_path, keys) -> AsyncIterator[Inside]:
    kernel = await open_kernel(tmp_path / "data", "process", verify=True)
    services = (iam.SERVICE, sts.SERVICE)
    issuers = Issuers(kernel.clock, nowhere)

    async def pools(issuer: str) -> bytes | None:
        return json.dumps(keys.document("/keys")).encode() if issuer == f"https://{COGNITO}" else None

    issuers.resolve(pools)
    parts = Parts(
        kernel=kernel,
        models=Models([service.name for service in services]),
        directory=IamDirectory(),
        operations={service.name: service.operations() for service in services},
        runtimes={"sts": AsksIssuers(issuers)},
        unsupported=Unsupported(kernel.store, kernel.clock),
        signing_keys=SigningKeys(),
        auth="enforce",
        endpoint="http://127.0.0.1",
        request_log=lambda *_given, **_more: None,
    )
    yield Inside(parts)
    await kernel.close()


async def assume(inside, token):
    request = {"RoleArn": ROLE, "RoleSessionName": "CognitoIdentityCredentials", "WebIdentityToken": token}
    return await inside.call("sts", "AssumeRoleWithWebIdentity", request, Principal.anonymous())


async def make_role(inside, **condition):
    statement = {
        "Effect": "Allow", "Principal": {"Federated": COGNITO}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }  # fmt: skip
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    await inside.call("iam", "CreateRole", {"RoleName": "visitors", "AssumeRolePolicyDocument": trust})
    policy = {
        "Effect": "Allow",
        "Action": "dynamodb:GetItem",
        "Resource": f"arn:aws:dynamodb:*:*:table/${{{COGNITO}:sub}}",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": policy})
    await inside.call("iam", "PutRolePolicy", {"RoleName": "visitors", "PolicyName": "p", "PolicyDocument": document})


def token(keys, **claims):
    said = {"iss": f"https://{COGNITO}", "aud": POOL, "sub": IDENTITY, "amr": ["authenticated", "pool"], **claims}
    return keys.token(**said)


async def test_an_identity_of_the_pool_that_the_role_trusts(inside, keys):
    aud, amr = {f"{COGNITO}:aud": POOL}, {f"{COGNITO}:amr": "authenticated"}
    await make_role(inside, StringEquals=aud, **{"ForAnyValue:StringLike": amr})
    answer = await assume(inside, token(keys))
    assert (answer["Provider"], answer["Audience"]) == (COGNITO, POOL)
    assert answer["SubjectFromWebIdentityToken"] == IDENTITY
    for wrong in ({"aud": "us-east-1:other"}, {"amr": ["unauthenticated"]}):
        with pytest.raises(AccessDenied, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
            await assume(inside, token(keys, **wrong))
    head, _, signature = token(keys).split(".")
    with pytest.raises(InvalidIdentityTokenException):
        await assume(inside, f"{head}.{token(keys, sub='other').split('.')[1]}.{signature}")


async def test_policies_name_the_identity(inside, keys):
    """`${cognito-identity.amazonaws.com:sub}`, as AWS's samples have it for tables and folders of each user's own."""
    await make_role(inside)
    given = (await assume(inside, token(keys)))["Credentials"]["AccessKeyId"]
    credential = await inside.kernel.store.read(lambda tx: inside.parts.directory.credential(tx, given))
    ctx = Call(inside.parts, inside.kernel.tracer.begin("r", "test"), "r", principal=credential.principal).context()
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/"
    assert await ctx.allows("dynamodb:GetItem", table + IDENTITY, principal=credential.principal)
    assert not await ctx.allows("dynamodb:GetItem", table + "us-east-1:other", principal=credential.principal)
