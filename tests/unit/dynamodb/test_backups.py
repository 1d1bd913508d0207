"""Backups and restores against a model: whatever is written meanwhile, what comes back is the table at one instant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError
from atoll.kernel.keys import under
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb import SERVICE
from atoll.services.dynamodb.backups import backups, copies, history, restores
from atoll.services.dynamodb.backups.continuous_backups import update_continuous_backups
from atoll.services.dynamodb.backups.store import find_restoring
from atoll.services.dynamodb.items.item_rules import check_item, item_size
from atoll.services.dynamodb.items.keys import entry_key, item_key
from atoll.services.dynamodb.items.storage import Stored, collection_size, decode_item, encode_item, read, replace
from atoll.services.dynamodb.store import (
    DAY,
    TABLES,
    Attribute,
    Index,
    Table,
    find_table,
    space,
    table_key,
    table_of_items,
    totals,
)
from atoll.services.dynamodb.tables.tables import delete_table, describe_table, list_tables

from .support import opened

ID, AT, KIND, RANK = Attribute("id", "S"), Attribute("at", "N"), Attribute("kind", "S"), Attribute("rank", "N")
TABLE = Table(
    "source", "id", "inc", 0.0, (ID, AT, KIND, RANK), ID, AT,
    indexes=(
        Index("local", "l", True, (ID,), (RANK,), "KEYS_ONLY"),
        Index("global", "g", False, (KIND,), (RANK,), "INCLUDE", ("v",)),
    ),
    billing_mode="PAY_PER_REQUEST",
)  # fmt: skip
Model = dict[tuple[str, int], dict[str, Any]]
ATTRIBUTES = st.fixed_dictionaries(
    {}, optional={"kind": st.sampled_from("xy"), "rank": st.integers(-2, 2), "v": st.text(max_size=3)}
)
WRITES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.none() | ATTRIBUTES), max_size=12)


@asynccontextmanager
async def region(path: Path) -> AsyncIterator[Context]:
    """A store with the table, and no runner of tasks: the test takes the steps."""
    kernel, ctx = await opened(path)
    await ctx.store.transact(lambda tx: tx.set(table_key(ctx, TABLE.name), TABLES.encode(TABLE)))
    try:
        yield ctx
    finally:
        await kernel.close()


async def stored_tasks(ctx: Context, *kinds: str) -> list[tuple[str, tasks.Task]]:
    found = await ctx.store.read(
        lambda tx: [(str(key[-1]), tasks.RECORDS.decode(raw)) for key, raw in tx.scan(under(tasks.PREFIX))]
    )
    return [(task_id, task) for task_id, task in found if task.kind in kinds]


async def step(ctx: Context, task_id: str, task: tasks.Task, *, twice: bool = False) -> bool:
    """One step of a stored task, as the runner takes it, or as after a crash `twice`. Says whether there is more."""
    run = SERVICE.tasks[task.kind]
    if twice:
        await run(ctx, task.state)
    state = await run(ctx, task.state)

    def keep(tx: Transaction) -> None:
        if state is None:
            tasks.cancel(tx, task_id)
        else:
            tasks.start(tx, task_id, task.kind, task.account, task.region, state)

    await ctx.store.transact(keep)
    return state is not None


async def finish(ctx: Context, *kinds: str) -> None:
    """Takes the steps of all tasks of these kinds, and of those that they begin."""
    while found := await stored_tasks(ctx, *kinds):
        for task_id, task in found:
            await step(ctx, task_id, task)


async def write(ctx: Context, model: Model, id_: str, at: int, rest: dict[str, Any] | None) -> None:
    item: dict[str, Any] = {"id": {"S": id_}, "at": {"N": str(at)}}
    for name, value in (rest or {}).items():
        item[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
    checked, size = check_item(item)
    now = ctx.clock.now()

    def change(tx: Transaction) -> None:
        table = table_of_items(tx, ctx, TABLE.name)
        key = item_key(table, checked)
        new = None if rest is None else Stored(checked, encode_item(checked, size))
        replace(tx, ctx, table, key, read(tx, ctx, table, key), new, now)

    await ctx.store.transact(change)
    if rest is None:
        model.pop((id_, at), None)
    else:
        model[(id_, at)] = item


async def check(ctx: Context, name: str, model: Model) -> None:
    """The table holds the model: items, entries, and all counters."""

    def look(tx: Reader) -> None:
        table = table_of_items(tx, ctx, name)
        items, entries = (*space(ctx), "item", table.incarnation), (*space(ctx), "entry", table.incarnation)
        stored = [decode_item(raw) for _, raw in tx.scan(under(items))]
        assert sorted(stored, key=str) == sorted(model.values(), key=str)
        total = totals(tx, ctx, table.incarnation)
        assert (total.count, total.size) == (len(stored), sum(map(item_size, stored)))
        local = {}
        for index in table.indexes:
            found = {key[len(entries) :]: decode_item(raw) for key, raw in tx.scan(under((*entries, index.id)))}
            assert found.keys() == {key for item in stored if (key := entry_key(table, index, item)) is not None}
            assert totals(tx, ctx, table.incarnation, index.id).count == len(found)
            local |= found if index.local else {}
        for id_ in {item["id"]["S"] for item in stored}:
            own = [item for item in (*stored, *local.values()) if item["id"]["S"] == id_]
            key = item_key(table, {"id": {"S": id_}, "at": {"N": "0"}})
            assert collection_size(tx, ctx, table, key) == sum(map(item_size, own))

    await ctx.store.read(look)


async def answer(call: Awaitable[Any]) -> tuple[str, str]:
    """The error that a call raises."""
    with pytest.raises(ServiceError) as caught:
        await call
    return caught.value.code, caught.value.message


async def enable(ctx: Context, *, on: bool = True, **more: Any) -> None:
    specification = {"PointInTimeRecoveryEnabled": on, **more}
    await update_continuous_backups(
        ctx,
        {"TableName": "source", "PointInTimeRecoverySpecification": specification},  # type: ignore[arg-type]
    )


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


@given(rounds=st.lists(st.tuples(WRITES, st.integers(1, 9)), min_size=1, max_size=4), meanwhile=WRITES, data=st.data())
@settings(max_examples=20, deadline=None)
async def test_each_instant_comes_back(
    tmp_path_factory: Any, rounds: list[Any], meanwhile: list[Any], data: st.DataObject
) -> None:
    async with region(tmp_path_factory.mktemp("kernel") / "data") as ctx:
        model: Model = {}
        await write(ctx, model, "a", 0, {"kind": "x"})
        await enable(ctx)
        instants: list[tuple[float, Model]] = []
        for writes, seconds in rounds:
            for one in writes:
                await write(ctx, model, *one)
            instants.append((ctx.clock.now(), dict(model)))
            await ctx.clock.advance(seconds)
        await ctx.clock.advance(history.LAG)
        for n, (at, _) in enumerate(instants):
            await restores.restore_table_to_point_in_time(
                ctx, {"SourceTableName": "source", "TargetTableName": f"at{n}", "RestoreDateTime": moment(at)}
            )
        pending = list(meanwhile)
        while found := await stored_tasks(ctx, "dynamodb.restore"):
            await step(ctx, *data.draw(st.sampled_from(found)), twice=data.draw(st.booleans()))
            if pending:
                await write(ctx, model, *pending.pop())
        for n, (_, then) in enumerate(instants):
            await check(ctx, f"at{n}", then)
        await check(ctx, "source", model)


@given(before=WRITES, meanwhile=WRITES, data=st.data())
@settings(max_examples=20, deadline=None)
async def test_a_backup_is_the_table_as_it_was(
    tmp_path_factory: Any, before: list[Any], meanwhile: list[Any], data: st.DataObject
) -> None:
    async with region(tmp_path_factory.mktemp("kernel") / "data") as ctx:
        model: Model = {}
        for one in before:
            await write(ctx, model, *one)
        made = await backups.create_backup(ctx, {"TableName": "source", "BackupName": "one"})
        arn, then = made["BackupDetails"]["BackupArn"], dict(model)
        assert made["BackupDetails"]["BackupStatus"] == "CREATING"
        pending = list(meanwhile)
        while found := await stored_tasks(ctx, "dynamodb.back_up"):
            for one in pending[:3]:
                await write(ctx, model, *one)
            del pending[:3]
            await step(ctx, *found[0], twice=data.draw(st.booleans()))
        details = (await backups.describe_backup(ctx, {"BackupArn": arn}))["BackupDescription"]["BackupDetails"]
        assert details["BackupStatus"] == "AVAILABLE"
        await restores.restore_table_from_backup(ctx, {"BackupArn": arn, "TargetTableName": "restored"})
        await finish(ctx, "dynamodb.restore", "dynamodb.trim")
        await check(ctx, "restored", then)
        await check(ctx, "source", model)
        assert await notes(ctx) == 0


async def notes(ctx: Context) -> int:
    """How much history there is, of any table."""
    return await ctx.store.read(lambda tx: sum(1 for _ in tx.scan(under((*space(ctx), "history")))))


async def test_a_large_table_is_copied_in_slices_while_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "SLICE", 7)
    async with region(tmp_path / "data") as ctx:
        model: Model = {}
        for n in range(60):
            await write(ctx, model, f"i{n}", 0, {"kind": "x", "rank": n})
        made = await backups.create_backup(ctx, {"TableName": "source", "BackupName": "one"})
        then, steps = dict(model), 0
        while found := await stored_tasks(ctx, "dynamodb.back_up"):
            for n in range(steps % 60, (steps % 60) + 3):
                await write(ctx, model, f"i{n % 60}", 0, None if n % 2 else {"kind": "y", "rank": -n})
                await write(ctx, model, f"new{n}", 0, {"v": "z"})
            await step(ctx, *found[0], twice=steps % 3 == 0)
            steps += 1
        assert steps > 15
        arn = made["BackupDetails"]["BackupArn"]
        await restores.restore_table_from_backup(ctx, {"BackupArn": arn, "TargetTableName": "restored"})
        await finish(ctx, "dynamodb.restore")
        await check(ctx, "restored", then)


async def test_what_is_in_use(tmp_path: Path) -> None:
    async with region(tmp_path / "data") as ctx:
        model: Model = {}
        await write(ctx, model, "a", 0, {})
        made = (await backups.create_backup(ctx, {"TableName": "source", "BackupName": "one"}))["BackupDetails"]
        arn = made["BackupArn"]
        ask: Callable[[str], Any] = lambda name: restores.restore_table_from_backup(  # noqa: E731
            ctx, {"BackupArn": arn, "TargetTableName": name}
        )
        assert await answer(ask("restored")) == ("BackupInUseException", f"Backup is being created: {arn}")
        assert await answer(backups.delete_backup(ctx, {"BackupArn": arn})) == (
            "BackupInUseException", f"Backup is being created: {arn}",
        )  # fmt: skip
        await finish(ctx, "dynamodb.back_up")
        begun = (await ask("restored"))["TableDescription"]
        assert begun["TableStatus"] == "CREATING"
        assert begun["RestoreSummary"]["RestoreInProgress"] is True
        assert await answer(ask("other")) == (
            "BackupInUseException", f"Backup is being used to restore another table: {arn}",
        )  # fmt: skip
        assert await answer(ask("restored")) == (
            "TableInUseException", f"Table: restored is already being restored from backup: {arn}",
        )  # fmt: skip
        assert await answer(ask("source")) == ("TableAlreadyExistsException", "Table already exists: source")
        assert await answer(backups.delete_backup(ctx, {"BackupArn": arn})) == (
            "BackupInUseException", f"Backup is being used to restore table: {arn}",
        )  # fmt: skip
        assert (await answer(delete_table(ctx, {"TableName": "restored"})))[0] == "ResourceInUseException"
        shown = (await describe_table(ctx, {"TableName": "restored"}))["Table"]
        assert shown["RestoreSummary"]["SourceBackupArn"] == arn
        assert (await list_tables(ctx, {}))["TableNames"] == ["restored", "source"]
        assert await answer(backups.create_backup(ctx, {"TableName": "restored", "BackupName": "two"})) == (
            "TableNotFoundException", "Table not found: restored",
        )  # fmt: skip
        await finish(ctx, "dynamodb.restore")
        shown = (await describe_table(ctx, {"TableName": "restored"}))["Table"]
        assert (shown["TableStatus"], shown.get("RestoreSummary")) == ("ACTIVE", None)
        deleted = (await backups.delete_backup(ctx, {"BackupArn": arn}))["BackupDescription"]
        assert deleted["BackupDetails"]["BackupStatus"] == "DELETED"
        await finish(ctx, "dynamodb.reap")
        assert await answer(backups.describe_backup(ctx, {"BackupArn": arn})) == (
            "BackupNotFoundException", f"Backup not found: {arn}",
        )  # fmt: skip


async def test_the_bounds_of_a_list_are_milliseconds(tmp_path: Path) -> None:
    async with region(tmp_path / "data") as ctx:
        made = (await backups.create_backup(ctx, {"TableName": "source", "BackupName": "one"}))["BackupDetails"]
        created = moment(made["BackupCreationDateTime"])

        async def listed(member: str, milliseconds: int) -> int:
            bound: Any = {member: created + timedelta(milliseconds=milliseconds)}
            return len((await backups.list_backups(ctx, bound))["BackupSummaries"])

        assert [await listed("TimeRangeLowerBound", n) for n in (0, 1)] == [1, 0]
        assert [await listed("TimeRangeUpperBound", n) for n in (0, 1)] == [0, 1]


async def left(ctx: Context, incarnation: str) -> set[str]:
    """Under which names something lies of an incarnation."""
    found = await ctx.store.read(lambda tx: [key for key, _ in tx.scan(under(space(ctx)))])
    return {str(key[3]) for key in found if len(key) > 4 and key[4] == incarnation}


async def test_a_table_that_is_deleted_while_it_is_copied(tmp_path: Path) -> None:
    async with region(tmp_path / "data") as ctx:
        model: Model = {}
        for n in range(5):
            await write(ctx, model, f"i{n}", 0, {"kind": "x"})
        made = await backups.create_backup(ctx, {"TableName": "source", "BackupName": "one"})
        then = dict(model)
        await write(ctx, model, "i1", 0, None)
        await delete_table(ctx, {"TableName": "source"})
        await finish(ctx, "dynamodb.reap")
        assert "item" in await left(ctx, "inc")
        await finish(ctx, "dynamodb.back_up")
        await finish(ctx, "dynamodb.reap")
        assert await left(ctx, "inc") == set()
        arn = made["BackupDetails"]["BackupArn"]
        await restores.restore_table_from_backup(ctx, {"BackupArn": arn, "TargetTableName": "source"})
        await finish(ctx, "dynamodb.restore")
        await check(ctx, "source", then)


async def test_a_deleted_table_with_recovery_becomes_a_system_backup(tmp_path: Path) -> None:
    async with region(tmp_path / "data") as ctx:
        model: Model = {}
        await enable(ctx)
        await write(ctx, model, "a", 0, {"kind": "x", "rank": 1})
        await write(ctx, model, "a", 1, {"kind": "y"})
        await delete_table(ctx, {"TableName": "source"})
        await finish(ctx, "dynamodb.reap")
        assert await left(ctx, "inc") == {"item", "total"}
        assert (await backups.list_backups(ctx, {}))["BackupSummaries"] == []
        (kept,) = (await backups.list_backups(ctx, {"BackupType": "SYSTEM"}))["BackupSummaries"]
        assert kept["BackupName"] == "source$DeletedTableBackup"
        assert kept["BackupExpiryDateTime"] == pytest.approx(ctx.clock.now() + 35 * DAY, abs=60)
        code, text = await answer(backups.delete_backup(ctx, {"BackupArn": kept["BackupArn"]}))
        assert code == "ValidationException"
        assert text.startswith(
            f"Invalid Request: User is not allowed to delete the system backup with arn {kept['BackupArn']}. "
            "It will automatically expire on 2"
        )
        await restores.restore_table_from_backup(ctx, {"BackupArn": kept["BackupArn"], "TargetTableName": "source"})
        await finish(ctx, "dynamodb.restore")
        await check(ctx, "source", model)
        (expiry,) = await stored_tasks(ctx, "dynamodb.expire_backup")
        waiting = asyncio.create_task(step(ctx, *expiry))
        await asyncio.sleep(0)
        await ctx.clock.advance(35 * DAY + 1)
        assert await waiting is False
        await finish(ctx, "dynamodb.reap")
        assert await left(ctx, "inc") == set()
        assert (await backups.list_backups(ctx, {"BackupType": "ALL"}))["BackupSummaries"] == []


async def test_history_goes_with_its_period_and_its_setting(tmp_path: Path) -> None:
    async with region(tmp_path / "data") as ctx:
        model: Model = {}
        await write(ctx, model, "a", 0, {})
        assert await notes(ctx) == 0
        await enable(ctx, RecoveryPeriodInDays=7)
        (trimming,) = await stored_tasks(ctx, "dynamodb.trim")
        running = asyncio.create_task(step(ctx, *trimming))
        for day in range(10):
            await write(ctx, model, "a", day, {})
            await ctx.clock.advance(DAY)
            if running.done():
                running = asyncio.create_task(step(ctx, *trimming))
                await asyncio.sleep(0.05)
        running.cancel()
        assert 6 <= await notes(ctx) <= 7
        await enable(ctx, RecoveryPeriodInDays=35)
        table = await ctx.store.read(lambda tx: find_table(tx, ctx, "source"))
        assert table
        assert history.earliest(table, ctx.clock.now()) == pytest.approx(ctx.clock.now() - 7 * DAY, abs=60)
        await enable(ctx, on=False)
        (ending,) = [found for found in await stored_tasks(ctx, "dynamodb.trim") if not found[1].state["since"]]
        while await step(ctx, *ending):
            pass
        assert await notes(ctx) == 0
        await write(ctx, model, "a", 0, {})
        assert await notes(ctx) == 0


async def test_a_restore_goes_on_where_recovery_is_turned_off(tmp_path: Path) -> None:
    async with region(tmp_path / "data") as ctx:
        model: Model = {}
        await enable(ctx)
        await write(ctx, model, "a", 0, {"rank": 1})
        at, then = ctx.clock.now(), dict(model)
        await ctx.clock.advance(history.LAG + 1)
        await write(ctx, model, "a", 0, None)
        await restores.restore_table_to_point_in_time(
            ctx, {"SourceTableName": "source", "TargetTableName": "restored", "RestoreDateTime": moment(at)}
        )
        await enable(ctx, on=False)
        (ending,) = [found for found in await stored_tasks(ctx, "dynamodb.trim") if not found[1].state["since"]]
        await step(ctx, *ending)
        assert await notes(ctx) == 2
        await write(ctx, model, "b", 0, {})
        await finish(ctx, "dynamodb.restore")
        await check(ctx, "restored", then)
        (ending,) = [found for found in await stored_tasks(ctx, "dynamodb.trim") if not found[1].state["since"]]
        await step(ctx, *ending)
        assert await notes(ctx) == 0


async def test_fifty_restores_at_once(tmp_path: Path) -> None:
    async with region(tmp_path / "data") as ctx:
        await enable(ctx)
        ask: Callable[[int], Any] = lambda n: restores.restore_table_to_point_in_time(  # noqa: E731
            ctx, {"SourceTableName": "source", "TargetTableName": f"t{n:03}", "UseLatestRestorableTime": True}
        )
        for n in range(50):
            await ask(n)
        assert await answer(ask(50)) == (
            "LimitExceededException",
            "Subscriber limit exceeded: Only 50 restore operations can be done simultaneously",
        )
        await finish(ctx, "dynamodb.restore")
        await ask(50)
        made = await ctx.store.read(lambda tx: find_restoring(tx, ctx, "t050"))
        assert made
        assert msgspec.structs.replace(made.table, name="", id="", incarnation="", created=0.0).indexes
