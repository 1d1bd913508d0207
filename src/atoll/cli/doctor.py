"""atoll doctor: one screen that says what is there, what is missing, what needs it, and how to get it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from atoll.cli.output import MACHINE, fail, out
from atoll.config import ConfigError, Settings, settings

if TYPE_CHECKING:
    from atoll.cli.checks import Finding

MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "missing": "[bold red]✗[/]"}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(rich_help_panel=MACHINE)(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs to read.")] = False) -> None:
    """Show what this machine has and lacks for Atoll. Exit status 1 if Atoll cannot run."""
    try:
        chosen = settings()
    except ConfigError as error:
        fail(str(error))
    found = []
    for finding in _findings(chosen):
        found.append(finding)
        if not as_json:
            _show(finding)
    works = all(finding.status != "missing" for finding in found)
    if as_json:
        import msgspec

        print(msgspec.json.encode({"ok": works, "findings": [dataclasses.asdict(each) for each in found]}).decode())  # noqa: T201
    if not works:
        raise typer.Exit(1)


def _findings(chosen: Settings) -> Iterator[Finding]:
    from atoll.cli import checks

    yield from checks.atoll_itself()
    yield from checks.isolation()
    yield from checks.runtimes(chosen.cache_dir)
    yield from checks.programs()
    yield from checks.storage(chosen)
    yield from checks.port(chosen)
    yield from checks.regions()


def _show(finding: Finding) -> None:
    out.print(f"{MARKS[finding.status]} [bold]{finding.name:<14}[/] {escape(finding.detail)}")
    if finding.needed_by:
        get = f"  →  {finding.get}" if finding.get else ""
        out.print(f"  {'':<14} [dim]for {escape(finding.needed_by + get)}[/]")
