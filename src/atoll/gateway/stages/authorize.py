"""authorize: may this principal do this to that?

What an operation needs stands in its `access`. The policies of the principal and of the resource decide; the deciding statement goes to
the trace. Facts that conditions ask about are computed only when a policy asks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import Any, Literal

from atoll.auth.denied import sentence
from atoll.auth.policy.evaluate import PolicySet, Question, evaluate
from atoll.auth.policy.parse import Policy, parse
from atoll.gateway.call import Call
from atoll.kernel.context import Context
from atoll.kernel.errors import AccessDenied, NotImplementedByAtoll, UnknownOperation
from atoll.kernel.service import Access

log = logging.getLogger("atoll.iam")
NO_POLICIES = PolicySet(identity=())


async def authorize(call: Call) -> None:
    """Raises NotImplementedByAtoll for an operation without a handler, AccessDenied with AWS's sentence for one not allowed."""
    call.registered = call.parts.operations.get(call.service, {}).get(call.operation)
    if call.registered is None:
        if call.operation not in call.parts.models.service(call.service).operation_names:
            raise UnknownOperation()
        raise NotImplementedByAtoll(f"Atoll does not implement {call.service}:{call.operation}.")
    if call.parts.auth == "off" or not call.registered.access:
        return
    assert call.ctx is not None
    for access in call.registered.access:
        await _require(call, call.ctx, access)


async def _require(call: Call, ctx: Context, access: Access) -> None:
    principal = ctx.principal
    resource_policy = await _resource_policy(ctx, access, call.params)
    policies = (
        NO_POLICIES
        if principal.kind in ("service", "root")
        else await ctx.store.read(lambda tx: call.parts.directory.policies(tx, principal))
    )
    found = access.resource(ctx, call.params)
    resources = found if isinstance(found, (str, Sequence)) else await found
    facts = Facts(ctx, access, call.params)
    await facts.look_up()
    for resource in (resources,) if isinstance(resources, str) else resources:
        question = Question(principal, access.action, resource, facts)
        decision = evaluate(question, policies, resource_policy, resource_account=_account_of(resource, ctx))
        call.span.note(**{f"iam {access.action} on {resource}": decision})
        if decision.allowed:
            continue
        text = sentence(question, decision)
        if call.parts.auth != "audit":
            raise AccessDenied(text)
        log.warning("would be denied: %s", text)


async def _resource_policy(ctx: Context, access: Access, params: Any) -> Policy | None:
    text = await access.resource_policy(ctx, params) if access.resource_policy else None
    return _parsed(text, "trust" if access.action == "sts:AssumeRole" else "resource") if text else None


@lru_cache(maxsize=1024)
def _parsed(text: str, kind: Literal["trust", "resource"]) -> Policy:
    return parse(text, kind=kind)


def _account_of(arn: str, ctx: Context) -> str:
    """The account that owns a resource: the fifth part of its ARN, the caller's where the ARN names none, or AWS itself."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdecimal() else ctx.account


class Facts(Mapping[str, Sequence[str]]):
    """The condition keys of a request, by lower-case name. docs: "AWS global condition context keys"."""

    def __init__(self, ctx: Context, access: Access, params: Any) -> None:
        self._ctx = ctx
        self._access = access
        self._params = params
        self._own: Mapping[str, Sequence[str]] | None = None

    def __getitem__(self, key: str) -> Sequence[str]:
        if source := _GLOBAL.get(key):
            value = source(self._ctx)
            if value is None:
                raise KeyError(key)
            return (value,)
        return self._service_keys()[key]

    def __iter__(self) -> Iterator[str]:
        yield from (key for key, source in _GLOBAL.items() if source(self._ctx) is not None)
        yield from self._service_keys()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    async def look_up(self) -> None:
        """Awaits conditions that must read what the request acts on. All others wait until a policy asks."""
        if iscoroutinefunction(self._access.conditions):
            self._own = _lowered(await self._access.conditions(self._ctx, self._params))

    def _service_keys(self) -> Mapping[str, Sequence[str]]:
        if self._own is None:
            given = self._access.conditions(self._ctx, self._params) if self._access.conditions else {}
            assert isinstance(given, Mapping)
            self._own = _lowered(given)
        return self._own


def _lowered(given: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    return {key.lower(): values for key, values in given.items()}


_GLOBAL: Mapping[str, Callable[[Context], str | None]] = {
    "aws:currenttime": lambda ctx: ctx.clock.datetime().strftime("%Y-%m-%dT%H:%M:%SZ"),
    "aws:epochtime": lambda ctx: str(int(ctx.clock.now())),
    "aws:requestedregion": lambda ctx: ctx.region or "us-east-1",
    "aws:securetransport": lambda ctx: str(ctx.secure).lower(),
    "aws:sourceip": lambda ctx: ctx.source_ip if ctx.principal.kind != "service" else None,
    "aws:useragent": lambda ctx: ctx.user_agent or None,
}
"""What does not follow from the principal alone (`auth/policy/evaluate.py` knows that)."""
