"""What commands print: to people through Rich, to scripts as bare lines; errors as one line and exit code 1."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

REGION, WITHIN, CLIENTS, MACHINE = "The region", "What is in it", "Clients of it", "This machine"
"""Under which headings `atoll --help` lists the commands."""

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str, hint: str = "") -> NoReturn:
    """Ends the command: one line that says what is wrong, and perhaps one that says what helps."""
    err.print(f"[bold red]error:[/] {escape(message)}")
    if hint:
        err.print(f"[dim]{escape(hint)}[/]")
    raise typer.Exit(1)


def plain(text: str) -> str:
    """A text that came from elsewhere, for `out`: neither markup nor what moves a terminal's cursor has an effect."""
    return escape(printable(text))


def printable(text: str) -> str:
    """Likewise for `fail`, which escapes markup itself."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def atoll() -> str:
    """This program as the user can type it: by its name where the shell finds it, else as it was called (.venv/bin/atoll)."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return "python -m atoll"
    found = shutil.which("atoll")
    return "atoll" if found and Path(found).resolve() == called.resolve() else str(called)
