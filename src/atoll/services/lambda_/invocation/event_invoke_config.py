"""PutFunctionEventInvokeConfig, UpdateFunctionEventInvokeConfig, GetFunctionEventInvokeConfig, ListFunctionEventInvokeConfigs,
DeleteFunctionEventInvokeConfig: how long events of a function, a version or an alias are tried, and where records of them go.

    …, "event-invoke", NAME, QUALIFIER      EventInvokeConfig
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from atoll.services.lambda_.invocation.destinations import KINDS, may_send, report, service_of
from atoll.services.lambda_.names import LATEST, Target, function_arn, target
from atoll.services.lambda_.paging import next_marker, page_of
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import Version, find, key
from atoll.services.lambda_.versions.resolve import resolve

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        DeleteFunctionEventInvokeConfigRequestTypeDef,
        GetFunctionEventInvokeConfigRequestTypeDef,
        ListFunctionEventInvokeConfigsRequestTypeDef,
        PutFunctionEventInvokeConfigRequestTypeDef,
        UpdateFunctionEventInvokeConfigRequestTypeDef,
    )

MOST_ATTEMPTS, LONGEST = 2, 21_600
"""Retries and seconds where nobody set them."""


class EventInvokeConfig(msgspec.Struct, frozen=True):
    """A configuration. `modified` is region time; what is None or "" was not set."""

    modified: float
    retries: int | None = None
    age: int | None = None
    on_success: str = ""
    on_failure: str = ""

    @property
    def attempts(self) -> int:
        """How often a function's error is tried again."""
        return MOST_ATTEMPTS if self.retries is None else self.retries

    @property
    def longest(self) -> int:
        """Seconds after which an event is given up."""
        return LONGEST if self.age is None else self.age


CONFIGS = Codec(EventInvokeConfig)


def find_config(tx: Reader, place: Target) -> EventInvokeConfig | None:
    """The configuration of what `place` names, if it has one."""
    raw = tx.get(_at(place))
    return CONFIGS.decode(raw) if raw else None


def forget_config(tx: Transaction, place: Target) -> None:
    """What `place` names is deleted: its configuration goes."""
    tx.delete(_at(place))


def forget_configs(tx: Transaction, place: Target) -> None:
    """The function is deleted: its configurations go."""
    tx.clear_range(under(key(place, "event-invoke", place.name)))


@operation("PutFunctionEventInvokeConfig", access=[permission("PutFunctionEventInvokeConfig")])
async def put_function_event_invoke_config(
    ctx: Context, request: PutFunctionEventInvokeConfigRequestTypeDef
) -> dict[str, Any]:
    """docs: API_PutFunctionEventInvokeConfig. What the request does not name is removed. Raises ResourceNotFoundException,
    InvalidParameterValueException."""
    place = target(ctx, request)
    await _check(ctx, place, request)
    return await _set(ctx, place, EventInvokeConfig(0.0), request)


@operation("UpdateFunctionEventInvokeConfig", access=[permission("UpdateFunctionEventInvokeConfig")])
async def update_function_event_invoke_config(
    ctx: Context, request: UpdateFunctionEventInvokeConfigRequestTypeDef
) -> dict[str, Any]:
    """docs: API_UpdateFunctionEventInvokeConfig. What the request does not name stays. Raises as Put does."""
    place = target(ctx, request)
    await _check(ctx, place, request)
    return await _set(ctx, place, None, request)


@operation("GetFunctionEventInvokeConfig", access=[permission("GetFunctionEventInvokeConfig")])
async def get_function_event_invoke_config(
    ctx: Context, request: GetFunctionEventInvokeConfigRequestTypeDef
) -> dict[str, Any]:
    """docs: API_GetFunctionEventInvokeConfig. Raises ResourceNotFoundException."""
    place = target(ctx, request)
    return _shown(place, await ctx.store.read(lambda tx: _get(tx, place)))


@operation(
    "ListFunctionEventInvokeConfigs", access=[permission("ListFunctionEventInvokeConfigs", resource=function_arn)]
)
async def list_function_event_invoke_configs(
    ctx: Context, request: ListFunctionEventInvokeConfigsRequestTypeDef
) -> dict[str, Any]:
    """docs: API_ListFunctionEventInvokeConfigs. At most 50 per page. Raises ResourceNotFoundException."""
    place = target(ctx, request)
    limit, after = page_of(request)

    def read(tx: Reader) -> list[tuple[str, EventInvokeConfig]]:
        if find(tx, place) is None:
            raise _no_function()
        span = under(key(place, "event-invoke", place.name))
        if after is not None:
            span = span.past(key(place, "event-invoke", place.name, after))
        return [(str(at[-1]), CONFIGS.decode(raw)) for at, raw in tx.scan(span, limit=limit + 1)]

    page = await ctx.store.read(read)
    return {
        "FunctionEventInvokeConfigs": [_shown(place.at(qualifier), config) for qualifier, config in page[:limit]],
        "NextMarker": next_marker(page, limit, lambda one: one[0]),
    }


