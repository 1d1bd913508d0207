"""CreateLogStream, DeleteLogStream, DescribeLogStreams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, between, under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.logs.access import on_group, on_stream
from atoll.services.logs.errors import InvalidParameterException, ResourceAlreadyExistsException
from atoll.services.logs.groups import HIGHEST
from atoll.services.logs.names import group_arn, group_name
from atoll.services.logs.paging import read_token, token
from atoll.services.logs.store import (
    STREAM_BITS,
    STREAMS,
    Stream,
    find_stream,
    get_group,
    get_stream,
    key,
    put_stream,
)

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        CreateLogStreamRequestTypeDef,
        DeleteLogStreamRequestTypeDef,
        DescribeLogStreamsRequestTypeDef,
    )


@operation("CreateLogStream", access=[on_stream("CreateLogStream")])
async def create_log_stream(ctx: Context, request: CreateLogStreamRequestTypeDef) -> None:
    """docs: API_CreateLogStream. Raises ResourceAlreadyExistsException, ResourceNotFoundException."""
    stream = Stream(
        id=ctx.ids.random.getrandbits(STREAM_BITS), name=request["logStreamName"], created=int(ctx.clock.now() * 1000)
    )

    def create(tx: Transaction) -> None:
        group = get_group(tx, ctx, request["logGroupName"])
        if find_stream(tx, ctx, group, stream.name):
            raise ResourceAlreadyExistsException("The specified log stream already exists")
        put_stream(tx, ctx, group, stream, None)

    await ctx.store.transact(create)


@operation("DeleteLogStream", access=[on_stream("DeleteLogStream")])
async def delete_log_stream(ctx: Context, request: DeleteLogStreamRequestTypeDef) -> None:
    """docs: API_DeleteLogStream. The stream is gone at once; its lines are removed by a task."""
    task_id = ctx.ids.uuid()

    def delete(tx: Transaction) -> None:
        group = get_group(tx, ctx, request["logGroupName"])
        stream = get_stream(tx, ctx, group, request["logStreamName"])
        tx.delete(key(ctx, "stream", group.id, stream.name))
        tx.delete(key(ctx, "recent", group.id, stream.last or 0, stream.name))
        state = {"group": group.id, "stream": stream.id}
        tasks.start(tx, task_id, "logs.reap", ctx.account, ctx.region, state)

    await ctx.store.transact(delete)


@operation("DescribeLogStreams", access=[on_group("DescribeLogStreams")])
async def describe_log_streams(ctx: Context, request: DescribeLogStreamsRequestTypeDef) -> dict[str, Any]:
    """docs: API_DescribeLogStreams. By name, or by the time of the last event."""
    name, prefix = group_name(ctx, request), request.get("logStreamNamePrefix", "")
    by_time = request.get("orderBy") == "LastEventTime"
    if by_time and prefix:
        raise InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")
    limit, reverse = request.get("limit", 50), bool(request.get("descending"))
    after = read_token(request.get("nextToken"), list[str | int])

    def read(tx: Reader) -> tuple[list[Stream], Key | None]:
        group = get_group(tx, ctx, name)
        kind = "recent" if by_time else "stream"
        span = under(key(ctx, kind, group.id))
        if prefix:
            span = between(key(ctx, kind, group.id, prefix), key(ctx, kind, group.id, prefix + HIGHEST))
        if after is not None:
            last = key(ctx, kind, group.id, *after)
            span = span.before(last) if reverse else span.past(last)
        rows = list(tx.scan(span, limit=limit + 1, reverse=reverse))
        found = [STREAMS.decode(raw) if not by_time else get_stream(tx, ctx, group, str(at[-1])) for at, raw in rows]
        return found[:limit], rows[limit - 1][0][5:] if len(rows) > limit else None

    page, last = await ctx.store.read(read)
    return {
        "logStreams": [_described(ctx, name, stream) for stream in page],
        "nextToken": token(list(last)) if last else None,
    }


def _described(ctx: Context, group: str, stream: Stream) -> dict[str, Any]:
    return {
        "logStreamName": stream.name,
        "creationTime": stream.created,
        "firstEventTimestamp": stream.first,
        "lastEventTimestamp": stream.last,
        "lastIngestionTime": stream.ingested,
        "uploadSequenceToken": f"{49}{stream.id:054d}" if stream.last is not None else None,
        "arn": f"{group_arn(ctx, group)}:log-stream:{stream.name}",
        "storedBytes": 0,
    }
