"""Where functions' log lines go: to CloudWatch Logs, as the function's role, so that a role that may not write logs writes none.

The group is made when it is missing, like the stream, by the role itself: on AWS too a role needs logs:CreateLogGroup for that.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import AccessDenied, ServiceError
from atoll.kernel.log_events import LogEvent, batches
from atoll.kernel.service import Host
from atoll.lambda_runtime.spec import FunctionSpec

log = logging.getLogger(__name__)


class LogWriter:
    """A `lambda_runtime.spec.LogSink`. Whoever opens a session of a function's role tells it (`acts_as`), and that an account was
    emptied (`forget`): lines of what is gone must not make its log group again."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._sessions: dict[tuple[str, str], Principal] = {}
        self._silent: set[tuple[str, str]] = set()

    def acts_as(self, spec: FunctionSpec, session: Principal) -> None:
        """From now on the function's lines are written as `session`."""
        self._sessions[spec.arn, spec.role_arn] = session

    def forget(self, account: str | None) -> None:
        """Writes no lines of the account's functions (None: of any) until they are given a session anew."""
        for place in [place for place, session in self._sessions.items() if account in (None, session.account)]:
            del self._sessions[place]

    async def __call__(self, spec: FunctionSpec, stream: str, events: Sequence[LogEvent]) -> None:
        session = self._sessions.get((spec.arn, spec.role_arn))
        if session is None:
            return
        ctx = self._host.context("lambda", spec.account, spec.region, session, f"logs of {spec.name}")
        shift = int(ctx.clock.lead * 1000)  # functions tell wall time, CloudWatch Logs judges by region time
        try:
            for batch in batches(events):
                lines = [{"timestamp": event.timestamp + shift, "message": event.message} for event in batch]
                await self._put(ctx, spec, stream, lines)
        except AccessDenied as error:
            self._say_once(spec, error)
        finally:
            ctx.span.end()

    async def _put(self, ctx: Context, spec: FunctionSpec, stream: str, lines: list[dict[str, object]]) -> None:
        request = {"logGroupName": spec.log_group, "logStreamName": stream, "logEvents": lines}
        try:
            await ctx.call("logs", "PutLogEvents", request)
        except ServiceError as error:
            if error.code != "ResourceNotFoundException":
                raise
            if await self._create_stream(ctx, spec, stream):
                await ctx.call("logs", "PutLogEvents", request)

    async def _create_stream(self, ctx: Context, spec: FunctionSpec, stream: str) -> bool:
        """Makes the stream and perhaps its group; says whether it did. Not for a function that was forgotten meanwhile."""
        if self._is_forgotten(spec):
            return False
        request = {"logGroupName": spec.log_group, "logStreamName": stream}
        try:
            await ctx.call("logs", "CreateLogStream", request)
        except ServiceError as error:
            if error.code != "ResourceNotFoundException":
                raise
            if self._is_forgotten(spec):
                return False
            try:
                await ctx.call("logs", "CreateLogGroup", {"logGroupName": spec.log_group})
            except ServiceError as taken:  # another environment was first
                if taken.code != "ResourceAlreadyExistsException":
                    raise
            await ctx.call("logs", "CreateLogStream", request)
        return True

    def _is_forgotten(self, spec: FunctionSpec) -> bool:
        return (spec.arn, spec.role_arn) not in self._sessions

    def _say_once(self, spec: FunctionSpec, error: AccessDenied) -> None:
        if (spec.arn, spec.role_arn) not in self._silent:
            self._silent.add((spec.arn, spec.role_arn))
            log.warning("%s writes no logs: %s", spec.name, error.message)
