"""What of event source mappings follows region time, and what survives a restart and a reset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .conftest import BASIC, Lambda, trust
from .feeding import Fed, feed

if TYPE_CHECKING:
    from tests.conftest import Region

BAD = 'if any("bad" in record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]): raise ValueError("bad")'
COUNT = """return {"state": {"n": event["state"].get("n", 0) + len(event["Records"])}}"""


def fed_in(region: Region, account: str) -> Fed:
    def client(service: str) -> Any:
        return region.client(service, key=account)

    iam = client("iam")
    role = iam.create_role(RoleName="fn-role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="fn-role", PolicyArn=BASIC)
    return feed(client, Lambda(client("lambda"), role))


@pytest.fixture
def fed(own: Region, account: str) -> Iterator[Fed]:
    made = fed_in(own, account)
    yield made
    for uuid in made.mappings:
        made.fn.client.delete_event_source_mapping(UUID=uuid)


@pytest.fixture
def advance(own: Region) -> Callable[[float], None]:
    def move(seconds: float) -> None:
        answer = httpx.post(f"{own.endpoint}/_atoll/clock", json={"advance": seconds}, timeout=60)
        assert answer.is_success, answer.text

    return move


def test_a_window_gathers_a_batch(fed: Fed, advance: Callable[[float], None]) -> None:
    fed.function()
    fed.connect(MaximumBatchingWindowInSeconds=300, BatchSize=3)
    fed.put("1", "2")
    advance(240)
    assert fed.batches() == []
    advance(61)
    assert fed.batches() == [["1", "2"]]
    fed.put("3", "4", "5")
    advance(0)
    assert fed.batches() == [["1", "2"], ["3", "4", "5"]]


def test_retries_back_off_by_the_clock(fed: Fed, advance: Callable[[float], None]) -> None:
    fed.function(BAD)
    fed.connect()
    fed.put("bad")
    advance(3600)
    assert 50 < len(fed.batches()) < 100
    tried = len(fed.batches())
    fed.fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0)
    advance(24 * 3600)
    fed.fn.client.delete_function_concurrency(FunctionName="fn")
    fed.put("good")
    advance(60)
    assert fed.batches()[tried:] == [["good"]]  # what failed is gone from the stream


def test_records_that_are_too_old_are_given_up(fed: Fed, advance: Callable[[float], None]) -> None:
    fed.function(BAD)
    fed.connect(MaximumRecordAgeInSeconds=60)
    fed.put("bad")
    advance(200)
    tried = len(fed.batches())
    assert 5 < tried < 15
    fed.put("good")
    advance(0)
    assert fed.batches()[tried:] == [["good"]]


def begin_a_window(own: Region) -> None:
    """Moves region time to the beginning of a quarter of an hour, so that it does not end amid the test."""
    clock = f"{own.endpoint}/_atoll/clock"
    now = float(httpx.get(clock).json()["epoch"])
    httpx.post(clock, json={"advance": 901 - now % 900}).raise_for_status()


def test_tumbling_windows_hand_on_their_state(fed: Fed, own: Region, advance: Callable[[float], None]) -> None:
    fed.function(COUNT)
    fed.connect(TumblingWindowInSeconds=900, BatchSize=2)
    begin_a_window(own)
    fed.put("1")
    advance(0)
    fed.put("2", "3")
    advance(900)
    fed.put("4")
    advance(900)
    events = fed.events()
    assert [len(event["Records"]) for event in events] in ([1, 2, 0, 1, 0], [1, 1, 1, 0, 1, 0])
    finals = [event for event in events if event["isFinalInvokeForWindow"]]
    assert [(event["Records"], event["state"]) for event in finals] == [([], {"n": 3}), ([], {"n": 1})]
    assert (events[0]["state"], events[1]["state"], events[-2]["state"]) == ({}, {"n": 1}, {})
    first, last = (event["window"] for event in finals)
    assert first["start"] < first["end"] <= last["start"] < last["end"]
    assert {key for event in events for key in event} == {
        "Records", "window", "state", "shardId", "eventSourceARN", "isFinalInvokeForWindow", "isWindowTerminatedEarly",
    }  # fmt: skip


def test_a_state_that_no_record_of_the_store_could_hold(
    fed: Fed, own: Region, advance: Callable[[float], None]
) -> None:
    """Each batch is processed once all the same, not for ever anew."""
    fed.function("return {'state': {'n': 10 ** 25}}")
    fed.connect(TumblingWindowInSeconds=900)
    begin_a_window(own)
    for name in ("1", "2"):
        fed.put(name)
        advance(0)
    assert fed.batches() == [["1"], ["2"]]
    assert [event["state"] for event in fed.events()] == [{}, {"n": 10**25}]


def test_shards_follow_each_other(fed: Fed, advance: Callable[[float], None]) -> None:
    fed.function()
    fed.connect(StartingPosition="LATEST")
    expected = []
    for n in range(4):
        fed.put(str(n))
        expected.append([str(n)])
        advance(4 * 3600)
        assert fed.batches() == expected
    advance(30 * 3600)
    fed.put("last")
    advance(0)
    assert fed.batches() == [*expected, ["last"]]


def test_shards_in_order_after_a_long_pause(fed: Fed, advance: Callable[[float], None]) -> None:
    fed.function()
    uuid = fed.connect(StartingPosition="LATEST", Enabled=False)["UUID"]
    for n in range(4):
        fed.put("k", n={"N": str(n)})
        advance(4 * 3600)
    fed.fn.client.update_event_source_mapping(UUID=uuid, Enabled=True, ParallelizationFactor=2)
    advance(0)
    images = [record["dynamodb"]["NewImage"] for event in fed.events() for record in event["Records"]]
    assert [image["n"]["N"] for image in images] == ["0", "1", "2", "3"]


def test_an_expired_item_says_who_removed_it(fed: Fed, advance: Callable[[float], None], own: Region) -> None:
    fed.function()
    fed.connect(StartingPosition="LATEST")
    fed.dynamodb.update_time_to_live(
        TableName="source", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    now = datetime.fromisoformat(httpx.get(f"{own.endpoint}/_atoll/clock").json()["region_time"]).timestamp()
    fed.put("k", ttl={"N": str(int(now) + 3600)})
    advance(3700)
    record = fed.events()[-1]["Records"][0]
    assert record["eventName"] == "REMOVE"
    assert record["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def test_a_stream_that_is_disabled_and_one_that_follows(fed: Fed, advance: Callable[[float], None]) -> None:
    fed.function()
    fed.connect()
    fed.put("1")
    fed.dynamodb.update_table(TableName="source", StreamSpecification={"StreamEnabled": False})
    fed.put("unseen")
    wanted = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    table = fed.dynamodb.update_table(TableName="source", StreamSpecification=wanted)["TableDescription"]
    fed.put("2")
    advance(3600)
    assert fed.batches() == [["1"]]
    fed.connect(EventSourceArn=table["LatestStreamArn"])
    advance(0)
    assert fed.batches() == [["1"], ["2"]]
    advance(25 * 3600)
    fed.put("3")
    advance(0)
    assert fed.batches()[2:] == [["3"]]


def test_a_restart_goes_on_where_it_was(new_region: Callable[..., Region], account: str) -> None:
    region = new_region()
    fed = fed_in(region, account)
    fed.function()
    fed.connect(StartingPosition="LATEST")
    waits(fed, [])
    region.stop()
    region.start()
    fed.put("1")
    waits(fed, [["1"]])
    region.stop()
    region.start()
    fed.put("2")
    waits(fed, [["1"], ["2"]])


def waits(fed: Fed, expected: list[list[str]]) -> None:
    httpx.post(f"{fed.fn.client.meta.endpoint_url}/_atoll/clock", json={"advance": 0}, timeout=60).raise_for_status()
    assert fed.batches() == expected


def test_a_reset_ends_the_account_s_mappings(new_region: Callable[..., Region], account: str) -> None:
    region = new_region()
    fed = fed_in(region, account)
    fed.function()
    fed.connect()
    fed.put("1")
    waits(fed, [["1"]])
    httpx.post(f"{region.endpoint}/_atoll/reset", json={"account": account}).raise_for_status()
    assert fed.fn.client.list_event_source_mappings()["EventSourceMappings"] == []
    fed = fed_in(region, account)
    fed.function()
    fed.put("2")
    waits(fed, [])
    fed.connect()
    waits(fed, [["2"]])


def test_what_is_written_meanwhile_hastens_no_retry(fed: Fed, advance: Callable[[float], None]) -> None:
    fed.function(BAD)
    fed.connect(BatchSize=1)
    fed.put("bad")
    advance(600)
    tried = len(fed.batches())
    fed.put(*[str(n) for n in range(30)])
    advance(0)
    assert len(fed.batches()) - tried <= 1
    advance(60)
    assert len(fed.batches()) - tried <= 2
