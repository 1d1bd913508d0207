"""Whom a trust policy names: IAM takes no user or role that is not there."""

from __future__ import annotations

from typing import Any

from atoll.auth.policy.parse import parse
from atoll.kernel.store.api import Reader
from atoll.services.iam.errors import MalformedPolicyDocumentException
from atoll.services.iam.store import ROLES, USERS, Kind


def check_principals(tx: Reader, trust: str) -> None:
    """Raises MalformedPolicyDocumentException if a principal of this document is a user or role that does not exist."""
    for statement in parse(trust, "trust").statements:
        arns = statement.principals.arns if statement.principals else frozenset()
        for arn in sorted(arns):
            if not _exists(tx, arn):
                raise MalformedPolicyDocumentException(f'Invalid principal in policy: "AWS":"{arn}"')


def _exists(tx: Reader, arn: str) -> bool:
    """Sessions (`sts`) need not exist: their names are anybody's to choose."""
    _, _, service, _, account, resource = arn.split(":", 5)
    word, _, path = resource.partition("/")
    if service != "iam":
        return True
    kinds: dict[str, Kind[Any]] = {"role": ROLES, "user": USERS}
    kind = kinds.get(word)
    if kind is None:
        return False
    entity = kind.find(tx, account, path.rpartition("/")[2])
    return entity is not None and kind.arn(account, entity) == arn
