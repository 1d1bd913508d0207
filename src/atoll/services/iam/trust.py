"""Whom a trust policy names. IAM takes no user or role that is not there, and keeps whom it took by unique id: a policy goes on meaning
a user that is renamed, and never means another one that comes under the name of one that was deleted. docs: "Principal"."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from atoll.auth.policy.parse import parse
from atoll.kernel.store.api import Reader
from atoll.services.iam.errors import MalformedPolicyDocumentException
from atoll.services.iam.store import ROLES, USERS, Entity, Kind, Role, renamed_key

_KINDS: dict[str, Kind[Any]] = {"role": ROLES, "user": USERS}


def named(tx: Reader, trust: str) -> dict[str, str]:
    """The unique ids of the users and roles that this document names, by ARN.

    Raises MalformedPolicyDocumentException if one does not exist.
    """
    ids: dict[str, str] = {}
    for statement in parse(trust, "trust").statements:
        arns = statement.principals.arns if statement.principals else frozenset()
        for arn in sorted(arns):
            if arn.startswith("arn:aws:sts:"):  # sessions need not exist: their names are anybody's to choose
                continue
            entity = _find(tx, arn)
            if entity is None:
                raise MalformedPolicyDocumentException(f'Invalid principal in policy: "AWS":"{arn}"')
            ids[arn] = entity.id
    return ids


def shown(tx: Reader, role: Role) -> str:
    """The role's trust policy as it is shown, and counts: with the ARNs of now, and the unique ids of whoever is gone."""
    now = {arn: name for arn, unique in role.trusted.items() if (name := _name(tx, arn, unique)) != arn}
    if not now:
        return role.trust
    document = json.loads(role.trust)
    for principal in _principals(document["Statement"]):
        values = principal["AWS"]
        principal["AWS"] = now.get(values, values) if isinstance(values, str) else [now.get(one, one) for one in values]
    return json.dumps(document)


def _name(tx: Reader, arn: str, unique: str) -> str:
    """What the user or role with this unique id, which had this ARN, goes by."""
    entity = _find(tx, arn)
    if entity is not None and entity.id == unique:
        return arn
    renamed = tx.get(renamed_key(arn.split(":")[4], unique))
    return renamed.decode() if renamed else unique


def _find(tx: Reader, arn: str) -> Entity | None:
    account, resource = arn.split(":", 5)[4:] if arn.startswith("arn:aws:iam:") else ("", "")
    word, _, path = resource.partition("/")
    kind = _KINDS.get(word)
    if kind is None:
        return None
    entity: Entity | None = kind.find(tx, account, path.rpartition("/")[2])
    return entity if entity is not None and kind.arn(account, entity) == arn else None


def _principals(statements: Any) -> Iterator[dict[str, Any]]:
    for statement in statements if isinstance(statements, list) else [statements]:
        principal: Mapping[str, Any] | str = statement["Principal"]
        if isinstance(principal, dict) and "AWS" in principal:
            yield principal
