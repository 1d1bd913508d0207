"""atoll up, down, status."""

from __future__ import annotations

import gc
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from atoll.cli.admin_api import ask
from atoll.cli.output import REGION, atoll, err, fail, out
from atoll.cli.running import Running, all_running, announced, find, require, state_directory
from atoll.config import DEFAULT_PORT, ConfigError, Settings, settings

if TYPE_CHECKING:
    from atoll.edge.server import Server

READY_WITHIN = 20.0
OPEN_FILES = 65_536

Port = Annotated[
    int | None,
    typer.Option("--port", "-p", metavar="PORT", min=1, max=65535, help=f"The region's port ({DEFAULT_PORT})."),
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (up, down, status):
        app.command(rich_help_panel=REGION)(command)


def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Run in the background.")] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            "-p",
            metavar="PORT",
            min=0,
            max=65535,
            help=f"Port to serve ({DEFAULT_PORT}); 0 takes a free one.",
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where everything is kept: ~/.local/share/atoll/region.", readable=False),
    ] = None,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Keep nothing after the end.")] = False,
    durability: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            help="What an acknowledged write survives: 'process' (kill -9, the default) or 'fsync' (also power loss).",
        ),
    ] = None,
    auth: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help="IAM: 'enforce' (default), 'audit' (only log denials), 'off', 'strict' (also refuse unknown keys).",
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Let pages of this origin call the region.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what would only be accepted without effect (and a warning).")
    ] = False,
    no_record_calls: Annotated[
        bool, typer.Option("--no-record-calls", help="Do not note what roles use of their permissions (atoll iam).")
    ] = False,
    log: Annotated[str, typer.Option(hidden=True, help="Where the output goes, for `status` to say.")] = "",
) -> None:
    """Start the region, in the foreground with a live log, or with -d in the background."""
    if ephemeral and data_dir:
        fail("--ephemeral and --data-dir exclude each other.")
    try:
        chosen = settings(
            port=port,
            data_dir=data_dir,
            ephemeral=ephemeral,
            durability=durability,
            auth=auth,
            allow_origins=tuple(allow_origin or ()),
            strict=strict,
            record_calls=not no_record_calls,
        )
    except ConfigError as error:
        fail(str(error))
    if detach:
        _in_background(chosen)
    else:
        _in_foreground(chosen, log)


def down(port: Port = None) -> None:
    """Stop a region. What it holds stays in its data directory."""
    region = require(port)
    os.kill(region.pid, signal.SIGTERM)
    with err.status(f"Stopping the region at {region.endpoint} …"):
        deadline = time.perf_counter() + READY_WITHIN
        while region.alive and time.perf_counter() < deadline:
            time.sleep(0.05)  # noqa: TID251  a command waits in real time
    if region.alive:
        fail(
            f"The region (process {region.pid}) did not stop within {READY_WITHIN:.0f} s.",
            f"To force it: kill -9 {region.pid}",
        )
    out.print(f"Stopped. {_kept(region.data_dir)}")


def status(port: Port = None) -> None:
    """Show the running regions."""
    regions = [require(port)] if port else all_running()
    if not regions:
        out.print(f"No region is running. Start one: [bold]{atoll()} up -d[/]")
        raise typer.Exit(1)
    for region in regions:
        _show(region)


def _show(region: Running) -> None:
    out.print(f"[bold green]●[/] [bold]{region.endpoint}[/]  process {region.pid}")
    facts: dict[str, Any] = ask(region, "/_atoll/status")
    out.print(f"  data       {escape(region.data_dir) or 'ephemeral'}")
    audited = " (an audit runs: nothing is denied)" if facts["audits"] else ""
    out.print(f"  version    {facts['version']}, IAM {facts['auth']}{audited}{', strict' if facts['strict'] else ''}")
    if facts["clock_offset"] >= 1:
        out.print(f"  time       {facts['region_time'][:19].replace('T', ' ')} UTC, moved forward (atoll clock)")
    out.print(f"  services   {', '.join(facts['services'])}")
    for name, running in facts["running"].items():
        for environment in running:
            out.print(f"  {name:<10} {escape(environment)}")
    if region.log:
        out.print(f"  log        {escape(region.log)}")


