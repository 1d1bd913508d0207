"""The command line (Typer + Rich). One file per command group; heavy imports wait until a command needs them."""

from __future__ import annotations

from typing import Annotated

import typer

from atoll import __version__
from atoll.cli import clock, doctor, iam, inspect, lifecycle, logs, mail, programs, reset, runtimes, why
from atoll.cli.output import out

app = typer.Typer(
    name="atoll",
    help="A cloud region of your own: serverless systems built for AWS, on this machine.",
    no_args_is_help=True,
    add_completion=False,
    suggest_commands=False,  # click does too, and twice is once too often
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(f"Atoll {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of no command."""


lifecycle.register(app)
inspect.register(app)
logs.register(app)
clock.register(app)
mail.register(app)
reset.register(app)
why.register(app)
iam.register(app)
programs.register(app)
runtimes.register(app)
doctor.register(app)
