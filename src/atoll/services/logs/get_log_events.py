"""GetLogEvents: pages through one stream, forward or backward.

docs: API_GetLogEvents. A page has at most 10,000 events and 1 MB. Tokens are `f/POSITION/s` and `b/POSITION/s`: what comes after, or
before, an event. At the end of the stream the token that was sent comes back.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.logs.access import on_stream
from atoll.services.logs.errors import bad_token
from atoll.services.logs.names import group_name
from atoll.services.logs.reading import FIRST_ID, LAST_ID, Event, Window, backward, first_id_at, forward
from atoll.services.logs.store import EVENT_OVERHEAD, Group, Stream, get_group, get_stream

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import GetLogEventsRequestTypeDef

MOST_EVENTS, MOST_BYTES = 10_000, 1 << 20
_TOKEN = re.compile(r"([fb])/(\d{56})/s")


@operation(
    "GetLogEvents",
    access=[on_stream("GetLogEvents")],
    not_honoured={"unmask": "Atoll masks nothing"},
)
async def get_log_events(ctx: Context, request: GetLogEventsRequestTypeDef) -> dict[str, Any]:
    """Events in [startTime, endTime), always earliest first. Raises ResourceNotFoundException, InvalidParameterException."""
    group, stream = await ctx.store.read(lambda tx: _find(tx, ctx, request))
    ahead, position = _start(request)
    expired = group.expired_before(ctx.clock.now())
    lower = first_id_at(max(request.get("startTime", 0), expired))
    upper = first_id_at(request["endTime"]) if "endTime" in request else LAST_ID
    if position is not None and ahead:
        lower = max(lower, position + 1)
    elif position is not None:
        upper = min(upper, position)
    window = Window(group, lower, max(lower, upper), stream.id, stream.name)
    events = await _page((forward if ahead else backward)(ctx, window), request.get("limit", MOST_EVENTS))
    if not ahead:
        events.reverse()
    return {
        "events": [
            {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested}
            for event in events
        ],
        **_tokens(events, ahead=ahead, position=position, lower=lower, upper=upper),
    }


def _find(tx: Reader, ctx: Context, request: GetLogEventsRequestTypeDef) -> tuple[Group, Stream]:
    group = get_group(tx, ctx, group_name(ctx, request))
    return group, get_stream(tx, ctx, group, request["logStreamName"])


def _start(request: GetLogEventsRequestTypeDef) -> tuple[bool, int | None]:
    """Whether to read forward, and from which event id on (excluded), None for the end of the window."""
    if "nextToken" not in request:
        return bool(request.get("startFromHead")), None
    match = _TOKEN.fullmatch(request["nextToken"])
    if match is None or int(match[2]) > LAST_ID:
        raise bad_token()
    return match[1] == "f", int(match[2])


async def _page(source: AsyncIterator[Event], limit: int) -> list[Event]:
    events: list[Event] = []
    used = 0
    async for event in source:
        used += len(event.message.encode(errors="surrogatepass")) + EVENT_OVERHEAD
        if len(events) == limit or (events and used > MOST_BYTES):
            break
        events.append(event)
    return events


def _tokens(events: list[Event], *, ahead: bool, position: int | None, lower: int, upper: int) -> dict[str, str]:
    if events:
        following, preceding = events[-1].id, events[0].id
    elif position is not None:
        following, preceding = (position, position + 1) if ahead else (max(position - 1, FIRST_ID), position)
    else:
        following, preceding = max(lower - 1, FIRST_ID), upper
    return {"nextForwardToken": f"f/{following:056d}/s", "nextBackwardToken": f"b/{preceding:056d}/s"}
