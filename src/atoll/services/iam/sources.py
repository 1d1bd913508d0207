"""The policies that a user, group or role has, as the policy simulator names them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from atoll.kernel.store.api import Reader
from atoll.services.iam import password_policy, policies
from atoll.services.iam.errors import InvalidInputException
from atoll.services.iam.store import GROUPS, ROLES, USERS, Entity, Kind, User

_ARN = re.compile(r"arn:aws:iam::(\d{12}):(user|group|role)/(?:[!-~]+/)?([\w+=,.@-]+)", re.ASCII)
_KINDS: dict[str, Kind[Any]] = {kind.word: kind for kind in (USERS, GROUPS, ROLES)}


class Source(NamedTuple):
    """A policy document, under the id that the simulator gives it."""

    id: str
    text: str


class Owner(NamedTuple):
    """A user, group or role by its ARN."""

    account: str
    kind: str
    name: str
    arn: str


def owner_of(arn: str) -> Owner:
    """What a simulated entity's ARN names. Raises InvalidInputException."""
    match = _ARN.fullmatch(arn)
    if match is None:
        raise InvalidInputException(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    return Owner(match[1], match[2], match[3], arn)


def sources_of(tx: Reader, owner: Owner) -> tuple[list[Source], Source | None]:
    """The entity's identity policies, those of a user's groups included, and its boundary. Raises NoSuchEntityException."""
    entity: Entity = _KINDS[owner.kind].get(tx, owner.account, owner.name)
    boundary = entity.boundary and Source("PermissionsBoundary", _managed(tx, owner.account, entity.boundary).text)
    return list(_held(tx, owner.account, owner.kind, entity)), boundary or None


def _held(tx: Reader, account: str, kind: str, entity: Entity) -> Iterator[Source]:
    for arn in entity.attached:
        yield _managed(tx, account, arn)
    for name, text in entity.inline.items():
        yield Source(f"{kind}_{entity.name}_{name}", text)
    if isinstance(entity, User):
        for group in entity.groups:
            yield from _held(tx, account, GROUPS.word, GROUPS.get(tx, account, group))
        own = password_policy.find(tx, account)
        if own is not None and own.may_change:
            yield Source(password_policy.GRANT, password_policy.MAY_CHANGE)


def _managed(tx: Reader, account: str, arn: str) -> Source:
    policy = policies.get(tx, account, arn)
    return Source(policy.name, policies.document(tx, account, arn, policy.default))
