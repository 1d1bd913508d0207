"""What Query and Scan have in common: index, Select, filter, projection and start key, checked in AWS's order with its texts.

What the request alone decides is checked when a `Selection` is made; `of` holds it against a table. docs: API_Query, API_Scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb import throttle
from atoll.services.dynamodb.access import item_table
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.expressions.bindings import Bindings
from atoll.services.dynamodb.expressions.legacy import check_conditional_operator, comparison, joined
from atoll.services.dynamodb.expressions.nodes import Condition, Path, paths_in
from atoll.services.dynamodb.items.capacity import consumed
from atoll.services.dynamodb.items.item_rules import (
    MAX_PARTITION_KEY,
    MAX_SORT_KEY,
    check_matches,
    check_value,
)
from atoll.services.dynamodb.items.keys import all_key_attributes, key_attributes, lacking, projected
from atoll.services.dynamodb.items.pages import Page, Read, page
from atoll.services.dynamodb.store import Attribute, Index, Item, Table

INVALID_START = "The provided starting key is invalid"
_UNWRAPPED = ("Number ", "Attempting to ", "The parameter cannot", "Input collection")
_UNWRAPPED_SETS = ("An number set", "Input collection")
"""What is wrong with a value that AWS says of a start key without "The provided starting key is invalid: " before it."""


class Selection:
    """What a request selects: bound, but not yet held against its table. `ctx` is that of the table's account."""

    def __init__(self, ctx: Context, request: Mapping[str, Any]) -> None:
        self.ctx, self.name = item_table(ctx, request["TableName"])
        self.request = request
        self.condition: Condition | None = None
        self.paths: tuple[Path, ...] | None = None
        self.start: Item | None = None

    def bind(self, bindings: Bindings) -> None:
        """Takes the filter and the projection from their expressions."""
        if (text := self.request.get("FilterExpression")) is not None:
            self.condition = bindings.condition("FilterExpression", text)
        if (text := self.request.get("ProjectionExpression")) is not None:
            self.paths = bindings.projection(text)
        bindings.check_unused()

    def check_select(self, prefix: str = "") -> None:
        """Raises ValidationFailed where Select does not go with what else is asked for; Query's texts begin with `prefix`."""
        select = self.request.get("Select")
        given = [name for name in ("ProjectionExpression", "AttributesToGet") if self.request.get(name) is not None]
        if given and select not in (None, "SPECIFIC_ATTRIBUTES"):
            what = "only the Count" if select == "COUNT" else select
            raise ValidationFailed(f"{prefix}Cannot specify the {given[0]} when choosing to get {what}")
        if not given and select == "SPECIFIC_ATTRIBUTES":
            raise ValidationFailed(
                f"{prefix}Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
            )
        if select == "ALL_PROJECTED_ATTRIBUTES" and self.request.get("IndexName") is None:
            raise ValidationFailed(
                f"{prefix}ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
            )

    def read_legacy_filter(self, parameter: str) -> None:
        """Takes the filter from the parameter that came before FilterExpression. Raises ValidationFailed."""
        check_conditional_operator(self.request, parameter)
        given = self.request.get(parameter) or {}
        conditions = [
            comparison(name, one["ComparisonOperator"], one.get("AttributeValueList") or ())
            for name, one in given.items()
        ]
        self.condition = joined(self.request, conditions)

    def read_start(self) -> None:
        """Takes ExclusiveStartKey. Raises ValidationFailed for a value that is none."""
        given = self.request.get("ExclusiveStartKey")
        self.start = None if given is None else {name: _start_value(value) for name, value in given.items()}

    def index(self, table: Table) -> Index | None:
        """The index to read. Raises ValidationFailed where there is none, or none that can be read consistently."""
        name = self.request.get("IndexName")
        if name is None:
            return None
        index = table.readable_index(name)
        if index is None:
            raise ValidationFailed(f"The table does not have the specified index: {name}")
        if self.request.get("ConsistentRead") and not index.local:
            raise ValidationFailed("Consistent reads are not supported on global secondary indexes")
        return index

    def check_start_size(self, table: Table, index: Index | None, text: str) -> None:
        """Raises ValidationFailed, with `text`, where the start key has more or less attributes than both keys."""
        names = {attribute.name for attribute in all_key_attributes(table, index)}
        if self.start is not None and len(self.start) != len(names):
            raise ValidationFailed(text)

    def check_start_attribute(self, attribute: Attribute, limit: int) -> None:
        """Raises ValidationFailed for what the start key has of an attribute of the key that is sought by."""
        if self.start is None:
            return
        if attribute.name not in self.start:
            raise ValidationFailed(INVALID_START)
        check_matches(attribute, self.start, limit)

    def check_start_table_key(self, table: Table) -> None:
        """Raises ValidationFailed where the start key holds no key of the table."""
        if self.start is None:
            return
        try:
            for attribute, limit in zip(key_attributes(table), (MAX_PARTITION_KEY, MAX_SORT_KEY), strict=False):
                check_matches(attribute, self.start, limit)
        except ValidationFailed as error:
            raise ValidationFailed(f"{INVALID_START}: {error.message}") from error

    def check_projected(self, table: Table, index: Index | None) -> None:
        """Raises ValidationFailed where more is wanted of a global index than it has."""
        if index is None or index.local or (names := projected(table, index)) is None:
            return
        if self.request.get("Select") == "ALL_ATTRIBUTES":
            raise invalid(
                f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name} "
                "because its projection type is not ALL"
            )
        if missing := lacking(names, self.paths or ()):
            raise invalid(f"Global secondary index {index.name} does not project [{', '.join(missing)}]")

    def completed(self, read: Read) -> Read:
        """The read with all that does not depend on where it goes: filter, projection, limit, start."""
        request, shown, fetched = self.request, self.paths, False
        names = projected(read.table, read.index) if read.index is not None and read.index.local else None
        if names is not None:
            filtered = tuple(paths_in(self.condition))
            whole = request.get("Select") == "ALL_ATTRIBUTES"
            fetched = whole or bool(lacking(names, (*filtered, *(shown or ()))))
            if fetched and not whole and shown is None:
                shown = tuple(Path((name,)) for name in sorted(names))  # fetched for the filter's sake only
        read = msgspec.structs.replace(
            read, limit=request.get("Limit"), condition=self.condition, paths=shown, fetched=fetched,
            counted=request.get("Select") == "COUNT", consistent=bool(request.get("ConsistentRead")),
        )  # fmt: skip
        return read if self.start is None else read.after(self.ctx, self.start)

    async def answer(self, read: Read) -> dict[str, Any]:
        """Reads a page. The output of the operation."""
        throttle.admit(self.ctx, read.table, "Read", read.least)
        found: Page = await page(self.ctx, read)
        throttle.spend(self.ctx, read.table, "Read", found.cost)
        wanted = self.request.get("ReturnConsumedCapacity")
        return {
            "Items": None if read.counted else found.items,
            "Count": found.count,
            "ScannedCount": found.scanned,
            "LastEvaluatedKey": found.last,
            "ConsumedCapacity": consumed(wanted, self.request["TableName"], found.cost),
        }


def _start_value(value: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return check_value(value)[0]
    except ValidationFailed as error:
        detail = error.message.removeprefix("One or more parameter values were invalid: ")
        if error.message.startswith(_UNWRAPPED) or detail.startswith(_UNWRAPPED_SETS):
            raise
        raise ValidationFailed(f"{INVALID_START}: {error.message}") from error
