"""atoll logs."""

from __future__ import annotations

import contextlib
import heapq
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from atoll.cli.inspect import Api, apis
from atoll.cli.lifecycle import Port
from atoll.cli.output import WITHIN, err, fail, out
from atoll.cli.running import Running, client, require

POLL = 0.5
FUNCTIONS, EXECUTIONS = "/aws/lambda/", "API-Gateway-Execution-Logs_"
PLATFORM = ("INIT_START", "START", "END", "REPORT")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(rich_help_panel=WITHIN)(logs)


def logs(
    name: Annotated[str, typer.Argument(help="A function's name, an API's name or id, or a log group with a / in it.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
    port: Port = None,
) -> None:
    """Show a function's log, or what an API's stages log."""
    region = require(port)
    called = [] if "/" in name else [api for api in apis(region) if name in (api.name, api.id)]
    with client(region, "logs") as service, contextlib.suppress(KeyboardInterrupt):
        reading = Reading(service, name, called)
        reading.show()
        if not reading.since and not follow:
            fail(*_nothing(region, service, name, called))
        if not reading.since:
            err.print(f"[dim]Waiting for the first call of {escape(name)} …  Ctrl-C ends.[/]")
        while follow:
            time.sleep(POLL)  # noqa: TID251  a command waits in real time
            reading.show()


@dataclass
class Reading:
    """The log groups of what has a name, as far as they were shown."""

    service: Any
    name: str
    called: list[Api]
    since: dict[str, int] = field(default_factory=dict)
    """Of each group that is there: when its latest event was (ms)."""
    seen: set[str] = field(default_factory=set)

    def show(self) -> None:
        """Prints the events that are new, in their order."""
        for event in heapq.merge(*map(self._new, self._groups()), key=lambda event: event["timestamp"]):
            moment = datetime.fromtimestamp(event["timestamp"] / 1000).strftime("%H:%M:%S.%f")[:-3]  # noqa: DTZ006  the reader's own time
            message = escape(event["message"].rstrip("\n"))
            style = "dim" if message.startswith(PLATFORM) else "red" if "ERROR" in message else "default"
            out.print(f"[dim]{moment}[/]  [{style}]{message}[/]")

    def _groups(self) -> Iterator[str]:
        yield self.name if "/" in self.name else FUNCTIONS + self.name
        for api in self.called:
            yield from api.access_logs
            yield from groups(self.service, f"{EXECUTIONS}{api.id}/")

    def _new(self, group: str) -> Iterator[dict[str, Any]]:
        with contextlib.suppress(self.service.exceptions.ResourceNotFoundException):
            pages = self.service.get_paginator("filter_log_events")
            for page in pages.paginate(logGroupName=group, startTime=self.since.get(group, 0)):
                self.since.setdefault(group, 0)
                for event in page["events"]:
                    if event["eventId"] not in self.seen:
                        self.seen.add(event["eventId"])
                        self.since[group] = max(self.since[group], event["timestamp"])
                        yield event


def groups(service: Any, prefix: str) -> list[str]:
    """The log groups whose names begin so."""
    pages = service.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def _nothing(region: Running, service: Any, name: str, called: list[Api]) -> tuple[str, str]:
    """What to say where there is no log, and what helps."""
    if "/" in name:
        return f"There is no log group {name}.", ""
    if called:
        why = region.log or "where atoll up runs"
        return (
            f"The API {name} has logged nothing.",
            "A stage does with accessLogSettings; one of a REST or WebSocket API also with a loggingLevel.\n"
            f"Why a call failed is in the region's own log: {why}",
        )
    names = ", ".join(group.removeprefix(FUNCTIONS) for group in groups(service, FUNCTIONS))
    having = f"Those that have a log: {names}." if names else ""
    if not _is_function(region, name):
        return f"There is no function and no API called {name}, and no log of one.", having
    return (
        f"The function {name} has written no log yet.",
        f"It does with its first call, if its role allows logs:*. {having}".rstrip(),
    )


def _is_function(region: Running, name: str) -> bool:
    with client(region, "lambda") as functions:
        with contextlib.suppress(functions.exceptions.ResourceNotFoundException):
            return bool(functions.get_function_configuration(FunctionName=name))
        return False
