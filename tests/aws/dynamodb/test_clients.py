"""What clients build on the operations: boto3's resources, paginators and waiters, and a consumer that follows a stream's shards."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary

if TYPE_CHECKING:
    from tests.conftest import Region

Make = Callable[..., str]
BOTH = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
HOUR = 3600


@pytest.fixture
def tables(region: Region, account: str) -> Any:
    """boto3's resource API for the test's account."""
    return boto3.resource(
        "dynamodb", "us-east-1", endpoint_url=region.endpoint, aws_access_key_id=account, aws_secret_access_key="test"
    )


def test_a_table_as_a_resource(tables: Any) -> None:
    table = tables.create_table(
        TableName="users",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "at", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )  # fmt: skip
    table.wait_until_exists()
    table.reload()
    assert (table.table_status, table.item_count, table.key_schema[1]["AttributeName"]) == ("ACTIVE", 0, "at")
    item = {
        "id": "é😀", "at": Decimal("-1.5"), "big": Decimal(12345678901234567890123456789012345678),
        "tiny": Decimal("1E-130"), "bytes": Binary(b"\x00\xff"), "empty": "", "none": None, "yes": True,
        "names": {"x", "y"}, "numbers": {Decimal(1), Decimal("2.5")}, "blobs": {Binary(b"a"), Binary(b"b")},
        "list": [Decimal(1), ["a", {}], None], "map": {"deep": {"er": [False]}},
    }  # fmt: skip
    table.put_item(Item=item)
    assert table.get_item(Key={"id": "é😀", "at": Decimal("-1.5")})["Item"] == item
    with pytest.raises(tables.meta.client.exceptions.ConditionalCheckFailedException):
        table.put_item(Item=item, ConditionExpression=Attr("id").not_exists())
    assert [one.name for one in tables.tables.all()] == ["users"]
    table.delete()
    table.wait_until_not_exists()
    assert list(tables.tables.all()) == []


def test_a_batch_writer_and_all_conditions(tables: Any, make_table: Make) -> None:
    table = tables.Table(make_table(sort=("at", "N")))
    with table.batch_writer(overwrite_by_pkeys=["id", "at"]) as batch:
        for n in range(60):
            batch.put_item(Item={"id": "a", "at": n, "kind": "even" if n % 2 == 0 else "odd", "of": {"n": [n]}})
        batch.put_item(Item={"id": "a", "at": 59, "kind": "last"})
        batch.delete_item(Key={"id": "a", "at": 0})

    def at(condition: Any = None, **more: Any) -> list[int]:
        given = more if condition is None else more | {"FilterExpression": condition}
        wanted = {"KeyConditionExpression": Key("id").eq("a")} | given
        return [int(item["at"]) for item in table.query(**wanted)["Items"]]

    assert len(at()) == 59
    assert at(KeyConditionExpression=Key("id").eq("a") & Key("at").between(3, 5), ScanIndexForward=False) == [5, 4, 3]
    assert at(Attr("kind").begins_with("la")) == [59]
    assert at(Attr("kind").is_in(["last", "even"]) & Attr("of.n[0]").lt(5)) == [2, 4]
    assert at(~Attr("of").exists() | Attr("of.n").contains(7)) == [7, 59]
    assert at(Attr("kind").size().eq(3) & Attr("of.n[0]").between(50, 54)) == [51, 53]
    assert at(Attr("kind").attribute_type("S") & Attr("of.n[0]").gte(58)) == [58]
    assert table.scan(FilterExpression=Attr("kind").ne("even"), Select="COUNT")["Count"] == 30


def test_locking_optimistically(tables: Any, make_table: Make) -> None:
    table = tables.Table(make_table())
    table.put_item(Item={"id": "a", "version": 1})

    def save(version: int, text: str) -> None:
        table.put_item(
            Item={"id": "a", "version": version + 1, "text": text}, ConditionExpression=Attr("version").eq(version)
        )

    save(1, "mine")
    with pytest.raises(tables.meta.client.exceptions.ConditionalCheckFailedException):
        save(1, "yours")
    save(2, "yours")
    assert table.get_item(Key={"id": "a"})["Item"] == {"id": "a", "version": 3, "text": "yours"}


def test_paginators(dynamodb: Any, make_table: Make) -> None:
    name = make_table(sort=("at", "N"))
    for n in range(9):
        dynamodb.put_item(TableName=name, Item={"id": {"S": "a"}, "at": {"N": f"{n}"}, "fill": {"S": "x" * 300_000}})
    query = {
        "TableName": name,
        "KeyConditionExpression": "id = :id",
        "ExpressionAttributeValues": {":id": {"S": "a"}},
    }
    pages = list(dynamodb.get_paginator("query").paginate(**query))
    assert [len(page["Items"]) for page in pages] == [4, 4, 1]
    assert len(list(dynamodb.get_paginator("scan").paginate(TableName=name, PaginationConfig={"PageSize": 2}))) == 5
    some = dynamodb.get_paginator("query").paginate(**query, PaginationConfig={"MaxItems": 5, "PageSize": 2})
    first = some.build_full_result()
    more = {"StartingToken": first["NextToken"], "PageSize": 3}
    rest = dynamodb.get_paginator("query").paginate(**query, PaginationConfig=more).build_full_result()
    assert [item["at"]["N"] for item in first["Items"] + rest["Items"]] == [f"{n}" for n in range(9)]

    make_table("others")
    dynamodb.create_backup(TableName=name, BackupName="one")
    dynamodb.create_backup(TableName=name, BackupName="two")
    listed = dynamodb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1}).build_full_result()
    assert listed["TableNames"] == ["others", "users"]
    backups = dynamodb.get_paginator("list_backups").paginate(PaginationConfig={"PageSize": 1}).build_full_result()
    assert {backup["BackupName"] for backup in backups["BackupSummaries"]} == {"one", "two"}
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": f"{n}", "Value": "v"} for n in range(12)])
    tags = dynamodb.get_paginator("list_tags_of_resource").paginate(ResourceArn=arn).build_full_result()["Tags"]
    assert len(tags) == 12


def test_waiters_have_nothing_to_wait_for(dynamodb: Any, make_table: Make) -> None:
    """Between two looks a waiter sleeps for twenty seconds: it must not need a second one."""
    once = {"MaxAttempts": 1}
    name = make_table()
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=once)
    dynamodb.delete_table(TableName=name)
    dynamodb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig=once)


class Follower:
    """Reads a stream as Lambda's pollers and the Kinesis adapter do: a shard only once its parent is read to its end."""

    def __init__(self, streams: Any, arn: str) -> None:
        self.streams, self.arn = streams, arn
        self.iterators: dict[str, str | None] = {}
        self.last: dict[str, str] = {}
        self.seen: list[str] = []

    def poll(self) -> None:
        """Reads until nothing is new."""
        shards = self.streams.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"]
        known = {shard["ShardId"] for shard in shards}
        for shard in shards:
            parent = shard.get("ParentShardId")
            if parent not in known or self.iterators.get(parent, "not yet read") is None:
                self._read(shard["ShardId"])

    @property
    def open(self) -> int:
        """How many of the shards that were read have not ended."""
        return sum(following is not None for following in self.iterators.values())

    def _read(self, shard: str) -> None:
        following = self.iterators[shard] if shard in self.iterators else self._start(shard)
        while following:
            try:
                page = self.streams.get_records(ShardIterator=following, Limit=2)
            except self.streams.exceptions.ExpiredIteratorException:
                following = self._start(shard)
                continue
            self.iterators[shard] = page.get("NextShardIterator")
            for record in page["Records"]:
                self.seen.append(record["dynamodb"]["Keys"]["id"]["S"])
                self.last[shard] = record["dynamodb"]["SequenceNumber"]
            following = self.iterators[shard] if page["Records"] else None

    def _start(self, shard: str) -> str:
        """An iterator where reading began or was interrupted."""
        last = self.last.get(shard)
        place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last} if last else {}
        answer = self.streams.get_shard_iterator(
            **{"StreamArn": self.arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"} | place
        )
        return str(answer["ShardIterator"])


def test_a_follower_misses_nothing(own: Region, account: str) -> None:
    """Across shards that are closed, iterators that expire, and a stream that is disabled and enabled again."""
    dynamodb, streams = own.client("dynamodb", key=account), own.client("dynamodbstreams", key=account)
    made = dynamodb.create_table(
        TableName="users",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=BOTH,
    )
    arn = made["TableDescription"]["LatestStreamArn"]
    prompt, lazy = Follower(streams, arn), Follower(streams, arn)

    def put(names: str) -> None:
        for name in names:
            dynamodb.put_item(TableName="users", Item={"id": {"S": name}})

    def advance(seconds: float) -> None:
        httpx.post(f"{own.endpoint}/_atoll/clock", json={"advance": seconds}).raise_for_status()

    put("abcde")
    prompt.poll()
    advance(4 * HOUR - 60)  # its iterator has expired
    prompt.poll()
    put("f")
    advance(120)  # the shard was closed while its iterator was good
    put("ghi")
    prompt.poll()
    assert ("".join(prompt.seen), len(prompt.iterators), prompt.open) == ("abcdefghi", 2, 1)
    advance(4 * HOUR)  # and one in which nothing more was written
    prompt.poll()
    prompt.poll()
    put("jk")
    dynamodb.update_table(TableName="users", StreamSpecification={"StreamEnabled": False})
    put("unseen")
    prompt.poll()
    lazy.poll()
    assert "".join(prompt.seen) == "".join(lazy.seen) == "abcdefghijk"
    assert (len(prompt.iterators), prompt.open, len(lazy.iterators), lazy.open) == (3, 0, 3, 0)

    dynamodb.update_table(TableName="users", StreamSpecification=BOTH)
    listed = [stream["StreamArn"] for stream in streams.list_streams(TableName="users")["Streams"]]
    assert listed == [arn, dynamodb.describe_table(TableName="users")["Table"]["LatestStreamArn"]]
    again = Follower(streams, listed[1])
    put("lm")
    again.poll()
    assert "".join(again.seen) == "lm"
    lazy.poll()
    assert "".join(lazy.seen) == "abcdefghijk"
