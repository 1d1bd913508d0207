"""CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig, ListFunctionUrlConfigs, DeleteFunctionUrlConfig."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime.serving import Cors
from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import ValuesOf, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.errors import ResourceConflictException, ResourceNotFoundException, violated
from atoll.services.lambda_.moments import zulu
from atoll.services.lambda_.names import LATEST, Target, function_arn, target
from atoll.services.lambda_.paging import next_marker, page_of
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import find as find_function
from atoll.services.lambda_.store import key
from atoll.services.lambda_.urls import store
from atoll.services.lambda_.urls.store import URLS, Url
from atoll.services.lambda_.versions.resolve import find_alias

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        CreateFunctionUrlConfigRequestTypeDef,
        DeleteFunctionUrlConfigRequestTypeDef,
        GetFunctionUrlConfigRequestTypeDef,
        ListFunctionUrlConfigsRequestTypeDef,
        UpdateFunctionUrlConfigRequestTypeDef,
    )

ID_LENGTH = 32
_ALIAS = re.compile(r"(?!\d+$)[0-9a-zA-Z-_]+")
_CORS = {
    "AllowCredentials": "allow_credentials",
    "AllowHeaders": "allow_headers",
    "AllowMethods": "allow_methods",
    "AllowOrigins": "allow_origins",
    "ExposeHeaders": "expose_headers",
    "MaxAge": "max_age",
}


async def _auth_type(ctx: Context, request: Mapping[str, Any]) -> Sequence[str] | None:
    """What the URL is to ask of its callers, or asks already."""
    if "AuthType" in request:
        return [request["AuthType"]]
    place = target(ctx, request)
    url = await ctx.store.read(lambda tx: store.find(tx, place))
    return [url.auth] if url else None


LISTS: Mapping[str, ValuesOf] = {"lambda:FunctionUrlAuthType": _auth_type}
CONFIGURES: Mapping[str, ValuesOf] = {**LISTS, "lambda:FunctionArn": lambda ctx, request: [function_arn(ctx, request)]}


@operation("CreateFunctionUrlConfig", access=[permission("CreateFunctionUrlConfig", CONFIGURES, resource=function_arn)])
async def create_function_url_config(ctx: Context, request: CreateFunctionUrlConfigRequestTypeDef) -> dict[str, Any]:
    """docs: API_CreateFunctionUrlConfig. Raises ResourceNotFoundException, ResourceConflictException."""
    place = _place(ctx, request)
    now = ctx.clock.now()
    url = Url(
        ctx.ids.lower(ID_LENGTH), request["AuthType"], now, now, request.get("InvokeMode"), _cors(request.get("Cors"))
    )

    def create(tx: Transaction) -> None:
        _require_function(tx, place)
        if store.find(tx, place):
            raise ResourceConflictException(
                f"Failed to create function url config for [functionArn = {place.qualified_arn}]. Error message:  "
                "FunctionUrlConfig exists for this Lambda function"
            )
        store.put(tx, place, url)

    await ctx.store.transact(create)
    return _described(place, url, "CreationTime")


@operation("GetFunctionUrlConfig", access=[permission("GetFunctionUrlConfig", CONFIGURES, resource=function_arn)])
async def get_function_url_config(ctx: Context, request: GetFunctionUrlConfigRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetFunctionUrlConfig. Raises ResourceNotFoundException."""
    place = _place(ctx, request)
    url = await ctx.store.read(lambda tx: store.find(tx, place))
    if url is None:
        raise _not_found()
    return _described(place, url) | {"InvokeMode": url.mode or "BUFFERED"}


@operation("UpdateFunctionUrlConfig", access=[permission("UpdateFunctionUrlConfig", CONFIGURES, resource=function_arn)])
async def update_function_url_config(ctx: Context, request: UpdateFunctionUrlConfigRequestTypeDef) -> dict[str, Any]:
    """docs: API_UpdateFunctionUrlConfig. What the request does not name stays. Raises ResourceNotFoundException."""
    place = _place(ctx, request)
    changes: dict[str, Any] = {"modified": ctx.clock.now()}
    if "AuthType" in request:
        changes["auth"] = request["AuthType"]
    if "InvokeMode" in request:
        changes["mode"] = request["InvokeMode"]
    if "Cors" in request:
        changes["cors"] = _cors(request["Cors"])

    def update(tx: Transaction) -> Url:
        _require_function(tx, place)
        url = store.find(tx, place)
        if url is None:
            raise _not_found()
        url = msgspec.structs.replace(url, **changes)
        store.put(tx, place, url)
        return url

    return _described(place, await ctx.store.transact(update))


