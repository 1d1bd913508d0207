"""Authorizers of a REST API, as records; `api_runtime/authorize` asks them.

docs: API_CreateAuthorizer, API_GetAuthorizer, API_UpdateAuthorizer, API_DeleteAuthorizer
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.invoke_arns import function_in
from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import store
from atoll.services.apigateway.access import access, passes_role
from atoll.services.apigateway.errors import BadRequestException, ConflictException
from atoll.services.apigateway.pages import page
from atoll.services.apigateway.patches import Change, Patch, Rules, apply, patches, put, whole

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateAuthorizerRequestTypeDef,
        DeleteAuthorizerRequestTypeDef,
        GetAuthorizerRequestTypeDef,
        GetAuthorizersRequestTypeDef,
        UpdateAuthorizerRequestTypeDef,
    )

AUTHORIZERS = "/restapis/{restApiId}/authorizers"
AUTHORIZER = f"{AUTHORIZERS}/{{authorizerId}}"
TTL, LONGEST = 300, 3600
_KINDS = ("TOKEN", "REQUEST", "COGNITO_USER_POOLS")
_FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[^:]+:function:[A-Za-z0-9_.${}:-]+|\$\{stageVariables\.\w+\}")
_POOL = re.compile(r"arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:\d{12}:userpool/(?:[\w-]|\$\{stageVariables\.\w+\})+")
_HEADER = r"method\.request\.header\.[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_TOKEN_SOURCE = re.compile(_HEADER)
_REQUEST_SOURCE = re.compile(
    rf"{_HEADER}|method\.request\.(?:querystring|multivaluequerystring|multivalueheader)\.[^\s,]+"
    r"|stageVariables\.\w+|context\.[\w.]+"
)
_PASSES = passes_role("authorizerCredentials", "/authorizerCredentials")


@operation("CreateAuthorizer", access=[*access("POST", AUTHORIZERS), _PASSES])
async def create_authorizer(ctx: Context, request: CreateAuthorizerRequestTypeDef) -> dict[str, Any]:
    """Adds an authorizer. Raises ConflictException where its name is taken."""
    api_id, kind = request["restApiId"], request["type"]
    authorizer = made(
        store.Authorizer(
            ctx.ids.lower(6),
            serving.Authorizer(
                id="",
                name=request["name"],
                kind=kind,
                credentials=request.get("authorizerCredentials"),
                validation=request.get("identityValidationExpression"),
                pools=tuple(request.get("providerARNs", ())),
            ),
            request.get("authorizerUri"),
            request.get("authType") or ("cognito_user_pools" if kind == "COGNITO_USER_POOLS" else "custom"),
            request.get("identitySource"),
            request.get("authorizerResultTtlInSeconds"),
        )
    )

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, api_id)
        _check_name(tx, ctx, api_id, authorizer)
        store.put(tx, ctx, api_id, authorizer)

    await ctx.store.transact(write)
    return members(authorizer)


@operation("GetAuthorizer", access=access("GET", AUTHORIZER))
async def get_authorizer(ctx: Context, request: GetAuthorizerRequestTypeDef) -> dict[str, Any]:
    """One authorizer. Raises NotFoundException."""
    return members(await ctx.store.read(lambda tx: _found(tx, ctx, request)))


@operation("GetAuthorizers", access=access("GET", AUTHORIZERS))
async def get_authorizers(ctx: Context, request: GetAuthorizersRequestTypeDef) -> dict[str, Any]:
    """A page of an API's authorizers, by id."""
    api_id = request["restApiId"]

    def read(tx: Reader) -> dict[str, Any]:
        store.api(tx, ctx, api_id)
        span, prefix = store.parts(ctx, "v1.authorizers", api_id), store.key(ctx, "v1.authorizers", api_id)
        return page(tx, request, span, prefix, store.AUTHORIZERS, members)

    return await ctx.store.read(read)


@operation("UpdateAuthorizer", access=[*access("PATCH", AUTHORIZER), _PASSES])
async def update_authorizer(ctx: Context, request: UpdateAuthorizerRequestTypeDef) -> dict[str, Any]:
    """Changes what the patches name; live with the next deployment."""
    operations = patches(request)

    def write(tx: Transaction) -> store.Authorizer:
        authorizer = made(apply(_found(tx, ctx, request), operations, RULES))
        _check_name(tx, ctx, request["restApiId"], authorizer)
        store.put(tx, ctx, request["restApiId"], authorizer)
        return authorizer

    return members(await ctx.store.transact(write))


@operation("DeleteAuthorizer", access=access("DELETE", AUTHORIZER))
async def delete_authorizer(ctx: Context, request: DeleteAuthorizerRequestTypeDef) -> None:
    """Removes an authorizer. Raises ConflictException while a method uses it."""
    api_id = request["restApiId"]

    def write(tx: Transaction) -> None:
        authorizer = _found(tx, ctx, request)
        for resource in store.each(tx, ctx, "v1.resources", records.RESOURCES, api_id):
            for method in resource.methods.values():
                if method.guard.authorizer == authorizer.id:
                    raise ConflictException(
                        f"Cannot delete authorizer '{authorizer.id}', is referenced in method {resource.path}/{method.name}"
                    )
        tx.delete(store.key(ctx, "v1.authorizers", api_id, authorizer.id))

    await ctx.store.transact(write)


