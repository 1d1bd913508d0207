"""DynamoDB Streams as an event source: reads a stream as the function's role may.

docs: Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB"; the event as AWS was seen to send it (aws-observed/lambda_).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from atoll.kernel import records
from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError
from atoll.kernel.keys import Key
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.event_sources.batches import Record, lane_of
from atoll.services.lambda_.event_sources.store import Place

SERVICE = "dynamodbstreams"
_MEMBERS = ("eventID", "eventName", "eventVersion", "eventSource", "awsRegion")


class Shard(NamedTuple):
    """A shard of a stream; `parent` is "" where it has none."""

    id: str
    parent: str
    open: bool


class Description(NamedTuple):
    """A stream's shards, oldest first, and the name of its partition key."""

    shards: list[Shard]
    partition: str


class Page(NamedTuple):
    """Records by their lanes' numbers, and where to read on: None at the end of a closed shard."""

    records: list[tuple[int, Record]]
    following: str | None


async def describe(ctx: Context, arn: str) -> Description:
    """The stream. Raises the ServiceErrors of DescribeStream."""
    shards: list[Shard] = []
    request: dict[str, Any] = {"StreamArn": arn}
    while True:
        found = (await ctx.call(SERVICE, "DescribeStream", request))["StreamDescription"]
        for shard in found["Shards"]:
            closed = shard["SequenceNumberRange"].get("EndingSequenceNumber") is not None
            shards.append(Shard(shard["ShardId"], shard.get("ParentShardId") or "", not closed))
        if not found.get("LastEvaluatedShardId"):
            return Description(shards, found["KeySchema"][0]["AttributeName"])
        request["ExclusiveStartShardId"] = found["LastEvaluatedShardId"]


async def iterator(ctx: Context, arn: str, shard: str, kind: str, number: str = "") -> str:
    """A ShardIterator. Raises the ServiceErrors of GetShardIterator."""
    request = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": kind}
    if number:
        request["SequenceNumber"] = number
    return str((await ctx.call(SERVICE, "GetShardIterator", request))["ShardIterator"])


async def page(ctx: Context, arn: str, at: str, limit: int, partition: str, lanes: int) -> Page:
    """The next records. Raises the ServiceErrors of GetRecords."""
    found = await ctx.call(SERVICE, "GetRecords", {"ShardIterator": at, "Limit": limit})
    return Page([_record(raw, arn, partition, lanes) for raw in found["Records"]], found.get("NextShardIterator"))


async def beginnings(ctx: Context, arn: str, position: str, now: float) -> dict[str, Place]:
    """Where a new mapping begins in each shard that there is; in others at their first record.

    Raises InvalidParameterValueException where the role cannot read the stream, or there is none.
    """
    try:
        description = await describe(ctx, arn)
        places: dict[str, Place] = {}
        for shard in description.shards:
            at = await iterator(ctx, arn, shard.id, position)
            await page(ctx, arn, at, 1, description.partition, 1)
            if position == "LATEST":
                places[shard.id] = Place(iterator=at, since=now, ended=not shard.open)
    except ServiceError as error:
        raise InvalidParameterValueException(trouble(arn, error)) from error
    return places


def trouble(arn: str, error: ServiceError) -> str:
    """Why the stream cannot be read, in Lambda's words."""
    if error.code == "ResourceNotFoundException":
        return f"Stream not found: {arn}"
    if error.code == "AccessDeniedException":
        return (
            f"Cannot access stream {arn}. Please ensure the role can perform the GetRecords, GetShardIterator, "
            "DescribeStream, and ListStreams Actions on your stream in IAM."
        )
    return error.message


def watched(arn: str, raw: bytes | None) -> Key:
    """What the keys of the stream's records begin with, as its record in the store (`raw`) tells it: a hint only, which saves reading in vain.
    See services/dynamodb/streams/store.py."""
    prefix = (*stream_key(arn)[:3], "record")
    return (*prefix, records.decode(raw)["id"]) if raw is not None else prefix


def stream_key(arn: str) -> Key:
    """Where the stream's record lies."""
    _, _, _, region, account, resource = arn.split(":", 5)
    table, _, label = resource.removeprefix("table/").partition("/stream/")
    return (account, region, "dynamodb", "stream", table, label)


def _record(raw: Mapping[str, Any], arn: str, partition: str, lanes: int) -> tuple[int, Record]:
    """A record as functions get it, by the lane that processes it."""
    change = {name: value for name, value in raw["dynamodb"].items() if value is not None}
    event = {name: raw[name] for name in _MEMBERS} | {"dynamodb": change}
    if identity := raw.get("userIdentity"):
        event["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    event["eventSourceARN"] = arn
    number, at = change["SequenceNumber"], float(change["ApproximateCreationDateTime"])
    return lane_of(change["Keys"][partition], lanes), Record(number, at, msgspec.json.encode(event))
