"""atoll runtimes: which program serves which runtime, and what some of them need beside it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from atoll.cli.output import MACHINE, atoll, fail, out
from atoll.config import ConfigError, Settings, settings


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="What runs functions on this machine.", no_args_is_help=True)
    group.command("list")(show)
    group.command()(install)
    app.add_typer(group, name="runtimes", rich_help_panel=MACHINE)


def show() -> None:
    """Show which program serves which runtime."""
    from atoll.cli import checks

    marks = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "missing": "[bold red]✗[/]"}
    for finding in checks.runtimes(_settings().cache_dir):
        out.print(f"{marks[finding.status]} {finding.name:<14}", end=" ")
        out.print(finding.detail, markup=False)


def install(
    language: Annotated[
        str, typer.Argument(help="nodejs: the AWS SDK for JavaScript v3, from Atoll's lock file, with npm.")
    ],
) -> None:
    """Install what functions of a language find beside their own packages. Does nothing where it is there."""
    from rich.progress import Progress, TimeElapsedColumn

    from atoll.lambda_runtime.errors import RuntimeUnavailable
    from atoll.lambda_runtime.runtimes import node_sdk

    if language != "nodejs":
        fail(
            f"There is nothing to install for {language}.",
            f"For Node.js there is: {atoll()} runtimes install nodejs. Which programs serve: {atoll()} runtimes list",
        )
    cache_dir = _settings().cache_dir / "runtimes"
    if (there := node_sdk.installed(cache_dir)) is None:
        try:
            with Progress(
                *Progress.get_default_columns(), TimeElapsedColumn(), console=out, transient=True
            ) as progress:
                bar = progress.add_task("The AWS SDK for JavaScript (once, about 130 MB)", total=node_sdk.packages())
                there = asyncio.run(node_sdk.install(cache_dir, lambda: progress.advance(bar)))
        except (RuntimeUnavailable, OSError) as error:
            fail(str(error))
    out.print("The AWS SDK for JavaScript is installed:", there, markup=False)


def _settings() -> Settings:
    try:
        return settings()
    except ConfigError as error:
        fail(str(error))
