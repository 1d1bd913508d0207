"""Authorizers of an API: JWT (HTTP APIs) and Lambda. What they do with a request is `api_runtime/authorize`'s.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2 import deploy, store
from atoll.services.apigatewayv2.access import access, pass_role
from atoll.services.apigatewayv2.authorizer_rules import asked
from atoll.services.apigatewayv2.errors import BadRequestException, ConflictException
from atoll.services.apigatewayv2.pages import listed

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateAuthorizerRequestTypeDef,
        DeleteAuthorizerRequestTypeDef,
        GetAuthorizerRequestTypeDef,
        GetAuthorizersRequestTypeDef,
        ResetAuthorizersCacheRequestTypeDef,
        UpdateAuthorizerRequestTypeDef,
    )

_ONE = "/apis/{ApiId}/authorizers/{AuthorizerId}"
_PASS_ROLE = pass_role("AuthorizerCredentialsArn")


@operation("CreateAuthorizer", access=[*access("POST", "/apis/{ApiId}/authorizers"), _PASS_ROLE])
async def create_authorizer(ctx: Context, request: CreateAuthorizerRequestTypeDef) -> dict[str, Any]:
    """Adds an authorizer. Its function and its issuer are not asked: AWS's own check of the issuer's address waits for a token here."""
    authorizer_id, drawn = ctx.ids.lower(6), deploy.draw(ctx)

    def write(tx: Transaction) -> store.Authorizer:
        api = store.api(tx, ctx, request["ApiId"])
        authorizer = asked(api.kind, store.Authorizer(authorizer_id, "", request["AuthorizerType"]), request)
        _check_name(tx, ctx, api.id, authorizer)
        store.put(tx, ctx, api.id, authorizer)
        deploy.after_change(tx, ctx, api.id, drawn)
        return authorizer

    return members(await ctx.store.transact(write))


@operation("GetAuthorizer", access=access("GET", _ONE))
async def get_authorizer(ctx: Context, request: GetAuthorizerRequestTypeDef) -> dict[str, Any]:
    """One authorizer. Raises NotFoundException."""
    found = await ctx.store.read(lambda tx: store.authorizer(tx, ctx, request["ApiId"], request["AuthorizerId"]))
    return members(found)


@operation("GetAuthorizers", access=access("GET", "/apis/{ApiId}/authorizers"))
async def get_authorizers(ctx: Context, request: GetAuthorizersRequestTypeDef) -> dict[str, Any]:
    """A page of an API's authorizers, by id."""
    return await listed(ctx, request, store.AUTHORIZERS, "v2.authorizers", members)


@operation("UpdateAuthorizer", access=[*access("PATCH", _ONE), _PASS_ROLE])
async def update_authorizer(ctx: Context, request: UpdateAuthorizerRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names."""
    api_id, drawn = request["ApiId"], deploy.draw(ctx)

    def write(tx: Transaction) -> store.Authorizer:
        before = store.authorizer(tx, ctx, api_id, request["AuthorizerId"])
        kind = request.get("AuthorizerType", before.kind)
        if kind != before.kind and (users := _routes_of(tx, ctx, api_id, before)):
            raise _referenced(before, users, "change the type of")
        start = before if kind == before.kind else store.Authorizer(before.id, before.name, kind, before.identity)
        authorizer = asked(store.api(tx, ctx, api_id).kind, start, request)
        _check_name(tx, ctx, api_id, authorizer)
        store.put(tx, ctx, api_id, authorizer)
        deploy.after_change(tx, ctx, api_id, drawn)
        return authorizer

    return members(await ctx.store.transact(write))


@operation("DeleteAuthorizer", access=access("DELETE", _ONE))
async def delete_authorizer(ctx: Context, request: DeleteAuthorizerRequestTypeDef) -> None:
    """Removes an authorizer. Raises ConflictException while a route has it."""
    api_id, drawn = request["ApiId"], deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        authorizer = store.authorizer(tx, ctx, api_id, request["AuthorizerId"])
        if users := _routes_of(tx, ctx, api_id, authorizer):
            raise _referenced(authorizer, users, "delete")
        store.delete(tx, ctx, store.Authorizer, api_id, authorizer.id)
        deploy.after_change(tx, ctx, api_id, drawn)

    await ctx.store.transact(write)


@operation("ResetAuthorizersCache", access=access("DELETE", "/apis/{ApiId}/stages/{StageName}/cache/authorizers"))
async def reset_authorizers_cache(ctx: Context, request: ResetAuthorizersCacheRequestTypeDef) -> None:
    """Makes a stage forget what its authorizers answered."""
    api_id = request["ApiId"]

    def write(tx: Transaction) -> None:
        stage = store.stage(tx, ctx, api_id, request["StageName"])
        store.put(tx, ctx, api_id, msgspec.structs.replace(stage, authorizers_epoch=stage.authorizers_epoch + 1))
        deploy.publish(tx, ctx, api_id)

    await ctx.store.transact(write)


def _check_name(tx: Reader, ctx: Context, api_id: str, authorizer: store.Authorizer) -> None:
    others = store.every(tx, ctx, store.Authorizer, api_id)
    if any(other.name == authorizer.name and other.id != authorizer.id for other in others):
        raise BadRequestException(
            f"Authorizer name must be unique. Authorizer {authorizer.name} already exists in this RestApi."
        )


def _routes_of(tx: Reader, ctx: Context, api_id: str, authorizer: store.Authorizer) -> list[str]:
    return [route.key for route in store.routes(tx, ctx, api_id) if route.authorizer == authorizer.id]


def _referenced(authorizer: store.Authorizer, keys: list[str], action: str) -> ConflictException:
    return ConflictException(f"Cannot {action} authorizer '{authorizer.name}', is referenced in route: {keys[0]}")


def members(authorizer: store.Authorizer) -> dict[str, Any]:
    """An authorizer under the API's member names."""
    jwt = {"Audience": authorizer.audience, "Issuer": authorizer.issuer}
    return {
        "AuthorizerCredentialsArn": authorizer.credentials,
        "AuthorizerId": authorizer.id,
        "AuthorizerPayloadFormatVersion": authorizer.payload_format,
        "AuthorizerResultTtlInSeconds": authorizer.ttl,
        "AuthorizerType": authorizer.kind,
        "AuthorizerUri": authorizer.uri,
        "EnableSimpleResponses": authorizer.simple,
        "IdentitySource": authorizer.identity,
        "IdentityValidationExpression": authorizer.validation,
        "JwtConfiguration": jwt if authorizer.kind == "JWT" else None,
        "Name": authorizer.name,
    }
