"""Who is behind the ARN of a user, a role or a role's session, and what it goes by once it was renamed or is gone."""

from __future__ import annotations

from typing import Any

from atoll.kernel.store.api import Reader
from atoll.services.iam.store import ROLES, USERS, Entity, Kind, renamed_key

_KINDS: dict[str, Kind[Any]] = {"role": ROLES, "user": USERS}


def unique_id(tx: Reader, arn: str) -> str | None:
    """The unique id (`AIDA…`, `AROA…`; of a session of a role `AROA…:SESSION`) behind an ARN, None where nobody is there."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[:2] != ["arn", "aws"] or parts[3]:
        return None
    service, account, resource = parts[2], parts[4], parts[5]
    if service == "iam":
        entity = _find(tx, arn, account, resource)
        return entity.id if entity is not None else None
    word, _, rest = resource.partition("/")
    name, _, session = rest.partition("/")
    if service != "sts" or word != "assumed-role" or not session:
        return None
    role = ROLES.find(tx, account, name)
    return f"{role.id}:{session}" if role is not None and role.name == name else None


def name_now(tx: Reader, arn: str, unique: str) -> str:
    """What whoever had this ARN and unique id goes by: an ARN, or the unique id where it is gone."""
    if unique_id(tx, arn) == unique:
        return arn
    renamed = tx.get(renamed_key(arn.split(":")[4], unique))
    return renamed.decode() if renamed else unique


def _find(tx: Reader, arn: str, account: str, resource: str) -> Entity | None:
    word, _, path = resource.partition("/")
    kind = _KINDS.get(word)
    if kind is None:
        return None
    entity: Entity | None = kind.find(tx, account, path.rpartition("/")[2])
    return entity if entity is not None and kind.arn(account, entity) == arn else None
