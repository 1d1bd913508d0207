"""kill -9 under writers of a table with a stream: the stream is the history of what was acknowledged, none lost, none doubled, in order."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.sim.crash.test_crash import fresh_seed

if TYPE_CHECKING:
    from tests.conftest import Region

WRITERS = 6
ACCOUNT = "123456789012"


def value(n: int) -> int | None:
    """What a writer's item holds after its write `n`; None where there is no item."""
    return n if n % 5 else None


def held(item: dict[str, Any] | None) -> int | None:
    return int(item["n"]["N"]) if item else None


class Writer(threading.Thread):
    """Writes its own item again and again, 1, 2, 3 …, until the region dies; every fifth write deletes it."""

    def __init__(self, region: Region, name: str, first: int) -> None:
        super().__init__(daemon=True)
        self.region, self.key, self.sent, self.acknowledged = region, {"id": {"S": name}}, first - 1, first - 1

    def run(self) -> None:
        client = self.region.client("dynamodb", key=ACCOUNT)
        try:
            while True:
                self.sent += 1
                if value(self.sent) is None:
                    client.delete_item(TableName="history", Key=self.key)
                else:
                    client.put_item(TableName="history", Item=self.key | {"n": {"N": str(self.sent)}})
                self.acknowledged = self.sent
        except (BotoCoreError, ClientError, OSError):
            return


def changes(streams: Any, arn: str) -> Iterator[dict[str, Any]]:
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        following = start["ShardIterator"]
        while following:
            page = streams.get_records(ShardIterator=following)
            yield from page["Records"]
            following = page.get("NextShardIterator") if page["Records"] else None


def crash_rounds(region: Region, rounds: int, chance: random.Random) -> int:
    """Kills the region `rounds` times under its writers and judges the whole stream each time. Returns how many writes it holds."""
    dynamodb = region.client("dynamodb", key=ACCOUNT)
    arn = dynamodb.create_table(
        TableName="history",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]["LatestStreamArn"]
    last = {f"w{n}": 0 for n in range(WRITERS)}
    for _ in range(rounds):
        writers = [Writer(region, name, n + 1) for name, n in last.items()]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.05, 0.5))
        region.kill()
        for writer in writers:
            writer.join(20)
        region.start()
        streams = region.client("dynamodbstreams", key=ACCOUNT)
        history = dict.fromkeys(last, 0)
        numbers = []
        for record in changes(streams, arn):
            change = record["dynamodb"]
            numbers.append(int(change["SequenceNumber"]))
            name = change["Keys"]["id"]["S"]
            history[name] = n = history[name] + 1
            images = (held(change.get("OldImage")), held(change.get("NewImage")))
            assert images == (value(n - 1), value(n)), f"{name}: a record was lost or doubled before its {n}th"
        assert numbers == sorted(set(numbers)), "the stream is not in the order of commits"
        for writer in writers:
            name = writer.key["id"]["S"]
            n = history[name]
            assert writer.acknowledged <= n <= writer.sent, f"{name}: {writer.acknowledged} acknowledged, {n} there"
            item = region.client("dynamodb", key=ACCOUNT).get_item(TableName="history", Key=writer.key).get("Item")
            assert held(item) == value(n), f"{name}: the stream is not what the table is"
            last[name] = n
    return sum(last.values())


def test_the_stream_is_what_was_acknowledged(new_region: Callable[..., Region]) -> None:
    seed = fresh_seed()
    print(f"seed {seed}")
    assert crash_rounds(new_region(), 3, random.Random(seed)) > 50


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("durability", ["process", "fsync"])
def test_100_crashes_of_a_stream(new_region: Callable[..., Region], durability: str) -> None:
    chance = random.Random(fresh_seed())
    for _ in range(10):  # a fresh region now and then, so that the checks stay quick
        region = new_region("--durability", durability)
        crash_rounds(region, 10, chance)
        region.stop()
