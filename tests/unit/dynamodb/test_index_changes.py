"""Global indexes that come and go under writes: whatever the order of things, and wherever the region dies, entries and counters are
those of the items that are there."""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError, ValidationFailed
from atoll.kernel.keys import Key, under
from atoll.kernel.region import Kernel
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb import SERVICE
from atoll.services.dynamodb.items.item_rules import check_item, check_item_keys, item_size
from atoll.services.dynamodb.items.keys import entry_key, item_key
from atoll.services.dynamodb.items.storage import Stored, decode_item, encode_item, read, replace
from atoll.services.dynamodb.store import Table, Totals, data_prefixes, find_table, table_described, totals
from atoll.services.dynamodb.tables import index_tasks
from atoll.services.dynamodb.tables.create_table import create_table
from atoll.services.dynamodb.tables.tables import delete_table, describe_table
from atoll.services.dynamodb.tables.update_table import update_table

from .support import opened

DEFINED = [{"AttributeName": name, "AttributeType": kind} for name, kind in (("id", "S"), ("kind", "S"), ("rank", "N"))]
NAMES = ("by-kind", "by-rank")
KEYS = {
    "by-kind": [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "rank", "KeyType": "RANGE"}],
    "by-rank": [{"AttributeName": "rank", "KeyType": "HASH"}],
}
PROJECTIONS = {
    "by-kind": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["v"]},
    "by-rank": {"ProjectionType": "ALL"},
}
VALUES = st.fixed_dictionaries(
    {},
    optional={"kind": st.sampled_from(["x", "y", 1]), "rank": st.sampled_from([1, 2, "1"]), "v": st.text(max_size=3)},
)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("abcdefgh"), st.none() | VALUES),
        st.tuples(st.just("write"), st.sampled_from("abcdefgh"), VALUES),
        st.tuples(st.just("create"), st.sampled_from(NAMES)),
        st.tuples(st.just("delete"), st.sampled_from(NAMES)),
        st.tuples(st.just("step"), st.booleans()),
        st.just(("reopen",)),
    ),
    max_size=40,
)


