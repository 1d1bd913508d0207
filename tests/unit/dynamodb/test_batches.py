"""What happens to batches and transactions where throughput runs out, and to the tokens of transactions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.services.dynamodb import throttle
from atoll.services.dynamodb.errors import (
    ProvisionedThroughputExceededException,
    TransactionCanceledException,
)
from atoll.services.dynamodb.items import tokens
from atoll.services.dynamodb.items.batch_get_item import batch_get_item
from atoll.services.dynamodb.items.batch_write_item import batch_write_item
from atoll.services.dynamodb.items.capacity import Cost
from atoll.services.dynamodb.items.transact_get_items import transact_get_items
from atoll.services.dynamodb.items.transact_write_items import transact_write_items
from atoll.services.dynamodb.store import TABLES as RECORDS
from atoll.services.dynamodb.store import Attribute, Table, space, table_key

from .support import opened

MESSAGE = "The level of configured provisioned throughput for the table was exceeded."


def key(id_: object) -> dict[str, Any]:
    return {"id": {"S": str(id_)}}


def put(id_: object) -> dict[str, Any]:
    return {"PutRequest": {"Item": key(id_)}}


@pytest.fixture
async def ctx(tmp_path: Path) -> AsyncIterator[Context]:
    """A context of an account with the tables "small" and "large"."""
    kernel, made = await opened(tmp_path / "data")
    made = made.derive(operation="TransactWriteItems")
    ids = Attribute("id", "S")
    for name in ("small", "large"):
        raw = RECORDS.encode(Table(name, name, name, 0.0, (ids,), ids))
        await kernel.store.transact(lambda tx, name=name, raw=raw: tx.set(table_key(made, name), raw))
    yield made
    await kernel.close()


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The units that "small" has left; it changes as they are spent."""
    left = {"small": 0.0}

    def admit(_ctx: Context, table: Table, _kind: str, cost: Cost, _key: object, _now: float, before: Cost) -> None:
        if before.total + cost.total > left.get(table.name, 1000.0):
            raise ProvisionedThroughputExceededException(MESSAGE)

    def spend(_ctx: Context, table: Table, _kind: str, cost: Cost, _key: object) -> None:
        left[table.name] = left.get(table.name, 1000.0) - cost.total

    monkeypatch.setattr(throttle, "admit", admit)
    monkeypatch.setattr(throttle, "spend", spend)
    return left


async def items(ctx: Context, table: str) -> int:
    return await ctx.store.read(lambda tx: len(list(tx.scan(under((*space(ctx), "item", table))))))


async def test_what_finds_no_throughput_comes_back(ctx: Context, room: dict[str, float]) -> None:
    room["small"] = 2
    request: Any = {"small": [put(n) for n in range(5)], "large": [put("x")]}
    answer = await batch_write_item(ctx, {"RequestItems": request, "ReturnConsumedCapacity": "TOTAL"})
    assert answer["UnprocessedItems"] == {"small": request["small"][2:]}
    assert (await items(ctx, "small"), await items(ctx, "large")) == (2, 1)
    assert answer["ConsumedCapacity"] == [
        {"TableName": "small", "CapacityUnits": 2.0},
        {"TableName": "large", "CapacityUnits": 1.0},
    ]
    assert room == {"small": 0, "large": 999}
    room["small"] = 1
    part = {"Keys": [key(n) for n in range(3)], "ProjectionExpression": "id"}
    found = await batch_get_item(ctx, {"RequestItems": {"small": part, "large": {"Keys": [key("x")]}}})  # type: ignore[typeddict-item]
    assert found["Responses"] == {"small": [key(0), key(1)], "large": [key("x")]}
    assert found["UnprocessedKeys"] == {"small": {**part, "Keys": [key(2)]}}


async def test_a_batch_of_which_nothing_can_be_done_fails(ctx: Context, room: dict[str, float]) -> None:
    with pytest.raises(ProvisionedThroughputExceededException, match=MESSAGE):
        await batch_write_item(ctx, {"RequestItems": {"small": [put(1), put(2)]}})
    with pytest.raises(ProvisionedThroughputExceededException, match=MESSAGE):
        await batch_get_item(ctx, {"RequestItems": {"small": {"Keys": [key(1)]}}})
    assert await items(ctx, "small") == 0
    assert room == {"small": 0}


async def test_a_transaction_without_throughput_is_canceled(ctx: Context, room: dict[str, float]) -> None:
    room["small"] = 3
    actions: Any = [
        {"Put": {"TableName": table, "Item": key(n)}} for n, table in enumerate(("small", "large", "small"))
    ]
    gets: Any = [{"Get": {"TableName": action["Put"]["TableName"], "Key": action["Put"]["Item"]}} for action in actions]
    reason = {"Code": "ProvisionedThroughputExceeded", "Message": MESSAGE}
    for call, given in ((transact_write_items, actions), (transact_get_items, gets)):
        with pytest.raises(TransactionCanceledException) as caught:
            await call(ctx, {"TransactItems": given})
        assert caught.value.members["CancellationReasons"] == [{"Code": "None"}, {"Code": "None"}, reason]
    assert (await items(ctx, "small"), await items(ctx, "large")) == (0, 0)
    assert room == {"small": 3}


async def test_tokens_are_cleared_when_they_have_ended(ctx: Context) -> None:
    for token in ("a", "b"):
        await transact_write_items(
            ctx, {"TransactItems": [{"Put": {"TableName": "large", "Item": key(token)}}], "ClientRequestToken": token}
        )
        await ctx.clock.advance(tokens.VALID - 100)

    async def left() -> list[str]:
        return await ctx.store.read(
            lambda tx: [str(k[3]) for k, _ in tx.scan(under(space(ctx))) if "token" in str(k[3])]
        )

    assert await left() == ["token", "token", "token-end", "token-end", "token-task"]
    step = asyncio.create_task(tokens.forget(ctx, {}))
    while not ctx.clock.is_asleep(step):
        await asyncio.sleep(0)
    assert await left() == ["token", "token-end", "token-task"]
    await ctx.clock.advance(tokens.VALID)
    assert await step == {}
    assert await tokens.forget(ctx, {}) is None
    assert await left() == []
