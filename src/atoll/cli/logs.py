"""atoll logs."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from atoll.cli.lifecycle import Port
from atoll.cli.output import fail, out
from atoll.cli.running import client, require

POLL = 0.5
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
    import botocore.exceptions

    service = client(require(port), "logs")
    seen: set[str] = set()
    since = 0
    try:
        while True:
            try:
                since = _print_new(service, function, seen, since)
            except service.exceptions.ResourceNotFoundException:
                if not follow:
                    fail(
                        f"The function {function} has written no log yet.",
                        "It does with its first call, if its role allows logs:*.",
                    )
            if not follow:
                return
            time.sleep(POLL)  # noqa: TID251  a command waits in real time
    except KeyboardInterrupt:
        return
    except botocore.exceptions.EndpointConnectionError:
        fail("The region has gone.")


def _print_new(service: Any, function: str, seen: set[str], since: int) -> int:
    """Prints the events from `since` (ms) that are not in `seen`; returns where to go on."""
    pages = service.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}", startTime=since)
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