@operation("ListFunctionUrlConfigs", access=[permission("ListFunctionUrlConfigs", LISTS, resource=function_arn)])
async def list_function_url_configs(ctx: Context, request: ListFunctionUrlConfigsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListFunctionUrlConfigs. By qualifier, at most 50 a page. Raises ResourceNotFoundException."""
    place = target(ctx, request)
    limit, after = page_of(request)

    def read(tx: Reader) -> list[tuple[Target, Url]]:
        _require_function(tx, place.at(None))
        span = under(key(place, "url", place.name))
        if after is not None:
            span = span.past(key(place, "url", place.name, after))
        return [(_at(place, str(at[-1])), URLS.decode(raw)) for at, raw in tx.scan(span, limit=limit + 1)]

    page = await ctx.store.read(read)
    return {
        "FunctionUrlConfigs": [
            _described(at, url) | {"InvokeMode": url.mode or "BUFFERED"} for at, url in page[:limit]
        ],
        "NextMarker": next_marker(page, limit, lambda one: one[0].qualifier or LATEST),
    }


@operation("DeleteFunctionUrlConfig", access=[permission("DeleteFunctionUrlConfig", CONFIGURES, resource=function_arn)])
async def delete_function_url_config(ctx: Context, request: DeleteFunctionUrlConfigRequestTypeDef) -> None:
    """docs: API_DeleteFunctionUrlConfig. Raises ResourceNotFoundException."""
    place = _place(ctx, request)

    def delete(tx: Transaction) -> None:
        if not store.delete(tx, place):
            raise _not_found()

    await ctx.store.transact(delete)


def host(url: Url, region: str) -> str:
    """The host under which AWS would answer."""
    return f"{url.id}.lambda-url.{region}.on.aws"


def _place(ctx: Context, request: Mapping[str, Any]) -> Target:
    """The function or the alias. Raises ValidationFailed for a version: URLs have aliases only."""
    place = target(ctx, request)
    if place.qualifier is not None and not _ALIAS.fullmatch(place.qualifier):
        pattern = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"
        raise violated("qualifier", place.qualifier, f"satisfy regular expression pattern: {pattern}")
    return place


def _at(place: Target, qualifier: str) -> Target:
    return place.at(None if qualifier == LATEST else qualifier)


def _require_function(tx: Reader, place: Target) -> None:
    """Raises ResourceNotFoundException unless there is the function, and the alias that is named."""
    if find_function(tx, place) is None or (place.qualifier and find_alias(tx, place) is None):
        raise ResourceNotFoundException("Function does not exist")


def _not_found() -> ResourceNotFoundException:
    return ResourceNotFoundException("The resource you requested does not exist.")


def _cors(given: Mapping[str, Any] | None) -> Cors | None:
    """What may be asked from elsewhere; None where nothing is configured, which an empty structure also means."""
    if not given:
        return None
    return msgspec.convert({name: given.get(member) for member, name in _CORS.items()}, Cors)


def _described(place: Target, url: Url, *times: str) -> dict[str, Any]:
    output: dict[str, Any] = {
        "FunctionUrl": f"https://{host(url, place.region)}/",
        "FunctionArn": place.qualified_arn,
        "AuthType": url.auth,
        "CreationTime": zulu(url.created, "microseconds"),
        "InvokeMode": url.mode,
    }
    if url.cors is not None:
        output["Cors"] = {
            member: value for member, name in _CORS.items() if (value := getattr(url.cors, name)) is not None
        }
    if times != ("CreationTime",):
        output["LastModifiedTime"] = zulu(url.modified, "microseconds")
    return output
