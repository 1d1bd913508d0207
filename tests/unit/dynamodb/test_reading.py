"""Query and Scan against a naive model, over the real store: every condition, order, page, index and segment; and what they read."""

import asyncio
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.dynamodb.support import opened

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb.items.item_rules import check_item, item_size
from atoll.services.dynamodb.items.keys import BUCKETS, entry_key, item_key
from atoll.services.dynamodb.items.pages import MOST_BYTES, SLICE
from atoll.services.dynamodb.items.query import query
from atoll.services.dynamodb.items.scan import scan
from atoll.services.dynamodb.items.storage import Stored, encode_item, replace
from atoll.services.dynamodb.store import TABLES, Attribute, Index, Item, Table, table_key

ID, KIND, RANK = Attribute("id", "S"), Attribute("kind", "S"), Attribute("rank", "N")
TEXTS = ("a", "a\x00", "a\x00b", "ab", "b", "é", "\uffff", "\U0001f600", "a\x01", "aÿ")
BLOBS = (b"\x00", b"\x00\x00", b"\x00\xff", b"\xff", b"\xff\xff", b"\xff\xff\x00", b"\x01", b"a")
NUMBERS = ("-1E+100", "-10.5", "-1", "0", "1E-100", "0.5", "1", "2", "10", "123456789012345678901234567890")
VALUES: Mapping[str, tuple[Any, ...]] = {"S": TEXTS, "N": NUMBERS, "B": BLOBS}


def table_of(kind: str) -> Table:
    """A table whose sort key has this type, and indexes of all sorts."""
    at = Attribute("at", kind)  # type: ignore[arg-type]
    return Table(
        "tab", "id", "inc", 0.0, (ID, at, KIND, RANK), ID, at,
        indexes=(
            Index("local", "l", True, (ID,), (RANK,), "KEYS_ONLY"),
            Index("global", "g", False, (KIND,), (RANK,), "INCLUDE", ("v",)),
            Index("hash", "h", False, (KIND,), (), "ALL"),
            Index("many", "m", False, (KIND, RANK), (at, ID), "ALL"),
        ),
    )  # fmt: skip


async def put(ctx: Context, table: Table, *items: Mapping[str, Any]) -> None:
    checked = [check_item(item) for item in items]

    def write(tx: Transaction) -> None:
        tx.set(table_key(ctx, table.name), TABLES.encode(table))
        for item, size in checked:
            replace(tx, ctx, table, item_key(table, item), None, Stored(item, encode_item(item, size)), 0.0)

    await ctx.store.transact(write)


async def all_pages(ctx: Context, operation: Callable[..., Any], request: dict[str, Any]) -> list[Item]:
    """What paging to the end gives; each page keeps to Limit and counts what it holds."""
    items: list[Item] = []
    for _ in range(1000):
        page = await operation(ctx, request)
        assert page["Count"] == len(page["Items"]) <= page["ScannedCount"] <= request.get("Limit", 10**9)
        items += page["Items"]
        if page["LastEvaluatedKey"] is None:
            return items
        request = {**request, "ExclusiveStartKey": page["LastEvaluatedKey"]}
    raise AssertionError("no end")


