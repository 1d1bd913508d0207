"""Where functions' log lines go: to CloudWatch Logs, as the function's role, so that a role that may not write logs writes none.

The group is made when it is missing, like the stream, by the role itself: on AWS too a role needs logs:CreateLogGroup for that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import AccessDenied, ServiceError
from atoll.kernel.service import Host
from atoll.lambda_runtime.spec import FunctionSpec, LogEvent

log = logging.getLogger(__name__)

MAX_BYTES, MAX_EVENTS, OVERHEAD = 1_000_000, 10_000, 26
"""Below PutLogEvents' limit of 1,048,576 bytes a batch."""


class LogWriter:
    """A `lambda_runtime.spec.LogSink`. Whoever opens a session of a function's role tells it (`acts_as`)."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._sessions: dict[tuple[str, str], Principal] = {}
        self._silent: set[tuple[str, str]] = set()

    def acts_as(self, spec: FunctionSpec, session: Principal) -> None:
        """From now on the function's lines are written as `session`."""
        self._sessions[spec.arn, spec.role_arn] = session

    async def __call__(self, spec: FunctionSpec, stream: str, events: Sequence[LogEvent]) -> None:
        session = self._sessions.get((spec.arn, spec.role_arn))
        if session is None:
            log.warning("%s: %d log lines are lost: its role could not be assumed", spec.name, len(events))
            return
        ctx = self._host.context("lambda", spec.account, spec.region, session, f"logs of {spec.name}")
        shift = int(ctx.clock.offset * 1000)  # functions tell wall time, CloudWatch Logs judges by region time
        try:
            for batch in batches(events):
                lines = [{"timestamp": event.timestamp + shift, "message": event.message} for event in batch]
                await self._put(ctx, spec.log_group, stream, lines)
        except AccessDenied as error:
            self._say_once(spec, error)
        finally:
            ctx.span.end()

    async def _put(self, ctx: Context, group: str, stream: str, lines: list[dict[str, object]]) -> None:
        request = {"logGroupName": group, "logStreamName": stream, "logEvents": lines}
        try:
            await ctx.call("logs", "PutLogEvents", request)
        except ServiceError as error:
            if error.code != "ResourceNotFoundException":
                raise
            await self._create_stream(ctx, group, stream)
            await ctx.call("logs", "PutLogEvents", request)

    async def _create_stream(self, ctx: Context, group: str, stream: str) -> None:
        request = {"logGroupName": group, "logStreamName": stream}
        try:
            await ctx.call("logs", "CreateLogStream", request)
        except ServiceError as error:
            if error.code != "ResourceNotFoundException":
                raise
            try:
                await ctx.call("logs", "CreateLogGroup", {"logGroupName": group})
            except ServiceError as taken:  # another environment was first
                if taken.code != "ResourceAlreadyExistsException":
                    raise
            await ctx.call("logs", "CreateLogStream", request)

    def _say_once(self, spec: FunctionSpec, error: AccessDenied) -> None:
        if (spec.arn, spec.role_arn) not in self._silent:
            self._silent.add((spec.arn, spec.role_arn))
            log.warning("%s writes no logs: %s", spec.name, error.message)


def batches(events: Sequence[LogEvent]) -> Iterator[list[LogEvent]]:
    """The events in chronological batches that PutLogEvents takes. It takes no empty messages: they are left out."""
    batch: list[LogEvent] = []
    used = 0
    for event in sorted(filter(lambda event: event.message, events), key=lambda event: event.timestamp):
        size = len(event.message.encode(errors="replace")) + OVERHEAD
        if batch and (used + size > MAX_BYTES or len(batch) == MAX_EVENTS):
            yield batch
            batch, used = [], 0
        batch.append(event)
        used += size
    if batch:
        yield batch
