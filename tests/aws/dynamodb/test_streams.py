"""Streams: what a table's changes leave, in commit order, and how clients read it. `own`'s clock is moved where time matters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Region

BOTH = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
OFF = {"StreamEnabled": False}
HOUR = 3600
Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Make = Callable[..., str]


@pytest.fixture
def streams(client: Callable[..., Any]) -> Any:
    """A client of the test's account."""
    return client("dynamodbstreams")


@pytest.fixture
def timed(own: Region, account: str) -> tuple[Any, Any, Callable[[float], None]]:
    """Clients of both services in a region whose clock the test may move, and how."""

    def advance(seconds: float) -> None:
        httpx.post(f"{own.endpoint}/_atoll/clock", json={"advance": seconds}).raise_for_status()

    return own.client("dynamodb", key=account), own.client("dynamodbstreams", key=account), advance


def create(dynamodb: Any, name: str = "users", **more: Any) -> str:
    """A table with a stream; the stream's ARN."""
    made = dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        **({"BillingMode": "PAY_PER_REQUEST", "StreamSpecification": BOTH} | more),
    )
    return str(made["TableDescription"]["LatestStreamArn"])


def put(dynamodb: Any, key: str, **attributes: Any) -> dict[str, Any]:
    item = {"id": {"S": key}, **attributes}
    dynamodb.put_item(TableName="users", Item=item)
    return item


def delete(dynamodb: Any, key: str) -> None:
    dynamodb.delete_item(TableName="users", Key={"id": {"S": key}})


