"""atoll iam: what a workload may not do (audit), and the least that a role must be allowed (least-privilege)."""

from __future__ import annotations

import typer

from atoll.cli import audit, least_privilege
from atoll.cli.output import WITHIN

iam = typer.Typer(help="Find what a workload may not do, and the least that a role needs.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    audit.register(iam)
    least_privilege.register(iam)
    app.add_typer(iam, name="iam", rich_help_panel=WITHIN)
