"""Noting what roles use of their permissions (`auth/used.py`): each action and resource once for each state of the role's policies.

What was noted is remembered beside the compiled policies, so that a call which was made before costs nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.auth import used
from atoll.auth.policy.judgement import LONGEST, Judgement
from atoll.auth.policy.parse import MEMO
from atoll.auth.policy.patterns import general
from atoll.auth.used import MOST_CONTEXTS, Granted, Use
from atoll.kernel.errors import StoreUnavailable
from atoll.kernel.store.api import Store, Transaction

log = logging.getLogger("atoll.iam")
OF_RESOURCES = ("resource-based policy", "role trust policy")


class UsedCalls:
    """Notes allowed calls of roles."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def knows(self, judged: Judgement) -> bool:
        """Whether there is nothing to note of an allowed call: cheap, for most were made before."""
        contexts = judged.policies.used.get(_place(judged))
        if contexts is None:
            return not _needs_the_role(judged)
        return len(contexts) >= MOST_CONTEXTS or judged.context in contexts

    async def note(self, allowed: Sequence[Judgement]) -> bool:
        """Stores what is new of the permissions of one request. False where that cannot be (the disk is full): the next shall try."""
        fresh = [judged for judged in allowed if not self.knows(judged)]
        if not fresh:
            return True
        for judged in fresh:
            _remember(judged)
        uses = [(judged.principal.account, _role_id(judged), _use(judged)) for judged in fresh]

        def write(tx: Transaction) -> None:
            for account, role_id, use in uses:
                used.write(tx, account, role_id, use)

        try:
            await self._store.transact(write)
        except StoreUnavailable as error:
            log.warning("what a role did could not be noted: %s", error.message)
            for judged in fresh:
                judged.policies.used.pop(_place(judged), None)
            return False
        return True


def _role_id(judged: Judgement) -> str:
    return judged.principal.user_id.partition(":")[0]


def _needs_the_role(judged: Judgement) -> bool:
    """Whether the role's own policies had to allow it: within an account a resource's policy may be enough."""
    if len(judged.resource) >= LONGEST:
        return False
    return judged.decision.by not in OF_RESOURCES or judged.owner != judged.principal.account


def _place(judged: Judgement) -> tuple[str, ...]:
    return (judged.action, judged.resource, judged.decision.policy, judged.decision.statement)


def _remember(judged: Judgement) -> None:
    known = judged.policies.used
    if len(known) >= MEMO:
        known.clear()
    known.setdefault(_place(judged), []).append(judged.context)


def _use(judged: Judgement) -> Use:
    context = {key: tuple(values) for key, values in judged.context.items()}
    condition = msgspec.json.encode(_condition(judged), order="deterministic").decode()
    return Use(judged.action, general(judged.resource), judged.resource, (Granted(condition, (context,)),))


def _condition(judged: Judgement) -> Mapping[str, Any]:
    """The conditions under which the role's policies allowed it: those of the first statement that did."""
    question = judged.question
    for policy in judged.policies.identity:
        for statement, source in zip(policy.statements, policy.sources(), strict=True):
            names_it = statement.allow and statement.actions.match(judged.action.lower())
            if names_it and statement.covers(judged.resource, question.values):
                found: Mapping[str, Any] = source.get("Condition", {})
                return found
    return {}
