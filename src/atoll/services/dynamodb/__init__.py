"""DynamoDB: tables, their items and their streams. These are the manifests: where each operation is, and the tasks behind them.

Streams have a model of their own, and so a manifest; their records are written with the items.
"""

from __future__ import annotations

from atoll.kernel.service import Service, Shared
from atoll.services.dynamodb import (
    contributor_insights,
    exports,
    global_tables,
    kinesis,
    limits,
    resource_policy,
    runtime,
    tags,
)
from atoll.services.dynamodb.backups import backups, continuous_backups, history, restores, system
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
from atoll.services.dynamodb.streams import describing, lifecycle, reading
from atoll.services.dynamodb.tables import create_table, index_tasks, tables, update_table
from atoll.services.dynamodb.ttl import entries, switching, time_to_live

_NO_S3 = "there is no S3 yet that could hold the files"
REFUSED = {
    "EnableKinesisStreamingDestination": "there is no Kinesis yet to which changes could go",
    "ExportTableToPointInTime": _NO_S3,
    "ImportTable": _NO_S3,
}

SERVICE = Service(
    "dynamodb",
    [
        create_table, update_table, tables, tags, time_to_live, continuous_backups, limits,
        put_item, get_item, update_item, delete_item, query, scan,
        batch_get_item, batch_write_item, transact_get_items, transact_write_items,
        execute_statement, batch_execute_statement, execute_transaction,
        backups, restores, resource_policy, contributor_insights, exports, global_tables, kinesis,
    ],
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
)  # fmt: skip

STREAMS = Service("dynamodbstreams", [describing, reading])
