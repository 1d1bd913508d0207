"""atoll iam audit: runs a workload while nothing is denied, and shows what would have been.

The region audits only as long as this command says so again and again (`gateway/audits.py`): however it ends, denials come back.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer

from atoll.cli.admin_api import AdminError, answer, ask
from atoll.cli.lifecycle import Port, await_ready
from atoll.cli.output import err, fail, out, plain
from atoll.cli.running import Running, client_environment, find, require
from atoll.cli.why import TYPES, Json
from atoll.config import environment

LEASE, RENEW = 15, 3.0
"""Seconds for which the region audits unless told again, and how often it is told."""
SETTLE = 30.0
PATH = "/_atoll/audit"


def register(app: typer.Typer) -> None:
    """Adds the command. Whatever follows the workload's name is the workload's, options too."""
    app.command(context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False})(audit)


def audit(
    workload: Annotated[
        list[str] | None, typer.Argument(metavar="[--] CMD...", help="What to run. Without it: until Ctrl-C.")
    ] = None,
    as_json: Json = False,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", help="Use a new, empty region, though one is running.")
    ] = False,
    port: Port = None,
) -> None:
    """Run a workload without denying anything, and show what would be denied, and the statements that are missing.

    In the running region (for everybody in it, until the workload ends), or else in an ephemeral one. Ends with 1 if anything would be
    denied, else with the workload's exit code.
    """
    if ephemeral and port:
        fail("--ephemeral and --port exclude each other.")
    with contextlib.ExitStack() as stack:
        region = None if ephemeral else require(port) if port else find(None)
        if region is None:
            if not workload:
                fail(
                    "No region is running.",
                    "Name a workload, and it is run in an ephemeral region: atoll iam audit -- CMD",
                )
            region = stack.enter_context(ephemeral_region())
        found, code = _audited(region, workload or [], as_json=as_json)
    if as_json:
        print(json.dumps(found, indent=2))  # noqa: T201  for a program to read
    else:
        _show(found)
    raise typer.Exit(1 if found["findings"] else code)


def _audited(region: Running, workload: list[str], *, as_json: bool) -> tuple[dict[str, Any], int]:
    """What was found while the workload ran, and its exit code."""
    name = ask(region, PATH, {"begin": LEASE})["audit"]
    lease = Lease(region, name)
    code = 0
    try:
        code = _run(region, workload, lease, as_json=as_json) if workload else _watch(region, lease)
        _settle(region)
    finally:
        found = lease.end()
    return found, code


class Lease:
    """This command's hold on an audit."""

    def __init__(self, region: Running, name: str) -> None:
        self._region, self._name = region, name

    def renew(self) -> None:
        """Says that it goes on. A region that does not answer in time is asked again soon."""
        with contextlib.suppress(AdminError):
            answer(self._region, PATH, {"renew": self._name, "seconds": LEASE})

    def end(self) -> dict[str, Any]:
        """Ends it; what was found."""
        found: dict[str, Any] = ask(self._region, PATH, {"end": self._name})
        return found


def _run(region: Running, workload: list[str], lease: Lease, *, as_json: bool) -> int:
    """Runs the workload to its end, which signals for this command may bring about. Its exit code."""
    env = {**environment(), **client_environment(region), "ATOLL_PORT": str(region.port)}
    with _signals_left_to(workload, env, stdout=sys.stderr if as_json else None) as process:
        while True:
            try:
                code = process.wait(RENEW)
            except subprocess.TimeoutExpired:
                lease.renew()
            else:
                return code if code >= 0 else 128 - code


@contextlib.contextmanager
def _signals_left_to(workload: list[str], env: dict[str, str], **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Starts the workload. Ctrl-C reaches it from the terminal; what asks this command to end is handed on to it."""
    process: subprocess.Popen[bytes] | None = None

    def hand_on(number: int, _frame: Any) -> None:
        if process is not None:
            process.send_signal(number)

    before = {signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None)}
    before |= {number: signal.signal(number, hand_on) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        process = subprocess.Popen(workload, env=env, **streams)  # noqa: S603  the user's own command
        yield process
    except OSError as error:
        fail(f"Cannot run {workload[0]}: {error.strerror}.")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(region: Running, lease: Lease) -> int:
    err.print(f"[dim]Auditing {region.endpoint}: nothing is denied. Ctrl-C ends.[/]")
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        while region.alive:
            time.sleep(RENEW)  # noqa: TID251  a command waits in real time
            lease.renew()
    signal.signal(signal.SIGTERM, before)
    return 0


def _settle(region: Running) -> None:
    """Waits for what goes on behind the answers: what asynchronous invocations and tasks ask for counts too."""
    with contextlib.suppress(AdminError):
        answer(region, "/_atoll/clock", {"advance": 0}, patience=SETTLE)


@contextlib.contextmanager
def ephemeral_region() -> Iterator[Running]:
    """A region of its own for a `with` block; it ends with this process, however that does."""
    with tempfile.NamedTemporaryFile(prefix="atoll-audit-", suffix=".log") as log:
        command = [sys.executable, "-m", "atoll", "up", "--ephemeral", "--port", "0"]
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_ends_with(os.getpid()),
        )
        try:
            with err.status("Starting an ephemeral region …"):
                region = await_ready(process)
            if region is None:
                log.seek(0)
                fail("The region did not start.", log.read().decode(errors="replace").strip())
            yield region
        finally:
            process.terminate()
            process.wait()


def _ends_with(parent: int) -> Callable[[], None]:
    """What a child does before its program begins, so that it is asked to end when its parent dies. Only Linux has that."""
    set_parent_death_signal = 1

    def prepare() -> None:
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
        if os.getppid() != parent:  # it has died already
            os._exit(1)

    return prepare


def _show(found: dict[str, Any]) -> None:
    findings = found["findings"]
    out.print()
    if not findings:
        out.print("[green]Nothing would be denied.[/]")
    else:
        many = "permission is" if len(findings) == 1 else "permissions are"
        them = "it" if len(findings) == 1 else "them"
        out.print(f"[bold]{len(findings)} {many} missing[/]: with {them} nothing would be denied.")
    principal = ""
    for finding in findings:
        if finding["principal"] != principal:
            principal = finding["principal"]
            out.print(f"\n[bold]{plain(principal)}[/]")
        out.print(f"  {finding['count']}×  [bold]{plain(finding['action'])}[/] on {plain(finding['resource'])}")
        out.print(f"      {plain(finding['decision'])}")
        if finding["hopeless"]:
            out.print(f"      {plain(finding['hopeless'])}")
        for change in finding["changes"]:
            out.print(f"      in the {TYPES[change['where']]} of {plain(change['of'])}:")
            out.print(f"      [cyan]{plain(json.dumps(change['statement']))}[/]")
    if found["lost"]:
        out.print(f"\n[yellow]{found['lost']} more denials found no room here.[/]")
    if found["lapses"]:
        out.print("\n[yellow]This command was held up: for a while requests were denied for real.[/]")
