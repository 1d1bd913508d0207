"""GetEventSourceMapping, ListEventSourceMappings, UpdateEventSourceMapping, DeleteEventSourceMapping.

A change is final with its answer, which tells of it as AWS's does (Updating, Disabling, Deleting); a poller finishes the batch it is at.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.event_sources import settings, store
from atoll.services.lambda_.event_sources.access import on_mapping
from atoll.services.lambda_.event_sources.create_event_source_mapping import check_function
from atoll.services.lambda_.event_sources.delivery import check_destination, report
from atoll.services.lambda_.event_sources.sources import kind_of
from atoll.services.lambda_.names import target
from atoll.services.lambda_.paging import next_marker, page_of

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        DeleteEventSourceMappingRequestTypeDef,
        GetEventSourceMappingRequestTypeDef,
        ListEventSourceMappingsRequestTypeDef,
        UpdateEventSourceMappingRequestTypeDef,
    )

PAGE = 100


@operation("GetEventSourceMapping", access=[on_mapping("GetEventSourceMapping")])
async def get_event_source_mapping(ctx: Context, request: GetEventSourceMappingRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetEventSourceMapping. Raises ResourceNotFoundException."""

    def read(tx: Reader) -> tuple[store.Mapping, str]:
        mapping = store.get(tx, ctx.account, ctx.region, request["UUID"])
        return mapping, store.result(tx, mapping)

    mapping, result = await ctx.store.read(read)
    return settings.described(mapping, settings.settled(mapping), result)


@operation("ListEventSourceMappings", access=[Access("lambda:ListEventSourceMappings")])
async def list_event_source_mappings(ctx: Context, request: ListEventSourceMappingsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListEventSourceMappings. At most 100 per page, by UUID."""
    limit, after = page_of(request, PAGE)
    source, function = request.get("EventSourceArn"), target(ctx, request) if request.get("FunctionName") else None

    def read(tx: Reader) -> list[tuple[store.Mapping, str]]:
        found = (
            mapping
            for mapping in store.listed(tx, ctx.account, ctx.region, after)
            if source in (None, mapping.source) and function in (None, mapping.target)
        )
        return [(mapping, store.result(tx, mapping)) for mapping in islice(found, limit + 1)]

    page = await ctx.store.read(read)
    return {
        "EventSourceMappings": [
            settings.described(mapping, settings.settled(mapping), result) for mapping, result in page[:limit]
        ],
        "NextMarker": next_marker(page, limit, lambda one: one[0].uuid),
    }


@operation(
    "UpdateEventSourceMapping",
    access=[on_mapping("UpdateEventSourceMapping")],
    not_honoured=settings.NOT_HONOURED,
)
async def update_event_source_mapping(ctx: Context, request: UpdateEventSourceMappingRequestTypeDef) -> dict[str, Any]:
    """docs: API_UpdateEventSourceMapping. Raises ResourceNotFoundException, InvalidParameterValueException."""
    now, revision = ctx.clock.now(), ctx.ids.uuid()

    def changed(tx: Reader) -> tuple[store.Mapping, store.Mapping]:
        before = store.get(tx, ctx.account, ctx.region, request["UUID"])
        after = msgspec.structs.replace(
            before,
            enabled=request.get("Enabled", before.enabled),
            settings=settings.changed(kind_of(before.source), before.settings, request),
            modified=now,
            revision=revision,
        )
        if request.get("FunctionName"):
            place = target(ctx, request)
            after = msgspec.structs.replace(after, function=place.name, qualifier=place.qualifier)
            check_function(tx, ctx.account, place)
        return before, after

    def update(tx: Transaction) -> tuple[store.Mapping, store.Mapping, str]:
        before, after = changed(tx)
        store.put(tx, after)
        return before, after, store.result(tx, after)

    if request.get("DestinationConfig"):
        _, wanted = await ctx.store.read(changed)
        report(ctx, wanted)
        await check_destination(ctx, wanted)
    before, after, result = await ctx.store.transact(update)
    return settings.described(after, _transition(before, after), result)


def _transition(before: store.Mapping, after: store.Mapping) -> str:
    if before.enabled is after.enabled:
        return "Updating"
    return "Enabling" if after.enabled else "Disabling"


@operation("DeleteEventSourceMapping", access=[on_mapping("DeleteEventSourceMapping")])
async def delete_event_source_mapping(
    ctx: Context, request: DeleteEventSourceMappingRequestTypeDef
) -> Mapping[str, Any]:
    """docs: API_DeleteEventSourceMapping. Raises ResourceNotFoundException."""

    def delete(tx: Transaction) -> tuple[store.Mapping, str]:
        mapping = store.get(tx, ctx.account, ctx.region, request["UUID"])
        result = store.result(tx, mapping)
        store.delete(tx, mapping)
        return mapping, result

    mapping, result = await ctx.store.transact(delete)
    return settings.described(mapping, "Deleting", result)
