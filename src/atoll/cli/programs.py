"""atoll terraform, aws: the real programs, with what points them at the region and nothing else. They take over this process: their
exit status, their input and the terminal are theirs."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import typer

from atoll.cli.output import CLIENTS, fail
from atoll.cli.running import Running, client_environment, require
from atoll.config import environment


def register(app: typer.Typer) -> None:
    """Adds the commands. Whatever follows them is for the program, `--help` too."""
    for command in (terraform, aws):
        app.command(
            context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
            add_help_option=False,
            rich_help_panel=CLIENTS,
        )(command)


def terraform(ctx: typer.Context) -> None:
    """Run terraform against the region: atoll terraform apply."""
    program = _found("terraform", "https://developer.hashicorp.com/terraform/install")
    _become(program, require(None), ctx.args)


def aws(ctx: typer.Context) -> None:
    """Run the aws CLI against the region: atoll aws dynamodb list-tables."""
    program = _found("aws", "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html")
    region = require(None)
    # Said as an option too: old versions do not know the variable and would call AWS, and a profile could override it.
    _become(program, region, ["--endpoint-url", region.endpoint, *ctx.args])


def _found(name: str, where: str) -> str:
    program = shutil.which(name)
    if program is None:
        fail(f"{name} is not installed (or not on PATH).", where)
    return program


def _become(program: str, region: Running, arguments: list[str]) -> NoReturn:
    os.execve(program, [program, *arguments], {**environment(), **client_environment(region)})  # noqa: S606
