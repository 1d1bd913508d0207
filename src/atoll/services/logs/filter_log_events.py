"""FilterLogEvents: searches a group's streams, all lines in the order of time.

docs: API_FilterLogEvents. A page has at most 10,000 events and 1 MB; it may hold fewer, or none, and still carry a nextToken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.logs.access import on_group
from atoll.services.logs.errors import InvalidParameterException, bad_token
from atoll.services.logs.get_log_events import MOST_BYTES, MOST_EVENTS
from atoll.services.logs.names import group_name
from atoll.services.logs.paging import read_token, token
from atoll.services.logs.patterns import compile_pattern
from atoll.services.logs.reading import LAST_ID, Event, Window, first_id_at, forward
from atoll.services.logs.store import EVENT_OVERHEAD, Group, Stream, get_group, get_stream

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import FilterLogEventsRequestTypeDef

MOST_SEARCHED = 50_000
"""Events looked at for one page."""


@operation(
    "FilterLogEvents",
    access=[on_group("FilterLogEvents")],
    not_honoured={"unmask": "Atoll masks nothing"},
)
async def filter_log_events(ctx: Context, request: FilterLogEventsRequestTypeDef) -> dict[str, Any]:
    """Events in [startTime, endTime] that `filterPattern` matches. Raises ResourceNotFoundException, InvalidParameterException."""
    if "logStreamNames" in request and "logStreamNamePrefix" in request:
        raise InvalidParameterException("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    if request.get("startTime", 0) > request.get("endTime", LAST_ID):
        raise InvalidParameterException("endTime must be greater than or equal to startTime")
    matches = compile_pattern(request.get("filterPattern", ""))
    group, streams = await ctx.store.read(lambda tx: _find(tx, ctx, request))
    window = _window(ctx, request, group, streams)
    events: list[Event] = []
    used = searched = 0
    last: int | None = None
    async for event in forward(ctx, window):
        if len(events) == request.get("limit", MOST_EVENTS) or used > MOST_BYTES or searched == MOST_SEARCHED:
            break
        searched += 1
        last = event.id
        if matches(event.message):
            used += len(event.message.encode(errors="surrogatepass")) + EVENT_OVERHEAD
            events.append(event)
    else:
        last = None
    return {
        "events": [_found(event) for event in events],
        "searchedLogStreams": [],
        "nextToken": token([group.id, str(last)]) if last is not None else None,
    }


def _find(tx: Reader, ctx: Context, request: FilterLogEventsRequestTypeDef) -> tuple[Group, list[Stream]]:
    group = get_group(tx, ctx, group_name(ctx, request))
    return group, [get_stream(tx, ctx, group, name) for name in request.get("logStreamNames", [])]


def _window(ctx: Context, request: FilterLogEventsRequestTypeDef, group: Group, streams: list[Stream]) -> Window:
    lower = first_id_at(max(request.get("startTime", 0), group.expired_before(ctx.clock.now())))
    upper = first_id_at(request["endTime"] + 1) if "endTime" in request else LAST_ID
    position = read_token(request.get("nextToken"), list[str])
    if position is not None:
        if len(position) != 2 or position[0] != group.id or not position[1].isdigit():
            raise bad_token()
        lower = max(lower, int(position[1]) + 1)
    upper = max(lower, upper)
    if len(streams) == 1:
        return Window(group, lower, upper, streams[0].id, streams[0].name)
    return Window(group, lower, upper, wanted=_wanted(request, streams))


def _wanted(request: FilterLogEventsRequestTypeDef, streams: list[Stream]) -> Callable[[str], bool]:
    if streams:
        return {stream.name for stream in streams}.__contains__
    prefix = request.get("logStreamNamePrefix", "")
    return lambda name: name.startswith(prefix)


def _found(event: Event) -> dict[str, Any]:
    return {
        "logStreamName": event.stream,
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingested,
        "eventId": event.text_id,
    }
