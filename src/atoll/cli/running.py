"""Which regions run on this machine, and how to reach them: a small file per region in the user's state directory, by port.

A region holds a lock on its file as long as it runs. The lock goes with the process, however that ends; a process id would
not tell, for it comes back, and stays while nobody waits for the dead process.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from atoll.cli.output import atoll, fail
from atoll.config import DEFAULT_PORT, ConfigError, environment, settings, user_directory


class Running(msgspec.Struct):
    """A running region. `data_dir` is "" for an ephemeral one; `log` is "" for one in the foreground."""

    pid: int
    port: int
    endpoint: str
    data_dir: str
    log: str = ""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        known = _load(_file(self.port))
        return known is not None and known.pid == self.pid


@contextlib.contextmanager
def announced(region: Running) -> Iterator[None]:
    """Lets other commands find `region` for the time of a `with` block."""
    path = _file(region.port)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(msgspec.json.encode(region))
        file.flush()
        temporary.replace(path)
        try:
            yield
        finally:
            if region.alive:  # else another region has taken the port over
                path.unlink(missing_ok=True)


def find(port: int | None) -> Running | None:
    """The region at `port`, or else the one that ATOLL_PORT names, or the only one, or the one at the default port."""
    wanted = port or _port_of_environment()
    regions = {region.port: region for region in all_running()}
    if wanted:
        return regions.get(wanted)
    return regions.get(DEFAULT_PORT) or (next(iter(regions.values())) if len(regions) == 1 else None)


def require(port: int | None) -> Running:
    """`find`, or the end of the command."""
    region = find(port)
    if region is None:
        others = ", ".join(str(known.port) for known in all_running())
        where = f" at port {port}" if port else ""
        fail(
            f"No region is running{where}.",
            f"Running at: {others} (use --port)." if others else f"Start one: {atoll()} up -d",
        )
    return region


def all_running() -> list[Running]:
    """Every region of this user that runs."""
    return [region for path in sorted(state_directory().glob("*.json")) if (region := _load(path))]


def client_environment(region: Running) -> dict[str, str]:
    """What AWS clients need to talk to `region`. Keys that the caller has set stay as they are."""
    env = environment()
    wanted = {"AWS_ENDPOINT_URL": region.endpoint, "AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}  # docs/live-tail.md
    if not (env.get("AWS_ACCESS_KEY_ID") and env.get("AWS_SECRET_ACCESS_KEY")):
        wanted |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}  # acts as root here
    region_name = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1"
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):  # some clients read only the one, some only the other
        if not env.get(name):
            wanted[name] = region_name
    return wanted


@contextlib.contextmanager
def client(region: Running, service: str) -> Iterator[Any]:
    """A boto3 client for `region`. An error that the `with` block lets through ends the command in one line."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004  botocore's own

    env = {**environment(), **client_environment(region)}
    made = boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=region.endpoint,
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=env.get("AWS_SESSION_TOKEN"),
        region_name=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION"),
        config=Config(retries={"total_max_attempts": 1}),  # it is on this machine: there, or not
    )
    try:
        yield made
    except ClientError as error:
        fail("{Code}: {Message}".format(**error.response["Error"]))
    except (ConnectionError, HTTPClientError):
        fail(f"The region at {region.endpoint} does not answer.", f"Its log: {region.log}" if region.log else "")


def state_directory() -> Path:
    """Where this user's regions are noted, and those in the background write their logs. It exists and can be written."""
    path = user_directory("XDG_STATE_HOME", ".local/state") / "atoll"
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        fail(f"Cannot use {path}: {error.strerror}.", "XDG_STATE_HOME names another place.")
    return path


def _port_of_environment() -> int | None:
    try:
        return settings().port if environment().get("ATOLL_PORT") else None
    except ConfigError as error:
        fail(str(error))


def _file(port: int) -> Path:
    return state_directory() / f"{port}.json"


def _load(path: Path) -> Running | None:
    """What a file says, if its region runs."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return msgspec.json.decode(file.read(), type=Running)
    except (FileNotFoundError, msgspec.DecodeError):
        pass
    return None
