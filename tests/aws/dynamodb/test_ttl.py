"""TTL really expires items, by the clock, as deletions by the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Region

YEAR = 365 * 86_400


class Timed:
    """A table `users` of the test's own account, in a region whose clock the test moves."""

    def __init__(self, region: Region, account: str) -> None:
        self.region, self.account = region, account
        self.client = region.client("dynamodb", key=account)
        self.streams = region.client("dynamodbstreams", key=account)

    def create(self, **more: Any) -> Timed:
        self.client.create_table(
            TableName="users",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            **more,
        )
        return self

    def switch(self, attribute: str = "ttl", *, enabled: bool = True) -> None:
        specification = {"Enabled": enabled, "AttributeName": attribute}
        self.client.update_time_to_live(TableName="users", TimeToLiveSpecification=specification)

    @property
    def status(self) -> str:
        return str(self.client.describe_time_to_live(TableName="users")["TimeToLiveDescription"]["TimeToLiveStatus"])

    @property
    def now(self) -> float:
        return float(httpx.get(f"{self.region.endpoint}/_atoll/clock").json()["epoch"])

    def advance(self, seconds: float) -> None:
        httpx.post(f"{self.region.endpoint}/_atoll/clock", json={"advance": seconds}).raise_for_status()

    def put(self, key: str, ttl: float | str | None = None, **more: Any) -> None:
        expires = {} if ttl is None else {"ttl": {"N": str(ttl if isinstance(ttl, str) else int(ttl))}}
        self.client.put_item(TableName="users", Item={"id": {"S": key}, **expires, **more})

    def there(self, *keys: str) -> list[str]:
        return [key for key in keys if "Item" in self.client.get_item(TableName="users", Key={"id": {"S": key}})]

    def count(self) -> int:
        return int(self.client.describe_table(TableName="users")["Table"]["ItemCount"])


@pytest.fixture
def table(own: Region, account: str) -> Timed:
    return Timed(own, account)


def test_items_expire_when_the_clock_passes(table: Timed) -> None:
    table.create().switch()
    assert table.status == "ENABLED"
    now = table.now
    table.put("soon", now + 100)
    table.put("later", now + 200)
    table.put("never")
    table.advance(60)
    assert table.there("soon", "later", "never") == ["soon", "later", "never"]
    table.advance(41)
    assert table.there("soon", "later", "never") == ["later", "never"]
    table.put("sooner", table.now + 10)
    table.advance(20)
    assert table.there("later", "sooner") == ["later"]
    table.advance(1000)
    assert table.there("later", "never") == ["never"]
    assert table.count() == 1


def test_an_item_that_changed_meanwhile_stays(table: Timed) -> None:
    table.create().switch()
    now = table.now
    for key in ("longer", "without", "text", "gone"):
        table.put(key, now + 50)
    table.put("longer", now + 5000)
    table.put("without")
    table.client.put_item(TableName="users", Item={"id": {"S": "text"}, "ttl": {"S": str(int(now))}})
    table.client.delete_item(TableName="users", Key={"id": {"S": "gone"}})
    table.put("gone", now + 5000)
    table.advance(100)
    assert table.there("longer", "without", "text", "gone") == ["longer", "without", "text", "gone"]


def test_only_epoch_seconds_of_the_last_five_years_count(table: Timed) -> None:
    table.create().switch()
    now = table.now
    table.put("past", now - YEAR)
    table.put("ancient", now - 6 * YEAR)
    table.put("milliseconds", now * 1000)
    table.put("negative", -5)
    table.put("huge", "1E+125")
    table.put("fraction", f"{now + 10:.3f}")
    table.client.put_item(TableName="users", Item={"id": {"S": "text"}, "ttl": {"S": str(int(now))}})
    table.client.put_item(TableName="users", Item={"id": {"S": "list"}, "ttl": {"L": [{"N": str(int(now))}]}})
    table.advance(100)
    kept = ["ancient", "milliseconds", "negative", "huge", "text", "list"]
    assert table.there("past", "fraction", *kept) == kept


