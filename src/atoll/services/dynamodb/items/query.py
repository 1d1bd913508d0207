"""Query: the items of one partition in the order of their sort key, of a table or an index. docs: API_Query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.service import operation
from atoll.services.dynamodb.access import table_or_index_arn
from atoll.services.dynamodb.conditions import QUERIES
from atoll.services.dynamodb.expressions import key_condition
from atoll.services.dynamodb.expressions.bindings import Bindings
from atoll.services.dynamodb.expressions.nodes import paths_in
from atoll.services.dynamodb.items import ranges, requested
from atoll.services.dynamodb.items.item_rules import check_scalar_keys
from atoll.services.dynamodb.items.keys import element, key_schema
from atoll.services.dynamodb.items.pages import Read
from atoll.services.dynamodb.items.selection import INVALID_START, Selection
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Attribute, Index, Item, Table, table_of_items

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import QueryInputTypeDef

MOST_CONDITIONS = 8
"""A key has up to four partition and four sort attributes."""
_EXPRESSIONS = ("ProjectionExpression", "FilterExpression", "KeyConditionExpression")
_LEGACY = ("AttributesToGet", "QueryFilter", "ConditionalOperator")
_DETECTED = "1 validation error detected: "


class Query(Selection):
    """What a Query selects."""

    def __init__(self, ctx: Context, request: Mapping[str, Any]) -> None:
        super().__init__(ctx, request)
        self.check_select(_DETECTED)
        mixed = _LEGACY if request.get("KeyConditionExpression") is None else (*_LEGACY, "KeyConditions")
        requested.check_unmixed(request, _EXPRESSIONS, mixed)
        requested.check_placeholders(request, _EXPRESSIONS, _EXPRESSIONS[1:])
        self.read_legacy_filter("QueryFilter")
        self.paths = requested.attributes_to_get(request)
        self.read_start()
        self.keys = self._keys()
        if not 1 <= len(self.keys) <= MOST_CONDITIONS:
            raise ValidationFailed(key_condition.WRONG_COUNT)

    def _keys(self) -> key_condition.KeyConditions:
        text, legacy = self.request.get("KeyConditionExpression"), self.request.get("KeyConditions")
        if text is None and legacy is None:
            raise ValidationFailed(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
            )
        bindings = Bindings(self.request)
        condition = None if text is None else bindings.condition("KeyConditionExpression", text)
        self.bind(bindings)
        return key_condition.of_legacy(legacy or {}) if condition is None else key_condition.extracted(condition)

    def of(self, table: Table) -> Read:
        """What to read of this table. Raises ValidationFailed where the request does not fit it."""
        index = self.index(table)
        partition, sort = key_schema(table, index)
        self.check_start_size(table, index, INVALID_START)
        key_condition.check(self.keys, partition, sort, self.check_start_attribute)
        self.check_start_table_key(table)
        if self.start is not None:
            self._check_bounds(self.start, partition, sort)
        self._check_filter(table, index)
        span = ranges.of_conditions(self.ctx, table, index, self.keys)
        return self.completed(Read(table, index, span, reverse=self.request.get("ScanIndexForward") is False))

    def _check_bounds(self, start: Item, partition: Sequence[Attribute], sort: Sequence[Attribute]) -> None:
        limits = [(attribute, self.keys[attribute.name]) for attribute in sort if attribute.name in self.keys]
        if not all(ranges.meets(attribute, condition, start) for attribute, condition in limits):
            raise ValidationFailed("The provided starting key does not match the range key predicate")
        if ranges.sought(partition, self.keys) != [element(a.type, start[a.name]) for a in partition]:
            raise ValidationFailed(
                "The query can return at most one row and cannot be restarted"
                if limits
                else "The provided starting key is outside query boundaries based on provided conditions"
            )

    def _check_filter(self, table: Table, index: Index | None) -> None:
        check_scalar_keys(table, self.paths or ())
        filtered = tuple(paths_in(self.condition))
        heads = {path.parts[0] for path in filtered}
        for attribute in (each for part in key_schema(table, index) for each in part):
            if attribute.name in heads:
                what = "Filter Expression" if self.request.get("QueryFilter") is None else "QueryFilter"
                raise ValidationFailed(
                    f"{what} can only contain non-primary key attributes: Primary key attribute: {attribute.name}"
                )
        self.check_projected(table, index)
        check_scalar_keys(table, filtered)


@operation("Query", access=[on_table("Query", resource=table_or_index_arn, conditions=QUERIES)])
async def query(ctx: Context, request: QueryInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, ValidationFailed."""
    wanted = Query(ctx, request)
    table = await ctx.store.read(lambda tx: table_of_items(tx, wanted.ctx, wanted.name))
    return await wanted.answer(wanted.of(table))
