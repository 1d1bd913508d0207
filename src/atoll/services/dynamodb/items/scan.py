"""Scan: all items of a table or an index, or of one of several segments. docs: API_Scan; Developer Guide, "Parallel scan"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import pack
from atoll.kernel.service import operation
from atoll.services.dynamodb.access import table_or_index_arn
from atoll.services.dynamodb.conditions import SCANS
from atoll.services.dynamodb.expressions.bindings import Bindings
from atoll.services.dynamodb.expressions.nodes import paths_in
from atoll.services.dynamodb.items import ranges, requested
from atoll.services.dynamodb.items.item_rules import KEY_MISMATCH, MAX_PARTITION_KEY, MAX_SORT_KEY, check_scalar_keys
from atoll.services.dynamodb.items.keys import key_schema
from atoll.services.dynamodb.items.pages import Read
from atoll.services.dynamodb.items.selection import INVALID_START, Selection
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Table, table_of_items

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import ScanInputTypeDef

_EXPRESSIONS = ("ProjectionExpression", "FilterExpression")


class Scan(Selection):
    """What a Scan selects."""

    def __init__(self, ctx: Context, request: Mapping[str, Any]) -> None:
        super().__init__(ctx, request)
        self.check_select()
        requested.check_unmixed(request, _EXPRESSIONS, ("AttributesToGet", "ScanFilter", "ConditionalOperator"))
        requested.check_placeholders(request, _EXPRESSIONS, _EXPRESSIONS[1:])
        self.paths = requested.attributes_to_get(request)
        self.read_legacy_filter("ScanFilter")
        self.read_start()
        self.segment, self.total = _segment(request)
        self.bind(Bindings(request))

    def of(self, table: Table) -> Read:
        """What to read of this table. Raises ValidationFailed where the request does not fit it."""
        index = self.index(table)
        self.check_start_size(table, index, f"{INVALID_START}: {KEY_MISMATCH}" if index is None else INVALID_START)
        if index is not None:
            for part, limit in zip(key_schema(table, index), (MAX_PARTITION_KEY, MAX_SORT_KEY), strict=True):
                for attribute in part:
                    self.check_start_attribute(attribute, limit)
        self.check_projected(table, index)
        self.check_start_table_key(table)
        span = ranges.of_segment(self.ctx, table, index, self.segment, self.total)
        start = self.start
        if start is not None and not span.start <= pack(ranges.place(self.ctx, table, index, start)) < span.end:
            raise ValidationFailed(
                f"{INVALID_START}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
                f"TotalSegments: {self.total} Segment: {self.segment}"
            )
        check_scalar_keys(table, self.paths or ())
        check_scalar_keys(table, paths_in(self.condition))
        return self.completed(Read(table, index, span))


@operation("Scan", access=[on_table("Scan", resource=table_or_index_arn, conditions=SCANS)])
async def scan(ctx: Context, request: ScanInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, ValidationFailed."""
    wanted = Scan(ctx, request)
    table = await ctx.store.read(lambda tx: table_of_items(tx, wanted.ctx, wanted.name))
    return await wanted.answer(wanted.of(table))


def _segment(request: Mapping[str, Any]) -> tuple[int, int]:
    segment, total = request.get("Segment"), request.get("TotalSegments")
    if segment is None and total is None:
        return 0, 1
    if total is None:
        raise ValidationFailed(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
        )
    if segment is None:
        raise ValidationFailed(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
        )
    if segment >= total:
        raise ValidationFailed(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {total}"
        )
    return segment, total
