"""Which regions run on this machine, and how to reach them: a small file per region in the user's state directory, by port."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec

from atoll.cli.output import fail
from atoll.config import DEFAULT_PORT, environment


class Running(msgspec.Struct):
    """A running region. `data_dir` is "" for an ephemeral one; `log` is "" for one in the foreground."""

    pid: int
    port: int
    endpoint: str
    data_dir: str
    log: str = ""

    def save(self) -> None:
        """Tells other commands of it."""
        _directory().mkdir(parents=True, exist_ok=True)
        temporary = _file(self.port).with_suffix(".part")
        temporary.write_bytes(msgspec.json.encode(self))
        temporary.replace(_file(self.port))

    def forget(self) -> None:
        """Takes that back, unless another process has taken the port over."""
        known = _load(_file(self.port))
        if known and known.pid == self.pid:
            _file(self.port).unlink(missing_ok=True)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


def find(port: int | None) -> Running | None:
    """The region at `port`, or else the one that ATOLL_PORT names, or the only one, or the one at the default port."""
    wanted = port or int(environment().get("ATOLL_PORT") or 0)
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
            f"Running at: {others} (use --port)." if others else "Start one: atoll up -d",
        )
    return region


def all_running() -> list[Running]:
    """Every region of this user that is alive; what remains of dead ones is removed."""
    found = []
    for path in sorted(_directory().glob("*.json")):
        region = _load(path)
        if region and region.alive:
            found.append(region)
        else:
            path.unlink(missing_ok=True)
    return found


def client_environment(region: Running) -> dict[str, str]:
    """What AWS clients need to talk to `region`. Keys that the caller has set stay as they are."""
    env = environment()
    wanted = {"AWS_ENDPOINT_URL": region.endpoint}
    if not (env.get("AWS_ACCESS_KEY_ID") and env.get("AWS_SECRET_ACCESS_KEY")):
        wanted |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}  # acts as root here
    if not (env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")):
        wanted |= {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    return wanted


def client(region: Running, service: str) -> Any:
    """A boto3 client for `region`."""
    import boto3

    env = {**environment(), **client_environment(region)}
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=region.endpoint,
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=env.get("AWS_SESSION_TOKEN"),
        region_name=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION"),
    )


def log_file(port: int) -> Path:
    """Where a region in the background writes its log."""
    return _directory() / f"{port}.log"


def _directory() -> Path:
    env = environment()
    return Path(env.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "atoll"


def _file(port: int) -> Path:
    return _directory() / f"{port}.json"


def _load(path: Path) -> Running | None:
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(path.read_bytes(), type=Running)
    return None
