"""InitiateAuth and RespondToAuthChallenge, and what administrators call in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.cognito_idp.client_pool import by_client
from atoll.services.cognito_idp.pools.find import client_of, on_pool, pool_of
from atoll.services.cognito_idp.signin import flow, sign_up
from atoll.services.cognito_idp.signin.attempt import Asked, Outcome
from atoll.services.cognito_idp.store import Client, Pool
from atoll.services.cognito_idp.tokens import refresh
from atoll.services.cognito_idp.tokens.issue import issue

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        AdminInitiateAuthRequestTypeDef,
        AdminRespondToAuthChallengeRequestTypeDef,
        InitiateAuthRequestTypeDef,
        RespondToAuthChallengeRequestTypeDef,
    )

_UNHEARD = {"AnalyticsMetadata": "There is no Amazon Pinpoint."}


@operation("InitiateAuth", access=(), not_honoured=_UNHEARD)
async def initiate_auth(ctx: Context, request: InitiateAuthRequestTypeDef) -> dict[str, Any]:
    """docs: API_InitiateAuth."""
    ctx, pool, client = await by_client(ctx, request["ClientId"])
    return await _begin(ctx, pool, client, request, admin=False)


@operation("AdminInitiateAuth", access=[on_pool("AdminInitiateAuth")], not_honoured=_UNHEARD)
async def admin_initiate_auth(ctx: Context, request: AdminInitiateAuthRequestTypeDef) -> dict[str, Any]:
    """docs: API_AdminInitiateAuth."""
    pool, client = await _named(ctx, request)
    return await _begin(ctx, pool, client, request, admin=True)


@operation("RespondToAuthChallenge", access=(), not_honoured=_UNHEARD)
async def respond_to_auth_challenge(ctx: Context, request: RespondToAuthChallengeRequestTypeDef) -> dict[str, Any]:
    """docs: API_RespondToAuthChallenge."""
    ctx, pool, client = await by_client(ctx, request["ClientId"])
    return await _answer(ctx, pool, client, request, admin=False)


@operation("AdminRespondToAuthChallenge", access=[on_pool("AdminRespondToAuthChallenge")], not_honoured=_UNHEARD)
async def admin_respond_to_auth_challenge(
    ctx: Context, request: AdminRespondToAuthChallengeRequestTypeDef
) -> dict[str, Any]:
    """docs: API_AdminRespondToAuthChallenge."""
    pool, client = await _named(ctx, request)
    return await _answer(ctx, pool, client, request, admin=True)


async def _named(ctx: Context, request: Any) -> tuple[Pool, Client]:
    pool_id, client_id = request["UserPoolId"], request["ClientId"]
    return await ctx.store.read(lambda tx: (pool_of(tx, ctx, pool_id), client_of(tx, ctx, pool_id, client_id)))


async def _begin(ctx: Context, pool: Pool, client: Client, request: Any, *, admin: bool) -> dict[str, Any]:
    name: str = request["AuthFlow"]
    parameters: Mapping[str, str] = request.get("AuthParameters", {})
    metadata: Mapping[str, str] = request.get("ClientMetadata", {})
    if name in refresh.FLOWS:
        flow.require_flow(client, name, admin=admin)
        tokens = await refresh.initiated(ctx, pool, client, parameters)
        return {"ChallengeParameters": {}, "AuthenticationResult": tokens.result()}
    if session := request.get("Session"):
        flow.require_flow(client, name, admin=admin)
        outcome = await sign_up.go_on(ctx, pool, client, name, session, parameters, metadata)
    else:
        outcome = await flow.begin(ctx, pool, client, name, parameters, metadata, admin=admin)
    return await _result(ctx, pool, client, outcome)


async def _answer(ctx: Context, pool: Pool, client: Client, request: Any, *, admin: bool) -> dict[str, Any]:
    outcome = await flow.answer(
        ctx,
        pool,
        client,
        request["ChallengeName"],
        request.get("Session", ""),
        request.get("ChallengeResponses", {}),
        request.get("ClientMetadata", {}),
        admin=admin,
    )
    return await _result(ctx, pool, client, outcome)


async def _result(ctx: Context, pool: Pool, client: Client, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Asked):
        return outcome.result()
    tokens = await issue(
        ctx,
        pool,
        client,
        outcome.user,
        source=outcome.source,
        auth_time=ctx.clock.now(),
        metadata=outcome.metadata,
    )
    return {"ChallengeParameters": {}, "AuthenticationResult": tokens.result()}
