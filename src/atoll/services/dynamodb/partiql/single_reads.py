"""SELECTs in batches and transactions: each reads one item by its primary key, and asks nothing else of it.

docs: API_BatchExecuteStatement; Developer Guide, "Performing transactions with PartiQL for DynamoDB".
"""

from __future__ import annotations

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.expressions.nodes import paths_in
from atoll.services.dynamodb.items.get_item import Get
from atoll.services.dynamodb.items.item_rules import check_scalar_keys
from atoll.services.dynamodb.items.storage import decode_item
from atoll.services.dynamodb.partiql.binding import Bound
from atoll.services.dynamodb.partiql.plan import decompose, exact_key
from atoll.services.dynamodb.partiql.select import index_of, schema_of, shown
from atoll.services.dynamodb.partiql.tree import Select
from atoll.services.dynamodb.partiql.where import path_of
from atoll.services.dynamodb.store import Item, Table


def get_of(ctx: Context, bound: Bound, table: Table, operation: str) -> Get:
    """The read that a SELECT is on this table. Raises ValidationFailed, saying in which `operation` it cannot be."""
    assert isinstance(bound.statement, Select)
    index = index_of(table, bound.statement.source.index)
    schema = schema_of(table, index)
    key = exact_key(bound.condition, schema) if index is None else None
    if key is None:
        decompose(bound.condition, schema)
        raise ValidationFailed(
            f"Select statements within {operation} must specify the primary key in the where clause."
        )
    check_scalar_keys(table, [path_of(item) for item in bound.statement.items or ()])
    check_scalar_keys(table, paths_in(bound.condition))
    return Get(ctx, {"TableName": bound.table, "Key": key})


def shown_item(bound: Bound, raw: bytes | None) -> Item | None:
    """What a SELECT shows of a stored item."""
    assert isinstance(bound.statement, Select)
    return None if raw is None else shown(decode_item(raw), bound.statement.items)
