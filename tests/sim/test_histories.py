"""Transactions are strictly serialisable: many clients at once, and a checker that finds what no serial order explains.

The issue: "serialisable under concurrency: prove it with a randomized history checker over many concurrent clients". The clients append
to lists and read them, by transactions and by single operations; others move money. The long run also kills the region again and again.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
import os
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.sim.histories import Anomaly, Seen, Txn, judge

if TYPE_CHECKING:
    from tests.conftest import Region

ACCOUNT = "123456789012"
LISTS, OWNERS = 5, 8
BALANCE = 100
FULL = 40
"""Appends after which a list is left alone and another is begun."""


def txn(began: float, ended: float, reads: Any = None, appends: Any = None, outcome: Any = "done") -> Txn:
    return Txn(began, ended, {key: tuple(seen) for key, seen in (reads or {}).items()}, appends or {}, outcome)


GOOD = [
    txn(0, 1, {"a": []}, {"a": 1, "b": 2}),
    txn(0.5, 3, {"a": [1], "b": [2]}),
    txn(0, 4, {"a": [], "b": []}),
    txn(2, 3, {}, {"a": 3}),
    txn(2, 4, {"a": [1]}, {"b": 9}, "refused"),
    txn(2, math.inf, {}, {"b": 8}, "unknown"),
    txn(5, 6, {"a": [1, 3], "b": [2]}, {"a": 4}),
]


def test_what_a_serial_order_explains_passes() -> None:
    assert judge(GOOD, {"a": (1, 3, 4), "b": (2,)}) > 5
    assert judge(GOOD, {"a": (1, 3, 4), "b": (2, 8)}) > 5  # the unknown one took place, whenever


ANOMALIES: dict[str, tuple[list[Txn], dict[str, Seen]]] = {
    "lost update": (
        [txn(0, 9, {"a": []}, {"a": 1}), txn(0, 9, {"a": []}, {"a": 2})],
        {"a": (1, 2)},
    ),
    "lost append": ([txn(0, 1, {}, {"a": 1}), txn(0, 1, {}, {"a": 2})], {"a": (1,)}),
    "write skew": (
        [txn(0, 9, {"a": [], "b": []}, {"a": 1}), txn(0, 9, {"a": [], "b": []}, {"b": 2})],
        {"a": (1,), "b": (2,)},
    ),
    "read of half a transaction": (
        [txn(0, 9, {}, {"a": 1, "b": 2}), txn(0, 9, {"a": [1], "b": []})],
        {"a": (1,), "b": (2,)},
    ),
    "long fork": (
        [txn(0, 9, {}, {"a": 1}), txn(0, 9, {}, {"b": 2}), txn(0, 9, {"a": [1], "b": []}), txn(0, 9, {"a": [], "b": [2]})],
        {"a": (1,), "b": (2,)},
    ),
    "two orders": (
        [txn(0, 9, {}, {"a": 1, "b": 2}), txn(0, 9, {}, {"a": 3, "b": 4})],
        {"a": (1, 3), "b": (4, 2)},
    ),
    "stale read": ([txn(0, 1, {}, {"a": 1}), txn(2, 3, {"a": []})], {"a": (1,)}),
    "write before its time": ([txn(0, 1, {}, {"a": 1}), txn(2, 3, {}, {"a": 2})], {"a": (2, 1)}),
    "monotonic reads broken": (
        [txn(0, 9, {}, {"a": 1}), txn(1, 2, {"a": [1]}), txn(3, 4, {"a": []})],
        {"a": (1,)},
    ),
    "refused but there": ([txn(0, 1, {}, {"a": 1}, "refused")], {"a": (1,)}),
    "done in part": ([txn(0, 1, {}, {"a": 1, "b": 2})], {"a": (1,), "b": ()}),
    "unknown and in part": ([txn(0, math.inf, {}, {"a": 1, "b": 2}, "unknown")], {"a": (1,), "b": ()}),
    "done twice": ([txn(0, 1, {}, {"a": 1})], {"a": (1, 1)}),
    "from nowhere": ([txn(0, 1, {}, {"a": 1})], {"a": (1, 7)}),
    "read and gone": ([txn(0, 1, {"a": [5]}), txn(0, math.inf, {}, {"a": 5}, "unknown")], {"a": ()}),
    "refused for what never was": (
        [txn(0, 9, {}, {"a": 1, "b": 2}), txn(0, 9, {"a": [1], "b": []}, {"c": 3}, "refused")],
        {"a": (1,), "b": (2,)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ANOMALIES)
def test_the_checker_can_fail(name: str) -> None:
    with pytest.raises(Anomaly):
        judge(*ANOMALIES[name])


class Refused(Exception):
    """An error that the region answered."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(answer)
        self.code = str(answer["__type"]).rpartition("#")[2]
        self.reasons: list[Any] = answer.get("CancellationReasons", [])


