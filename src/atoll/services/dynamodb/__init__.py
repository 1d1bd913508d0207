"""DynamoDB: tables and their items. This is the manifest: where each operation is, and the tasks behind them."""

from __future__ import annotations

from atoll.kernel.service import Service
from atoll.services.dynamodb import (
    continuous_backups,
    contributor_insights,
    exports,
    global_tables,
    kinesis,
    limits,
    resource_policy,
    tags,
    time_to_live,
)
from atoll.services.dynamodb.backups import backups, history, restores, system
from atoll.services.dynamodb.items import delete_item, get_item, put_item
from atoll.services.dynamodb.tables import create_table, tables, update_table

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
        put_item, get_item, delete_item,
        backups, restores, resource_policy, contributor_insights, kinesis, global_tables, exports,
    ],
    tasks={
        "dynamodb.reap": tables.reap, "dynamodb.trim": history.trim, "dynamodb.back_up": backups.back_up,
        "dynamodb.restore": restores.restore, "dynamodb.expire_backup": system.expire,
    },
    refused=REFUSED,
)  # fmt: skip