async def opened_with_table(path: Path) -> tuple[Kernel, Context]:
    kernel, ctx = await opened(path)
    await create_table(
        ctx,
        {
            "TableName": "items",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": DEFINED[:1],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        },
    )
    return kernel, ctx


def create(name: str) -> dict[str, Any]:
    return {"Create": {"IndexName": name, "KeySchema": KEYS[name], "Projection": PROJECTIONS[name]}}


async def update(ctx: Context, *updates: dict[str, Any], **more: Any) -> dict[str, Any]:
    request = {"TableName": "items", "AttributeDefinitions": DEFINED, "GlobalSecondaryIndexUpdates": list(updates)}
    return (await update_table(ctx, {**request, **more}))["TableDescription"]  # type: ignore[typeddict-item]


async def step(ctx: Context, *, stored: bool = True) -> bool:
    """Runs one step of each task there is. Not `stored`: as if the region had died before it was noted that the step was done."""
    running = await ctx.store.read(lambda tx: list(tx.scan(under(tasks.PREFIX))))
    for key, raw in running:
        task = tasks.RECORDS.decode(raw)
        state = await SERVICE.tasks[task.kind](ctx, task.state)
        if stored:
            await ctx.store.transact(partial(note, key, task, state))
    return bool(running)


def note(key: Key, task: tasks.Task, state: dict[str, Any] | None, tx: Transaction) -> None:
    if state is None:
        tx.delete(key)
    else:
        tasks.start(tx, str(key[-1]), task.kind, task.account, task.region, state)


async def write(ctx: Context, id_: str, rest: dict[str, Any] | None) -> bool:
    """Writes or deletes an item. False where an index refuses it."""
    item: dict[str, Any] = {"id": {"S": id_}}
    for name, value in (rest or {}).items():
        item[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
    checked, size = check_item(item)

    def change(tx: Transaction) -> None:
        table = table_described(tx, ctx, "items")
        check_item_keys(table, checked)
        key = item_key(table, checked)
        old = read(tx, ctx, table, key)
        new = None if rest is None else Stored(checked, encode_item(checked, size))
        replace(tx, ctx, table, key, old, new, 0.0)

    try:
        await ctx.store.transact(change)
    except ValidationFailed:
        return False
    return True


def check(ctx: Context, model: dict[str, Any], tx: Reader) -> Table:
    """Every entry is that of an item, is counted, and none is missing in an index that is not being filled."""
    table = table_described(tx, ctx, "items")
    items, entries, counters, *_ = data_prefixes(ctx.account, ctx.region, table.incarnation)
    stored = [decode_item(raw) for _, raw in tx.scan(under(items))]
    assert {item["id"]["S"] for item in stored} == model.keys()
    for index in table.indexes:
        found = {key[len(entries) :]: decode_item(raw) for key, raw in tx.scan(under((*entries, index.id)))}
        if index.state == "DELETING":
            continue
        wanted = {key: item for item in stored if (key := entry_key(table, index, item)) is not None}
        assert found.keys() <= wanted.keys()
        assert index.filling or found.keys() == wanted.keys()
        assert all(entry.items() <= wanted[key].items() for key, entry in found.items())
        assert totals(tx, ctx, table.incarnation, index.id) == Totals(len(found), sum(map(item_size, found.values())))
    known = {index.id for index in table.indexes}
    assert {key[len(entries)] for key, _ in tx.scan(under(entries))} <= known
    assert {key[len(counters)] for key, _ in tx.scan(under(counters))} <= {"", *known}
    return table


async def act(ctx: Context, action: tuple[Any, ...], model: dict[str, Any]) -> None:
    match action:
        case ("write", id_, rest):
            if await write(ctx, id_, rest):
                model.pop(id_, None) if rest is None else model.update({id_: rest})
        case ("create", name):
            await update(ctx, create(name))
        case ("delete", name):
            await update(ctx, {"Delete": {"IndexName": name}})
        case ("step", stored):
            await step(ctx, stored=stored)


@given(st.lists(VALUES, max_size=8), ACTIONS)
@settings(max_examples=60, deadline=None)
async def test_indexes_come_and_go_under_writes(
    tmp_path_factory: Any, before: list[dict[str, Any]], actions: list[Any]
) -> None:
    path = tmp_path_factory.mktemp("kernel") / "data"
    kernel, ctx = await opened_with_table(path)
    model: dict[str, Any] = {}
    try:
        with mock.patch.multiple(index_tasks, FILL_SLICE=2, CLEAR_SLICE=2):
            written = [("write", id_, rest) for id_, rest in zip("abcdefgh", before, strict=False)]
            for action in (*written, ("create", "by-kind"), ("step", True), *actions):
                if action == ("reopen",):
                    await kernel.close()
                    kernel, ctx = await opened(path)
                with contextlib.suppress(ServiceError):  # an index that is there already, or is not
                    await act(ctx, action, model)
                await ctx.store.read(partial(check, ctx, model))
            while await step(ctx):
                pass
        table = await ctx.store.read(partial(check, ctx, model))
        assert all(index.state == "ACTIVE" for index in table.indexes)
        used = {"id", *(a.name for index in table.indexes for a in (*index.partition, *index.sort))}
        assert {attribute.name for attribute in table.definitions} == used
    finally:
        await kernel.close()


async def test_what_is_seen_while_an_index_comes_and_goes(tmp_path: Path) -> None:
    kernel, ctx = await opened_with_table(tmp_path / "data")
    try:
        for n in range(120):
            await write(ctx, str(n), {"kind": "x", "rank": n})
        await write(ctx, "other", {"kind": "x", "rank": "not a number"})

        async def seen() -> tuple[str, str, bool | None, int]:
            table = (await describe_table(ctx, {"TableName": "items"}))["Table"]
            (index,) = table["GlobalSecondaryIndexes"]
            return table["TableStatus"], index["IndexStatus"], index["Backfilling"], index["ItemCount"]

        answer = await update(ctx, create("by-kind"))
        assert [a["AttributeName"] for a in answer["AttributeDefinitions"]] == ["id", "kind", "rank"]
        assert await seen() == ("UPDATING", "CREATING", False, 0)
        await step(ctx)
        assert await seen() == ("ACTIVE", "CREATING", True, 0)
        await write(ctx, "0", {"kind": "y", "rank": 1})
        assert await seen() == ("ACTIVE", "CREATING", True, 1)
        counts = []
        while await step(ctx):
            counts.append((await seen())[3])
        assert counts == sorted(counts)
        assert len(counts) > 2
        assert await seen() == ("ACTIVE", "ACTIVE", None, 120)
        assert not await write(ctx, "other", {"kind": "x", "rank": "not a number either"})
        await update(ctx, {"Delete": {"IndexName": "by-kind"}})
        assert (await seen())[:3] == ("UPDATING", "DELETING", None)
        assert await write(ctx, "other", {"kind": 1})
        await step(ctx)
        while await step(ctx):
            pass
        table = (await describe_table(ctx, {"TableName": "items"}))["Table"]
        assert (table["TableStatus"], table["GlobalSecondaryIndexes"]) == ("ACTIVE", None)
        assert [a["AttributeName"] for a in table["AttributeDefinitions"]] == ["id"]
    finally:
        await kernel.close()


IN_USE = "Attempt to change a resource which is still in use: "
ONE = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}


async def refusals(ctx: Context, **requests: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The code and message that UpdateTable answers to each; `delete_table` stands for a DeleteTable."""
    found = {}
    for name, request in requests.items():
        operation: Any = delete_table if name == "delete_table" else update_table
        with pytest.raises(ServiceError) as caught:
            await operation(ctx, {"TableName": "items", **request})
        found[name] = caught.value.code, caught.value.message
    return found


def changes(*updates: dict[str, Any]) -> dict[str, Any]:
    return {"AttributeDefinitions": DEFINED, "GlobalSecondaryIndexUpdates": list(updates)}


async def test_what_is_refused_meanwhile(tmp_path: Path) -> None:
    kernel, ctx = await opened_with_table(tmp_path / "data")
    by_kind, delete = create("by-kind"), {"Delete": {"IndexName": "by-kind"}}
    provision = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS}
    maximum = {"OnDemandThroughput": {"MaxReadRequestUnits": 5}}
    whole = (
        "ResourceInUseException",
        f"{IN_USE}Cannot delete table while indexes are being created, updated, or deleted.",
    )
    where = "Table: items Index: by-kind"
    try:
        await update(ctx, by_kind)
        assert await refusals(
            ctx, delete_table={}, again=changes(by_kind), other=changes(create("by-rank")), back=changes(delete), iops=provision,
            maximum=maximum, same=changes({"Update": {"IndexName": "by-kind", "OnDemandThroughput": {"MaxReadRequestUnits": 1}}}),
        ) == {
            "delete_table": whole,
            "again": ("ResourceInUseException", f"{IN_USE}Index is being created.  {where}"),
            "other": ("LimitExceededException", ONE),
            "back": (
                "ResourceInUseException",
                f"{IN_USE}Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the "
                f"index is active. {where}",
            ),
            "iops": (
                "ResourceInUseException",
                f"{IN_USE}Can't change table IOPS when an index is being created. Table: items Indexes: [by-kind]",
            ),
            "maximum": (
                "ResourceInUseException",
                f"{IN_USE}OnDemandThroughput cannot be updated while index creation is in progress for indexes: [by-kind]",
            ),
            "same": (
                "ResourceInUseException", f"{IN_USE}Index is being created but is not backfilling yet.  {where}",
            ),
        }  # fmt: skip
        await step(ctx)
        assert await refusals(ctx, delete_table={}, other=changes(create("by-rank"))) == {
            "delete_table": whole,
            "other": ("LimitExceededException", ONE),
        }
        await update(ctx, delete)  # AWS allows it once the index is being filled
        assert await refusals(
            ctx, delete_table={}, again=changes(by_kind), twice=changes(delete), other=changes(create("by-rank")), iops=provision,
            maximum=maximum,
        ) == {
            "delete_table": whole,
            "again": ("ResourceInUseException", f"{IN_USE}Index is being deleted.  {where}"),
            "twice": ("ResourceInUseException", f"{IN_USE}Index is being deleted.  {where}"),
            "other": ("LimitExceededException", ONE),
            "iops": (
                "ResourceInUseException",
                f"{IN_USE}Can't change table IOPS when an index is being deleted. Table: items Indexes: [by-kind]",
            ),
            "maximum": (
                "ResourceInUseException",
                f"{IN_USE}OnDemandThroughput cannot be updated while index deletion is in progress for indexes: [by-kind]",
            ),
        }  # fmt: skip
        while await step(ctx):
            pass
        await delete_table(ctx, {"TableName": "items"})
        assert await ctx.store.read(lambda tx: find_table(tx, ctx, "items")) is None
    finally:
        await kernel.close()
