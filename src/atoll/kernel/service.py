"""Registration: what an operation is, what a service is. No behaviour lives here.

A service's `__init__.py` names its modules; each `@operation` in them is found by its decorator, so that the one place that
defines an operation is also the one that lists it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from atoll.kernel.context import Context, Principal
from atoll.kernel.deliveries import Policy
from atoll.kernel.keys import Key

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from atoll.kernel.connection import Connection
    from atoll.kernel.http import HttpRequest, HttpResponse
    from atoll.kernel.region import Kernel
    from atoll.kernel.store.api import Reader, Transaction

Request = Mapping[str, Any]
Handler = Callable[[Context, Any], Awaitable[Any]]
H = TypeVar("H", bound=Handler)

ResourceOf = Callable[[Context, Any], str | Sequence[str] | Awaitable[str | Sequence[str]]]
"""Gives the ARN or ARNs; awaited where what the request names must be looked up to know its ARN (the path of a role)."""
ValuesOf = Callable[
    [Context, Any], Sequence[str] | Mapping[str, str] | None | Awaitable[Sequence[str] | Mapping[str, str] | None]
]
"""Gives the values of a condition key, None where the request has none; of a key that ends in `${TagKey}` the tags by their keys."""
NO_CONDITIONS: Mapping[str, ValuesOf] = MappingProxyType({})
TAG_KEY = "${TagKey}"
"""Stands in a condition key's name for any tag's key, as in the service authorization reference."""
PolicyOf = Callable[[Context, Any], Awaitable[str | None]]
SpeakerOf = Callable[[Context, Any], Awaitable[Principal]]
EachOf = Callable[[Any], Sequence[Any] | Awaitable[Sequence[Any]]]


def any_resource(_ctx: Context, _request: Request) -> str:
    """For actions that the service authorization reference gives no resource type."""
    return "*"


class Keys:
    """The condition keys of an Access as policies ask for them: each in lower case without `${TagKey}`, whether it had that, its values."""

    __slots__ = ("found",)

    def __init__(self, conditions: Mapping[str, ValuesOf]) -> None:
        names = ((name.lower().partition(TAG_KEY.lower()), find) for name, find in conditions.items())
        self.found = tuple((family, bool(tag), find) for (family, tag, _), find in names)


@dataclass(frozen=True, slots=True)
class Access:
    """One permission that an operation needs. All of an operation's must be allowed.

    `resource` gives the ARN or ARNs acted on; `conditions` are the condition keys that the action has beside the global ones, by
    their names in the service authorization reference, each worked out only where a policy asks for it; `resource_policy` reads
    the policy document that hangs on the resource, as JSON text, or None. Of a request about several resources whose conditions
    differ, `each` gives the requests about one that it stands for: every one of them is judged by itself.
    """

    action: str
    resource: ResourceOf = any_resource
    conditions: Mapping[str, ValuesOf] = field(default_factory=lambda: NO_CONDITIONS)
    resource_policy: PolicyOf | None = None
    each: EachOf | None = None
    keys: Keys = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", Keys(self.conditions))


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a service: AWS's name, its handler, what it needs, and what it accepts without honouring it.

    `access=()` means that any authenticated caller may (GetCallerIdentity).
    `speaker` finds out who speaks where the request itself proves it (a token) and no signature: IAM judges that principal.
    `not_honoured` maps a request member's path (`VpcConfig`, `ImageConfig.Command`) to the reason it has no effect.
    """

    name: str
    handler: Handler
    access: tuple[Access, ...]
    not_honoured: Mapping[str, str]
    speaker: SpeakerOf | None = None


def operation(
    name: str,
    *,
    access: Sequence[Access],
    not_honoured: Mapping[str, str] | None = None,
    speaker: SpeakerOf | None = None,
) -> Callable[[H], H]:
    """Marks `async def f(ctx, request) -> output` as the operation `name`. See `Operation` for the arguments."""

    def mark(handler: H) -> H:
        handler.__atoll_operation__ = Operation(  # type: ignore[attr-defined]
            name, handler, tuple(access), not_honoured or {}, speaker
        )
        return handler

    return mark


Step = Callable[[Context, dict[str, Any]], Awaitable[dict[str, Any] | None]]
"""One step of a task: takes the stored state, returns the next state, or None when the task is done."""


class WireForm(NamedTuple):
    """How a service's requests name their operation: by an `X-Amz-Target`, or by `Action` and `Version` in a form or query string; by
    their paths where there is neither."""

    target: str = ""
    content_type: str = ""
    """Of requests with a target."""
    version: str = ""


