"""Access logs: a line per answered request, in the format of the stage's owner, to CloudWatch Logs. Execution logs go the same way.

Lines are written off the request's path, many at once. The log group must be there; the stream is made. Whoever configures the log of
an HTTP API allows AWS's delivery to write there, so it is written by the account itself; those of REST and WebSocket APIs are written
under the role in the account's settings. docs: "Configure logging for HTTP APIs", "Set up CloudWatch logging for REST APIs".
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import md5
from typing import NamedTuple

from atoll.api_runtime import serving, variables
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.visit import Visit
from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import ServiceError
from atoll.kernel.log_events import LogEvent, batches
from atoll.kernel.service import Host

log = logging.getLogger(__name__)

GATHER = 0.1
"""Seconds of real time for which lines are gathered before they are written."""
AT_ONCE = 500
"""Lines that are written without a pause: more than a busy stage has in that time, but a second's of execution logs are thousands."""
TOLD = 1000
"""How many places that could not be written are remembered, so that each is told of once."""
_NAME = r"context\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_:-]*[A-Za-z0-9_])*"
_VARIABLE = re.compile(rf"\$(?:({_NAME})|\{{({_NAME})\}})")
_GROUP = re.compile(r"arn:[^:]+:logs:([^:]+):([0-9]+):log-group:([^:]+)(?::\*)?")


class Place(NamedTuple):
    """Where lines go: a log group of an account, and a stream in it. `kind` is of the API that they are of; `makes_group` says that the
    group is API Gateway's own to make."""

    account: str
    region: str
    group: str
    stream: str
    kind: serving.Kind
    makes_group: bool = False


class AccessLogs:
    """Writes the access logs of every kind of API."""

    def __init__(self, host: Host, roles: Roles) -> None:
        self._host = host
        self._roles = roles
        self._pending: dict[Place, list[LogEvent]] = {}
        self._writing = asyncio.Lock()
        self._later: asyncio.Task[None] | None = None
        self._told: set[Place] = set()
        host.kernel.clock.settle_with(self._settle)

    def note(self, visit: Visit) -> None:
        """Keeps the line about an answered visit, if its stage logs them."""
        access_log = visit.settings.access_log
        if access_log is None or (place := _place(visit, access_log.destination)) is None:
            return
        self._add(place, visit, [render(access_log.format, visit)])

    def note_execution(self, visit: Visit, lines: Sequence[str]) -> None:
        """Keeps the lines of the execution log about a visit."""
        api, group = visit.api, f"API-Gateway-Execution-Logs_{visit.api_id}/{visit.stage}"
        place = Place(api.account, api.region, group, _stream(visit.api_id, visit.stage), api.kind, makes_group=True)
        self._add(place, visit, [f"({visit.request_id}) {line}" for line in lines])

    def _add(self, place: Place, visit: Visit, lines: Sequence[str]) -> None:
        self._pending.setdefault(place, []).extend(LogEvent(int(visit.time * 1000), line) for line in lines)
        if self._later is None:
            self._later = asyncio.create_task(self._write_later(), name="access logs")

    async def flush(self) -> None:
        """Writes what has been noted so far."""
        async with self._writing:
            pending, self._pending = self._pending, {}
            for place, lines in pending.items():
                for start in range(0, len(lines), AT_ONCE):
                    await self._write(place, lines[start : start + AT_ONCE])

    async def close(self) -> None:
        """Writes what is left."""
        await self.flush()
        if self._later is not None:
            self._later.cancel()

    async def _settle(self) -> str | None:
        if not self._pending and not self._writing.locked():
            return None
        await self.flush()
        return "access logs"

    async def _write_later(self) -> None:
        while self._pending:
            await self._host.kernel.clock.wall_sleep(GATHER)
            await self.flush()
        self._later = None

    async def _write(self, place: Place, lines: Sequence[LogEvent]) -> None:
        """Writes lines, or says once why they cannot be."""
        root = Principal.root(place.account)
        ctx = self._host.context("apigateway", place.account, place.region, root, f"access log {place.group}")
        try:
            with ctx.span:
                writer = root if place.kind == "HTTP" else await self._writer(ctx)
                for batch in batches(lines):
                    await _put(ctx, place, writer, batch)
        except ServiceError as error:
            if place not in self._told:
                if len(self._told) >= TOLD:
                    self._told.clear()  # and say some of it again
                self._told.add(place)
                log.warning("no access log in %s: %s: %s", place.group, error.code, error.message)
        except Exception:
            log.exception("%d lines for the access log %s are lost", len(lines), place.group)
        else:
            self._told.discard(place)

    async def _writer(self, ctx: Context) -> Principal:
        """Who writes for REST and WebSocket APIs. Raises ServiceErrors."""
        role = (await ctx.call("apigateway", "GetAccount", {})).get("cloudwatchRoleArn")
        if not role:
            raise ServiceError("CloudWatch Logs role ARN must be set in account settings to enable logging")
        return await self._roles.session(ctx, role)


async def _put(ctx: Context, place: Place, writer: Principal, lines: Sequence[LogEvent]) -> None:
    """Raises ServiceErrors."""
    stream = {"logGroupName": place.group, "logStreamName": place.stream}
    events = [{"timestamp": line.timestamp, "message": line.message} for line in lines]
    try:
        await ctx.call("logs", "PutLogEvents", {**stream, "logEvents": events}, principal=writer)
    except ServiceError as error:
        if error.code != "ResourceNotFoundException":
            raise
        if place.makes_group:
            await _make_group(ctx, place, writer)
        await ctx.call("logs", "CreateLogStream", stream, principal=writer)
        await ctx.call("logs", "PutLogEvents", {**stream, "logEvents": events}, principal=writer)


async def _make_group(ctx: Context, place: Place, writer: Principal) -> None:
    """Makes the log group where it is not there. Raises ServiceErrors."""
    try:
        await ctx.call("logs", "CreateLogGroup", {"logGroupName": place.group}, principal=writer)
    except ServiceError as error:
        if error.code != "ResourceAlreadyExistsException":
            raise


def _place(visit: Visit, destination: str) -> Place | None:
    found = _GROUP.fullmatch(destination)
    if found is None:
        return None
    return Place(found[2], found[1], found[3], _stream(visit.api_id, visit.stage), visit.api.kind)


@lru_cache(maxsize=1024)
def _stream(api_id: str, stage: str) -> str:
    """A log stream's name: AWS's are opaque, and of this form."""
    return md5(f"{api_id}/{stage}".encode(), usedforsecurity=False).hexdigest()


def render(format_: str, visit: Visit) -> str:
    """A line: the format with values in place of its variables, "-" for what has none."""
    literals, names = _compiled(format_)
    parts = [literals[0]]
    for name, literal in zip(names, literals[1:], strict=True):
        parts += (variables.text(variables.value(visit, name)) or "-", literal)
    return "".join(parts)


@lru_cache(maxsize=256)
def _compiled(format_: str) -> tuple[list[str], list[str]]:
    """The literal parts of a format, and the variables between them."""
    pieces = _VARIABLE.split(format_)
    names = [
        (plain or braced).removeprefix("context.") for plain, braced in zip(pieces[1::3], pieces[2::3], strict=True)
    ]
    return pieces[::3], names
