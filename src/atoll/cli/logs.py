"""atoll logs."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from atoll.cli.lifecycle import Port
from atoll.cli.output import err, fail, out
from atoll.cli.running import client, require

POLL = 0.5
GROUPS = "/aws/lambda/"
PLATFORM = ("INIT_START", "START", "END", "REPORT")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(logs)


def logs(
    function: Annotated[str, typer.Argument(help="The function's name.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
    port: Port = None,
) -> None:
    """Show the log of a Lambda function."""
    with client(require(port), "logs") as service, contextlib.suppress(KeyboardInterrupt):
        _show(service, function, follow)


def _show(service: Any, function: str, follow: bool) -> None:
    seen: set[str] = set()
    since = 0
    waiting = False
    while True:
        try:
            since = _print_new(service, function, seen, since)
        except service.exceptions.ResourceNotFoundException:
            if not follow:
                fail(f"The function {function} has written no log yet.", _who_has(service))
            if not waiting:
                err.print(f"[dim]Waiting for the first call of {escape(function)} …  Ctrl-C ends.[/]")
                waiting = True
        if not follow:
            return
        time.sleep(POLL)  # noqa: TID251  a command waits in real time


def _who_has(service: Any) -> str:
    pages = service.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=GROUPS)
    names = [group["logGroupName"].removeprefix(GROUPS) for page in pages for group in page["logGroups"]]
    return "It does with its first call, if its role allows logs:*." + (
        f" Those that have: {', '.join(names)}." if names else ""
    )


def _print_new(service: Any, function: str, seen: set[str], since: int) -> int:
    """Prints the events from `since` (ms) that are not in `seen`; returns where to go on."""
    pages = service.get_paginator("filter_log_events").paginate(logGroupName=GROUPS + function, startTime=since)
    for page in pages:
        for event in page["events"]:
            if event["eventId"] in seen:
                continue
            seen.add(event["eventId"])
            since = max(since, event["timestamp"])
            moment = datetime.fromtimestamp(event["timestamp"] / 1000).strftime("%H:%M:%S.%f")[:-3]  # noqa: DTZ006  the reader's own time
            message = escape(event["message"].rstrip("\n"))
            style = "dim" if message.startswith(PLATFORM) else "red" if "ERROR" in message else "default"
            out.print(f"[dim]{moment}[/]  [{style}]{message}[/]")
    return since