def require_conditions(error: Refused) -> None:
    """Nothing but a condition may be what refuses a transaction here."""
    codes = {reason["Code"] for reason in error.reasons}
    assert "ConditionalCheckFailed" in codes, error
    assert codes <= {"None", "ConditionalCheckFailed"}, error


@dataclass
class Store:
    """What the clients of one region share: how to call it, and what they know of it together."""

    region: Region
    chance: random.Random
    http: httpx.AsyncClient
    history: list[Txn] = field(default_factory=list)
    values: count[int] = field(default_factory=count)
    appended: dict[str, int] = field(default_factory=dict)
    known: dict[str, Seen] = field(default_factory=dict)

    async def call(self, operation: str, **request: Any) -> Any:
        """Raises Refused, httpx.TransportError where no answer came."""
        answer = await self.http.post(
            self.region.endpoint,
            content=json.dumps(request),
            headers={
                "X-Amz-Target": f"DynamoDB_20120810.{operation}",
                "Content-Type": "application/x-amz-json-1.0",
                "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/dynamodb/aws4_request, "
                "SignedHeaders=host, Signature=00",
            },
        )
        if answer.status_code != 200:
            raise Refused(answer.json())
        return answer.json()

    def lists(self, most: int) -> list[str]:
        """Some of the lists that are in use now."""
        places = self.chance.sample(range(LISTS), self.chance.randint(1, most))
        return [next(k for n in count() if self.appended.get(k := f"{place}-{n}", 0) < FULL) for place in places]

    def appends(self, keys: list[str]) -> dict[str, int]:
        """A new value for each of the lists."""
        for key in keys:
            self.appended[key] = self.appended.get(key, 0) + 1
        return {key: next(self.values) for key in keys}


def of(key: str) -> dict[str, Any]:
    return {"TableName": "lists", "Key": {"id": {"S": key}}}


def append(key: str, value: int, condition: str = "", **values: Any) -> dict[str, Any]:
    change = {
        **of(key),
        "UpdateExpression": "SET v = list_append(if_not_exists(v, :none), :new)",
        "ExpressionAttributeValues": {":none": {"L": []}, ":new": {"L": [{"N": str(value)}]}, **values},
    }
    return change | ({"ConditionExpression": condition} if condition else {})


def seen(item: Mapping[str, Any] | None) -> Seen:
    return tuple(int(member["N"]) for member in (item or {}).get("v", {}).get("L", ()))


async def read_one(store: Store) -> None:
    (key,) = store.lists(1)
    began = time.monotonic()
    answer = await store.call("GetItem", **of(key), ConsistentRead=True)
    store.history.append(Txn(began, time.monotonic(), {key: seen(answer.get("Item"))}))


async def read_many(store: Store, keys: list[str] | None = None) -> None:
    keys = keys or store.lists(LISTS)
    began = time.monotonic()
    answer = await store.call("TransactGetItems", TransactItems=[{"Get": of(key)} for key in keys])
    found = {key: seen(one.get("Item")) for key, one in zip(keys, answer["Responses"], strict=True)}
    store.known |= found
    store.history.append(Txn(began, time.monotonic(), found))


