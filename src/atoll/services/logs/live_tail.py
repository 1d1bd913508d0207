"""StartLiveTail: what groups take in, streamed as it comes.

docs: API_StartLiveTail; "CloudWatch Logs quotas" (15 sessions at a time in each account and region); "CloudWatch Logs Live Tail". An
update leaves every second, also an empty one, with a sample of 500 events where more came. After three hours the session ends.

What is new is found by the number of chunks that each stream ever had: a session remembers it. It looks when the store hints that
streams have changed, and now and then without a hint. A client that reads slowly holds its session back: the next update is then a sample
of all that came meanwhile, so that nothing piles up. (AWS keeps up to ten updates for it, and drops the oldest.)
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.logs.access import on_groups
from atoll.services.logs.errors import (
    InvalidParameterException,
    LimitExceededException,
    SessionStreamingException,
    SessionTimeoutException,
)
from atoll.services.logs.names import group_arn, name_in_arn
from atoll.services.logs.patterns import Predicate, compile_pattern
from atoll.services.logs.store import CHUNKS, STREAMS, Chunk, Group, Stream, find_group, get_group, key, size

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import StartLiveTailRequestTypeDef

log = logging.getLogger(__name__)

MOST_SESSIONS = 15
LASTS = 3 * 3600.0
"""Seconds of region time after which a session ends."""
EVERY = 1.0
"""Seconds between two updates."""
LOOK_ANYWAY = 15.0
"""Seconds after which a session looks for events though nothing hinted at any."""
MOST_EVENTS, MOST_BYTES = 500, 1 << 20
"""Of one update. Events that are too large for one leave in several."""
STREAM_PAGE, CHUNK_PAGE = 500, 32
"""Records read at once: about a millisecond."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events a session is about: of the groups of these names, the streams that `wanted` names, and what `matches`."""

    groups: list[str]
    wanted: Callable[[str], bool]
    matches: Predicate


@operation("StartLiveTail", access=[on_groups("StartLiveTail")])
async def start_live_tail(ctx: Context, request: StartLiveTailRequestTypeDef) -> dict[str, Any]:
    """Raises InvalidParameterException, ResourceNotFoundException, LimitExceededException; what goes wrong later is said in the stream."""
    selection = _selection(ctx, request)

    def check(tx: Reader) -> None:
        for name in selection.groups:
            get_group(tx, ctx, name)

    await ctx.store.read(check)
    if ctx.runtime.open[ctx.account, ctx.region] >= MOST_SESSIONS:
        raise LimitExceededException("Rate exceeded")
    return {"responseStream": _session(ctx, selection, request)}


def _selection(ctx: Context, request: StartLiveTailRequestTypeDef) -> Selection:
    identifiers = list(dict.fromkeys(request["logGroupIdentifiers"]))
    names, prefixes = request.get("logStreamNames"), request.get("logStreamNamePrefixes")
    if any(not identifier.startswith("arn:") or identifier.endswith("*") for identifier in identifiers):
        raise InvalidParameterException(
            "logGroupIdentifiers must be ARNs of log groups that do not end with an asterisk."
        )
    if names and prefixes:
        raise InvalidParameterException("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.")
    if (names or prefixes) and len(identifiers) > 1:
        raise InvalidParameterException(
            "logStreamNames and logStreamNamePrefixes can be specified only with one log group."
        )
    wanted = frozenset(names).__contains__ if names else lambda name: not prefixes or name.startswith(tuple(prefixes))
    return Selection(
        [name_in_arn(ctx, identifier) for identifier in identifiers],
        wanted,
        compile_pattern(request.get("logEventFilterPattern", "")),
    )