@operation("DeleteFunctionEventInvokeConfig", access=[permission("DeleteFunctionEventInvokeConfig")])
async def delete_function_event_invoke_config(
    ctx: Context, request: DeleteFunctionEventInvokeConfigRequestTypeDef
) -> None:
    """docs: API_DeleteFunctionEventInvokeConfig. Raises ResourceNotFoundException."""
    place = target(ctx, request)

    def delete(tx: Transaction) -> None:
        _get(tx, place)
        tx.delete(_at(place))

    await ctx.store.transact(delete)


async def _set(
    ctx: Context, place: Target, before: EventInvokeConfig | None, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Changes `before`, or what is there; stores and shows it."""
    changes: dict[str, Any] = {"modified": ctx.clock.now()}
    for member, name in (("MaximumRetryAttempts", "retries"), ("MaximumEventAgeInSeconds", "age")):
        if member in request:
            changes[name] = request[member]
    if "DestinationConfig" in request:
        for member, name in (("OnSuccess", "on_success"), ("OnFailure", "on_failure")):
            changes[name] = _destination(request, member)

    def put(tx: Transaction) -> EventInvokeConfig:
        _version(tx, place)
        config = msgspec.structs.replace(before or _get(tx, place), **changes)
        tx.set(_at(place), CONFIGS.encode(config))
        return config

    return _shown(place, await ctx.store.transact(put))


async def _check(ctx: Context, place: Target, request: Mapping[str, Any]) -> None:
    """Raises for a function that is not there, and for destinations that are none or that its role may not reach."""
    version = await ctx.store.read(lambda tx: _version(tx, place))
    if not {"MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"} & set(request):
        raise InvalidParameterValueException("You must specify at least one of error handling or destination setting.")
    for member in ("OnSuccess", "OnFailure"):
        destination = _destination(request, member)
        if not destination:
            continue
        service = service_of(destination)
        if service not in KINDS or (service == "s3" and member == "OnSuccess"):
            raise InvalidParameterValueException(
                f"The provided destination config {_in_java(request['DestinationConfig'])} is invalid."
            )
        await _check_destination(ctx, place, version, destination)


async def _check_destination(ctx: Context, place: Target, version: Version, destination: str) -> None:
    if destination == place.arn or destination.startswith(f"{place.arn}:"):
        raise InvalidParameterValueException("You can't specify the function as a destination for itself.")
    report(ctx, "DestinationConfig", destination)
    try:
        allowed = await may_send(ctx, place, version.role, destination)
    except ResourceNotFoundException:
        raise InvalidParameterValueException(f"The destination ARN {destination} is invalid.") from None
    if not allowed:
        action = KINDS[service_of(destination)].permission
        raise InvalidParameterValueException(
            f"The function's execution role does not have permissions to call {action} on {destination}"
        )


def _destination(request: Mapping[str, Any], member: str) -> str:
    return str(((request.get("DestinationConfig") or {}).get(member) or {}).get("Destination") or "")


def _in_java(config: Mapping[str, Any]) -> str:
    """The destinations as the message shows them."""
    parts = []
    for member in ("OnSuccess", "OnFailure"):
        given = config.get(member)
        shown = f"{member}(destination={given.get('Destination', 'null')})" if given is not None else "null"
        parts.append(f"{member[0].lower()}{member[1:]}={shown}")
    return f"DestinationConfig({', '.join(parts)})"


def _at(place: Target) -> Key:
    return key(place, "event-invoke", place.name, place.qualifier or LATEST)


def _version(tx: Reader, place: Target) -> Version:
    try:
        return resolve(tx, place)
    except ResourceNotFoundException:
        raise _no_function() from None


def _get(tx: Reader, place: Target) -> EventInvokeConfig:
    config = find_config(tx, place)
    if config is None:
        arn = place.exact_arn
        raise ResourceNotFoundException(f"The function {arn} doesn't have an EventInvokeConfig")
    return config


def _no_function() -> ResourceNotFoundException:
    return ResourceNotFoundException("The function doesn't exist.")


def _shown(place: Target, config: EventInvokeConfig) -> dict[str, Any]:
    return {
        "LastModified": config.modified,
        "FunctionArn": place.exact_arn,
        "MaximumRetryAttempts": config.retries,
        "MaximumEventAgeInSeconds": config.age,
        "DestinationConfig": {
            "OnSuccess": {"Destination": config.on_success} if config.on_success else {},
            "OnFailure": {"Destination": config.on_failure} if config.on_failure else {},
        },
    }
