"""Query: the items of one partition in the order of their sort key, of a table or an index. docs: API_Query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Range
from atoll.kernel.service import operation
from atoll.services.dynamodb.access import table_or_index_arn
from atoll.services.dynamodb.conditions import QUERIES
from atoll.services.dynamodb.expressions import key_condition
from atoll.services.dynamodb.expressions.bindings import Bindings
from atoll.services.dynamodb.expressions.nodes import paths_in
from atoll.services.dynamodb.items import ranges, requested
from atoll.services.dynamodb.items.keys import element, key_schema
from atoll.services.dynamodb.items.pages import Read
from atoll.services.dynamodb.items.selection import INVALID_START, Selection
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Index, Table, table_of_items

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import QueryInputTypeDef

MOST_CONDITIONS = 8
"""A key has up to four partition and four sort attributes."""
_EXPRESSIONS = ("ProjectionExpression", "FilterExpression", "KeyConditionExpression")
_DETECTED = "1 validation error detected: "


class Query(Selection):
    """What a Query selects."""

    def __init__(self, ctx: Context, request: Mapping[str, Any]) -> None:
        super().__init__(ctx, request)
        self.check_select(_DETECTED)
        legacy = ["AttributesToGet", "QueryFilter", "ConditionalOperator"]
        if request.get("KeyConditionExpression") is not None:
            legacy.append("KeyConditions")
        requested.check_unmixed(request, legacy, _EXPRESSIONS)
        self.check_placeholders(("FilterExpression", "KeyConditionExpression"))
        self.paths = requested.attributes_to_get(request)
        self.read_start()
        self.keys = self._keys()
        if not 1 <= len(self.keys) <= MOST_CONDITIONS:
            raise ValidationFailed(key_condition.WRONG_COUNT)

    def _keys(self) -> key_condition.KeyConditions:
        text = self.request.get("KeyConditionExpression")
        if text is None:
            raise ValidationFailed(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
            )
        bindings = Bindings(self.request)
        condition = bindings.condition("KeyConditionExpression", text)
        self.bind(bindings)
        return key_condition.extracted(condition)

    def of(self, table: Table) -> Read:
        """What to read of this table. Raises ValidationFailed where the request does not fit it."""
        index = self.index(table)
        partition, sort = key_schema(table, index)
        self.check_start_size(table, index, INVALID_START)
        key_condition.check(self.keys, partition, sort, self.check_start_attribute)
        self.check_start_table_key(table)
        span = self._span(table, index)
        self._check_filter(table, index)
        return self.completed(Read(table, index, span, reverse=self.request.get("ScanIndexForward") is False))

    def _span(self, table: Table, index: Index | None) -> Range:
        partition, sort = key_schema(table, index)
        values = [element(a.type, self.keys[a.name].values[0]) for a in partition]
        limits = {a: ranges.bounds(a, self.keys[a.name]) for a in sort if a.name in self.keys}
        start = self.start
        if start is not None:
            if not all(ranges.meets(attribute, each, start) for attribute, each in limits.items()):
                raise ValidationFailed("The provided starting key does not match the range key predicate")
            if values != [element(a.type, start[a.name]) for a in partition]:
                raise ValidationFailed(
                    "The query can return at most one row and cannot be restarted"
                    if limits
                    else "The provided starting key is outside query boundaries based on provided conditions"
                )
        return ranges.of_partition(self.ctx, table, index, values, tuple(limits.values()))

    def _check_filter(self, table: Table, index: Index | None) -> None:
        self.check_scalar_keys(table, self.paths or ())
        filtered = tuple(paths_in(self.condition)) if self.condition is not None else ()
        heads = {path.parts[0] for path in filtered}
        for attribute in (each for part in key_schema(table, index) for each in part):
            if attribute.name in heads:
                what = "Filter Expression" if self.request.get("QueryFilter") is None else "QueryFilter"
                raise ValidationFailed(
                    f"{what} can only contain non-primary key attributes: Primary key attribute: {attribute.name}"
                )
        self.check_projected(table, index)
        self.check_scalar_keys(table, filtered)


@operation("Query", access=[on_table("Query", resource=table_or_index_arn, conditions=QUERIES)])
async def query(ctx: Context, request: QueryInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, ValidationFailed."""
    wanted = Query(ctx, request)
    table = await ctx.store.read(lambda tx: table_of_items(tx, wanted.ctx, wanted.name))
    return await wanted.answer(wanted.of(table))
