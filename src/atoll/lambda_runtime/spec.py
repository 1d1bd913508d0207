"""What the pool is told about a function, and what it answers. Plain data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from atoll.kernel.log_events import LogEvent

CREDENTIALS_MARGIN = 60.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials of a function's role. `expires` is region time, in seconds since the epoch."""

    access_key: str
    secret_key: str
    session_token: str
    expires: float

    def outlast(self, timeout: float, now: float) -> bool:
        """Whether an invocation of that timeout (s) that begins `now` ends before they do."""
        return self.expires - now > timeout + CREDENTIALS_MARGIN


@dataclass(frozen=True, slots=True)
class Logging:
    """How a function's log looks. `format` is "Text" or "JSON"; the levels ("TRACE" to "FATAL", "DEBUG" to "WARN") only count for
    JSON."""

    format: str = "Text"
    application_level: str = "INFO"
    system_level: str = "INFO"


ON_DEMAND, PROVISIONED = "on-demand", "provisioned-concurrency"
"""Why an environment is made: for an invocation, or ahead of them. As AWS_LAMBDA_INITIALIZATION_TYPE has it."""


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One revision of a function: everything that its environments are made from.

    `arn` is unqualified. `code` is the directory of the unzipped package, `layers` that of its layers laid over each other; when
    Atoll runs as root their files must be readable by others, as AWS demands of packages. `timeout` is in seconds, `memory_mb` and
    `ephemeral_mb` in MiB. Any change of code or configuration comes with a new `revision`; environments of the old one finish
    their invocation and stop.
    """

    arn: str
    name: str
    version: str
    account: str
    region: str
    runtime: str
    handler: str
    code: Path
    timeout: float
    memory_mb: int
    ephemeral_mb: int
    environment: Mapping[str, str]
    log_group: str
    revision: str
    role_arn: str
    layers: Path | None = None
    logging: Logging = Logging()
    initialization: str = ON_DEMAND

    @property
    def key(self) -> tuple[str, str]:
        """The function's ARN and its version."""
        return self.arn, self.version

    @property
    def provisioned(self) -> bool:
        """Whether its environments are made ahead of their invocations, and wait however long they are not used."""
        return self.initialization == PROVISIONED


@dataclass(frozen=True, slots=True)
class InvokeResult:
    """The answer to an invocation.

    `function_error` is None or "Unhandled", `error_type` the error's own name where it has one ("Sandbox.Timedout"); `log_tail` the
    last 4 KB of the invocation's log, START, END and REPORT included. What a `ResponseStream` was given is not in `payload`.
    """

    payload: bytes
    function_error: str | None
    log_tail: bytes
    executed_version: str
    error_type: str = ""


class ResponseStream(Protocol):
    """Who takes an answer while the function makes it: InvokeWithResponseStream, or a function URL in the mode RESPONSE_STREAM.

    Given to `Pool.invoke`. A function that streams calls `begin` once, then `write`; one that does not calls neither, and its answer
    is the result's `payload`. Either way the answer has ended when `Pool.invoke` returns, and everything has been written; the
    result's `function_error` and `payload` then tell of an error, which may also come in mid-stream. Whoever loses interest goes
    on taking: the function runs to its end, as on AWS.
    """

    def begin(self, content_type: str, executed_version: str) -> None:
        """The answer begins. `content_type` is the runtime's: of `application/vnd.awslambda.http-integration-response` the pieces
        begin with JSON (statusCode, headers, cookies) and eight zero bytes, cut anywhere."""

    async def write(self, piece: bytes) -> None:
        """The next piece. As long as this waits the function does, too, up to a window of 256 KB."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """How many provisioned environments of a version are ready, and why no more come; None while they do."""

    ready: int
    failure: str | None


class LogSink(Protocol):
    """Stores the events of one log stream, in order. Called for one stream at a time; slowness holds the function back."""

    async def __call__(self, spec: FunctionSpec, stream: str, events: Sequence[LogEvent]) -> None: ...


CredentialsSource = Callable[[FunctionSpec], Awaitable[Credentials]]
WarningHook = Callable[[FunctionSpec, str], None]


@dataclass(frozen=True, slots=True)
class EnvironmentInfo:
    """One environment, as `atoll status` shows it. `memory_mb` is the most that it has had resident."""

    function: str
    revision: str
    state: str
    pid: int | None
    runtime: str
    log_stream: str
    memory_mb: int
    invocations: int