def shards(streams: Any, arn: str) -> list[dict[str, Any]]:
    return list(streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"])


def iterator(streams: Any, arn: str, kind: str = "TRIM_HORIZON", shard: int = -1, **more: Any) -> str:
    shard_id = shards(streams, arn)[shard]["ShardId"]
    answer = streams.get_shard_iterator(StreamArn=arn, ShardId=shard_id, ShardIteratorType=kind, **more)
    return str(answer["ShardIterator"])


def records(streams: Any, arn: str) -> list[dict[str, Any]]:
    """Everything in the stream, along its shards."""
    return [
        record for n in range(len(shards(streams, arn))) for record in pages(streams, iterator(streams, arn, shard=n))
    ]


def pages(streams: Any, start: str, **more: Any) -> Iterator[dict[str, Any]]:
    """The records from an iterator on, until a page is empty or the shard ends."""
    following: str | None = start
    while following:
        page = streams.get_records(ShardIterator=following, **more)
        following = page.get("NextShardIterator") if page["Records"] else None
        yield from page["Records"]


def test_create_describe_and_read_a_stream(dynamodb: Any, streams: Any, account: str) -> None:
    before = datetime.now(UTC)
    arn = create(dynamodb)
    prefix, label = arn.rsplit("/", 1)
    assert prefix == f"arn:aws:dynamodb:us-east-1:{account}:table/users/stream"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", label)
    table = dynamodb.describe_table(TableName="users")["Table"]
    assert (table["StreamSpecification"], table["LatestStreamArn"], table["LatestStreamLabel"]) == (BOTH, arn, label)
    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert abs((described.pop("CreationRequestDateTime") - before).total_seconds()) < 5
    (shard,) = described.pop("Shards")
    assert described == {
        "StreamArn": arn,
        "StreamLabel": label,
        "StreamStatus": "ENABLED",
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "TableName": "users",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    assert re.fullmatch(r"shardId-\d{20}-[0-9a-f]{8}", shard["ShardId"])
    assert re.fullmatch(r"\d{21,40}", shard["SequenceNumberRange"].pop("StartingSequenceNumber"))
    assert shard["SequenceNumberRange"] == {}
    assert "ParentShardId" not in shard

    first = put(dynamodb, "Fred")
    second = put(dynamodb, "Fred", name={"S": "Fred"})
    delete(dynamodb, "Fred")
    found = records(streams, arn)
    assert [(r["eventName"], r["dynamodb"].get("OldImage"), r["dynamodb"].get("NewImage")) for r in found] == [
        ("INSERT", None, first), ("MODIFY", first, second), ("REMOVE", second, None),
    ]  # fmt: skip
    assert [r["dynamodb"]["SizeBytes"] for r in found] == [12, 26, 20]
    assert len({r["eventID"] for r in found}) == 3
    numbers = [int(r["dynamodb"]["SequenceNumber"]) for r in found]
    assert numbers == sorted(set(numbers))
    at = found[0]["dynamodb"].pop("ApproximateCreationDateTime")
    assert abs((at - before).total_seconds()) < 5
    assert at.microsecond == 0
    assert re.fullmatch(r"[0-9a-f]{32}", found[0].pop("eventID"))
    assert re.fullmatch(r"\d{21,40}", found[0]["dynamodb"].pop("SequenceNumber"))
    assert found[0] == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "Keys": {"id": {"S": "Fred"}}, "NewImage": first, "SizeBytes": 12, "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("view", "images", "sizes"),
    [
        ("KEYS_ONLY", [(), (), ()], [3, 3, 3]),
        ("NEW_IMAGE", [("NewImage",), ("NewImage",), ()], [9, 9, 3]),
        ("OLD_IMAGE", [(), ("OldImage",), ("OldImage",)], [3, 9, 9]),
        ("NEW_AND_OLD_IMAGES", [("NewImage",), ("NewImage", "OldImage"), ("OldImage",)], [9, 15, 9]),
    ],
)
def test_all_view_types(
    dynamodb: Any, streams: Any, view: str, images: list[tuple[str, ...]], sizes: list[int]
) -> None:
    arn = create(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": view})
    put(dynamodb, "a", v={"B": b"\x00\xff"})
    put(dynamodb, "a", v={"B": b"\xff\x00"})
    delete(dynamodb, "a")
    shown = [r["dynamodb"] for r in records(streams, arn)]
    assert [tuple(sorted(name for name in r if name.endswith("Image"))) for r in shown] == images
    assert [r["SizeBytes"] for r in shown] == sizes
    assert {r["StreamViewType"] for r in shown} == {view}
    assert all(r["Keys"] == {"id": {"S": "a"}} for r in shown)


def test_a_write_that_changes_nothing_has_no_record(dynamodb: Any, streams: Any) -> None:
    arn = create(dynamodb)
    delete(dynamodb, "a")
    put(dynamodb, "a", one={"N": "1"}, tags={"SS": ["x", "y"]})
    put(dynamodb, "a", one={"N": "1"}, tags={"SS": ["x", "y"]})
    put(dynamodb, "a", tags={"SS": ["y", "x"]}, one={"N": "1.0"})
    put(dynamodb, "a", tags={"SS": ["y", "x"]}, one={"N": "2"})
    assert [r["eventName"] for r in records(streams, arn)] == ["INSERT", "MODIFY"]


def test_enable_and_disable_by_update(dynamodb: Any, streams: Any, make_table: Make, aws_error: Error) -> None:
    make_table()

    def update(specification: dict[str, Any]) -> dict[str, Any]:
        return dict(dynamodb.update_table(TableName="users", StreamSpecification=specification)["TableDescription"])

    nothing = ("ValidationException", "Table has no stream to disable: TableName: users", 400)
    assert aws_error(lambda: update(OFF)) == nothing
    put(dynamodb, "before")
    first = update(BOTH)
    assert first["StreamSpecification"] == BOTH
    assert aws_error(lambda: update(BOTH)) == (
        "ValidationException", "Table already has an enabled stream: TableName: users", 400,
    )  # fmt: skip
    put(dynamodb, "during")
    disabled = update(OFF)
    assert "StreamSpecification" not in disabled
    assert disabled["LatestStreamArn"] == first["LatestStreamArn"]
    assert aws_error(lambda: update(OFF)) == nothing
    put(dynamodb, "between")
    second = update({"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    assert second["LatestStreamArn"] > first["LatestStreamArn"]
    put(dynamodb, "after")

    def keys(arn: str) -> list[str]:
        return [r["dynamodb"]["Keys"]["id"]["S"] for r in records(streams, arn)]

    assert keys(first["LatestStreamArn"]) == ["during"]
    assert keys(second["LatestStreamArn"]) == ["after"]
    described = streams.describe_stream(StreamArn=first["LatestStreamArn"])["StreamDescription"]
    assert described["StreamStatus"] == "DISABLED"
    assert int(described["Shards"][0]["SequenceNumberRange"]["EndingSequenceNumber"]) > 0
    listed = streams.list_streams(TableName="users")["Streams"]
    assert [s["StreamArn"] for s in listed] == [first["LatestStreamArn"], second["LatestStreamArn"]]
    assert listed[0] == {
        "StreamArn": first["LatestStreamArn"], "TableName": "users", "StreamLabel": first["LatestStreamLabel"],
    }  # fmt: skip


def test_the_specification_is_checked(dynamodb: Any, make_table: Make, aws_error: Error) -> None:
    invalid = "One or more parameter values were invalid: "
    assert aws_error(lambda: create(dynamodb, StreamSpecification={"StreamEnabled": True})) == (
        "ValidationException",
        invalid + "Table is being created with a stream enabled, UpdateViewType is required",
        400,
    )
    make_table(StreamSpecification=OFF)
    assert "LatestStreamArn" not in dynamodb.describe_table(TableName="users")["Table"]
    wrong = OFF | {"StreamViewType": "KEYS_ONLY"}
    assert aws_error(lambda: dynamodb.update_table(TableName="users", StreamSpecification=wrong)) == (
        "ValidationException",
        invalid + "If stream is being disabled, then UpdateViewType must not be specified",
        400,
    )


def test_a_closed_shard_ends(dynamodb: Any, streams: Any) -> None:
    """What clients rely on to go on with a child, or to stop."""
    arn = create(dynamodb)
    put(dynamodb, "a")
    put(dynamodb, "b")
    page = streams.get_records(ShardIterator=iterator(streams, arn), Limit=1)
    dynamodb.update_table(TableName="users", StreamSpecification=OFF)
    last = streams.get_records(ShardIterator=page["NextShardIterator"])
    assert [r["dynamodb"]["Keys"]["id"]["S"] for r in last["Records"]] == ["b"]
    assert "NextShardIterator" not in last
    after = streams.get_records(ShardIterator=iterator(streams, arn, "LATEST"))
    assert (after["Records"], "NextShardIterator" in after) == ([], False)


def test_the_stream_of_a_deleted_table_stays_readable(dynamodb: Any, streams: Any) -> None:
    arn = create(dynamodb)
    put(dynamodb, "a")
    dynamodb.delete_table(TableName="users")
    assert streams.describe_stream(StreamArn=arn)["StreamDescription"]["StreamStatus"] == "DISABLED"
    assert [r["eventName"] for r in records(streams, arn)] == ["INSERT"]
    again = create(dynamodb)
    assert again != arn
    assert records(streams, again) == []


def test_iterators(dynamodb: Any, streams: Any) -> None:
    arn = create(dynamodb)
    early = iterator(streams, arn, "LATEST")
    for key in "abc":
        put(dynamodb, key)
    numbers = [r["dynamodb"]["SequenceNumber"] for r in records(streams, arn)]
    late = iterator(streams, arn, "LATEST")
    start = shards(streams, arn)[0]["SequenceNumberRange"]["StartingSequenceNumber"]

    def read(text: str) -> str:
        return "".join(r["dynamodb"]["Keys"]["id"]["S"] for r in pages(streams, text, Limit=1))

    assert read(early) == "abc"
    assert read(late) == ""
    assert read(iterator(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=numbers[1])) == "bc"
    assert read(iterator(streams, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[1])) == "c"
    assert read(iterator(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=start)) == "abc"
    put(dynamodb, "d")
    assert read(late) == "d"
    polled = streams.get_records(ShardIterator=streams.get_records(ShardIterator=late)["NextShardIterator"])
    assert polled["Records"] == []


def test_what_is_wrong_with_a_request(dynamodb: Any, streams: Any, account: str, aws_error: Error) -> None:
    arn = create(dynamodb)
    shard = shards(streams, arn)[0]["ShardId"]
    missing = arn.rsplit("/", 1)[0] + "/2024-11-18T14:36:44.149"
    code, invalid = "ResourceNotFoundException", "ValidationException"
    gone = (code, f"Requested resource not found: Stream: {missing} not found", 400)

    def asked(**more: Any) -> tuple[str, str, int]:
        request = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "LATEST"} | more
        return aws_error(lambda: streams.get_shard_iterator(**request))

    assert aws_error(lambda: streams.describe_stream(StreamArn=missing)) == gone
    assert asked(StreamArn=missing) == gone
    assert asked(ShardId="shardId-00000000000000000000-00000000") == (
        code, "Requested resource not found: Shard does not exist", 400,
    )  # fmt: skip
    no_arn = "x" * 40
    assert asked(StreamArn=no_arn) == (
        invalid, f"Invalid StreamArn: Invalid ResourceArn provided as input {no_arn}", 400,
    )  # fmt: skip
    assert asked(StreamArn=arn.replace("us-east-1", "eu-west-1"))[0] == invalid
    assert asked(StreamArn=arn.replace(account, "9" * 12))[0] == "AccessDeniedException"
    assert asked(ShardIteratorType="AT_SEQUENCE_NUMBER")[0] == invalid
    assert asked(SequenceNumber="1" * 24)[0] == invalid
    for number in ("0" * 21, "x" * 21, "1" * 40, "١" * 21):
        assert asked(ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=number)[0] in (invalid, code), number
    assert asked(ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber="0" * 21) == (
        invalid, "Invalid SequenceNumber", 400,
    )  # fmt: skip
    for broken in ("x", f"{arn}|1|", f"{arn}|1|AAAA", f"{arn}|2|AAAA", "|1|" * 9, f"{arn}|1|é"):
        assert aws_error(lambda text=broken: streams.get_records(ShardIterator=text))[:2] == (  # type: ignore[misc]
            invalid, "Invalid ShardIterator",
        )  # fmt: skip
    too_many = "Value '{}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to {}"
    assert aws_error(lambda: streams.get_records(ShardIterator=iterator(streams, arn), Limit=1001)) == (
        invalid, "1 validation error detected: " + too_many.format(1001, 1000), 400,
    )  # fmt: skip
    assert aws_error(lambda: streams.list_streams(Limit=101)) == (
        invalid, "1 validation error detected: " + too_many.format(101, 100), 400,
    )  # fmt: skip
    assert aws_error(lambda: streams.describe_stream(StreamArn=arn, Limit=101))[0] == invalid
    assert aws_error(lambda: streams.list_streams(ExclusiveStartStreamArn=no_arn))[0] == invalid


def test_list_streams_in_pages(dynamodb: Any, streams: Any) -> None:
    arns = [create(dynamodb, f"table{n}") for n in range(5)]
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = streams.list_streams(Limit=2, **more)
        found += [stream["StreamArn"] for stream in page["Streams"]]
        if "LastEvaluatedStreamArn" not in page:
            break
        assert page["LastEvaluatedStreamArn"] == found[-1]
        more = {"ExclusiveStartStreamArn": found[-1]}
    assert found == arns
    assert streams.list_streams(TableName="table2")["Streams"][0]["StreamArn"] == arns[2]
    assert streams.list_streams(TableName="none")["Streams"] == []


def test_get_records_returns_at_most_a_megabyte(dynamodb: Any, streams: Any) -> None:
    arn = create(dynamodb)
    for n in range(8):
        put(dynamodb, f"{n}", v={"S": "x" * 300_000})
    page = streams.get_records(ShardIterator=iterator(streams, arn))
    assert len(page["Records"]) == 3
    assert len(records(streams, arn)) == 8


def test_iam_judges_the_streams_arn(region: Region, client: Callable[..., Any], dynamodb: Any, streams: Any) -> None:
    arn, other = create(dynamodb), create(dynamodb, "other")
    iam = client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    actions = [f"dynamodb:{name}" for name in ("DescribeStream", "GetShardIterator", "GetRecords")]
    statement = {"Effect": "Allow", "Action": actions, "Resource": arn}
    allowed = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=allowed)
    reader = region.client("dynamodbstreams", key["AccessKeyId"], key["SecretAccessKey"])
    put(dynamodb, "a")
    assert [r["eventName"] for r in records(reader, arn)] == ["INSERT"]
    for denied, action, resource in (
        (lambda: reader.describe_stream(StreamArn=other), "DescribeStream", other),
        (lambda: reader.get_records(ShardIterator=iterator(streams, other)), "GetRecords", other),
        (lambda: reader.list_streams(), "ListStreams", "*"),
    ):
        with pytest.raises(reader.exceptions.ClientError) as caught:
            denied()
        error = caught.value.response["Error"]
        assert error["Code"] == "AccessDeniedException"
        assert f"is not authorized to perform: dynamodb:{action} on resource: {resource} " in error["Message"]


def test_shards_roll_over_by_the_clock(timed: tuple[Any, Any, Callable[[float], None]]) -> None:
    dynamodb, streams, advance = timed
    arn = create(dynamodb)
    for n in range(4):
        put(dynamodb, f"{n}")
        advance(4 * HOUR + 1)
    chain = shards(streams, arn)
    assert len(chain) == 5
    assert [s.get("ParentShardId") for s in chain] == [None, *(s["ShardId"] for s in chain[:-1])]
    ranges = [s["SequenceNumberRange"] for s in chain]
    assert ["EndingSequenceNumber" in r for r in ranges] == [True] * 4 + [False]
    for one, following in pairwise(ranges):
        assert int(one["StartingSequenceNumber"]) <= int(one["EndingSequenceNumber"])
        assert int(one["EndingSequenceNumber"]) < int(following["StartingSequenceNumber"])
    for n, (shard, span) in enumerate(zip(chain[:4], ranges, strict=False)):
        (record,) = pages(streams, iterator(streams, arn, shard=n))
        assert record["dynamodb"]["Keys"] == {"id": {"S": f"{n}"}}, shard
        number = int(record["dynamodb"]["SequenceNumber"])
        assert int(span["StartingSequenceNumber"]) <= number <= int(span["EndingSequenceNumber"])
    first = streams.describe_stream(StreamArn=arn, Limit=2)["StreamDescription"]
    assert first["Shards"] == chain[:2]
    assert first["LastEvaluatedShardId"] == chain[1]["ShardId"]
    rest = streams.describe_stream(StreamArn=arn, ExclusiveStartShardId=chain[1]["ShardId"])["StreamDescription"]
    assert rest["Shards"] == chain[2:]
    children = streams.describe_stream(
        StreamArn=arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": chain[1]["ShardId"]}
    )
    assert children["StreamDescription"]["Shards"] == [chain[2]]


def test_records_are_kept_for_24_hours(timed: tuple[Any, Any, Callable[[float], None]], aws_error: Error) -> None:
    dynamodb, streams, advance = timed
    arn = create(dynamodb)
    for n in range(70):
        put(dynamodb, f"old{n}")
    (first, *_) = old = records(streams, arn)
    assert len(old) == 70
    advance(2 * HOUR)
    put(dynamodb, "younger")
    advance(22 * HOUR - 30)
    assert len(records(streams, arn)) == 71
    waiting = iterator(streams, arn, shard=0)
    advance(90)
    assert [r["dynamodb"]["Keys"]["id"]["S"] for r in records(streams, arn)] == ["younger"]
    trimmed = ("TrimmedDataAccessException", "The data you are trying to access has been trimmed", 400)
    assert aws_error(lambda: streams.get_records(ShardIterator=waiting)) == trimmed
    at = {"SequenceNumber": first["dynamodb"]["SequenceNumber"]}
    assert aws_error(lambda: iterator(streams, arn, "AT_SEQUENCE_NUMBER", 0, **at)) == trimmed
    last = {"SequenceNumber": old[-1]["dynamodb"]["SequenceNumber"]}
    assert len(list(pages(streams, iterator(streams, arn, "AFTER_SEQUENCE_NUMBER", 0, **last)))) == 1
    advance(30 * HOUR)
    assert records(streams, arn) == []
    assert len(shards(streams, arn)) <= 8


def test_an_iterator_lasts_15_minutes(timed: tuple[Any, Any, Callable[[float], None]], aws_error: Error) -> None:
    dynamodb, streams, advance = timed
    first = iterator(streams, create(dynamodb))
    advance(14 * 60)
    following = streams.get_records(ShardIterator=first)["NextShardIterator"]
    advance(2 * 60)
    assert aws_error(lambda: streams.get_records(ShardIterator=first))[0] == "ExpiredIteratorException"
    assert streams.get_records(ShardIterator=following)["Records"] == []


def test_a_disabled_stream_is_gone_after_a_day(
    own: Region, timed: tuple[Any, Any, Callable[[float], None]], account: str, aws_error: Error
) -> None:
    dynamodb, streams, advance = timed
    disabled, deleted = create(dynamodb), create(dynamodb, "other")
    for n in range(70):
        put(dynamodb, f"{n}")
    dynamodb.update_table(TableName="users", StreamSpecification=OFF)
    dynamodb.delete_table(TableName="other")
    advance(23 * HOUR)
    assert len(records(streams, disabled)) == 70
    assert records(streams, deleted) == []
    advance(HOUR + 60)
    for arn in (disabled, deleted):
        assert aws_error(lambda arn=arn: streams.describe_stream(StreamArn=arn))[0] == "ResourceNotFoundException"  # type: ignore[misc]
    assert streams.list_streams()["Streams"] == []
    dynamodb.delete_table(TableName="users")
    advance(60)
    left = httpx.get(f"{own.endpoint}/_atoll/accounts").json()
    assert account not in str(left), "something grows without bound"


def test_a_stream_goes_on_after_a_crash(new_region: Callable[..., Region], account: str) -> None:
    """Its records, its numbers, and its upkeep."""
    region = new_region()
    dynamodb, streams = (region.client(service, key=account) for service in ("dynamodb", "dynamodbstreams"))
    arn = create(dynamodb)
    put(dynamodb, "before")
    waiting = iterator(streams, arn, "LATEST")
    region.kill()
    region.start()
    put(dynamodb, "after")
    (record,) = streams.get_records(ShardIterator=waiting)["Records"]
    assert record["dynamodb"]["Keys"] == {"id": {"S": "after"}}
    numbers = [int(r["dynamodb"]["SequenceNumber"]) for r in records(streams, arn)]
    assert len(numbers) == 2
    assert numbers[0] < numbers[1]
    httpx.post(f"{region.endpoint}/_atoll/clock", json={"advance": 25 * HOUR}).raise_for_status()
    assert records(streams, arn) == []
    assert len(shards(streams, arn)) > 5
