"""atoll terraform: the real terraform with the environment that points its AWS provider here, and nothing else."""

from __future__ import annotations

import os
import shutil

import typer

from atoll.cli.output import fail
from atoll.cli.running import client_environment, require
from atoll.config import environment


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
        add_help_option=False,
    )(terraform)


def terraform(ctx: typer.Context) -> None:
    """Run terraform against the region: atoll terraform apply."""
    program = shutil.which("terraform")
    if program is None:
        fail("terraform is not installed (or not on PATH).", "https://developer.hashicorp.com/terraform/install")
    region = require(None)
    os.execve(program, ["terraform", *ctx.args], {**environment(), **client_environment(region)})  # noqa: S606
