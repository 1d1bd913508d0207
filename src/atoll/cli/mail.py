"""atoll mail: shows the mail and text messages that the region would have sent."""

from __future__ import annotations

import re
import time
from html import unescape
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
import typer
from rich.markup import escape

from atoll.cli.admin_api import ask
from atoll.cli.lifecycle import Port
from atoll.cli.output import WITHIN, err, fail, out
from atoll.cli.running import Running, require

LISTED = 20
LOOK_EVERY = 0.2
_TAG = re.compile(r"<[^>]*>")
_LINK = re.compile(r'<a\s[^>]*href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL | re.IGNORECASE)

To = Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Only messages to this address or phone number.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

mail = typer.Typer(help="Show the mail and text messages that the region would have sent.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.add_typer(mail, name="mail", rich_help_panel=WITHIN)


@mail.callback()
def listing(
    ctx: typer.Context, to: To = "", as_json: AsJson = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the next message, and show it whole.")] = False,
    port: Port = None,
) -> None:  # fmt: skip
    """Show the mail and text messages that the region would have sent: nothing leaves this machine."""
    ctx.obj = port
    if ctx.invoked_subcommand is not None:
        return
    region = require(port)
    if wait:
        _whole(_next(region, to), as_json=as_json)
    else:
        _list(_messages(region, to, LISTED), to, as_json=as_json)


@mail.command("list")
def list_messages(ctx: typer.Context, to: To = "", as_json: AsJson = False, port: Port = None) -> None:
    """List the latest messages, the newest first."""
    _list(_messages(require(port or ctx.obj), to, LISTED), to, as_json=as_json)


@mail.command()
def show(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="Its number in the list: 1 is the newest.")] = 1,
    to: To = "",
    as_json: AsJson = False,
    port: Port = None,
) -> None:
    """Show one message whole."""
    found = _messages(require(port or ctx.obj), to, number)
    if len(found) < number:
        fail(f"There {'is' if len(found) == 1 else 'are'} only {len(found)}." if found else _nothing(to))
    _whole(found[number - 1], as_json=as_json)


@mail.command()
def clear(ctx: typer.Context, port: Port = None) -> None:
    """Delete every message."""
    ask(require(port or ctx.obj), "/_atoll/mail/clear", {})
    out.print("The mailbox is empty.")


def _messages(region: Running, to: str, limit: int) -> list[dict[str, Any]]:
    query = urlencode({"limit": limit} | ({"to": to} if to else {}))
    found: list[dict[str, Any]] = ask(region, f"/_atoll/mail?{query}")["messages"]
    return found


def _next(region: Running, to: str) -> dict[str, Any]:
    """The first message that comes from now on."""
    known = {one["id"] for one in _messages(region, to, 1)}
    err.print("[dim]Waiting for a message …[/]")
    while True:
        newest = _messages(region, to, 1)
        if newest and newest[0]["id"] not in known:
            return newest[0]
        time.sleep(LOOK_EVERY)  # noqa: TID251  the command's own time, not the region's


def _nothing(to: str) -> str:
    return f"There is no message to {to}." if to else "The mailbox is empty."


def _list(found: list[dict[str, Any]], to: str, *, as_json: bool) -> None:
    if as_json:
        _json(found)
        return
    if not found:
        out.print(f"[dim]{escape(_nothing(to))}[/]")
    width = max((len(one["to"]) for one in found), default=0)
    for number, one in enumerate(found, 1):
        subject = f"[bold]{escape(one['subject'])}[/]  " if one["subject"] else ""
        text = " ".join(_readable(one).split())
        kind = "mail" if one["kind"] == "email" else "sms "
        out.print(
            f"[dim]{number:>3}  {one['at'][11:19]}  {kind}[/]  [cyan]{escape(one['to'].ljust(width))}[/]  "
            f"{subject}{escape(text[:100])}"
        )


def _whole(one: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        _json(one)
        return
    lines = {"To": one["to"], "From": one["from"], "Date": f"{one['at'][:10]} {one['at'][11:19]} UTC",
             "Subject": one["subject"], "Cause": one["cause"]}  # fmt: skip
    for name, value in lines.items():
        if value:
            out.print(f"[dim]{name + ':':<9}[/]{escape(value)}")
    out.print(f"\n{escape(_readable(one))}")


def _readable(one: dict[str, Any]) -> str:
    """The body without its tags; links as they lead."""
    body: str = one["body"]
    if not one["html"]:
        return body
    return unescape(_TAG.sub("", _LINK.sub(lambda found: f"{found[2]} {found[1]}", body)))


def _json(value: Any) -> None:
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())  # noqa: T201  for programs to read
