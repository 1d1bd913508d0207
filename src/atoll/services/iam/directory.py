"""What authentication and authorization ask of IAM: an `auth.principal.Directory`, on the way of every signed request.

An access key costs one look-up. The compiled policies of a principal stay in a bounded memo that belongs to this node: they are
as good as the account's version is the one they were compiled under, which costs one look-up to know. The memo can only be wrong
if it is filled from a version that is never committed; reads see what is committed and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from atoll.auth import credentials
from atoll.auth.policy.evaluate import NO_POLICIES, PolicySet
from atoll.auth.policy.parse import Policy, parse
from atoll.auth.principal import Credential
from atoll.kernel.context import Principal
from atoll.kernel.keys import packed
from atoll.kernel.store.api import Reader
from atoll.services.iam import policies
from atoll.services.iam.store import ROLES, USERS, Entity, version_key

MEMO = 4096


class IamDirectory:
    """See the module."""

    def __init__(self) -> None:
        self._memo: dict[tuple[bytes | None, str, str, tuple[str, ...], tuple[tuple[str, str], ...]], PolicySet] = {}

    def credential(self, tx: Reader, access_key: str) -> Credential | None:
        """The credential with this access key id, or None if Atoll did not issue it."""
        return credentials.credential(tx, access_key)

    def policies(self, tx: Reader, principal: Principal) -> PolicySet:
        """The compiled policies of a user or a role's session; none for the root and for services.

        A session of a role that was deleted has none, even if a role of that name was made since.
        """
        if principal.kind not in ("user", "role", "federated"):
            return NO_POLICIES
        identity = principal.session.owner or principal.user_id.partition(":")[0]
        version = tx.get((packed(*version_key(principal.account)),))
        key = (version, principal.account, identity, principal.session_policies, principal.session.tags)
        found = self._memo.get(key)
        if found is None:
            if len(self._memo) >= MEMO:
                self._memo.clear()
            found = self._memo[key] = _compile(tx, principal, identity)
        return found


def _compile(tx: Reader, principal: Principal, identity: str) -> PolicySet:
    if principal.kind == "federated" and not principal.role_arn:  # of the root
        everything = (_managed(tx, principal.account, "arn:aws:iam::aws:policy/AdministratorAccess"),)
        return PolicySet(everything, session=tuple(map(parse, principal.session_policies)))
    kind = ROLES if principal.kind == "role" else USERS
    name = (principal.role_arn or principal.arn).rpartition("/")[2]
    entity: Entity | None = kind.find(tx, principal.account, name)
    if entity is None or entity.id != identity:
        return NO_POLICIES
    return PolicySet(
        identity=(
            *(_managed(tx, principal.account, arn) for arn in entity.attached),
            *(parse(text, name=name) for name, text in entity.inline.items()),
        ),
        boundary=_managed(tx, principal.account, entity.boundary) if entity.boundary else None,
        session=tuple(parse(text) for text in principal.session_policies),
        tags=_tags(entity.tags, principal.session.tags),
    )


def _tags(own: Mapping[str, str], session: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """The tags of a principal: the session's go before those of the role or user. docs: "Pass session tags in AWS STS"."""
    if not session:
        return own
    given = {key.lower() for key, _ in session}
    return {key: value for key, value in own.items() if key.lower() not in given} | dict(session)


def _managed(tx: Reader, account: str, arn: str) -> Policy:
    """The default version of a managed policy. It exists, for one that is in use cannot be deleted; but for those of service-linked roles,
    which Atoll knows by name alone."""
    found = policies.find(tx, account, arn)
    if found is None:
        return Policy("identity", arn, ())
    return parse(policies.document(tx, account, arn, found.default), name=arn)
