"""What follows a table's items, against the items: its stream replays to them, its index of expiry times says when each expires."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key, under
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.items.item_rules import check_item
from atoll.services.dynamodb.items.keys import item_key
from atoll.services.dynamodb.items.storage import Stored, decode_item, encode_item, read, replace
from atoll.services.dynamodb.store import TABLES, Attribute, Table, table_described, table_key
from atoll.services.dynamodb.streams.store import CHANGES, label_of, position, records_prefix, sequence_number, shard_id
from atoll.services.dynamodb.ttl import switching
from atoll.services.dynamodb.ttl.entries import OLDEST, index_prefix, second
from atoll.services.dynamodb.ttl.time_to_live import describe_time_to_live, update_time_to_live

from .support import ACCOUNT, opened

ID = Attribute("id", "S")
PLAIN = Table("users", "id", "inc", 0.0, (ID,), ID, None)
FOLLOWED = msgspec.structs.replace(
    PLAIN, stream="s", stream_label="l", stream_view="NEW_AND_OLD_IMAGES", ttl_attribute="ttl", ttl_index="t"
)
NOW = 2_000_000_000.0
WRITES = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.none() | st.fixed_dictionaries(
            {}, optional={
                "ttl": st.sampled_from([
                    {"N": "2000000005"}, {"N": "2000000006.5"}, {"N": "1"}, {"N": "-7"}, {"S": "2000000005"},
                    {"N": "2000000005000"}, {"N": "1E+30"}, {"NS": ["2000000005"]},
                ]),
                "v": st.sampled_from([{"SS": ["x", "y"]}, {"SS": ["y", "x"]}, {"BOOL": True}]),
            },
        ),
    ),
    max_size=25,
)  # fmt: skip


async def write(ctx: Context, table: Table, key: str, rest: dict[str, Any] | None) -> None:
    item, size = check_item({"id": {"S": key}, **(rest or {})})

    def change(tx: Transaction) -> None:
        at = item_key(table, item)
        new = None if rest is None else Stored(item, encode_item(item, size))
        replace(tx, ctx, table, at, read(tx, ctx, table, at), new, NOW)

    await ctx.store.transact(change)


async def rows(ctx: Context, prefix: Key) -> list[tuple[Key, bytes]]:
    return await ctx.store.read(lambda tx: [(key[len(prefix) :], raw) for key, raw in tx.scan(under(prefix))])


def comparable(item: dict[str, Any] | None) -> Any:
    """Sets without order."""
    sets = {name: {"SS": sorted(value["SS"])} for name, value in (item or {}).items() if "SS" in value}
    return None if item is None else item | sets


@given(WRITES)
@settings(max_examples=40, deadline=None)
async def test_the_stream_replays_to_the_items(tmp_path_factory: Any, writes: list[Any]) -> None:
    kernel, ctx = await opened(tmp_path_factory.mktemp("kernel") / "data")
    try:
        model: dict[str, dict[str, Any]] = {}
        changes = 0
        for key, rest in writes:
            await write(ctx, FOLLOWED, key, rest)
            new = None if rest is None else check_item({"id": {"S": key}, **rest})[0]
            changes += comparable(model.get(key)) != comparable(new)
            model.pop(key, None)
            if new is not None:
                model[key] = new
        replayed: dict[str, dict[str, Any]] = {}
        records = [CHANGES.decode(raw) for _, raw in await rows(ctx, records_prefix(ctx, "s"))]
        for record in records:
            key = record.keys["id"]["S"]
            assert comparable(replayed.pop(key, None)) == comparable(decode_item(record.old) if record.old else None)
            if record.new is not None:
                replayed[key] = decode_item(record.new)
            kind = (record.old is not None, record.new is not None)
            assert record.event == {(False, True): "INSERT", (True, True): "MODIFY", (True, False): "REMOVE"}[kind]
        assert {key: comparable(item) for key, item in replayed.items()} == {
            key: comparable(item) for key, item in model.items()
        }
        assert len(records) == changes
        expiring = {
            (at, *item_key(FOLLOWED, item))
            for item in model.values()
            if (at := second("ttl", item)) is not None and at >= NOW - OLDEST
        }
        assert {key for key, _ in await rows(ctx, index_prefix(ACCOUNT, "us-east-1", "inc", "t"))} == expiring
    finally:
        await kernel.close()


async def test_a_table_that_nothing_follows_pays_nothing(tmp_path: Path) -> None:
    kernel, ctx = await opened(tmp_path / "data")
    try:
        await write(ctx, PLAIN, "a", {"ttl": {"N": "2000000005"}})
        written = {key[0] for key, _ in await rows(ctx, (ACCOUNT, "us-east-1", "dynamodb"))}
        assert written == {"item", "total"}
    finally:
        await kernel.close()


async def test_who_waits_for_records_is_woken(tmp_path: Path) -> None:
    kernel, ctx = await opened(tmp_path / "data")
    try:
        watch = ctx.store.watch((ACCOUNT, "us-east-1", "dynamodb", "record", "s"))
        await write(ctx, PLAIN, "a", {})
        assert not watch.changed()
        await write(ctx, FOLLOWED, "a", {"v": {"BOOL": True}})
        assert watch.changed()
    finally:
        await kernel.close()


async def test_time_to_live_is_enabling_until_all_items_are_known(tmp_path: Path) -> None:
    kernel, ctx = await opened(tmp_path / "data")
    try:
        await ctx.store.transact(lambda tx: tx.set(table_key(ctx, "users"), TABLES.encode(PLAIN)))
        for n in range(250):
            await write(ctx, PLAIN, f"{n}", {"ttl": {"N": "4000000000"}})

        async def status() -> str:
            described = await describe_time_to_live(ctx, {"TableName": "users"})
            return str(described["TimeToLiveDescription"]["TimeToLiveStatus"])

        async def switch(*, enabled: bool) -> None:
            specification: Any = {"Enabled": enabled, "AttributeName": "ttl"}
            await update_time_to_live(ctx, {"TableName": "users", "TimeToLiveSpecification": specification})

        await switch(enabled=True)
        assert await status() == "ENABLING"
        with pytest.raises(ValidationFailed, match="Time to live has been modified multiple times within a fixed"):
            await switch(enabled=False)
        table = await ctx.store.read(lambda tx: table_described(tx, ctx, "users"))
        ((_, raw),) = await rows(ctx, ("~", "", "tasks"))
        state: dict[str, Any] | None = msgspec.msgpack.decode(raw)["state"]
        steps = 0
        while state is not None:
            state = await switching.fill(ctx, state)
            state = msgspec.msgpack.decode(msgspec.msgpack.encode(state))
            steps += 1
        assert steps == 2
        assert await status() == "ENABLED"
        assert len(await rows(ctx, index_prefix(ACCOUNT, "us-east-1", "inc", table.ttl_index))) == 250
        await switch(enabled=False)
        assert await status() == "DISABLED"
        cleared: dict[str, Any] | None = {"incarnation": "inc", "index": table.ttl_index}
        while cleared is not None:
            cleared = await switching.clear(ctx, cleared)
        assert await rows(ctx, index_prefix(ACCOUNT, "us-east-1", "inc", table.ttl_index)) == []
    finally:
        await kernel.close()


def test_names_have_the_shape_of_awss() -> None:
    assert label_of(1_432_155_070_252) == "2015-05-20T20:51:10.252"
    assert shard_id("s", 1_432_155_070.252)[:29] == "shardId-00000001432155070252-"
    assert position(sequence_number(7)) == 7
    assert len(sequence_number(0)) == len(sequence_number(1 << 62)) == 24


def test_only_whole_positive_numbers_are_seconds() -> None:
    assert second("ttl", None) is None
    assert second("ttl", {"ttl": {"N": "12.9"}}) == 12
    assert second("ttl", {"ttl": {"N": "-0.5"}}) is None
    assert second("ttl", {"ttl": {"S": "12"}}) is None
