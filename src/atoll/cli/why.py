"""atoll why: what IAM decided about a request, by which policies, and the smallest statement that would allow it."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from atoll.cli.admin_api import AdminError, answer, ask
from atoll.cli.lifecycle import Port
from atoll.cli.output import WITHIN, atoll, fail, out, plain, printable
from atoll.cli.running import Running, require

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
TYPES = {
    "identity-based policy": "identity policy",
    "resource-based policy": "resource policy",
    "permissions boundary": "permissions boundary",
    "session policy": "session policy",
    "role trust policy": "trust policy",
}
VERBS = {"Allow": "allows", "Deny": "denies"}
OFFERED = 5
"""Requests that were denied of late, of those that the command has to offer."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(rich_help_panel=WITHIN)(why)


def why(
    request_id: Annotated[
        str | None,
        typer.Argument(
            help="What an answer's x-amzn-requestid header says. Without it: the latest request that was denied, and a list of others."
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show also the statements that are about something else.")
    ] = False,
    as_json: Json = False,
    port: Port = None,
) -> None:
    """Show why a request was allowed or denied, and what would allow it."""
    region = require(port)
    others: dict[str, str] = {}
    if request_id is None:
        denied = ask(region, "/_atoll/why")["denied"]
        if not denied:
            fail("No request was denied of late.", f"To ask about another: {atoll()} why REQUEST_ID")
        chosen = next((one for one in denied if one.get("status")), denied[0])  # what somebody was told comes first
        request_id = str(chosen["id"])
        others = _others(denied, chosen)
    found = _asked(region, request_id)
    if as_json:
        print(json.dumps(found, indent=2))  # noqa: T201  for a program to read
        return
    _show(found, every=every)
    if others:
        out.print(f"\n[bold]Denied of late, too[/] [dim]({atoll()} why ID)[/]")
    for text, other in list(others.items())[:OFFERED]:
        out.print(f"  [dim]{other}[/]  {plain(text)}")


def _others(denied: list[dict[str, Any]], chosen: dict[str, Any]) -> dict[str, str]:
    """What else was denied, the latest first: each once, with the id of its latest request."""
    others: dict[str, str] = {}
    for one in denied:
        for text in one["denied"]:
            if text not in chosen["denied"]:
                others.setdefault(text, one["id"])
    return others


def _asked(region: Running, request_id: str) -> Any:
    """What the region says of a request, or the end of the command, with those that it might have been."""
    try:
        return answer(region, f"/_atoll/why/{quote(request_id, safe='')}")
    except AdminError as error:
        denied = ask(region, "/_atoll/why")["denied"][:OFFERED]
        fail(str(error), "\n".join(["Denied of late:", *map(_line, denied)]) if denied else error.hint)


def _line(denied: dict[str, Any]) -> str:
    return f"  {denied['id']}  {printable(denied['name'])}, {denied['seconds_ago']:.0f} s ago"


def _show(found: dict[str, Any], *, every: bool) -> None:
    status = f"  {found['status']}" if found.get("status") else ""
    out.print(f"[bold]{plain(found['name'])}[/]{status}  [dim]{found['id']}, {found['seconds_ago']:.0f} s ago[/]")
    if error := found.get("error"):
        out.print(f"  {plain(error)}")
    for decision in found["decisions"]:
        out.print()
        _decision(decision, every=every)
    if note := found.get("note"):
        out.print(f"  {plain(note)}")


def _decision(told: dict[str, Any], *, every: bool) -> None:
    verdict = (
        "[green]allowed[/]"
        if told["allowed"]
        else "[yellow]would be denied[/]"
        if told.get("audited")
        else "[bold red]denied[/]"
    )
    out.print(f"{verdict}  [bold]{plain(told['action'])}[/] on {plain(told['resource'])}")
    _principal(told["principal"])
    out.print(f"  [bold]{plain(told['decision'])}[/]")
    for policy in told["policies"]:
        _policy(policy, every=every or told["allowed"])
    for absent in told["absent"]:
        out.print(f"  {TYPES[absent]}: there is none")
    if told["context"]:
        out.print("  [dim]condition values[/]")
    for key, values in sorted(told["context"].items()):
        out.print(f"    [dim]{plain(key)} = {plain(', '.join(values))}[/]")
    _remedy(told["remedy"])


def _principal(principal: dict[str, str]) -> None:
    out.print(f"  by {plain(principal['arn'])}")
    out.print(f"     [dim]{plain(principal['authenticated'])}[/]")
    if role := principal.get("role"):
        out.print(f"     [dim]session {plain(principal['session'])} of {plain(role)}[/]")
    if user := principal.get("user"):
        out.print(f"     [dim]on behalf of {plain(user)}[/]")
    if source := principal.get("source_arn"):
        out.print(f"     [dim]for {plain(source)}[/]")


def _policy(policy: dict[str, Any], *, every: bool) -> None:
    out.print(f"  {TYPES[policy['type']]} [bold]{plain(policy['name'])}[/] [dim]({policy['form']})[/]")
    others = 0
    for statement in policy["statements"]:
        if statement["decided"] or not statement["failed"] or statement["near"] or every:
            _statement(statement)
        else:
            others += 1
    if others:
        out.print(f"    [dim]{others} statement{'s' if others > 1 else ''} about something else (--all)[/]")


def _statement(statement: dict[str, Any]) -> None:
    sid = f" {plain(statement['sid'])}" if statement["sid"] else ""
    named = f"statement {statement['number']}{sid}"
    if not statement["failed"]:
        mark = "[bold]→[/]" if statement["decided"] else " "
        out.print(f"   {mark}{named} {VERBS[statement['effect']]} it")
        if statement["decided"]:
            _quote(statement["quoted"], "      ")
        return
    out.print(
        f"    {named} {'would ' if statement['near'] else 'does not '}{statement['effect'].lower()}"
        + (", but for" if statement["near"] else ":")
    )
    for failed in statement["failed"]:
        out.print(f"      {plain(_mismatch(failed))}")


def _mismatch(failed: dict[str, Any]) -> str:
    wants = json.dumps(failed["wants"])
    if failed["element"] != "Condition":
        return f"{failed['element']} {wants}: the request has {json.dumps(failed['had'])}"
    had = failed["had"]
    has = "the request has none" if not had else f"the request has {json.dumps(had if len(had) > 1 else had[0])}"
    return f"Condition {failed['operator']} {failed['key']} {wants}: {has}"


def _remedy(remedy: dict[str, Any]) -> None:
    if hopeless := remedy["hopeless"]:
        out.print(f"  [bold]{plain(hopeless)}[/]")
    for number, change in enumerate(remedy["changes"]):
        begin = "This would allow it" if not number else "and"
        out.print(f"  [bold]{begin}[/], in the {TYPES[change['where']]} of {plain(change['of'])}:")
        _quote(change["statement"], "    ")


def _quote(statement: dict[str, Any], indent: str) -> None:
    for line in json.dumps(statement, indent=2).splitlines():
        out.print(f"{indent}[cyan]{plain(line)}[/]")