def made(authorizer: store.Authorizer) -> store.Authorizer:
    """The authorizer with what the data plane runs. Raises BadRequestException for what AWS does not accept."""
    runs = authorizer.runs
    if not runs.name:
        raise BadRequestException("Authorizer name must be non-empty")
    ttl = TTL if authorizer.ttl is None else authorizer.ttl
    if not 0 <= ttl <= LONGEST:
        raise BadRequestException(f"Authorizer result TTL must be between 0 and {LONGEST} seconds")
    function = ""
    if runs.kind == "COGNITO_USER_POOLS":
        if not runs.pools or not all(map(_POOL.fullmatch, runs.pools)):
            raise BadRequestException("Invalid Cognito User Pool ARN specified in providerARNs")
    else:
        function = _function(authorizer.uri)
    identity = _identity(runs.kind, authorizer.identity_source, ttl)
    if runs.validation is not None:
        _check_expression(runs.validation)
    return msgspec.structs.replace(
        authorizer,
        runs=msgspec.structs.replace(
            runs, id=authorizer.id, identity=identity, ttl=ttl, function=function, payload_format="1.0"
        ),
    )


def _function(uri: str | None) -> str:
    function = function_in(uri or "")
    if function is None or not _FUNCTION.fullmatch(function):
        raise BadRequestException(
            f"Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda "
            "function invocation."
        )
    return function


def _identity(kind: str, source: str | None, ttl: int) -> tuple[str, ...]:
    """The identity sources. A REQUEST authorizer may do without where nothing is cached."""
    sources = tuple(part.strip() for part in (source or "").split(",") if part.strip())
    if not sources:
        if kind == "REQUEST" and ttl == 0:
            return ()
        if kind == "REQUEST":
            raise BadRequestException("Identity source is required when authorization caching is enabled.")
        raise BadRequestException(f"Identity source is required for {kind} authorizers.")
    allowed = _REQUEST_SOURCE if kind == "REQUEST" else _TOKEN_SOURCE
    if not all(map(allowed.fullmatch, sources)) or (kind != "REQUEST" and len(sources) > 1):
        raise BadRequestException(f"Invalid identity source specified: {source}")
    return sources


def _check_expression(expression: str) -> None:
    try:
        re.compile(expression)
    except (re.error, RecursionError, OverflowError):
        raise BadRequestException("Invalid identity validation expression specified") from None


def _check_name(tx: Reader, ctx: Context, api_id: str, authorizer: store.Authorizer) -> None:
    name = authorizer.runs.name
    for other in store.each(tx, ctx, "v1.authorizers", store.AUTHORIZERS, api_id):
        if other.runs.name == name and other.id != authorizer.id:
            raise ConflictException(
                f"Authorizer name must be unique. Authorizer {name} already exists in this RestApi."
            )


def _found(tx: Reader, ctx: Context, request: Any) -> store.Authorizer:
    return store.authorizer(tx, ctx, request["restApiId"], request["authorizerId"])


def _runs(field: str, convert: Any = lambda value: value) -> Change[store.Authorizer]:
    def change(authorizer: store.Authorizer, patch: Patch) -> store.Authorizer:
        runs = msgspec.structs.replace(authorizer.runs, **{field: convert(patch.value)})
        return msgspec.structs.replace(authorizer, runs=runs)

    return change


def _kind(value: str | None) -> Any:
    if value not in _KINDS:
        raise BadRequestException(f"Invalid authorizer type specified. Must be one of: [{', '.join(_KINDS)}]")
    return cast(Any, value)


def _pools(authorizer: store.Authorizer, patch: Patch) -> store.Authorizer:
    kept = tuple(pool for pool in authorizer.runs.pools if pool != patch.value)
    pools = (*kept, patch.value or "") if patch.op == "add" else kept
    return msgspec.structs.replace(authorizer, runs=msgspec.structs.replace(authorizer.runs, pools=pools))


RULES: Rules[store.Authorizer] = {
    "add": {"/providerARNs": _pools},
    "remove": {"/providerARNs": _pools},
    "replace": {
        "/name": _runs("name", lambda value: value or ""),
        "/type": _runs("kind", _kind),
        "/authType": put("auth_type", lambda value: value or ""),
        "/authorizerUri": put("uri"),
        "/authorizerCredentials": _runs("credentials", lambda value: value or None),
        "/identitySource": put("identity_source"),
        "/identityValidationExpression": _runs("validation", lambda value: value or None),
        "/authorizerResultTtlInSeconds": put("ttl", whole),
    },
}


def members(authorizer: store.Authorizer) -> dict[str, Any]:
    """An authorizer under AWS's member names; a TTL that its owner did not give is not told."""
    runs = authorizer.runs
    return {
        "id": authorizer.id,
        "name": runs.name,
        "type": runs.kind,
        "providerARNs": runs.pools or None,
        "authType": authorizer.auth_type,
        "authorizerUri": authorizer.uri,
        "authorizerCredentials": runs.credentials,
        "identitySource": authorizer.identity_source,
        "identityValidationExpression": runs.validation,
        "authorizerResultTtlInSeconds": authorizer.ttl,
    }
