"""What authentication and authorization ask of IAM: an `auth.principal.Directory`, on the way of every signed request.

An access key costs one look-up. The compiled policies of a principal stay in a bounded memo that belongs to this node: they are
as good as the account's version is the one they were compiled under, which costs one look-up to know. The memo can only be wrong
if it is filled from a version that is never committed; reads see what is committed and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from atoll.auth import credentials
from atoll.auth.policy.evaluate import GONE, NO_POLICIES, PolicySet
from atoll.auth.policy.parse import Policy, parse
from atoll.auth.principal import Credential
from atoll.kernel.context import Principal
from atoll.kernel.keys import packed
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import names, password_policy, policies
from atoll.services.iam.store import GROUPS, Entity, User, entity_of, renamed_key, version_key
from atoll.services.iam.uses import LatestUses

MEMO = 4096


class IamDirectory:
    """See the module."""

    def __init__(self) -> None:
        self._uses = LatestUses()
        self._memo: dict[tuple[bytes | None, str, str, tuple[str, ...], tuple[tuple[str, str], ...]], PolicySet] = {}

    def credential(self, tx: Reader, access_key: str) -> Credential | None:
        """The credential with this access key id, or None if Atoll did not issue it."""
        found = credentials.credential(tx, access_key)
        if found is not None and found.session_token is not None and found.principal.kind in ("user", "federated"):
            return _as_called_now(tx, found)
        return found

    def policies(self, tx: Reader, principal: Principal) -> PolicySet:
        """The compiled policies of a user or a role's session; none for the root and for services.

        Of a user or role that was deleted they are GONE, even if another of that name was made since.
        """
        if principal.kind not in ("user", "role", "federated"):
            return NO_POLICIES
        version = tx.get((packed(*version_key(principal.account)),))
        key = (version, principal.account, principal.identity, principal.session_policies, principal.session.tags)
        found = self._memo.get(key)
        if found is None:
            if len(self._memo) >= MEMO:
                self._memo.clear()
            found = self._memo[key] = _compile(tx, principal)
        return found

    def unique_id(self, tx: Reader, arn: str) -> str | None:
        """The unique id behind an ARN, None where nobody is there."""
        return names.unique_id(tx, arn)

    def name_now(self, tx: Reader, arn: str, unique: str) -> str:
        """What whoever had this ARN and unique id goes by."""
        return names.name_now(tx, arn, unique)

    def use(self, principal: Principal, service: str, region: str, now: float) -> Callable[[Transaction], None] | None:
        """What is to be stored of a signed request, mostly None."""
        return self._uses.note(principal, service, region, now)

    def unused(self, principal: Principal, service: str) -> None:
        """What `use` returned could not be stored: the next request shall try."""
        self._uses.forget(principal, service)


def _as_called_now(tx: Reader, session: Credential) -> Credential:
    """A session of a user that may have been renamed since: another may have its old name."""
    principal = session.principal
    arn = tx.get(renamed_key(principal.account, principal.identity))
    if arn is None:
        return session
    called = {"arn" if principal.kind == "user" else "role_arn": arn.decode()}
    return replace(session, principal=replace(principal, **called))  # type: ignore[arg-type]


def _compile(tx: Reader, principal: Principal) -> PolicySet:
    if principal.kind == "federated" and not principal.role_arn:  # of the root
        everything = (_managed(tx, principal.account, "arn:aws:iam::aws:policy/AdministratorAccess"),)
        return PolicySet(everything, session=tuple(map(parse, principal.session_policies)))
    entity = entity_of(tx, principal)
    if entity is None:
        return GONE
    return PolicySet(
        identity=tuple(_identity(tx, principal.account, entity)),
        boundary=_managed(tx, principal.account, entity.boundary) if entity.boundary else None,
        session=tuple(parse(text) for text in principal.session_policies),
        tags=_tags(entity.tags, principal.session.tags),
    )


def _identity(tx: Reader, account: str, entity: Entity) -> Iterator[Policy]:
    """An entity's own policies, attached and inline, and those that a user has by its groups."""
    yield from (_managed(tx, account, arn) for arn in entity.attached)
    yield from (parse(text, name=name) for name, text in entity.inline.items())
    if isinstance(entity, User):
        for name in entity.groups:
            group = GROUPS.get(tx, account, name)
            yield from (replace(policy, group=group.name) for policy in _identity(tx, account, group))
        own = password_policy.find(tx, account)
        if own is not None and own.may_change:
            yield parse(password_policy.MAY_CHANGE, name=password_policy.GRANT)


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
