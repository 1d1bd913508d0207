"""The extensions of an environment: who has registered for what, what they are told, and how they are shut down.

External extensions are the programs in `/opt/extensions`, which start before the runtime; internal ones register from within the
runtime's process. docs: Lambda developer guide, "Using the Lambda Extensions API to create extensions", "Lambda execution environment
lifecycle". Refusals have the words of AWS's runtime interface emulator.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from atoll.kernel.clock import Clock
from atoll.lambda_runtime import texts
from atoll.lambda_runtime.control import Control
from atoll.lambda_runtime.runtime_api import ACCEPTED, Invocation, Rejected, RuntimeConnection
from atoll.lambda_runtime.spec import FunctionSpec

PREFIX = b"/2020-01-01/extension/"
TELEMETRY: Mapping[bytes, str] = MappingProxyType({b"/2022-07-01/telemetry": "Telemetry", b"/2020-08-15/logs": "Logs"})
"""Where extensions subscribe to what the environment logs. Atoll answers as AWS's runtime interface emulator, which does not send it."""
LIMIT = 10
EXTERNAL_EVENTS, INTERNAL_EVENTS = frozenset({"INVOKE", "SHUTDOWN"}), frozenset({"INVOKE"})
SHUTDOWN_SECONDS, INTERNAL_SHUTDOWN_SECONDS = 2.0, 0.5
MOMENT = 0.02
RUNTIME_SHARE = 0.3
"""Of the shutdown's time, what the runtime may use where external extensions are to follow."""
NOT_THEIRS = frozenset(
    {
        "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_PORT",
        "_HANDLER",
    }
)  # fmt: skip
"""Variables that only the runtime has. docs: "Using the Lambda Extensions API", "Environment variables"."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Extension:
    """`state` is AWS's word for it; `connection` is where it waits for an event, and `event` one that waits for it."""

    name: str
    identifier: str
    external: bool
    state: str = "Started"
    events: list[str] = field(default_factory=list)
    error_type: str = ""
    connection: RuntimeConnection | None = None
    event: bytes | None = None
    gone: bool = False


class Owner(Protocol):
    """The environment, as its extensions need it."""

    def check_ready(self) -> None:
        """Someone has asked for what comes next."""

    def fail(self, kind: str, reason: str) -> None:
        """The environment cannot go on."""


class _Registration(msgspec.Struct):
    events: list[str] = []


def found(layers: Path | None) -> list[str]:
    """The names of the programs in a function's layers. Reads a directory. Links are followed inside the layers only: two layers together
    can have one that leads out of both, and the machine's names are none of a function's business."""
    if layers is None:
        return []
    within, directory = layers.resolve(), (layers / "extensions").resolve()
    if not directory.is_relative_to(within) or not directory.is_dir():
        return []
    programs = (path for path in directory.iterdir() if path.resolve().is_relative_to(within) and path.is_file())
    return sorted(path.name for path in programs)


