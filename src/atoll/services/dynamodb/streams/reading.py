"""GetShardIterator and GetRecords. docs: API_streams_GetShardIterator, API_streams_GetRecords.

An iterator is a place in a shard, opaque to the client: after which position, and when it was given. All is read in one look at the
store, which costs three short reads where nothing is new.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import under
from atoll.kernel.records import encode
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.errors import ExpiredIteratorException, TrimmedDataAccessException
from atoll.services.dynamodb.items.item_rules import item_size
from atoll.services.dynamodb.items.storage import decode_item, stored_size
from atoll.services.dynamodb.streams.describing import at_most, on_stream
from atoll.services.dynamodb.streams.store import (
    CHANGES,
    Change,
    Place,
    Stream,
    find_stream,
    named_stream,
    place,
    position,
    records_prefix,
    sequence_number,
    stream_arn,
)

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams.type_defs import GetRecordsInputTypeDef, GetShardIteratorInputTypeDef

MOST_RECORDS = 1000
MOST_BYTES = 1 << 20
ITERATOR_LASTS = 15 * 60.0
_BY_NUMBER = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")


class Iterator(NamedTuple):
    """What a ShardIterator says: reading begins after the position `after` of the shard."""

    shard_id: str
    after: int
    issued: float


class Page(NamedTuple):
    """Records by their positions, and the position after which the next page begins; None at the end of a closed shard."""

    records: list[tuple[int, Change]]
    after: int | None


@operation("GetShardIterator", access=[on_stream("GetShardIterator")])
async def get_shard_iterator(ctx: Context, request: GetShardIteratorInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, TrimmedDataAccessException, ValidationFailed."""
    ctx, table, label = named_stream(ctx, request["StreamArn"])
    kind, number = request["ShardIteratorType"], request.get("SequenceNumber")
    if (number is None) is (kind in _BY_NUMBER):
        said = "is required" if number is None else "must not be specified"
        raise ValidationFailed(f"SequenceNumber {said} for ShardIteratorType {kind}")

    def find(tx: Reader) -> int:
        stream = find_stream(tx, ctx, table, label)
        found = place(tx, ctx, stream, request["ShardId"])
        if number is not None:
            return _after_number(stream, found, position(number) - (kind == "AT_SEQUENCE_NUMBER"))
        if kind == "LATEST":
            return _latest(tx, ctx, stream, found)
        return max(found.start, stream.trimmed)

    after = await ctx.store.read(find)
    arn = stream_arn(ctx, table, label)
    return {"ShardIterator": _said(arn, Iterator(request["ShardId"], after, ctx.clock.now()))}


def _iterator_resource(ctx: Context, request: Mapping[str, Any]) -> str:
    """The ARN of the stream that an iterator is of; a broken one is refused once the caller may read any stream."""
    arn, bar, _ = (request.get("ShardIterator") or "").partition("|")
    return arn if bar else stream_arn(ctx, "*", "*")


@operation("GetRecords", access=[on_stream("GetRecords", resource=_iterator_resource)])
async def get_records(ctx: Context, request: GetRecordsInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, ExpiredIteratorException, TrimmedDataAccessException, ValidationFailed."""
    limit = at_most(MOST_RECORDS, request.get("Limit"))
    arn, iterator = _read(request["ShardIterator"])
    ctx, table, label = named_stream(ctx, arn)
    now = ctx.clock.now()
    if iterator.issued + ITERATOR_LASTS < now:
        raise ExpiredIteratorException("The shard iterator has expired")

    def find(tx: Reader) -> tuple[Stream, Page]:
        stream = find_stream(tx, ctx, table, label)
        found = place(tx, ctx, stream, iterator.shard_id)
        _require_untrimmed(stream, found, iterator.after)
        return stream, _page(tx, ctx, stream, found, iterator.after, limit)

    stream, page = await ctx.store.read(find)
    going_on = page.after is not None
    return {
        "Records": [_record(ctx, stream, at, change) for at, change in page.records],
        "NextShardIterator": _said(arn, Iterator(iterator.shard_id, page.after or 0, now)) if going_on else None,
    }


def _page(tx: Reader, ctx: Context, stream: Stream, found: Place, after: int, limit: int) -> Page:
    prefix = records_prefix(ctx, stream.id)
    span = under(prefix).past((*prefix, after))
    if found.end is not None:
        span = span.before((*prefix, found.end))
    records: list[tuple[int, Change]] = []
    size = 0
    for key, raw in tx.scan(span, limit=limit + 1):
        size += len(raw)
        if len(records) == limit or (records and size > MOST_BYTES):
            return Page(records, records[-1][0])
        records.append((int(str(key[-1])), CHANGES.decode(raw)))
    if found.end is not None:
        return Page(records, None)
    return Page(records, records[-1][0] if records else after)


def _record(ctx: Context, stream: Stream, at: int, change: Change) -> dict[str, Any]:
    """docs: API_streams_Record."""
    number = sequence_number(at)
    return {
        "eventID": hashlib.blake2b(f"{stream.id}/{at}".encode(), digest_size=16).hexdigest(),
        "eventName": change.event,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": ctx.region,
        "dynamodb": {
            "ApproximateCreationDateTime": int(change.at),
            "Keys": change.keys,
            "NewImage": decode_item(change.new) if change.new is not None else None,
            "OldImage": decode_item(change.old) if change.old is not None else None,
            "SequenceNumber": number,
            "SizeBytes": item_size(change.keys) + stored_size(change.new) + stored_size(change.old),
            "StreamViewType": stream.view,
        },
        "userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"} if change.expired else None,
    }


def _after_number(stream: Stream, found: Place, after: int) -> int:
    """`after`, if it is a place in the shard from which nothing is missing."""
    if after < found.start - 1 or (found.end is not None and after >= found.end):
        raise ValidationFailed("Invalid SequenceNumber")
    _require_untrimmed(stream, found, after)
    return after


def _require_untrimmed(stream: Stream, found: Place, after: int) -> None:
    """Raises TrimmedDataAccessException where records of the shard after this position are gone."""
    if max(after, found.start) < stream.trimmed and (found.end is None or after < found.end):
        raise TrimmedDataAccessException("The data you are trying to access has been trimmed")


def _latest(tx: Reader, ctx: Context, stream: Stream, found: Place) -> int:
    """The position of the last record before the end of the shard."""
    if found.end is not None:
        return found.end
    prefix = records_prefix(ctx, stream.id)
    rows = tx.scan(under(prefix).past((*prefix, found.start)), limit=1, reverse=True)
    return max((int(str(key[-1])) for key, _ in rows), default=max(found.start, stream.trimmed))


def _said(arn: str, iterator: Iterator) -> str:
    return f"{arn}|1|{base64.b64encode(encode(iterator)).decode()}"


def _read(text: str) -> tuple[str, Iterator]:
    arn, _, rest = text.partition("|1|")
    try:
        return arn, msgspec.msgpack.decode(base64.b64decode(rest, validate=True), type=Iterator)
    except (ValueError, msgspec.DecodeError):
        raise ValidationFailed("Invalid ShardIterator") from None
