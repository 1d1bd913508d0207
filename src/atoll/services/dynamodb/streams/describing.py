"""ListStreams and DescribeStream. docs: API_streams_ListStreams, API_streams_DescribeStream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.service import Access, ResourceOf, operation
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.access import arn_in
from atoll.services.dynamodb.errors import detected
from atoll.services.dynamodb.permissions import policy_on
from atoll.services.dynamodb.store import space
from atoll.services.dynamodb.streams.store import (
    STREAMS,
    Place,
    Stream,
    find_stream,
    key_schema,
    named_stream,
    places,
    sequence_number,
    stream_arn,
    stream_key,
)

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams.type_defs import DescribeStreamInputTypeDef, ListStreamsInputTypeDef

MOST_LISTED = 100


_STREAM = arn_in("StreamArn")


def on_stream(action: str, resource: ResourceOf = _STREAM) -> Access:
    """The permission `dynamodb:action` on a stream; its policy counts, too."""
    return Access(f"dynamodb:{action}", resource=resource, resource_policy=policy_on(resource))


def at_most(most: int, given: int | None) -> int:
    """`Limit`, or the most that it can be. Raises ValidationFailed for more, which the model does not say."""
    if given is not None and given > most:
        raise detected(
            f"Value '{given}' at 'limit' failed to satisfy constraint: "
            f"Member must have value less than or equal to {most}"
        )
    return given or most


@operation("ListStreams", access=[Access("dynamodb:ListStreams")])
async def list_streams(ctx: Context, request: ListStreamsInputTypeDef) -> dict[str, Any]:
    """Streams by their tables' names and their age, also disabled ones; a page of at most `Limit` (100)."""
    limit = at_most(MOST_LISTED, request.get("Limit"))
    start, name = request.get("ExclusiveStartStreamArn"), request.get("TableName")
    prefix: Key = (*space(ctx), "stream") if name is None else (*space(ctx), "stream", name)
    span = under(prefix)
    if start is not None:
        span = span.past(stream_key(*named_stream(ctx, start)))
    rows = await ctx.store.read(lambda tx: [STREAMS.decode(raw) for _, raw in tx.scan(span, limit=limit + 1)])
    streams = [
        {"StreamArn": stream_arn(ctx, s.table, s.label), "TableName": s.table, "StreamLabel": s.label}
        for s in rows[:limit]
    ]
    more = len(rows) > limit
    return {"Streams": streams, "LastEvaluatedStreamArn": streams[-1]["StreamArn"] if more else None}


@operation("DescribeStream", access=[on_stream("DescribeStream")])
async def describe_stream(ctx: Context, request: DescribeStreamInputTypeDef) -> dict[str, Any]:
    """The stream and a page of its shards, oldest first. Raises ResourceNotFoundException."""
    limit = at_most(MOST_LISTED, request.get("Limit"))
    ctx, table, label = named_stream(ctx, request["StreamArn"])

    def find(tx: Reader) -> tuple[Stream, list[Place]]:
        stream = find_stream(tx, ctx, table, label)
        return stream, places(tx, ctx, stream)

    stream, found = await ctx.store.read(find)
    start, parent = request.get("ExclusiveStartShardId", ""), request.get("ShardFilter", {}).get("ShardId")
    shown = [p for p in found if p.shard.id > start and (parent is None or p.shard.parent == parent)]
    return {
        "StreamDescription": {
            "StreamArn": stream_arn(ctx, table, label),
            "StreamLabel": label,
            "StreamStatus": "DISABLED" if stream.ended else "ENABLED",
            "StreamViewType": stream.view,
            "CreationRequestDateTime": stream.created,
            "TableName": table,
            "KeySchema": key_schema(stream),
            "Shards": [_shard(place) for place in shown[:limit]],
            "LastEvaluatedShardId": shown[limit - 1].shard.id if len(shown) > limit else None,
        }
    }


def _shard(place: Place) -> dict[str, Any]:
    """A closed shard ends at the number before that with which the next one begins."""
    return {
        "ShardId": place.shard.id,
        "ParentShardId": place.shard.parent or None,
        "SequenceNumberRange": {
            "StartingSequenceNumber": sequence_number(place.start),
            "EndingSequenceNumber": sequence_number(place.end - 1) if place.end is not None else None,
        },
    }
