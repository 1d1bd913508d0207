"""`/_atoll/least-privilege/ACCOUNT/ROLE`: the policy that a role's recorded calls need, and what of its present ones they do not."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec

from atoll.admin.answers import Refused, given
from atoll.auth import used
from atoll.gateway.call import Parts
from atoll.kernel.context import Principal
from atoll.kernel.http import HttpRequest
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam.store import ROLES, Role, changed

MEMBERS = {"forget": '"arn:aws:iam::123456789012:role/name"'}
_ROLE = re.compile(r"arn:aws:iam::(\d{12}):role/(?:.*/)?([^/]+)", re.ASCII)


async def least_privilege(parts: Parts, account: str, name: str) -> dict[str, Any]:
    """What the recorded calls of a role come to. Raises Refused where there is no such role.

    Shape: role (its ARN), recording, calls [{action, resource, contexts}], lost, policy (None without calls), size (characters),
    present (names), denies (how many Deny statements), unused [{policy, statement, patterns, all, partly, resources, wide}],
    denied [{action, resource}] on replay.
    """
    from atoll.auth.policy.minimal import minimal, replay, unused  # on demand: who never asks does not pay for it

    def read(tx: Reader) -> tuple[Role, list[used.Use], int]:
        role = _found(ROLES.find(tx, account, name), account, name)
        return role, used.of_role(tx, account, role.id), used.lost(tx, account, role.id)

    role, uses, lost = await parts.kernel.store.read(read)
    session = _session(account, role)
    policies = await parts.kernel.store.read(lambda tx: parts.directory.policies(tx, session))
    denies = sum(not statement.allow for policy in policies.identity for statement in policy.statements)
    # A thousand calls beside the longest policies: others have their turn meanwhile.
    document = await asyncio.to_thread(minimal, uses) if uses else None
    excess = await asyncio.to_thread(lambda: list(unused(policies.identity, uses, session)))
    denied = (
        await asyncio.to_thread(lambda: list(replay(uses, document, session, policies.boundary))) if document else []
    )
    return {
        "role": session.role_arn,
        "recording": parts.used is not None,
        "calls": [_told(use) for use in uses],
        "lost": lost,
        "policy": document,
        "size": len(msgspec.json.encode(document)) if document else 0,
        "present": [policy.name for policy in policies.identity],
        "denies": denies,
        "unused": [msgspec.to_builtins(one) for one in excess],
        "denied": [{"action": question.action, "resource": question.resource} for question in denied],
    }


async def forget(parts: Parts, request: HttpRequest) -> dict[str, Any]:
    """Forgets what a role did, so that recording begins anew. Raises Refused."""
    arn = given(request, MEMBERS).get("forget")
    found = _ROLE.fullmatch(arn) if isinstance(arn, str) else None
    if found is None:
        raise Refused('Say whose calls: {"forget": "arn:aws:iam::123456789012:role/name"}.')
    account, name = found.groups()

    def write(tx: Transaction) -> None:
        role = _found(ROLES.find(tx, account, name), account, name)
        used.forget(tx, account, role.id)
        changed(tx, account)  # what is remembered beside its compiled policies goes with them

    await parts.kernel.store.transact(write)
    return {"forgotten": arn}


def _found(role: Role | None, account: str, name: str) -> Role:
    if role is None:
        raise Refused(f"There is no role {name} in account {account}.", 404)
    return role


def _session(account: str, role: Role) -> Principal:
    """A session of the role, as its calls came from."""
    arn = f"arn:aws:sts::{account}:assumed-role/{role.name}/atoll"
    return Principal("role", account, arn, f"{role.id}:atoll", role_arn=ROLES.arn(account, role))


def _told(use: used.Use) -> dict[str, Any]:
    contexts = [context for granted in use.granted for context in granted.contexts]
    return {"action": use.action, "resource": use.resource, "contexts": contexts}