def test_deletions_appear_in_the_stream_as_the_services(table: Timed) -> None:
    both = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    table.create(StreamSpecification=both).switch()
    table.put("a", table.now + 10)
    table.put("b")
    table.client.delete_item(TableName="users", Key={"id": {"S": "b"}})
    table.advance(20)
    arn = table.client.describe_table(TableName="users")["Table"]["LatestStreamArn"]
    shard = table.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = table.streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    *_, by_user, by_service = table.streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert "userIdentity" not in by_user
    assert by_service["eventName"] == "REMOVE"
    assert by_service["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    assert by_service["dynamodb"]["OldImage"]["id"] == {"S": "a"}


def test_enabling_on_a_table_with_items(table: Timed) -> None:
    """More than one slice: it is filled by a task, and no other change is taken until then."""
    table.create()
    now = table.now
    for n in range(230):
        table.put(f"{n}", now + 50 if n % 2 else None)
    table.switch()
    table.put("new", now + 50)
    table.advance(0)
    assert table.status == "ENABLED"
    table.advance(100)
    assert table.count() == 115
    table.switch(enabled=False)
    assert table.status == "DISABLED"


def test_a_move_of_the_clock_ends_when_all_has_expired(table: Timed) -> None:
    """Also what only just came to be known: items of which the index is being filled, and one that was put a moment ago."""
    table.create()
    past = int(table.now) - 10
    for first in range(0, 250, 25):
        puts = [
            {"PutRequest": {"Item": {"id": {"S": str(n)}, "ttl": {"N": str(past)}}}} for n in range(first, first + 25)
        ]
        table.client.batch_write_item(RequestItems={"users": puts})
    table.switch()
    table.advance(1)
    assert table.count() == 0
    for _ in range(20):
        table.put("late", table.now + 2)
        table.advance(4)
        assert table.count() == 0


def test_disabling_keeps_items(table: Timed) -> None:
    table.create().switch()
    now = table.now
    for n in range(120):
        table.put(f"{n}", now + 500)
    table.client.put_item(TableName="users", Item={"id": {"S": "x"}, "other": {"N": str(int(now + 800))}})
    table.switch(enabled=False)
    table.advance(600)
    assert table.count() == 121
    table.switch("other")
    table.advance(600)
    assert table.there("x", "0") == ["0"]
    assert table.count() == 120


def test_expiry_goes_on_after_a_crash(new_region: Callable[..., Region], account: str) -> None:
    region = new_region()
    table = Timed(region, account).create()
    table.switch()
    for n in range(120):
        table.put(f"{n}", table.now + 1)
    table.put("later", table.now + 1000)
    region.kill()
    region.start()
    table.advance(5)
    assert table.count() == 1
    region.kill()
    region.start()
    table.advance(2000)
    assert table.count() == 0


def test_nothing_is_left_of_a_deleted_table_and_an_emptied_account(table: Timed) -> None:
    url = f"{table.region.endpoint}/_atoll"
    timers = httpx.get(f"{url}/clock").text.count("expiry of items of users")
    table.create().switch()
    table.put("a", table.now + 50)
    table.client.delete_table(TableName="users")
    table.create().switch()
    table.put("b", table.now + 50)
    httpx.post(f"{url}/reset", json={"account": table.account}).raise_for_status()
    table.advance(100)
    assert table.account not in httpx.get(f"{url}/accounts").text
    assert httpx.get(f"{url}/clock").text.count("expiry of items of users") <= timers


def test_expiry_needs_no_capacity_and_updates_indexes(table: Timed) -> None:
    table.client.create_table(
        TableName="users",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("id", "kind")],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "kinds",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            }
        ],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    table.switch()
    table.put("a", table.now + 10, kind={"S": "x"})
    table.advance(20)
    described = table.client.describe_table(TableName="users")["Table"]
    assert (described["ItemCount"], described["GlobalSecondaryIndexes"][0]["ItemCount"]) == (0, 0)
