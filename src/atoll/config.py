"""Settings: what `atoll up` was told, by options or by ATOLL_* variables. This module alone reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast, get_args

from atoll.gateway.call import AuthMode
from atoll.kernel.store.api import Durability

DEFAULT_PORT = 4566
LOOPBACK = "127.0.0.1"


class ConfigError(Exception):
    """A setting that makes no sense. The message is one line for the user."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a region is served. `port` 0 takes a free one; `data_dir` None means a temporary directory (`--ephemeral`)."""

    host: str = LOOPBACK
    port: int = DEFAULT_PORT
    data_dir: Path | None = None
    cache_dir: Path = field(default_factory=lambda: user_directory("XDG_CACHE_HOME", ".cache") / "atoll")
    durability: Durability = "process"
    auth: AuthMode = "enforce"
    allow_origins: tuple[str, ...] = ()
    strict: bool = False
    record_calls: bool = True
    """Whether what roles use of their permissions is noted (`atoll iam least-privilege`)."""
    verify_transactions: bool = field(default=False, metadata={"doc": "for Atoll's own tests"})


def environment() -> Mapping[str, str]:
    """The process's environment, read at the call."""
    return dict(os.environ)


def default_data_dir() -> Path:
    """$ATOLL_DATA_DIR, else atoll/region in the user's data directory (XDG; ~/.local/share)."""
    env = environment()
    if given := env.get("ATOLL_DATA_DIR"):
        return Path(given).expanduser()
    return user_directory("XDG_DATA_HOME", ".local/share") / "atoll" / "region"


def user_directory(variable: str, usual: str) -> Path:
    """One of the user's directories, by the XDG variable that may name it."""
    return Path(environment().get(variable) or Path.home() / usual)


def settings(
    *,
    port: int | None = None,
    data_dir: Path | None = None,
    ephemeral: bool = False,
    durability: str | None = None,
    auth: str | None = None,
    allow_origins: tuple[str, ...] = (),
    strict: bool = False,
    record_calls: bool = True,
) -> Settings:
    """Options over ATOLL_PORT, ATOLL_DATA_DIR, ATOLL_DURABILITY, ATOLL_AUTH, ATOLL_STRICT, ATOLL_RECORD_CALLS over defaults.

    Raises ConfigError.
    """
    env = environment()
    return Settings(
        port=port if port is not None else _port(env.get("ATOLL_PORT")),
        data_dir=None if ephemeral else (data_dir or default_data_dir()),
        durability=cast(
            Durability,
            _one_of("--durability", durability or env.get("ATOLL_DURABILITY") or "process", get_args(Durability)),
        ),
        auth=cast(AuthMode, _one_of("--auth", auth or env.get("ATOLL_AUTH") or "enforce", get_args(AuthMode))),
        allow_origins=allow_origins,
        strict=strict or _one_of("ATOLL_STRICT", env.get("ATOLL_STRICT") or "0", ("0", "1")) == "1",
        record_calls=record_calls
        and _one_of("ATOLL_RECORD_CALLS", env.get("ATOLL_RECORD_CALLS") or "1", ("0", "1")) == "1",
        verify_transactions=env.get("ATOLL_VERIFY_TRANSACTIONS") == "1",
    )


def _port(text: str | None) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isdecimal() or int(text) > 65535:
        raise ConfigError(f"ATOLL_PORT must be a port number, not {text!r}.")
    return int(text)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value
