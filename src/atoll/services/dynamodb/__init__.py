"""DynamoDB: tables and their items. This is the manifest: where each operation is, and the tasks behind them."""

from __future__ import annotations

from atoll.kernel.service import Service
from atoll.services.dynamodb import continuous_backups, limits, tags, time_to_live
from atoll.services.dynamodb.items import (
    batch_get_item,
    batch_write_item,
    delete_item,
    get_item,
    put_item,
    query,
    scan,
    tokens,
    transact_get_items,
    transact_write_items,
    update_item,
)
from atoll.services.dynamodb.partiql import batch_execute_statement, execute_statement, execute_transaction
from atoll.services.dynamodb.tables import create_table, tables, update_table

SERVICE = Service(
    "dynamodb",
    [
        create_table, update_table, tables, tags, time_to_live, continuous_backups, limits,
        put_item, get_item, update_item, delete_item, query, scan,
        batch_get_item, batch_write_item, transact_get_items, transact_write_items,
        execute_statement, batch_execute_statement, execute_transaction,
    ],
    tasks={"dynamodb.reap": tables.reap, "dynamodb.forget": tokens.forget},
)  # fmt: skip
