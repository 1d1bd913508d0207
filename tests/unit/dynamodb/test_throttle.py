"""Buckets against a plain account of what came in and went out."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.services.dynamodb import limits
from atoll.services.dynamodb.errors import LimitExceededException
from atoll.services.dynamodb.tables.create_table import create_table
from atoll.services.dynamodb.throttle import BURST, Draw, Meters

from .test_index_changes import opened_with_table

PLACE = ("123456789012", "us-east-1", "inc", "", "Write")
STEPS = st.lists(st.tuples(st.floats(0, 500), st.floats(0.5, 400)), max_size=40)


@given(st.integers(1, 50), STEPS)
def test_no_more_is_admitted_than_was_kept_and_came(rate: int, steps: list[tuple[float, float]]) -> None:
    meters, now, spent, dearest = Meters(), 0.0, 0.0, 0.0
    for wait, units in steps:
        now += wait
        draw = Draw(PLACE, units, rate, rate * BURST, "")
        if meters.level(draw, now) > 0:
            meters.take(draw, now)
            spent += units
            dearest = max(dearest, units)
        assert meters.level(draw, now) <= rate * BURST
        assert spent <= rate * (BURST + now) + dearest + 1e-6


def test_an_idle_bucket_fills_and_whoever_owes_waits() -> None:
    meters = Meters()
    draw = Draw(PLACE, 700.0, 2.0, 600.0, "")
    meters.take(draw, 1000.0)
    assert meters.level(draw, 1000.0) == -100
    assert meters.level(draw, 1051.0) == pytest.approx(2)
    assert meters.level(draw, 9999.0) == 600
    assert meters.level(draw._replace(rate=10.0, most=3000.0), 1011.0) == pytest.approx(10)  # more was provisioned
    meters.forget(*PLACE[:3])
    assert meters.level(draw, 1000.0) == 600


def test_a_partition_begins_anew_each_second() -> None:
    meters, key = Meters(strict=True), (1, "hot")
    meters.use(PLACE, key, 600.0, 10.2)
    meters.use(PLACE, key, 300.0, 10.9)
    assert meters.used(PLACE, key, 10.95) == 900
    assert meters.used(PLACE, (2, "cold"), 10.95) == 0
    assert meters.used(PLACE, key, 11.0) == 0
    meters.use(PLACE, key, 1.0, 11.1)
    assert meters.used(PLACE, key, 10.99) == 1  # a request from before counts for the second that it ends in


async def test_an_account_has_only_so_many_tables(tmp_path: Any) -> None:
    kernel, ctx = await opened_with_table(tmp_path / "data")
    request: Any = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    try:
        with mock.patch.object(limits, "MAX_TABLES", 2):
            await create_table(ctx, {"TableName": "second", **request})
            with pytest.raises(
                LimitExceededException, match="Subscriber limit exceeded: There is a limit of 2 tables per"
            ):
                await create_table(ctx, {"TableName": "third", **request})
    finally:
        await kernel.close()