class Host(Protocol):
    """What the composition root offers to a service that keeps something running beside its operations."""

    kernel: Kernel
    endpoint: str
    cache_dir: Path
    """For what every region of this user can share and anyone can make again."""
    strict: bool
    """Whether the region was started with `--strict`."""
    issuers: Any
    """The keys of whoever issues tokens: `auth.issuers.Issuers`, which this layer cannot name."""
    assembled: asyncio.Event
    """Set once every service runs: what acts by itself and calls others begins then."""

    async def signer(self, http: HttpRequest, *, service: str, region: str) -> Principal | None:
        """Who signed a data plane's request for `service` in `region`; None where nobody did. Raises as `gateway/visitors.py` says."""

    async def admit(self, ctx: Context, http: HttpRequest, access: Sequence[Access], params: Any) -> None:
        """Raises AccessDenied unless `ctx.principal` may all that `access` asks for in respect of `params`."""

    async def perform(
        self, ctx: Context, http: HttpRequest, *, service: str, region: str, principal: Principal
    ) -> HttpResponse:
        """The answer to a request in a service's own wire form, errors included, as if `principal` had signed it. IAM applies.

        `service` is the name by which signatures call it. A request to one that speaks several protocols is in the one that it looks like.
        Raises NotImplementedByAtoll where the region has not the service or the operation.
        """

    def wire_form(self, service: str, operation: str) -> WireForm | None:
        """How requests name an operation of a service of this region, which signatures call `service`; None where it has none such."""

    def context(self, service: str, account: str, region: str, principal: Principal, name: str) -> Context:
        """A context for work that no request caused (a new trace called `name`), acting as `principal`."""


def _delete(tx: Transaction, key: Key) -> None:
    tx.delete(key)


class Shared(NamedTuple):
    """Records of accounts under GLOBAL_ACCOUNT: all that begin with `prefix`. `owner` says whose one is, None for nobody's;
    `remove` takes one away when its account is emptied."""

    prefix: Key
    owner: Callable[[Reader, Key, bytes], str | None]
    remove: Callable[[Transaction, Key], None] = _delete


class Runtime:
    """What a service keeps running beside its operations. What one of them does not need is as here."""

    def status(self) -> list[str]:
        """A line for people about each thing that runs or is amiss."""
        return []

    def reset(self, account: str | None) -> None:
        """Ends what it runs for an account (None: for all) whose records have just been deleted."""

    async def made(self, _connection: Connection) -> bool:
        """Whether one of its processes made this connection to the region."""
        return False


@dataclass(frozen=True, slots=True)
class Service:
    """A service's manifest. `name` is botocore's name of its model; `tasks` are its long operations by kind, `deliveries`
    what it promises to send, likewise.

    `runtime` opens what the service keeps running (a pool of processes): an async context manager whose value operations
    find at `ctx.runtime`.

    For resets, `shared` says what it keeps under GLOBAL_ACCOUNT, and `counters` names keys of an account whose counter goes on
    counting when the account is emptied, because memos are validated by it.

    `refused` says of operations that are not here why, where there is more to say than that they are not done yet.

    A service of many modules gives their full names instead: they are loaded when its first request comes.
    """

    name: str
    modules: Sequence[ModuleType | str]
    tasks: Mapping[str, Step] = field(default_factory=dict)
    deliveries: Mapping[str, Policy] = field(default_factory=dict)
    runtime: Callable[[Host], AbstractAsyncContextManager[Runtime]] | None = None
    shared: Sequence[Shared] = ()
    counters: Sequence[Callable[[str], Key]] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    def loaded(self) -> list[ModuleType]:
        """The modules, imported."""
        return [import_module(module) if isinstance(module, str) else module for module in self.modules]

    def operations(self) -> dict[str, Operation]:
        """Every operation that the modules define, by name. Raises ValueError if one is defined twice."""
        found: dict[str, Operation] = {}
        for module in self.loaded():
            for value in vars(module).values():
                op = getattr(value, "__atoll_operation__", None)
                if isinstance(op, Operation) and value.__module__ == module.__name__:
                    if op.name in found:
                        raise ValueError(f"{self.name}.{op.name} is defined twice")
                    found[op.name] = op
        return found


class Operations(Mapping[str, Mapping[str, Operation]]):
    """The operations of all services, by service and name; a service's modules are loaded when somebody asks for it."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = {service.name: service for service in services}
        self._loaded: dict[str, Mapping[str, Operation]] = {}

    def __getitem__(self, name: str) -> Mapping[str, Operation]:
        found = self._loaded.get(name)
        if found is None:
            found = self._loaded[name] = self._services[name].operations()
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._services)

    def __len__(self) -> int:
        return len(self._services)