async def _session(
    ctx: Context, selection: Selection, request: StartLiveTailRequestTypeDef
) -> AsyncGenerator[Mapping[str, Any], None]:
    """The session's events. Raises what ends it."""
    clock, sessions, place = ctx.clock, ctx.runtime.open, (ctx.account, ctx.region)
    ends = clock.now() + LASTS
    looked = due = clock.monotonic()
    sessions[place] += 1
    watch = ctx.store.watch(key(ctx, "stream"))
    try:
        known = {stream.id: stream.chunks async for _, stream in _streams(ctx, selection)}
        yield {"sessionStart": {"requestId": ctx.request_id, "sessionId": ctx.ids.uuid(), **request}}
        while True:
            due = max(due + EVERY, clock.monotonic())
            await clock.wall_sleep(due - clock.monotonic())
            if clock.now() >= ends:
                raise SessionTimeoutException("The Live Tail session has timed out.")
            sample = Sample(ctx.ids.random)
            if watch.changed() or due - looked > LOOK_ANYWAY:
                looked = due
                known = await _look(ctx, selection, known, sample)
            for update in sample.updates():
                yield update
    except SessionTimeoutException:
        raise
    except Exception as error:
        log.exception("the Live Tail session of request %s failed", ctx.request_id)
        raise SessionStreamingException("An unknown error occurred during the Live Tail session.") from error
    finally:
        watch.close()
        sessions[place] -= 1


class Sample:
    """Of the events that it is given at most 500, each with the same chance."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._given = 0
        self._kept: list[dict[str, Any]] = []

    def add(self, event: dict[str, Any]) -> None:
        """Takes an event as API_LiveTailSessionLogEvent describes it, or leaves it out."""
        self._given += 1
        if len(self._kept) < MOST_EVENTS:
            self._kept.append(event)
        elif (place := self._random.randrange(self._given)) < MOST_EVENTS:
            self._kept[place] = event

    def updates(self) -> list[Mapping[str, Any]]:
        """The events in the order of their time, as one update or, where they are large, several."""
        parts: list[list[dict[str, Any]]] = [[]]
        used = 0
        for event in sorted(self._kept, key=lambda event: event["timestamp"]):
            used += size([(0, event["message"])])
            if used > MOST_BYTES and parts[-1]:
                parts.append([])
                used = 0
            parts[-1].append(event)
        metadata = {"sampled": self._given > MOST_EVENTS}
        return [{"sessionUpdate": {"sessionMetadata": metadata, "sessionResults": part}} for part in parts]


async def _look(ctx: Context, selection: Selection, known: Mapping[int, int], sample: Sample) -> dict[int, int]:
    """Adds what is new to the sample. `known`, and what it returns, is the number of chunks of each stream by its id."""
    now: dict[int, int] = {}
    async for group, stream in _streams(ctx, selection):
        now[stream.id] = stream.chunks
        async for chunk in _chunks(ctx, group, stream, known.get(stream.id, 0)):
            for timestamp, message in chunk.lines:
                if selection.matches(message):
                    sample.add({
                        "logStreamName": stream.name, "logGroupIdentifier": group_arn(ctx, group.name),
                        "message": message, "timestamp": timestamp, "ingestionTime": chunk.ingested,
                    })  # fmt: skip
    return now


async def _streams(ctx: Context, selection: Selection) -> AsyncIterator[tuple[Group, Stream]]:
    """The streams that are there now. A group that was deleted has none, until there is one of its name again."""
    for name in selection.groups:
        group = await ctx.store.read(lambda tx, name=name: find_group(tx, ctx, name))  # type: ignore[misc]
        if group is None:
            continue
        span = under(key(ctx, "stream", group.id))
        more = True
        while more:
            page = await ctx.store.read(lambda tx, span=span: list(tx.scan(span, limit=STREAM_PAGE)))  # type: ignore[misc]
            more = len(page) == STREAM_PAGE
            for at, raw in page:
                span = span.past(at)
                stream = STREAMS.decode(raw)
                if selection.wanted(stream.name):
                    yield group, stream


async def _chunks(ctx: Context, group: Group, stream: Stream, first: int) -> AsyncIterator[Chunk]:
    """The stream's chunks from number `first` on, latest first: there they are, unless their lines came late."""
    missing = stream.chunks - first
    span = under(key(ctx, "chunk", group.id, stream.id))
    limit = 1
    while missing:
        limit = min(2 * limit, CHUNK_PAGE)
        page = await ctx.store.read(lambda tx, span=span, n=limit: list(tx.scan(span, limit=n, reverse=True)))  # type: ignore[misc]
        if not page:  # some are deleted again
            return
        for at, raw in page:
            span = span.before(at)
            if first <= at[-1] < stream.chunks:
                missing -= 1
                yield CHUNKS.decode(raw)
