"""Items at rest against a model: whatever is written, the indexes and counters say the same as the items."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb.items import storage
from atoll.services.dynamodb.items.item_rules import check_item, item_size
from atoll.services.dynamodb.items.keys import entry_key, item_key
from atoll.services.dynamodb.items.storage import Stored, collection_size, decode_item, encode_item, read, replace
from atoll.services.dynamodb.store import Attribute, Index, Table, data_prefixes, totals
from atoll.services.dynamodb.tables.tables import reap

from .support import opened

ID, AT, KIND, RANK = Attribute("id", "S"), Attribute("at", "N"), Attribute("kind", "S"), Attribute("rank", "N")
TABLE = Table(
    "t", "id", "inc", 0.0, (ID, AT, KIND, RANK), ID, AT,
    indexes=(
        Index("local", "l", True, (ID,), (RANK,), "KEYS_ONLY"),
        Index("global", "g", False, (KIND,), (RANK,), "INCLUDE", ("v",)),
        Index("many", "m", False, (KIND, RANK), (AT,), "ALL"),
    ),
)  # fmt: skip
WRITES = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.integers(-2, 2),
        st.none() | st.fixed_dictionaries(
            {}, optional={"kind": st.sampled_from("xy"), "rank": st.integers(-3, 3), "v": st.text(max_size=3)}
        ),
    ),
    max_size=25,
)  # fmt: skip


def given_item(id_: str, at: int, rest: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {"id": {"S": id_}, "at": {"N": str(at)}}
    for name, value in rest.items():
        item[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
    return item


async def write(ctx: Context, item: dict[str, Any], *, delete: bool) -> None:
    checked, size = check_item(item)
    key = item_key(TABLE, checked)

    def change(tx: Transaction) -> None:
        old = read(tx, ctx, TABLE, key)
        new = None if delete else Stored(checked, encode_item(checked, size))
        replace(tx, ctx, TABLE, key, old, new, 0.0)

    await ctx.store.transact(change)


async def check_against(ctx: Context, model: dict[Any, dict[str, Any]]) -> None:
    items, entries, *_ = data_prefixes(ctx.account, ctx.region, TABLE.incarnation)

    def look(tx: Reader) -> None:
        stored = [decode_item(raw) for _, raw in tx.scan(under(items))]
        assert sorted(stored, key=str) == sorted(model.values(), key=str)
        total = totals(tx, ctx, "inc")
        assert (total.count, total.size) == (len(stored), sum(map(item_size, stored)))
        for index in TABLE.indexes:
            found = {key[len(entries) :]: decode_item(raw) for key, raw in tx.scan(under((*entries, index.id)))}
            wanted = {key: item for item in stored if (key := entry_key(TABLE, index, item)) is not None}
            assert found.keys() == wanted.keys()
            for key, item in found.items():
                assert item.items() <= wanted[key].items()
                assert index.projection != "ALL" or item == wanted[key]
            total = totals(tx, ctx, "inc", index.id)
            assert (total.count, total.size) == (len(found), sum(map(item_size, found.values())))
            ranks = [float(e["rank"]["N"]) for e in found.values() if e.get("kind") == {"S": "x"}]
            assert index.name != "global" or ranks == sorted(ranks)
        for id_ in "ab":
            local = under((*entries, "l"))
            size = sum(item_size(i) for i in stored if i["id"]["S"] == id_)
            size += sum(item_size(e) for _, raw in tx.scan(local) if (e := decode_item(raw))["id"]["S"] == id_)
            assert collection_size(tx, ctx, TABLE, item_key(TABLE, given_item(id_, 0, {}))) == size

    await ctx.store.read(look)


@given(WRITES)
@settings(max_examples=25, deadline=None)
async def test_indexes_and_counters_follow_the_items(tmp_path_factory: Any, writes: list[Any]) -> None:
    kernel, ctx = await opened(tmp_path_factory.mktemp("kernel") / "data")
    try:
        model: dict[Any, dict[str, Any]] = {}
        for id_, at, rest in writes:
            item = given_item(id_, at, rest or {})
            await write(ctx, item, delete=rest is None)
            if rest is None:
                model.pop((id_, at), None)
            else:
                model[(id_, at)] = item
        await check_against(ctx, model)
    finally:
        await kernel.close()


async def test_a_deleted_tables_data_goes_in_slices(tmp_path: Path) -> None:
    kernel, ctx = await opened(tmp_path / "data")
    try:
        for n in range(300):
            await write(ctx, given_item(str(n), n, {"kind": "x", "rank": n}), delete=False)
        steps = 0
        state: dict[str, Any] | None = {"incarnation": "inc"}
        while state is not None:
            state = await reap(ctx, state)
            steps += 1
        prefixes = data_prefixes(ctx.account, ctx.region, "inc")
        left = await ctx.store.read(lambda tx: sum(1 for prefix in prefixes for _ in tx.scan(under(prefix))))
        assert left == 0
        assert steps > 5
    finally:
        await kernel.close()


@pytest.mark.parametrize(("projection", "measured", "encoded"), [("ALL", 0, 0), ("INCLUDE", 9, 60)])
async def test_a_large_item_is_measured_once_however_many_indexes_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, projection: str, measured: int, encoded: int
) -> None:
    """A table may have twenty, and an item a hundred thousand elements. What is projected whole is the item as it is stored."""
    indexes = tuple(Index(f"i{n}", f"i{n}", False, (KIND,), (), projection, ("l",)) for n in range(20))
    table = Table("t", "id", "inc", 0.0, (ID, KIND), ID, indexes=indexes)
    item: dict[str, Any] = {"id": {"S": "a"}, "kind": {"S": "x"}, "l": {"L": [{"N": "1"}, {"SS": ["b", "a"]}]}}
    key, new = item_key(table, item), Stored(item, encode_item(item, item_size(item)))
    calls: Counter[str] = Counter()

    def counted(name: str) -> None:
        work = getattr(storage, name)

        def count(*given: Any) -> Any:
            calls[name] += 1
            return work(*given)

        monkeypatch.setattr(storage, name, count)

    counted("attribute_size")
    counted("encode_item")
    kernel, ctx = await opened(tmp_path, verify=False)
    try:
        await ctx.store.transact(lambda tx: replace(tx, ctx, table, key, None, new, 0.0))
        await ctx.store.transact(lambda tx: replace(tx, ctx, table, key, read(tx, ctx, table, key), new, 0.0))
        assert (calls["attribute_size"], calls["encode_item"]) == (measured, encoded)
        (entries,) = data_prefixes(ctx.account, ctx.region, "inc", ["entry"])
        found = await ctx.store.read(lambda tx: [raw for _, raw in tx.scan(under(entries))])
        assert found == [new.raw] * 20
        total = await ctx.store.read(lambda tx: totals(tx, ctx, "inc", "i7"))
        assert (total.count, total.size) == (1, item_size(item))
    finally:
        await kernel.close()
