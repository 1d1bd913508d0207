"""What a stream keeps, and its keys. docs: Developer Guide, "Change data capture for DynamoDB Streams".

(account, region, "dynamodb", "stream", table name, label)   Stream
(account, region, "dynamodb", "shard", stream id, n)         Shard: n is where it begins
(account, region, "dynamodb", "record", stream id, n)        Change

The n of shards and records are positions that the store assigns at commit (`Transaction.append`): one row of numbers for both, in the
order of commits. So a record belongs to the last shard that begins before it, and nothing else says to which. Whoever wants to
know of new records watches the keys that begin with (account, region, "dynamodb", "record"[, stream id]). Lambda's poller does, and
reads `Stream.id` for it (services/lambda_/event_sources/dynamodb.py).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.access import item_table
from atoll.services.dynamodb.errors import ResourceNotFoundException
from atoll.services.dynamodb.store import DAY, Attribute, Item

RETENTION = DAY
"""Seconds that a record stays, and a stream that takes no more."""
_FIRST = 10**23
"""Sequence numbers are positions, counted from here: AWS's have at least 21 digits."""
_ARN = re.compile(r"(arn:[^:]*:dynamodb:[^:]*:[^:]*:table/[^/]+)/stream/([^/]+)")


class Stream(msgspec.Struct, frozen=True):
    """A stream of a table that may be gone. `ended` is when it was disabled, 0 while it is not; records up to `trimmed` are gone."""

    table: str
    label: str
    id: str
    view: str
    created: float
    partition: Attribute
    sort: Attribute | None
    ended: float = 0.0
    trimmed: int = 0


class Shard(msgspec.Struct, frozen=True):
    """Where a shard begins, or, without an id, where the last one ends."""

    created: float
    id: str = ""
    parent: str = ""


class Change(msgspec.Struct, frozen=True, array_like=True):
    """A record: what happened to the item with these keys. `old` and `new` are stored items, those that the stream's view shows."""

    at: float
    event: str
    keys: Item
    old: bytes | None = None
    new: bytes | None = None
    expired: bool = False


STREAMS = Codec(Stream)
SHARDS = Codec(Shard)
CHANGES = Codec(Change, memo=1)


class Place(NamedTuple):
    """A shard in its stream: its records lie between the positions `start` and `end` (None: it is open), both excluded."""

    shard: Shard
    start: int
    end: int | None


def stream_key(ctx: Context, table: str, label: str) -> Key:
    """Where a stream's record lies."""
    return (ctx.account, ctx.region, "dynamodb", "stream", table, label)


def shards_prefix(ctx: Context, stream_id: str) -> Key:
    """What the keys of a stream's shards begin with."""
    return (ctx.account, ctx.region, "dynamodb", "shard", stream_id)


def records_prefix(ctx: Context, stream_id: str) -> Key:
    """What the keys of a stream's records begin with."""
    return (ctx.account, ctx.region, "dynamodb", "record", stream_id)


def places(tx: Reader, ctx: Context, stream: Stream) -> list[Place]:
    """The stream's shards, oldest first."""
    rows = [(int(str(key[-1])), SHARDS.decode(raw)) for key, raw in tx.scan(under(shards_prefix(ctx, stream.id)))]
    ends: list[int | None] = [start for start, _ in rows[1:]]
    return [Place(shard, start, end) for (start, shard), end in zip(rows, [*ends, None], strict=True) if shard.id]


def place(tx: Reader, ctx: Context, stream: Stream, shard_id: str) -> Place:
    """The shard with this id. Raises ResourceNotFoundException."""
    for found in places(tx, ctx, stream):
        if found.shard.id == shard_id:
            return found
    raise ResourceNotFoundException("Requested resource not found: Shard does not exist")


def shard_id(stream_id: str, created: float) -> str:
    """The id of a stream's shard that begins at this time. No two of a stream begin within hours."""
    millis = int(created * 1000)
    return f"shardId-{millis:020d}-{crc32(f'{stream_id}{millis}'.encode()):08x}"


def sequence_number(position: int) -> str:
    """A position as clients see it."""
    return str(_FIRST + position)


def position(number: str) -> int:
    """The position that a sequence number says. Raises ValidationFailed where it is none."""
    found = int(number) - _FIRST if number.isascii() and number.isdigit() else -1
    if not 0 <= found < 1 << 63:
        raise ValidationFailed("Invalid SequenceNumber")
    return found


def label_of(millis: int) -> str:
    """The label of a stream that was enabled at this time: 2015-05-20T20:51:10.252."""
    return datetime.fromtimestamp(millis / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{millis % 1000:03d}"


def stream_arn(ctx: Context, table: str, label: str) -> str:
    """The ARN of a stream."""
    return ctx.arn(f"table/{table}/stream/{label}", "dynamodb")


def named_stream(ctx: Context, arn: str) -> tuple[Context, str, str]:
    """What a stream's ARN names: the context of its account, the table's name, and the label.

    Raises ValidationFailed.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        raise ValidationFailed(f"Invalid StreamArn: Invalid ResourceArn provided as input {arn}")
    return *item_table(ctx.derive(service="dynamodb"), match[1]), match[2]


def find_stream(tx: Reader, ctx: Context, table: str, label: str) -> Stream:
    """The stream. Raises ResourceNotFoundException."""
    raw = tx.get(stream_key(ctx, table, label))
    if raw is None:
        arn = stream_arn(ctx, table, label)
        raise ResourceNotFoundException(f"Requested resource not found: Stream: {arn} not found")
    return STREAMS.decode(raw)


def key_schema(stream: Stream) -> list[dict[str, Any]]:
    """KeySchema, as a table's description has it."""
    pairs = (("HASH", stream.partition), ("RANGE", stream.sort))
    return [{"AttributeName": key.name, "KeyType": kind} for kind, key in pairs if key is not None]
