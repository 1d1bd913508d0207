"""DynamoDB: tables, their items and their streams. These are the manifests: where each operation is, and the tasks behind them.

Streams have a model of their own, and so a manifest; their records are written with the items.
"""

from __future__ import annotations

from atoll.kernel.service import Service, Shared
from atoll.services.dynamodb import runtime
from atoll.services.dynamodb.backups import backups, history, restores, system
from atoll.services.dynamodb.items import tokens
from atoll.services.dynamodb.streams import lifecycle
from atoll.services.dynamodb.tables import index_tasks, tables
from atoll.services.dynamodb.ttl import entries, switching

_MODULES = (
    "contributor_insights",
    "exports",
    "global_tables",
    "kinesis",
    "limits",
    "resource_policy",
    "tags",
    "backups.backups",
    "backups.continuous_backups",
    "backups.restores",
    "items.batch_get_item",
    "items.batch_write_item",
    "items.delete_item",
    "items.get_item",
    "items.put_item",
    "items.query",
    "items.scan",
    "items.transact_get_items",
    "items.transact_write_items",
    "items.update_item",
    "partiql.batch_execute_statement",
    "partiql.execute_statement",
    "partiql.execute_transaction",
    "tables.create_table",
    "tables.tables",
    "tables.update_table",
    "ttl.time_to_live",
)
"""Loaded when the first request comes: they are many."""
_NO_S3 = "there is no S3 yet that could hold the files"
REFUSED = {
    "EnableKinesisStreamingDestination": "there is no Kinesis yet to which changes could go",
    "ExportTableToPointInTime": _NO_S3,
    "ImportTable": _NO_S3,
}

SERVICE = Service(
    "dynamodb",
    [f"{__name__}.{module}" for module in _MODULES],
    tasks={
        "dynamodb.reap": tables.reap,
        "dynamodb.forget": tokens.forget,
        "dynamodb.fill_index": index_tasks.fill_index,
        "dynamodb.clear_index": index_tasks.clear_index,
        "dynamodb.keep_stream": lifecycle.keep,
        "dynamodb.fill_expiry": switching.fill,
        "dynamodb.clear_expiry": switching.clear,
        "dynamodb.trim": history.trim,
        "dynamodb.back_up": backups.back_up,
        "dynamodb.restore": restores.restore,
        "dynamodb.expire_backup": system.expire,
    },
    runtime=runtime.running,
    shared=[Shared(entries.TABLES_PREFIX, entries.owner)],
    refused=REFUSED,
)

STREAMS = Service("dynamodbstreams", [f"{__name__}.streams.{module}" for module in ("describing", "reading")])