class Extensions:
    """Those of one environment."""

    def __init__(self, spec: FunctionSpec, stream: str, owner: Owner, clock: Clock) -> None:
        self.active: list[Extension] = []
        self._spec = spec
        self._stream = stream
        self._owner = owner
        self._clock = clock
        self._control: Control | None = None
        self._closed = False
        self._fatal = ""
        self._stopping: tuple[str, float] | None = None
        self._end: Callable[[], None] = lambda: None
        self._runtime_alive = False

    async def start(self, control: Control) -> Sequence[str]:
        """Looks what programs there are: the supervisor starts these, and then, once all have registered, the runtime."""
        names = await asyncio.to_thread(found, self._spec.layers) if self._spec.layers else []
        self._control = control
        for name in names[:LIMIT]:
            self._add(name, external=True)
        if len(names) > LIMIT:
            text = f"Extension limit ({LIMIT}) reached"
            asyncio.get_running_loop().call_soon(self._owner.fail, "Extension.LaunchError", text)
        self._runtime_alive = not names
        return names

    def _add(self, name: str, *, external: bool) -> Extension:
        identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._stream}/{name}"))
        extension = Extension(name, identifier, external)
        self.active.append(extension)
        return extension

    @property
    def ready(self) -> bool:
        """Whether every extension waits for the next event."""
        return all(extension.state == "Ready" for extension in self.active)

    def close(self) -> None:
        """The runtime is initialized: nobody may register any more."""
        self._closed = True

    def lines(self) -> list[str]:
        """What the log says of each after the initialization."""
        return [texts.extension(each.name, each.state, each.events, each.error_type) for each in self.active]

    def invoke(self, invocation: Invocation) -> None:
        """Tells those who want to know of an invocation."""
        if self.active:
            event = msgspec.json.encode(
                {
                    "eventType": "INVOKE", "deadlineMs": invocation.deadline_ms, "requestId": invocation.request_id,
                    "invokedFunctionArn": invocation.arn, "tracing": {"type": "X-Amzn-Trace-Id", "value": invocation.trace_header},
                }
            )  # fmt: skip
            for extension in self.active:
                if "INVOKE" in extension.events:
                    self._send(extension, event)

    def _send(self, extension: Extension, event: bytes) -> None:
        if extension.connection is None:
            extension.event = event
        else:
            identifier = str(uuid.uuid5(uuid.UUID(extension.identifier), event.decode()))
            extension.connection.answer(200, event, {"Lambda-Extension-Event-Identifier": identifier})
            extension.connection = extension.event = None
        extension.state = "Running"

    # The Extensions API

    def handle(
        self, connection: RuntimeConnection, method: bytes, url: bytes, header: Callable[[bytes], str], body: bytes
    ) -> None:
        """One request. Raises Rejected."""
        match method, url.removeprefix(PREFIX) if url.startswith(PREFIX) else b"":
            case b"POST", b"register":
                connection.answer(200, *self._register(header, body))
            case b"GET", b"event/next":
                self._next(self.identify(header), connection)
            case b"POST", b"init/error":
                self._report(self.identify(header), header, {"Registered", "InitError"}, "InitError")
                connection.answer(202, ACCEPTED)
            case b"POST", b"exit/error":
                states = {"Registered", "Ready", "Running", "ExitError"}
                self._report(self.identify(header), header, states, "ExitError")
                connection.answer(202, ACCEPTED)
            case b"PUT", _ if (name := TELEMETRY.get(url.rstrip(b"/"))) is not None:
                extension = self.identify(header)
                logger.warning("%s: the extension %s is sent no telemetry", self._spec.name, extension.name)
                connection.answer(202, texts.error_payload(f"{name}.NotSupported", f"{name} API is not supported"))
            case _:
                raise Rejected(404, "NotFound", "404 page not found")

    def _register(self, header: Callable[[bytes], str], body: bytes) -> tuple[bytes, Mapping[str, str]]:
        name = header(b"lambda-extension-name")
        if not name:
            raise Rejected(403, "Extension.InvalidExtensionName", "Empty extension name")
        try:
            wanted = msgspec.json.decode(body, type=_Registration).events
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Rejected(403, "InvalidRequestFormat", str(error)) from None
        extension = next((each for each in self.active if each.name == name), None)
        external = extension is not None and extension.external
        for event in wanted:
            if event not in (EXTERNAL_EVENTS if external else INTERNAL_EVENTS):
                shutdown = "ShutdownEventNotSupportedForInternalExtension"
                why = shutdown if event in EXTERNAL_EVENTS else "ErrorInvalidEventType"
                raise Rejected(403, "Extension.InvalidEventType", f"{event}: {why}")
        if extension is None:
            extension = self._internal(name)
        elif not external:
            raise Rejected(403, "Extension.InvalidExtensionState", "Extension with this name already registered")
        self._require(extension, {"Started"}, "Registered")
        extension.state, extension.events = "Registered", list(dict.fromkeys(wanted))
        if not self._runtime_alive and all(each.state != "Started" for each in self.active):
            self._runtime_alive = True
            self._tell(do="start")
        spec = self._spec
        answer = {"functionName": spec.name, "functionVersion": spec.version, "handler": spec.handler}
        if "accountId" in [feature.strip() for feature in header(b"lambda-extension-accept-feature").split(",")]:
            answer["accountId"] = spec.account
        return msgspec.json.encode(answer), {"Lambda-Extension-Identifier": extension.identifier}

    def _internal(self, name: str) -> Extension:
        if self._closed:
            raise Rejected(403, "Extension.RegistrationClosed", "Extension registration closed already")
        if len(self.active) >= LIMIT:
            raise Rejected(403, "Extension.TooManyExtensions", f"Extension limit ({LIMIT}) reached")
        return self._add(name, external=False)

    def identify(self, header: Callable[[bytes], str]) -> Extension:
        """The extension that makes a request. Raises Rejected."""
        given = header(b"lambda-extension-identifier")
        if not given:
            text = "Missing Lambda-Extension-Identifier header"
            raise Rejected(403, "Extension.MissingExtensionIdentifier", text)
        try:
            identifier = str(uuid.UUID(given))
        except ValueError:
            text = "Invalid Lambda-Extension-Identifier"
            raise Rejected(403, "Extension.InvalidExtensionIdentifier", text) from None
        for extension in self.active:
            if extension.identifier == identifier:
                return extension
        raise Rejected(403, "Extension.UnknownExtensionIdentifier", f"Unknown extension {identifier}")

    def _next(self, extension: Extension, connection: RuntimeConnection) -> None:
        # Who has lost his connection while he waited may wait again.
        waits = {"Ready"} if extension.connection is None else set()
        self._require(extension, {"Registered", "Running"} | waits, "Ready")
        extension.state, extension.connection = "Ready", connection
        if extension.event is not None:
            self._send(extension, extension.event)
        else:
            self._owner.check_ready()

    def _report(self, extension: Extension, header: Callable[[bytes], str], states: set[str], state: str) -> None:
        kind = header(b"lambda-extension-function-error-type")
        if not kind:
            text = "Lambda-Extension-Function-Error-Type not found"
            raise Rejected(403, "Extension.MissingHeader", text)
        self._require(extension, states, state)
        extension.state, extension.error_type = state, extension.error_type or kind
        self._fatal = self._fatal or f"Extension.{state}"

    def _require(self, extension: Extension, states: set[str], following: str) -> None:
        if extension.state not in states:
            text = (
                f"State transition from {extension.state} to {following} failed for extension {extension.identifier}. "
                "Error: State transition is not allowed"
            )
            raise Rejected(403, "Extension.InvalidExtensionState", text)

    def disconnected(self, connection: RuntimeConnection) -> None:
        """The connection is gone."""
        for extension in self.active:
            if extension.connection is connection:
                extension.connection = None

    # Their ends

    def hear(self) -> None:
        """The supervisor has said something. It outlives the runtime where there are programs beside it."""
        if not self.active or self._control is None:
            return
        for line in self._control.news():
            if line.startswith(b"extension "):
                self._ended(*msgspec.json.decode(line[10:], type=tuple[str, str]))
            elif line.startswith((b"exit ", b"signal ")):
                self._runtime_alive = False
                if self._stopping is not None:
                    self._tell_shutdown()
                else:  # in a moment: what the runtime has said before its end is still to be read
                    asyncio.get_running_loop().call_later(MOMENT, self._owner.fail, *self._control.why_ended())

    def _tell(self, **message: str) -> None:
        if self._control is not None:
            self._control.tell(**message)

    def _ended(self, name: str, reason: str) -> None:
        """A program has ended, or did not start (`reason` then begins with "fork/exec")."""
        extension = next(each for each in self.active if each.external and each.name == name)
        extension.gone = True
        extension.connection = None
        if self._stopping is not None:
            self._check_stopped()
            return
        kind = self._fatal or "Extension.Crash"
        if reason.startswith("fork/exec"):
            denied = reason.endswith("permission denied")
            kind, extension.state = "Extension.LaunchError", "LaunchError"
            extension.error_type = "PermissionDenied" if denied else "UnknownError"
        elif extension.state not in ("InitError", "ExitError"):
            extension.state = "Exited"
        self._owner.fail(kind, reason)

    def shut_down(self, reason: str, end: Callable[[], None]) -> None:
        """Lets the runtime, then the extensions end; `end` is called when they have, or their time is over."""
        external = any(extension.external for extension in self.active)
        seconds = SHUTDOWN_SECONDS if external else INTERNAL_SHUTDOWN_SECONDS
        self._stopping, self._end = (reason, self._clock.wall() + seconds), end
        asyncio.get_running_loop().call_later(seconds, end)
        if not self._runtime_alive:
            self._tell_shutdown()
            return
        self._tell(do="terminate")
        if external:
            asyncio.get_running_loop().call_later(seconds * RUNTIME_SHARE, self._kill_runtime)

    def _kill_runtime(self) -> None:
        if self._runtime_alive:
            self._tell(do="kill")

    def _tell_shutdown(self) -> None:
        assert self._stopping is not None
        reason, deadline = self._stopping
        event = msgspec.json.encode(
            {"eventType": "SHUTDOWN", "shutdownReason": reason, "deadlineMs": int(deadline * 1000)}
        )
        for extension in self.active:
            if extension.external and not extension.gone:
                if "SHUTDOWN" in extension.events:
                    self._send(extension, event)
                else:
                    self._tell(do="kill", name=extension.name)
        self._check_stopped()

    def _check_stopped(self) -> None:
        if not self._runtime_alive and all(each.gone for each in self.active if each.external):
            self._end()


def environment_of(variables: Mapping[str, Any]) -> dict[str, Any]:
    """An external extension's variables, from those of the runtime."""
    return {name: value for name, value in variables.items() if name not in NOT_THEIRS}
