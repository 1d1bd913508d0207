"""atoll reset: deletes everything in a region, or in one of its accounts."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from atoll.cli.admin_api import ask
from atoll.cli.lifecycle import Port
from atoll.cli.output import REGION, fail, out
from atoll.cli.running import require


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(rich_help_panel=REGION)(reset)


def reset(
    account: Annotated[str | None, typer.Option(metavar="ID", help="Only this account (twelve digits).")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    port: Port = None,
) -> None:
    """Delete everything in the region, or in one account. It goes on running; its clock stays."""
    region = require(port)
    if not yes:
        if not sys.stdin.isatty():
            what = f"everything in account {account}" if account else "everything"
            fail(f"This deletes {what}, and there is nobody to ask.", "To do it all the same: --yes")
        if not _show_what_goes(ask(region, "/_atoll/accounts")["accounts"], account):
            out.print("Nothing is stored.")
            return
        typer.confirm(f"Delete all this from the region at {region.endpoint}?", abort=True)
    ask(region, "/_atoll/reset", {"account": account} if account is not None else {}, patience=None)
    out.print(f"Deleted everything in account {account}." if account else "Deleted everything. The region is as new.")


def _show_what_goes(accounts: dict[str, dict[str, int]], only: str | None) -> bool:
    """Prints what each account holds; says whether there is anything."""
    going = {name: held for name, held in accounts.items() if only in (None, name)}
    for name, held in going.items():
        out.print(f"[bold]account {name}[/]")
        for service, count in held.items():
            out.print(f"  {service:<12} {count}{'+' if count >= 100 else ''} record{'s' if count != 1 else ''}")
    return bool(going)
