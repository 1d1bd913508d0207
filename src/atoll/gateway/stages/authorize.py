"""authorize: may this principal do this to that?

What an operation needs stands in its `access`. The policies of the principal and of the resource decide; what they decided, and from
what, goes to the trace (`auth/policy/judgement.py`). Facts that conditions ask about are computed only when a policy asks
(`gateway/facts.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from atoll.auth.denied import sentence
from atoll.auth.policy.evaluate import KEYS_OF_PRINCIPALS, NO_POLICIES, PolicySet, Question, evaluate
from atoll.auth.policy.judgement import LONGEST, NOTHING, Judgement, owner_of
from atoll.auth.policy.parse import Policy, parse
from atoll.auth.principal import unrecognized
from atoll.gateway.call import Call, Parts
from atoll.gateway.facts import Facts, known_values, service_facts
from atoll.gateway.stages.validate import validate
from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import AccessDenied
from atoll.kernel.service import Access
from atoll.kernel.store.api import Reader

log = logging.getLogger("atoll.iam")
Fresh = list[tuple[Judgement, str | None]]
"""What was just decided and allowed, with the resource where nothing but names decided it."""


async def authorize(call: Call) -> None:
    """Sets `ctx`. Raises AccessDenied with AWS's sentence."""
    assert call.registered is not None
    if call.registered.speaker is not None:
        validate(call)
        call.principal = await call.registered.speaker(call.context(), call.params)
    ctx = call.ctx = call.context()
    if call.parts.auth == "off" and not call.parts.audits:
        return
    policies = NO_POLICIES
    if ctx.principal.kind in ("user", "role", "federated"):
        ctx.principal, policies = await ctx.store.read(lambda tx: _standing(call, ctx.principal, tx))
    fresh: Fresh = []
    for access in call.registered.access:
        for params in await _each(access, call.params) if access.each else (call.params,):
            await _require(call, ctx, access, policies, params, fresh)
    if fresh:
        await _keep(call, policies, fresh)


def _standing(call: Call, principal: Principal, tx: Reader) -> tuple[Principal, PolicySet]:
    """Who asks, as it is called now, and its policies, at one moment: since the key was found the body may have been long in coming.
    Raises UnrecognizedClient where the key is good no more."""
    directory = call.parts.directory
    if call.authorization is not None:
        found = directory.credential(tx, call.authorization.access_key)
        if found is None or not found.active:
            raise unrecognized(call.authorization.access_key)
        principal = found.principal
    return principal, directory.policies(tx, principal)


def _is_news(parts: Parts, judgement: Judgement) -> bool:
    """Whether there is something to note of what a role was allowed."""
    return parts.used is not None and judgement.principal.kind == "role" and not parts.used.knows(judgement)


async def _keep(call: Call, policies: PolicySet, fresh: Fresh) -> None:
    """Notes what a role used, and remembers what names alone decided: when all that the request needs was allowed, for what was denied
    used nothing."""
    used, noted = call.parts.used, True
    if used is not None and fresh[0][0].principal.kind == "role":
        noted = await used.note([judgement for judgement, _ in fresh])
    for judgement, resource in fresh:
        if noted and resource is not None:
            policies.remember(judgement.action, resource, judgement.decision)


async def _each(access: Access, params: Any) -> Sequence[Any]:
    """The requests that are judged one by one."""
    assert access.each
    found = access.each(params)
    return found if isinstance(found, Sequence) else await found


async def _require(call: Call, ctx: Context, access: Access, policies: PolicySet, params: Any, fresh: Fresh) -> None:
    """Raises AccessDenied unless the access is allowed on every resource that the request names. `fresh` gets what was not remembered."""
    action = access.action.lower()
    resource_policy = await _resource_policy(ctx, access, params) if access.resource_policy else None
    asked = policies.about(action).asks
    if resource_policy is not None:
        asked |= resource_policy.about(action).asks
    own = await service_facts(access, ctx, params, asked) if asked and access.conditions else {}
    by_names = not asked and resource_policy is None and policies is not NO_POLICIES
    for resource in await _resources(ctx, access, params):
        decision, context = policies.remembered(access.action, resource) if by_names else None, NOTHING
        remembered = decision is not None
        if decision is None:
            owner = owner_of(resource, ctx.account)
            facts = Facts(call, ctx, policies, own, owner) if asked else NOTHING
            question = Question(ctx.principal, access.action, resource, facts)
            decision = evaluate(question, policies, resource_policy, resource_account=owner)
            if not decision.allowed:
                facts = Facts(call, ctx, policies, own, owner)
                question = Question(ctx.principal, access.action, resource, facts)
                of_session = dict(ctx.principal.session.keys)
                context = known_values(question, (*facts, *KEYS_OF_PRINCIPALS, *of_session))
            elif asked:
                context = known_values(question, asked)
        judgement = Judgement(
            ctx.principal, access.action, resource[:LONGEST], ctx.account, context, policies, resource_policy,
            access.resource_policy is not None, decision,
        )  # fmt: skip
        call.span.judge(judgement)
        if not decision.allowed:
            question = Question(ctx.principal, access.action, resource, NOTHING)
            _deny(call, judgement, sentence(question, decision))
        elif not remembered and (by_names or _is_news(call.parts, judgement)):
            fresh.append((judgement, resource if by_names else None))


async def denies(call: Call, ctx: Context, policy: str, access: Access, params: Any) -> bool:
    """Whether a statement of this resource policy, which is not in effect yet, would deny the request of `ctx`. If so, the trace tells."""
    action, compiled, principal = access.action.lower(), _parsed(policy, "resource"), ctx.principal
    policies = await ctx.store.read(lambda tx: call.parts.directory.policies(tx, principal))
    own = await service_facts(access, ctx, params, compiled.about(action).asks)
    for resource in await _resources(ctx, access, params):
        owner = owner_of(resource, ctx.account)
        question = Question(principal, access.action, resource, Facts(call, ctx, policies, own, owner))
        decision = evaluate(question, NO_POLICIES, compiled, resource_account=owner)
        if decision.explicit:
            context = known_values(question, compiled.about(action).asks)
            judgement = Judgement(
                principal, access.action, resource[:LONGEST], ctx.account, context, NO_POLICIES, compiled, True, decision,
            )  # fmt: skip
            ctx.span.judge(judgement)
            return True
    return False


async def _resources(ctx: Context, access: Access, params: Any) -> Sequence[str]:
    """The ARNs that a request names."""
    found = access.resource(ctx, params)
    resources = found if isinstance(found, (str, Sequence)) else await found
    return (resources,) if isinstance(resources, str) else resources


def _deny(call: Call, judgement: Judgement, text: str) -> None:
    """Raises AccessDenied; where denials are only noted, notes it."""
    parts = call.parts
    parts.kernel.tracer.keep_denied(call.span.trace_id)
    audited = parts.audits.note(judgement, parts.kernel.clock.monotonic())
    if parts.auth in ("enforce", "strict") and not audited:
        raise AccessDenied(text)
    call.span.note(**{"iam audit": f"would be denied: {text}"})
    log.warning("would be denied: %s", text)


async def _resource_policy(ctx: Context, access: Access, params: Any) -> Policy | None:
    assert access.resource_policy
    text = await access.resource_policy(ctx, params)
    return _parsed(text, "trust" if access.action.startswith("sts:") else "resource") if text else None


@lru_cache(maxsize=1024)
def _parsed(text: str, kind: Literal["trust", "resource"]) -> Policy:
    return parse(text, kind=kind)
