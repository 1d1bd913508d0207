"""atoll iam least-privilege: the policy that a role needs, from the calls that were really made under it."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from atoll.cli.admin_api import ask
from atoll.cli.lifecycle import Port
from atoll.cli.output import err, fail, plain
from atoll.cli.policy_formats import Format, written
from atoll.cli.running import Running, client, require
from atoll.cli.why import Json

INLINE_QUOTA = 10_240
PATIENCE = 60.0
"""Seconds: a thousand calls, each replayed against a policy that names a thousand resources, take half a second of a free processor."""
MOST_NAMED = 5
"""So many actions or resources are named in one line; --json names all."""
PATH = "/_atoll/least-privilege"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("least-privilege")(least_privilege)


def least_privilege(
    role: Annotated[str, typer.Argument(help="The role's name, in the account of your credentials, or its ARN.")],
    form: Annotated[Format, typer.Option("--format", help="How to write the policy.")] = "json",
    verify: Annotated[bool, typer.Option("--verify", help="Replay the recorded calls against it.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Afterwards begin recording anew.")] = False,
    as_json: Json = False,
    port: Port = None,
) -> None:
    """Write the smallest policy that allows what a role has really done here, and name what of its policies was never used.

    The policy goes to standard output, all else to standard error. Ends with 1 if --verify finds a call that it would deny.
    """
    region = require(port)
    account, name = _place(region, role)
    found = ask(region, f"{PATH}/{account}/{quote(name, safe='')}", patience=PATIENCE)
    if found["policy"] is None:
        fail(f"No call of {found['role']} is recorded yet.", _recording(found))
    if as_json:
        print(json.dumps(found, indent=2))  # noqa: T201  for a program to read
    else:
        print(written(found["policy"], name, form), end="")  # noqa: T201  for a file
        _remarks(found)
    if forget:
        ask(region, PATH, {"forget": found["role"]})
    if verify:
        _verified(found)


def _place(region: Running, role: str) -> tuple[str, str]:
    """The role's account and name."""
    if role.startswith("arn:"):
        parts = role.split(":")
        if len(parts) != 6 or not parts[5].startswith("role/"):
            fail(f"{role} is no ARN of a role.", "Such are: arn:aws:iam::123456789012:role/name")
        return parts[4], role.rpartition("/")[2]
    with client(region, "sts") as sts:
        return sts.get_caller_identity()["Account"], role


def _recording(found: dict[str, Any]) -> str:
    if found["recording"]:
        return "Run what uses it against this region, then ask again."
    return "The region was started with --no-record-calls: it notes nothing."


def _remarks(found: dict[str, Any]) -> None:
    calls = len(found["calls"])
    err.print(
        f"[dim]From {calls} action{'s' if calls > 1 else ''} on resources that {plain(found['role'])} was seen to use.[/]"
    )
    _excess(found["unused"])
    if found["denies"]:
        one = found["denies"] == 1
        many = (
            "statement of its present policies is"
            if one
            else f"statements of its present policies ({found['denies']}) are"
        )
        err.print(f"[dim]The Deny {many} not in it: keep {'it' if one else 'them'}.[/]")
    if found["lost"]:
        err.print(f"[yellow]{found['lost']} calls more found no room in the recording: the policy may lack them.[/]")
    if found["size"] > INLINE_QUOTA:
        err.print(
            f"[yellow]It is longer ({found['size']} characters) than an inline policy may be ({INLINE_QUOTA}).[/]"
        )
    if not found["recording"]:
        err.print("[yellow]The region was started with --no-record-calls: nothing is added to the recording.[/]")


def _excess(unused: list[dict[str, Any]]) -> None:
    """What the role's present policies grant beside what was used."""
    _listed("Granted today and never used:", [(one, _idle(one)) for one in unused if one["patterns"]])
    _listed("Wildcards that grant more than was used:", _wildcards(unused, "partly"))
    _listed("Resources that were never used:", [(one, _few(one["resources"])) for one in unused if one["resources"]])
    _listed("Resources that were used only in part:", _wildcards(unused, "wide"))


def _listed(title: str, lines: list[tuple[dict[str, Any], str]]) -> None:
    if lines:
        err.print(f"[bold]{title}[/]")
    for one, text in lines:
        err.print(f"  {_place_of(one)}: {text}")


def _idle(one: dict[str, Any]) -> str:
    return plain(", ".join(one["patterns"])) + (" [dim](all of it)[/]" if one["all"] else "")


def _wildcards(unused: list[dict[str, Any]], member: str) -> list[tuple[dict[str, Any], str]]:
    """Each wildcard with what was used of it."""
    return [
        (one, f"{plain(written)} [dim]for {_few(used)}[/]") for one in unused for written, used in one[member].items()
    ]


def _few(texts: list[str]) -> str:
    more = f" and {len(texts) - MOST_NAMED} more" if len(texts) > MOST_NAMED else ""
    return plain(", ".join(texts[:MOST_NAMED])) + more


def _place_of(one: dict[str, Any]) -> str:
    return f"{plain(one['policy'])}, statement {plain(one['statement'])}"


def _verified(found: dict[str, Any]) -> None:
    if not found["denied"]:
        count = sum(len(call["contexts"]) for call in found["calls"])
        err.print(
            f"[green]Verified:[/] the {count} recorded call{'s' if count > 1 else ''} would all be allowed by it."
        )
        return
    for call in found["denied"]:
        err.print(f"[bold red]would be denied:[/] {plain(call['action'])} on {plain(call['resource'])}")
    raise typer.Exit(1)
