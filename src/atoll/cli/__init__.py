"""The command line (Typer + Rich). One file per command group; heavy imports wait until a command needs them."""

from __future__ import annotations

import typer

from atoll.cli import inspect, lifecycle, logs, terraform

app = typer.Typer(
    name="atoll",
    help="A cloud region of your own: serverless systems built for AWS, on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
lifecycle.register(app)
inspect.register(app)
logs.register(app)
terraform.register(app)
