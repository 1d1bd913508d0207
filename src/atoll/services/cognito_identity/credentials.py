"""Credentials and tokens for identities: the enhanced flow (GetCredentialsForIdentity) and the basic one (GetOpenIdToken).

docs: developer guide, "Identity pools authentication flow", "IAM roles".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import ServiceError
from atoll.kernel.service import operation
from atoll.services.cognito_identity import identities, logins, role_mapping, store
from atoll.services.cognito_identity.errors import (
    InvalidIdentityPoolConfigurationException,
    InvalidParameterException,
    NotAuthorizedException,
)
from atoll.services.cognito_identity.logins import Login
from atoll.services.cognito_identity.principal_tags import tags_of
from atoll.services.cognito_identity.tokens import token

if TYPE_CHECKING:
    from types_boto3_cognito_identity.type_defs import (
        GetCredentialsForIdentityInputTypeDef,
        GetOpenIdTokenInputTypeDef,
    )

SESSION = "CognitoIdentityCredentials"
"""The name of the role's session."""
TOKEN_SECONDS = 600
NO_ROLE = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
FOR_GUESTS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    f"{service}:*"
                    for service in (
                        "cloudwatch", "cognito-identity", "cognito-idp", "dynamodb", "execute-api", "kinesis", "lambda", "logs", "s3",
                        "ses", "sns", "sqs",
                    )
                ],
                "Resource": "*",
            }
        ],
    }
)  # fmt: skip
"""The session policy of guests in the enhanced flow, whatever their role may: of the services that the guide lists, those that a region
can have."""


@operation("GetCredentialsForIdentity", access=())
async def get_credentials_for_identity(ctx: Context, request: GetCredentialsForIdentityInputTypeDef) -> dict[str, Any]:
    """Temporary credentials of the role that the identity's logins lead to, for an hour."""
    there, pool, identity, given = await _identity(ctx, request["IdentityId"], request.get("Logins", {}))
    role = _role(pool, given, request.get("CustomRoleArn"))
    assumed = {
        "RoleArn": role,
        "RoleSessionName": SESSION,
        "WebIdentityToken": await _token(there, pool, identity, given),
        **({} if given else {"Policy": FOR_GUESTS}),
    }
    try:
        answer = await there.call("sts", "AssumeRoleWithWebIdentity", assumed, principal=Principal.anonymous())
    except ServiceError as error:
        there.span.note(error=f"{role}: {error.message}")
        raise InvalidIdentityPoolConfigurationException(NO_ROLE) from error
    found = answer["Credentials"]
    credentials = {
        "AccessKeyId": found["AccessKeyId"],
        "SecretKey": found["SecretAccessKey"],
        "SessionToken": found["SessionToken"],
        "Expiration": found["Expiration"],
    }
    return {"IdentityId": identity.id, "Credentials": credentials}


@operation("GetOpenIdToken", access=())
async def get_open_id_token(ctx: Context, request: GetOpenIdTokenInputTypeDef) -> dict[str, Any]:
    """A token for STS: the basic flow, where the pool allows it."""
    there, pool, identity, given = await _identity(ctx, request["IdentityId"], request.get("Logins", {}))
    if not pool.settings.get("AllowClassicFlow"):
        raise InvalidParameterException("Basic (classic) flow is not enabled, please use enhanced flow.")
    return {"IdentityId": identity.id, "Token": await _token(there, pool, identity, given)}


async def _identity(
    ctx: Context, identity_id: str, shown: Mapping[str, str]
) -> tuple[Context, store.Pool, store.Identity, list[Login]]:
    """The identity, if whoever asks has shown a login of it, or is a guest and it a guest's. Raises NotAuthorizedException."""
    ctx, pool, identity = await store.by_identity(ctx, identity_id)
    given = await logins.verified(ctx, pool, shown)
    if given:
        made = identities.new(ctx)
        found = await ctx.store.transact(lambda tx: identities.settled(tx, ctx, pool, identity, given, made))
        return ctx, pool, found, given
    if identity.logins:
        raise NotAuthorizedException(f"Access to Identity '{identity_id}' is forbidden.")
    if not pool.settings["AllowUnauthenticatedIdentities"]:
        raise NotAuthorizedException(identities.NO_GUESTS)
    return ctx, pool, identity, given


async def _token(ctx: Context, pool: store.Pool, identity: store.Identity, given: Sequence[Login]) -> str:
    methods = (
        ["authenticated", *(method for one in given for method in one.methods())] if given else ["unauthenticated"]
    )
    tags = {tag: value for one in given for tag, value in tags_of(pool, one.provider, one.claims).items()}
    return await token(ctx, pool.id, identity.id, methods, TOKEN_SECONDS, tags)


def _role(pool: store.Pool, given: Sequence[Login], custom: str | None) -> str:
    """The role for these logins. Raises NotAuthorizedException, InvalidIdentityPoolConfigurationException."""
    for one in given:
        mapping = pool.mappings.get(f"{one.provider}:{one.client}") or pool.mappings.get(one.provider)
        if mapping is not None:
            chosen = role_mapping.chosen(mapping, one.claims, custom)
            if chosen != "default":
                return chosen
            break
    else:
        if custom is not None:
            raise NotAuthorizedException(role_mapping.DENIED)
    role = pool.roles.get("authenticated" if given else "unauthenticated")
    if role is None:
        raise InvalidIdentityPoolConfigurationException(NO_ROLE)
    return role
