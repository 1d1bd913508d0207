"""authorize: may this principal do this to that?

What an operation needs stands in its `access`. The policies of the principal and of the resource decide; the deciding statement goes to
the trace. Facts that conditions ask about are computed only when a policy asks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from atoll.auth.denied import sentence
from atoll.auth.policy.evaluate import PolicySet, Question, evaluate
from atoll.auth.policy.parse import Policy, parse
from atoll.gateway.call import Call
from atoll.kernel.context import Context
from atoll.kernel.errors import AccessDenied
from atoll.kernel.service import Access

log = logging.getLogger("atoll.iam")
NO_POLICIES = PolicySet(identity=())


async def authorize(call: Call) -> None:
    """Sets `ctx`. Raises AccessDenied with AWS's sentence."""
    assert call.registered is not None
    ctx = call.ctx = call.context()
    if call.parts.auth == "off":
        return
    for access in call.registered.access:
        await _require(call, ctx, access)


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
    own: Mapping[str, Sequence[str]] = {}
    if access.conditions and _asked(access.action.lower(), policies, resource_policy):
        own = await access.conditions(ctx, call.params)
    facts = Facts(ctx, own)
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


def _asked(action: str, policies: PolicySet, resource_policy: Policy | None) -> bool:
    """Whether any policy has conditions for the action: the service's keys may cost a look-up."""
    return any(policy.asks(action) for policy in policies) or (
        resource_policy is not None and resource_policy.asks(action)
    )


class Facts(Mapping[str, Sequence[str]]):
    """The condition keys of a request, by lower-case name; global ones are computed when a policy asks.

    docs: "AWS global condition context keys".
    """

    def __init__(self, ctx: Context, own: Mapping[str, Sequence[str]]) -> None:
        self._ctx = ctx
        self._own = {key.lower(): values for key, values in own.items()}

    def __getitem__(self, key: str) -> Sequence[str]:
        if source := _GLOBAL.get(key):
            value = source(self._ctx)
            if value is None:
                raise KeyError(key)
            return (value,)
        return self._own[key]

    def __iter__(self) -> Iterator[str]:
        yield from (key for key, source in _GLOBAL.items() if source(self._ctx) is not None)
        yield from self._own

    def __len__(self) -> int:
        return sum(1 for _ in self)


_GLOBAL: Mapping[str, Callable[[Context], str | None]] = {
    "aws:currenttime": lambda ctx: ctx.clock.datetime().strftime("%Y-%m-%dT%H:%M:%SZ"),
    "aws:epochtime": lambda ctx: str(int(ctx.clock.now())),
    "aws:requestedregion": lambda ctx: ctx.region or "us-east-1",
    "aws:securetransport": lambda ctx: str(ctx.secure).lower(),
    "aws:sourceip": lambda ctx: ctx.source_ip if ctx.principal.kind != "service" else None,
    "aws:useragent": lambda ctx: ctx.user_agent or None,
}
"""What does not follow from the principal alone (`auth/policy/evaluate.py` knows that)."""