async def append_one(store: Store) -> None:
    new = store.appends(store.lists(1))
    ((key, value),) = new.items()
    began = time.monotonic()
    try:
        answer = await store.call("UpdateItem", **append(key, value), ReturnValues="ALL_OLD")
    except httpx.TransportError:
        store.history.append(Txn(began, math.inf, {}, new, "unknown"))
        raise
    store.history.append(Txn(began, time.monotonic(), {key: seen(answer.get("Attributes"))}, new))


async def append_many(store: Store) -> None:
    """A write of several lists. Now and then it is sent twice at once, by one token."""
    new = store.appends(store.lists(3))
    actions = [{"Update": append(key, value)} for key, value in new.items()]
    await transact(store, actions, {}, new, times=store.chance.choice((1, 1, 2)))


async def append_if_unchanged(store: Store) -> None:
    """Reads some lists, and appends to one of them if all are still as they were: a transaction that reads and writes."""
    keys = store.lists(3)
    if store.chance.random() < 0.7 or not store.known.keys() >= set(keys):
        await read_many(store, keys)
    read = {key: store.known[key] for key in keys}
    new = store.appends(keys[:1])
    actions: list[dict[str, Any]] = []
    for key, list_ in read.items():
        size: dict[str, Any] = {":n": {"N": str(len(list_))}}
        condition = "size(v) = :n" if list_ else "attribute_not_exists(id)"
        if key in new:
            actions.append({"Update": append(key, new[key], condition, **(size if list_ else {}))})
        else:
            values = {"ExpressionAttributeValues": size} if list_ else {}
            actions.append({"ConditionCheck": {**of(key), "ConditionExpression": condition, **values}})
    for action in actions:
        (part,) = action.values()
        part["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    await transact(store, actions, read, new)


async def transact(
    store: Store, actions: list[dict[str, Any]], reads: dict[str, Seen], new: dict[str, int], times: int = 1
) -> None:
    token = base64.b32encode(store.chance.randbytes(15)).decode()
    began = time.monotonic()
    call = {"TransactItems": actions, "ClientRequestToken": token}
    try:
        await asyncio.gather(*(store.call("TransactWriteItems", **call) for _ in range(times)))
    except Refused as error:
        require_conditions(error)
        found = {key: seen(r["Item"]) for key, r in zip(reads, error.reasons, strict=False) if "Item" in r}
        store.history.append(Txn(began, time.monotonic(), found, new, "refused"))
    except httpx.TransportError:
        store.history.append(Txn(began, math.inf, reads, new, "unknown"))
        await retry(store, call, len(store.history) - 1)
        raise
    else:
        store.history.append(Txn(began, time.monotonic(), reads, new))


async def retry(store: Store, call: dict[str, Any], place: int) -> None:
    """After a crash: the same request once more, as its token allows. So whoever got no answer learns what became of it."""
    for _ in range(600):
        with suppress(httpx.TransportError):
            try:
                await store.call("TransactWriteItems", **call)
            except Refused:  # had it been done, it would not be tried again
                store.history[place] = replace(store.history[place], reads={}, outcome="refused")
                return
            store.history[place] = replace(store.history[place], ended=time.monotonic(), outcome="done")
            return
        await asyncio.sleep(0.05)


async def transfer(store: Store) -> None:
    """Moves money where there is some, or looks whether all of it is there."""
    if store.chance.random() < 0.3:
        await count_money(store)
        return
    giver, taker = store.chance.sample(range(OWNERS), 2)
    amount = {":a": {"N": str(store.chance.randint(1, 40))}}

    def change(owner: int, expression: str, **more: Any) -> dict[str, Any]:
        at = {"TableName": "bank", "Key": {"id": {"S": str(owner)}}, "ExpressionAttributeValues": amount}
        return {"Update": {**at, "UpdateExpression": expression, **more}}

    try:
        await store.call(
            "TransactWriteItems",
            TransactItems=[
                change(giver, "SET money = money - :a", ConditionExpression="money >= :a"),
                change(taker, "SET money = money + :a"),
            ],
        )
    except Refused as error:
        require_conditions(error)


async def count_money(store: Store) -> None:
    owners = [{"Get": {"TableName": "bank", "Key": {"id": {"S": str(owner)}}}} for owner in range(OWNERS)]
    answer = await store.call("TransactGetItems", TransactItems=owners)
    money = [int(one["Item"]["money"]["N"]) for one in answer["Responses"]]
    assert sum(money) == OWNERS * BALANCE, money
    assert min(money) >= 0, money


STEPS: list[tuple[Callable[[Store], Any], int]] = [
    (read_one, 2), (read_many, 3), (append_one, 2), (append_many, 3), (append_if_unchanged, 4), (transfer, 3),
]  # fmt: skip


async def client(store: Store, steps: int) -> None:
    kinds, weights = zip(*STEPS, strict=True)
    for _ in range(steps):
        with suppress(httpx.TransportError):  # the region was killed: the next step waits until it is there again
            await store.chance.choices(kinds, weights)[0](store)
            continue
        await asyncio.sleep(0.05)


async def prepare(store: Store) -> None:
    for table in ("lists", "bank"):
        await store.call(
            "CreateTable",
            TableName=table,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    owners = [
        {"PutRequest": {"Item": {"id": {"S": str(owner)}, "money": {"N": str(BALANCE)}}}} for owner in range(OWNERS)
    ]
    assert (await store.call("BatchWriteItem", RequestItems={"bank": owners}))["UnprocessedItems"] == {}


async def final_lists(store: Store) -> dict[str, Seen]:
    keys = sorted(store.appended)
    found: dict[str, Seen] = {}
    for first in range(0, len(keys), 100):
        part = keys[first : first + 100]
        await read_many(store, part)
        found |= store.history[-1].reads
    return found


async def run(region: Region, clients: int, steps: int, kills: int = 0) -> None:
    """Lets the clients loose on the region, kills it now and then, and judges what they saw. The seed is in every failure."""
    seed = int(os.environ.get("ATOLL_HISTORY_SEED") or random.SystemRandom().randrange(1_000_000))
    limits = httpx.Limits(max_connections=2 * clients)
    async with httpx.AsyncClient(limits=limits, timeout=60) as http:
        store = Store(region, random.Random(seed), http)
        try:
            await prepare(store)
            work = asyncio.gather(*(client(store, steps) for _ in range(clients)))
            for _ in range(kills):
                await asyncio.sleep(store.chance.uniform(0.3, 1.5))
                region.kill()
                await asyncio.to_thread(region.start)
            await work
            await count_money(store)
            dependencies = judge(store.history, await final_lists(store))
        except AssertionError as error:
            error.add_note(f"seed {seed}")
            raise
    done = [one for one in store.history if one.outcome == "done"]
    assert len(done) > clients * steps * 0.4
    assert sum(bool(one.reads and one.appends) for one in done) > clients * steps * 0.05
    assert any(one.outcome == "refused" and one.reads for one in store.history)
    assert dependencies > len(done)


async def test_transactions_are_strictly_serialisable(new_region: Callable[..., Region]) -> None:
    await run(new_region(), clients=12, steps=30)


async def test_transactions_are_whole_after_kill_9(new_region: Callable[..., Region]) -> None:
    await run(new_region(), clients=12, steps=20, kills=1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_long_history(new_region: Callable[..., Region]) -> None:
    await run(new_region(), clients=32, steps=1500)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("durability", ["process", "fsync"])
async def test_a_history_through_kill_9(new_region: Callable[..., Region], durability: str) -> None:
    """Acknowledged transactions survive whole, others are whole or absent, and a token is good for one across the crash."""
    for _ in range(3):
        await run(new_region("--durability", durability), clients=16, steps=600, kills=12)
