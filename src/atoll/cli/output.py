"""What commands print: to people through Rich, to scripts as bare lines; errors as one line and exit code 1."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str, hint: str = "") -> NoReturn:
    """Ends the command: one line that says what is wrong, and perhaps one that says what helps."""
    err.print(f"[bold red]error:[/] {message}")
    if hint:
        err.print(f"[dim]{hint}[/]")
    raise typer.Exit(1)
