"""Whom a trust policy names. IAM takes no user or role that is not there, and keeps whom it took by unique id: a policy goes on meaning
a user that is renamed, and never means another one that comes under the name of one that was deleted. docs: "Principal".

The document stays as it was written: the unique ids are kept beside it, not in it as other services do (`auth/policy/pinned.py`).
"""

from __future__ import annotations

from atoll.auth.policy.document import PolicySyntaxError
from atoll.auth.policy.pinned import pinned, renamed
from atoll.kernel.store.api import Reader
from atoll.services.iam.errors import MalformedPolicyDocumentException
from atoll.services.iam.names import name_now, unique_id
from atoll.services.iam.store import Role


def named(tx: Reader, trust: str) -> dict[str, str]:
    """The unique ids of the users and roles that this document names, by ARN.

    Raises MalformedPolicyDocumentException if one does not exist.
    """
    ids: dict[str, str] = {}

    def find(arn: str) -> str | None:
        unique = unique_id(tx, arn)
        if unique is not None:
            ids[arn] = unique
        return unique

    try:
        pinned(trust, find)
    except PolicySyntaxError as error:
        raise MalformedPolicyDocumentException(error.message) from None
    return ids


def shown(tx: Reader, role: Role) -> str:
    """The role's trust policy as it is shown, and counts: with the ARNs of now, and the unique ids of whoever is gone."""
    now = {arn: name for arn, unique in role.trusted.items() if (name := name_now(tx, arn, unique)) != arn}
    return renamed(role.trust, lambda name: now.get(name, name)) if now else role.trust
