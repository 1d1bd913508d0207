"""CreateEventSourceMapping.

docs: API_CreateEventSourceMapping. The answer says Creating (or Disabled), as AWS's does, and the first GetEventSourceMapping Enabled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from atoll.services.lambda_.event_sources import dynamodb, settings, store
from atoll.services.lambda_.event_sources.access import OF_FUNCTION
from atoll.services.lambda_.event_sources.delivery import Session, check_destination, report
from atoll.services.lambda_.event_sources.sources import DYNAMODB, SQS, Kind, kind_of, source_of
from atoll.services.lambda_.invocation.execute import named_version
from atoll.services.lambda_.names import Target, target
from atoll.services.lambda_.tags import check_tags

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import CreateEventSourceMappingRequestTypeDef


@operation(
    "CreateEventSourceMapping",
    access=[Access("lambda:CreateEventSourceMapping", conditions={**OF_FUNCTION, **adds_tags()})],
    not_honoured=settings.NOT_HONOURED,
)
async def create_event_source_mapping(ctx: Context, request: CreateEventSourceMappingRequestTypeDef) -> dict[str, Any]:
    """Raises InvalidParameterValueException, ResourceConflictException, NotImplementedByAtoll."""
    source = source_of(request)
    kind, place = kind_of(source), target(ctx, request)
    settings.check_new(kind, request)
    wanted = settings.changed(kind, kind.defaults, request)
    check_tags(request.get("Tags", {}))
    mapping = store.Mapping(
        ctx.ids.uuid(), ctx.account, ctx.region, source, place.name, place.qualifier, request.get("Enabled", True), wanted,
        modified=ctx.clock.now(), revision=ctx.ids.uuid(), tags=dict(request.get("Tags", {})),
    )  # fmt: skip
    report(ctx, mapping)
    await ctx.store.read(lambda tx: _check(tx, place, mapping))
    await check_destination(ctx, mapping)
    places = await _beginnings(ctx, kind, mapping)

    def create(tx: Transaction) -> None:
        _check(tx, place, mapping)
        store.put(tx, mapping)
        for shard, at in places.items():
            for lane in range(lanes := wanted["ParallelizationFactor"]):
                tx.set(store.place_key(mapping, shard, lanes, lane), store.PLACES.encode(at))

    await ctx.store.transact(create)
    state = "Creating" if mapping.enabled else "Disabled"
    return settings.described(mapping, state, "No records processed")


def _check(tx: Reader, place: Target, mapping: store.Mapping) -> None:
    """Raises InvalidParameterValueException where there is no such function, ResourceConflictException where it has the source
    already."""
    check_function(tx, mapping.account, place)
    for other in store.listed(tx, mapping.account, mapping.region):
        if (other.source, other.target) == (mapping.source, mapping.target):
            raise _taken(other)


def check_function(tx: Reader, account: str, place: Target) -> None:
    """Raises InvalidParameterValueException where the account has no such function, version or alias."""
    if place.account != account:
        raise InvalidParameterValueException("Function does not exist")
    try:
        named_version(tx, place)
    except ResourceNotFoundException:
        raise InvalidParameterValueException("Function does not exist") from None


def _taken(other: store.Mapping) -> ResourceConflictException:
    function = other.target.qualified_arn.partition(":function:")[2]
    advice = f"Please update or delete the existing mapping with UUID {other.uuid}"
    if kind_of(other.source) is SQS:
        return ResourceConflictException(
            f'An event source mapping with SQS arn (" {other.source} ") and function (" {function} ") already exists. {advice}'
        )
    return ResourceConflictException(
        f'The event source arn (" {other.source} ") and function (" {function} ") provided mapping already exists. {advice}'
    )


async def _beginnings(ctx: Context, kind: Kind, mapping: store.Mapping) -> dict[str, store.Place]:
    """Where the mapping begins in its source, which the function's role must be able to read."""
    if kind is not DYNAMODB:
        return {}
    reader = ctx.derive(principal=await Session(mapping).principal(ctx))
    return await dynamodb.beginnings(reader, mapping.source, mapping.settings["StartingPosition"], mapping.modified)