def _in_foreground(chosen: Settings, log: str) -> None:
    import uvloop

    from atoll.app import PortTaken
    from atoll.kernel.datadir import DataDirError

    state_directory()  # says now if it cannot be used
    _allow_many_files()
    gc.disable()  # until it is ready: what is loaded stays, and to look through it again and again takes a twelfth of the start
    try:
        uvloop.run(_serve(chosen, log))
    except (PortTaken, DataDirError) as error:
        fail(str(error), _hint(chosen, error))


def _allow_many_files() -> None:
    """As many as this user may open: each client's connection is one, and most systems allow 1,024 where nobody asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(chosen: Settings, log: str) -> None:
    import asyncio
    import contextlib

    from atoll.app import serve
    from atoll.cli.live_log import install

    live = install()
    flusher = asyncio.create_task(live.flush_regularly())
    announcement = contextlib.ExitStack()

    def ready(server: Server, endpoint: str) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, _stop, server)
        port = int(endpoint.rsplit(":", 1)[1])
        region = Running(os.getpid(), port, endpoint, str(chosen.data_dir or ""), log)
        announcement.enter_context(announced(region))
        _greet(region)
        gc.freeze()
        gc.enable()
        if out.is_terminal:
            use = f'eval "$({atoll()} env{_option(region)})"'
            out.print(f"[dim]Point any AWS client at it:[/] {use}   [dim]Ctrl-C stops[/]")

    with announcement:
        try:
            await serve(chosen, ready, live.request)
        finally:
            flusher.cancel()
            await asyncio.wait([flusher])
    out.print(f"Stopped. {_kept(str(chosen.data_dir or ''))}")


def _stop(server: Server) -> None:
    server.force_exit = server.should_exit  # asked twice: at once
    server.should_exit = True


def _greet(region: Running) -> None:
    out.print(f"[bold green]Atoll is ready[/] at [bold]{region.endpoint}[/]  [dim]({_kept(region.data_dir)})[/]")


def _kept(data_dir: str) -> str:
    return f"Everything is kept in {escape(data_dir)}." if data_dir else "Nothing is kept: it is ephemeral."


def _in_background(chosen: Settings) -> None:
    if chosen.port and (region := find(chosen.port)):
        fail(
            f"A region already runs at {region.endpoint} (process {region.pid}).",
            f"To stop it: {atoll()} down{_option(region)}",
        )
    log = state_directory() / f"{chosen.port or f'free-{os.getpid()}'}.log"
    command = [
        sys.executable,
        "-m",
        "atoll",
        "up",
        "--port",
        str(chosen.port),
        "--durability",
        chosen.durability,
        "--auth",
        chosen.auth,
        "--log",
        str(log),
    ]
    command += ["--data-dir", str(chosen.data_dir)] if chosen.data_dir else ["--ephemeral"]
    command += ["--strict"] if chosen.strict else []
    command += [] if chosen.record_calls else ["--no-record-calls"]
    for origin in chosen.allow_origins:
        command += ["--allow-origin", origin]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)  # noqa: S603
    with err.status("Starting the region …"):
        region = await_ready(process)
    if region is None:
        process.terminate()  # it may still be trying
        _, error, said = log.read_text().partition("error: ")
        message, _, hint = said.strip().partition("\n")
        fail(message or "The region did not start.", hint if error else f"Its log: {log}")
    _greet(region)
    out.print(f"[dim]Stop it:[/] {atoll()} down{_option(region)}")


def await_ready(process: subprocess.Popen[bytes]) -> Running | None:
    """The region that the process serves, once it answers; None where it does not in time."""
    deadline = time.perf_counter() + READY_WITHIN
    while time.perf_counter() < deadline and process.poll() is None:
        for region in all_running():
            if region.pid == process.pid:
                return region
        time.sleep(0.02)  # noqa: TID251  a command waits in real time
    return None


def _option(region: Running) -> str:
    """What a command needs to find this region again."""
    return "" if region.port == DEFAULT_PORT else f" --port {region.port}"


def _hint(chosen: Settings, error: Exception) -> str:
    from atoll.app import PortTaken

    if isinstance(error, PortTaken):
        region = find(chosen.port)
        return (
            f"A region of yours runs there already (process {region.pid})."
            if region
            else "Choose another with --port or ATOLL_PORT; 0 takes a free one."
        )
    serves = next((f"It is the one at {region.endpoint}. " for region in all_running() if _same(region, chosen)), "")
    return f"{serves}Choose another directory with --data-dir, or --ephemeral."


def _same(region: Running, chosen: Settings) -> bool:
    return chosen.data_dir is not None and region.data_dir == str(chosen.data_dir)
