"""atoll clock: shows region time, and moves it forward."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from atoll.cli.admin_api import ask
from atoll.cli.lifecycle import Port
from atoll.cli.output import REGION, err, out
from atoll.cli.running import require

SHOWN = 5

clock = typer.Typer(help="Show region time, or move it forward.", invoke_without_command=True, no_args_is_help=False)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.add_typer(clock, name="clock", rich_help_panel=REGION)


@clock.callback()
def show(ctx: typer.Context, port: Port = None) -> None:
    """Show region time, or move it forward: schedules, expiry and retries follow it."""
    ctx.obj = port
    if ctx.invoked_subcommand is None:
        _show(ask(require(port), "/_atoll/clock"))


@clock.command()
def advance(
    ctx: typer.Context,
    by: Annotated[str, typer.Argument(metavar="AMOUNT", help="How far: 90 (seconds), 90m, 1h30m, 2d or PT1H30M.")],
    port: Port = None,
) -> None:
    """Move region time forward; what becomes due is done when this returns."""
    _move(port or ctx.obj, {"advance": by})


@clock.command("set")
def set_to(
    ctx: typer.Context,
    to: Annotated[str, typer.Argument(metavar="TIME", help="2027-01-01, 2027-01-01T08:00:00Z, or seconds since 1970.")],
    port: Port = None,
) -> None:
    """Move region time forward to a moment. It never goes backward."""
    _move(port or ctx.obj, {"set": to})


def _move(port: int | None, body: dict[str, str]) -> None:
    region = require(port)
    with err.status("Moving region time, and doing what becomes due …"):
        moved = ask(region, "/_atoll/clock", body, patience=None)
    _show(moved)


def _show(facts: dict[str, Any]) -> None:
    ahead = f"{_amount(facts['offset'])} ahead of this machine" if facts["offset"] >= 1 else "this machine's time"
    out.print(f"[bold]{_readable(facts['region_time'])}[/]  [dim]({ahead})[/]")
    for due in facts["due"][:SHOWN]:
        out.print(f"  in {_amount(due['in'])}  {escape(due['what'])}")
    if not facts["due"]:
        out.print("[dim]  Nothing is due.[/]")


def _readable(moment: str) -> str:
    return f"{moment[:10]} {moment[11:19]} UTC"


def _amount(seconds: float) -> str:
    """`1d 2h`, `3m 20s`, `4s`: the two largest parts."""
    parts = []
    left = max(0, round(seconds))
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{letter}")
    return " ".join(parts[:2]) or "0s"