def ordered(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content.encode() if kind == "S" else content


def identity(item: Mapping[str, Any]) -> Any:
    return item["id"]["S"], ordered(item["at"])


def holds(operator: str, value: Mapping[str, Any], wanted: list[Mapping[str, Any]]) -> bool:
    left, right = ordered(value), ordered(wanted[0])
    return {
        "=": lambda: left == right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
        ">": lambda: left > right,
        ">=": lambda: left >= right,
        "BETWEEN": lambda: right <= left <= ordered(wanted[1]),
        "begins_with": lambda: left.startswith(right),
    }[operator]()


@st.composite
def given_items(draw: Any, kind: str) -> list[dict[str, Any]]:
    keys = draw(
        st.lists(st.tuples(st.sampled_from(("p", "p\x00")), st.sampled_from(VALUES[kind])), max_size=14, unique=True)
    )
    items = []
    for id_, at in keys:
        item: dict[str, Any] = {"id": {"S": id_}, "at": {kind: at}, "n": {"N": str(len(items))}}
        if (name := draw(st.sampled_from((None, "x", "y")))) is not None:
            item["kind"] = {"S": name}
        if (rank := draw(st.sampled_from((None, "-1", "0", "1", "10")))) is not None:
            item["rank"] = {"N": rank}
        item["v"] = {"BOOL": draw(st.booleans())}
        items.append(item)
    return items


@st.composite
def asked(draw: Any, table: Table) -> tuple[Index | None, dict[str, Any], list[tuple[Attribute, str, list[Any]]]]:
    """An index or the table, a request, and its conditions on the key."""
    index = draw(st.sampled_from((None, *table.indexes)))
    partition = (table.partition,) if index is None else index.partition
    sort = (() if table.sort is None else (table.sort,)) if index is None else index.sort
    asked_of = sort[: draw(st.integers(0, len(sort)))]
    conditions = []
    for at, attribute in enumerate((*partition, *asked_of)):
        operators = ["="]
        if attribute in asked_of and at == len(partition) + len(asked_of) - 1:
            operators = ["=", "<", "<=", ">", ">=", "BETWEEN"] + (["begins_with"] if attribute.type != "N" else [])
        operator = draw(st.sampled_from(operators))
        choices = {"id": ("p", "p\x00"), "kind": ("x", "y"), "rank": ("-1", "0", "10")}.get(
            attribute.name, VALUES[attribute.type]
        )
        values = [{attribute.type: draw(st.sampled_from(choices))} for _ in range(2 if operator == "BETWEEN" else 1)]
        conditions.append((attribute, operator, sorted(values, key=ordered)))
    return index, written(index, draw(st.permutations(conditions)), draw), conditions


def written(index: Index | None, conditions: list[tuple[Attribute, str, list[Any]]], draw: Any) -> dict[str, Any]:
    texts, names, values = [], {}, {}
    for at, (attribute, operator, operands) in enumerate(conditions):
        names[f"#{at}"] = attribute.name
        placeholders = [f":{at}_{n}" for n in range(len(operands))]
        values.update(zip(placeholders, operands, strict=True))
        if operator == "begins_with":
            texts.append(f"begins_with(#{at}, {placeholders[0]})")
        elif operator == "BETWEEN":
            texts.append(f"#{at} BETWEEN {placeholders[0]} AND {placeholders[1]}")
        else:
            texts.append(f"#{at} {operator} {placeholders[0]}")
    request: dict[str, Any] = {
        "TableName": "tab",
        "KeyConditionExpression": " AND ".join(texts),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    if index is not None:
        request["IndexName"] = index.name
        if index.local:
            request["Select"] = "ALL_ATTRIBUTES"
    if (limit := draw(st.sampled_from((None, 1, 2, 3)))) is not None:
        request["Limit"] = limit
    return request


@pytest.mark.parametrize("kind", ["S", "N", "B"])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
async def test_a_query_finds_what_a_model_finds_in_order(tmp_path_factory: Any, kind: str, data: Any) -> None:
    table = table_of(kind)
    items = data.draw(given_items(kind))
    kernel, ctx = await opened(tmp_path_factory.mktemp("kernel") / "data")
    try:
        await put(ctx, table, *items)
        for _ in range(6):
            index, request, conditions = data.draw(asked(table))
            found = await all_pages(ctx, query, request)
            keys = (table.partition, table.sort) if index is None else (*index.partition, *index.sort)
            wanted = [
                item
                for item in items
                if all(a is not None and a.name in item for a in keys)
                and all(holds(operator, item[a.name], values) for a, operator, values in conditions)
            ]
            assert sorted(map(identity, found)) == sorted(map(identity, wanted))
            sort = [a for a in keys[1:] if a is not None] if index is None else list(index.sort)
            order = [tuple(ordered(item[a.name]) for a in sort) for item in found]
            assert order == sorted(order)
            assert await all_pages(ctx, query, {**request, "ScanIndexForward": False}) == found[::-1]
    finally:
        await kernel.close()


@given(items=given_items("S"), total=st.sampled_from((1, 2, 3, 7, 1_000_000)), limit=st.sampled_from((None, 1, 3)))
@settings(max_examples=25, deadline=None)
async def test_segments_of_a_scan_divide_a_table_and_each_index(
    tmp_path_factory: Any, items: list[dict[str, Any]], total: int, limit: int | None
) -> None:
    table = table_of("S")
    kernel, ctx = await opened(tmp_path_factory.mktemp("kernel") / "data")
    try:
        await put(ctx, table, *items)
        for index in (None, *table.indexes):
            found: list[Item] = []
            more = {} if index is None else {"IndexName": index.name}
            more |= {} if limit is None else {"Limit": limit}
            whole = await all_pages(ctx, scan, {"TableName": "tab", **more})
            segments = range(total) if total < 10 else sorted({segment_of(table, index, i, total) for i in whole})
            for segment in segments:
                parallel = {"Segment": segment, "TotalSegments": total}
                found += await all_pages(ctx, scan, {"TableName": "tab", **more, **parallel})
            keys = () if index is None else (*index.partition, *index.sort)
            wanted = [item for item in items if all(a.name in item for a in keys)]
            assert found == whole
            assert sorted(map(identity, found)) == sorted(map(identity, wanted))
    finally:
        await kernel.close()


def segment_of(table: Table, index: Index | None, item: Item, total: int) -> int:
    key = item_key(table, item) if index is None else (entry_key(table, index, item) or ())[1:]
    bucket = key[0]
    assert isinstance(bucket, int)
    return next(s for s in range(bucket * total // BUCKETS, total) if -(-BUCKETS * (s + 1) // total) > bucket)


class CountingStore:
    """Counts the rows that reads take from a store, and the reads."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.rows = self.reads = 0

    async def read(self, fn: Callable[[Reader], Any]) -> Any:
        self.reads += 1
        return await self._store.read(lambda tx: fn(CountingReader(self, tx)))


class CountingReader:
    def __init__(self, counts: CountingStore, tx: Reader) -> None:
        self._counts = counts
        self._tx = tx

    def get(self, key: Any) -> bytes | None:
        return self._tx.get(key)

    def scan(self, *args: Any, **more: Any) -> Any:
        for row in self._tx.scan(*args, **more):
            self._counts.rows += 1
            yield row


async def test_ten_matches_among_100_000_items_cost_less_than_three_times_ten_among_100(tmp_path: Path) -> None:
    kernel, ctx = await opened(tmp_path / "data", verify=False)
    try:
        times, rows = {}, {}
        tables = {
            size: Table(
                f"t{size}", "id", f"i{size}", 0.0, (ID, KIND, RANK), ID, RANK,
                indexes=(Index("global", "g", False, (KIND,), (RANK,), "ALL"),),
            )
            for size in (100, 100_000)
        }  # fmt: skip
        for size, table in tables.items():
            await put(ctx, table, *(sparse_item(n, size) for n in range(size)))
        for size, table in tables.items():
            counts = CountingStore(ctx.store)
            counting: Any = msgspec.structs.replace(ctx, store=counts)
            by_index = {
                "TableName": table.name,
                "IndexName": "global",
                "KeyConditionExpression": "kind = :k",
                "ExpressionAttributeValues": {":k": {"S": "rare"}},
            }
            by_key = {
                "TableName": table.name,
                "KeyConditionExpression": "id = :i AND #r BETWEEN :a AND :b",
                "ExpressionAttributeNames": {"#r": "rank"},
                "ExpressionAttributeValues": {":i": {"S": "p"}, ":a": {"N": "20"}, ":b": {"N": "29"}},
            }
            for request in (by_index, by_key):
                assert (await query(counting, request))["Count"] == 10
            rows[size] = counts.rows
            times[size] = min([await seconds(ctx, by_index) for _ in range(50)])
        assert rows[100_000] == rows[100] == 20
        assert times[100_000] < 3 * times[100]
    finally:
        await kernel.close()


def sparse_item(n: int, size: int) -> dict[str, Any]:
    kind = "rare" if n % (size // 10) == 0 else f"k{n % 7}"
    return {"id": {"S": "p"}, "rank": {"N": str(n)}, "kind": {"S": kind}}


async def seconds(ctx: Context, request: dict[str, Any]) -> float:
    began = time.perf_counter()
    await query(ctx, request)
    return time.perf_counter() - began


async def test_a_page_ends_with_the_item_that_reaches_one_megabyte(tmp_path: Path) -> None:
    kernel, ctx = await opened(tmp_path / "data")
    try:
        table = table_of("N")
        items = [
            {"id": {"S": "p"}, "at": {"N": str(n)}, "rank": {"N": "1"}, "v": {"S": "x" * 300_000}} for n in range(1, 10)
        ]
        await put(ctx, table, *items)
        size = item_size(items[0])
        assert 3 * size < MOST_BYTES < 4 * size
        request = {
            "TableName": "tab",
            "KeyConditionExpression": "id = :p",
            "ExpressionAttributeValues": {":p": {"S": "p"}},
            "ReturnConsumedCapacity": "INDEXES",
        }
        first = await query(ctx, request)
        assert [item["at"]["N"] for item in first["Items"]] == ["1", "2", "3", "4"]
        assert first["LastEvaluatedKey"] == {"id": {"S": "p"}, "at": {"N": "4"}}
        assert first["ConsumedCapacity"]["CapacityUnits"] == -(-4 * size // 4096) / 2
        counted = await query(ctx, {**request, "Select": "COUNT"})
        assert (counted["Count"], counted["ScannedCount"], counted["Items"]) == (4, 4, None)
        assert counted["ConsumedCapacity"] == first["ConsumedCapacity"]
        nothing = {**request, "FilterExpression": "attribute_exists(gone)"}
        empty = await query(ctx, nothing)
        assert (empty["Count"], empty["ScannedCount"]) == (0, 4)
        assert empty["LastEvaluatedKey"] == first["LastEvaluatedKey"]
        projected = await query(ctx, {**request, "ProjectionExpression": "id"})
        assert projected["ConsumedCapacity"] == first["ConsumedCapacity"]
        assert len(projected["Items"]) == 4
        assert len(await all_pages(ctx, query, request)) == 9
        local = {**request, "IndexName": "local"}
        by_entries = await query(ctx, local)  # the entries are small
        assert by_entries["Count"] == 9
        assert by_entries["ConsumedCapacity"]["CapacityUnits"] == 0.5
        fetched = await query(ctx, {**local, "Select": "ALL_ATTRIBUTES"})  # the items are not
        assert fetched["Count"] == 4
        each = -(-size // 4096) / 2
        assert fetched["ConsumedCapacity"] == {
            "TableName": "tab",
            "CapacityUnits": 4 * each + 0.5,
            "Table": {"CapacityUnits": 4 * each},
            "LocalSecondaryIndexes": {"local": {"CapacityUnits": 0.5}},
        }
        assert len(await all_pages(ctx, query, {**local, "Select": "ALL_ATTRIBUTES"})) == 9
    finally:
        await kernel.close()


async def test_a_page_is_read_in_slices_between_which_others_run(tmp_path: Path) -> None:
    kernel, ctx = await opened(tmp_path / "data")
    try:
        await put(ctx, table_of("N"), *({"id": {"S": str(n)}, "at": {"N": "1"}} for n in range(10 * SLICE)))
        counts = CountingStore(ctx.store)
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        running = asyncio.create_task(other())
        page = await scan(msgspec.structs.replace(ctx, store=counts), {"TableName": "tab", "Select": "COUNT"})
        running.cancel()
        assert page["Count"] == counts.rows == 10 * SLICE
        assert counts.reads >= 10
        assert turns >= 10
    finally:
        await kernel.close()


async def test_items_that_come_and_go_between_pages_lose_and_double_no_others(tmp_path: Path) -> None:
    kernel, ctx = await opened(tmp_path / "data")
    try:
        table = table_of("N")
        await put(ctx, table, *({"id": {"S": "p"}, "at": {"N": str(n)}, "kind": {"S": "x"}} for n in range(0, 40, 2)))
        request: dict[str, Any] = {
            "TableName": "tab",
            "IndexName": "hash",
            "KeyConditionExpression": "kind = :x",
            "ExpressionAttributeValues": {":x": {"S": "x"}},
            "Limit": 7,
        }
        seen: list[str] = []
        new = iter((1, 21, 39))
        while True:
            page = await query(ctx, request)
            seen += [item["at"]["N"] for item in page["Items"]]
            if page["LastEvaluatedKey"] is None:
                break
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
            if (n := next(new, None)) is not None:
                await put(ctx, table, {"id": {"S": "p"}, "at": {"N": str(n)}, "kind": {"S": "x"}})
        assert {str(n) for n in range(0, 40, 2)} <= set(seen)
        assert len(seen) == len(set(seen))
    finally:
        await kernel.close()


BAD_STARTS = st.dictionaries(
    st.sampled_from(("id", "at", "kind", "rank", "z")),
    st.sampled_from(
        ({"S": "p"}, {"S": ""}, {"N": "1"}, {"N": "x"}, {"B": b""}, {"NULL": True}, {}, {"S": "a", "N": "1"}, {"L": []})
    ),
    max_size=4,
)


@given(start=BAD_STARTS, name=st.sampled_from((None, "local", "global", "hash", "many")), value=st.sampled_from("px"))
@settings(max_examples=150, deadline=None)
async def test_any_start_key_is_taken_or_refused(
    tmp_path_factory: Any, start: dict[str, Any], name: str | None, value: str
) -> None:
    kernel, ctx = await opened(tmp_path_factory.mktemp("kernel") / "data")
    try:
        await put(ctx, table_of("N"), {"id": {"S": "p"}, "at": {"N": "1"}, "kind": {"S": "x"}, "rank": {"N": "1"}})
        common: dict[str, Any] = {"TableName": "tab", "ExclusiveStartKey": start}
        if name is not None:
            common["IndexName"] = name
        key = "kind" if name in ("global", "hash", "many") else "id"
        asked_for = {
            "KeyConditionExpression": f"{key} = :v",
            "ExpressionAttributeValues": {":v": {"S": value}},
        }
        for operation, request in ((query, common | asked_for), (scan, common)):
            try:
                answer = await operation(ctx, request)
            except ValidationFailed:
                continue
            assert answer["Count"] <= 1
    finally:
        await kernel.close()


WORDS = (
    "id", "#a", "v", "id.x", "#a[0]", ":p", ":a", ":b", ":z", "=", "<", "<=", ">", "<>", "AND", "OR", "NOT", "BETWEEN", "IN",
    "begins_with(", "size(", "contains(", "attribute_exists(", "(", ")", ",",
)  # fmt: skip
TEXT = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
SHAPES = st.sampled_from(
    ("id = :p AND {}", "{} AND id = :p", "{}", "id = :p AND #a BETWEEN {} AND {}", "begins_with({}, {})", "id = {} AND #a > {}")
)  # fmt: skip
OPERATORS = st.sampled_from(
    ("EQ", "NE", "LT", "LE", "GT", "GE", "BETWEEN", "BEGINS_WITH", "NULL", "NOT_NULL", "CONTAINS", "NOT_CONTAINS", "IN")
)  # fmt: skip
ANY_VALUE = st.sampled_from(
    ({"S": "p"}, {"S": ""}, {"N": "1"}, {"N": "x"}, {"B": b"\xff"}, {"SS": ["a"]}, {"BOOL": True}, {})
)
LEGACY = st.dictionaries(
    st.sampled_from(("id", "at", "kind", "v")),
    st.fixed_dictionaries(
        {"ComparisonOperator": OPERATORS}, optional={"AttributeValueList": st.lists(ANY_VALUE, max_size=2)}
    ),
    max_size=3,
)


@given(requests=st.lists(st.tuples(SHAPES, TEXT, TEXT, LEGACY), min_size=20, max_size=20))
@settings(max_examples=15, deadline=None)
async def test_any_key_condition_is_taken_or_refused(tmp_path_factory: Any, requests: list[Any]) -> None:
    kernel, ctx = await opened(tmp_path_factory.mktemp("kernel") / "data")
    try:
        await put(ctx, table_of("S"), {"id": {"S": "p"}, "at": {"S": "a"}, "kind": {"S": "x"}, "rank": {"N": "1"}})
        for shape, first, second, old in requests:
            text = shape.format(first, second)
            given_values = {name: {"S": name[1:]} for name in (":p", ":a", ":b") if name in text}
            names = {"ExpressionAttributeNames": {"#a": "at"}} if "#a" in text else {}
            values = {"ExpressionAttributeValues": given_values} if given_values else {}
            asked_for = {"TableName": "tab", "KeyConditionExpression": text, **names, **values}
            for request in (asked_for, {"TableName": "tab", "KeyConditions": old, "QueryFilter": old}):
                try:
                    answer = await query(ctx, request)
                except ValidationFailed:
                    continue
                assert answer["Count"] <= 1
    finally:
        await kernel.close()
