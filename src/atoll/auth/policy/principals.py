"""The `Principal` and `NotPrincipal` elements: whom a resource's policy means. Docs: IAM User Guide, "Principal"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from atoll.auth.policy.pinned import split
from atoll.kernel.context import Principal


class Reach(IntEnum):
    """How a policy means a principal, from not at all to by its very name. The stronger, the less its own policies limit it."""

    NONE = 0
    ACCOUNT = 1
    """Its account is named: the account must still allow it."""
    ROLE = 2
    """Its role is named: boundaries and session policies still limit it."""
    DIRECT = 3
    """It is named itself (user, session, root, service), or everyone is."""


@dataclass(frozen=True, slots=True)
class Principals:
    """The compiled element. `accounts` are account ids; `arns` name users, roles and sessions, and so do `ids`, which of kept policies
    count in place of ARNs (`pinned.py`); `services` are host names; `federated` are identity providers, by ARN or host name.

    `CanonicalUser` matches nobody: no request in the region acts as one.
    """

    everyone: bool
    accounts: frozenset[str]
    arns: frozenset[str]
    services: frozenset[str]
    federated: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    def reach(self, principal: Principal) -> Reach:
        """How `principal` is meant."""
        if principal.kind == "service":
            return Reach.DIRECT if self.everyone or principal.arn in self.services else Reach.NONE
        if principal.kind == "identity":
            return Reach.DIRECT if principal.arn in self.federated else Reach.NONE
        if principal.kind == "root":
            return Reach.DIRECT if self.everyone or principal.account in self.accounts else Reach.NONE
        if self.everyone:
            return Reach.DIRECT
        if principal.kind == "anonymous":
            return Reach.NONE
        if self._name(principal.arn, principal.user_id):
            return Reach.DIRECT
        if principal.role_arn and self._name(principal.role_arn, principal.identity):
            return Reach.ROLE
        return Reach.ACCOUNT if principal.account in self.accounts else Reach.NONE

    def excepts(self, principal: Principal) -> bool:
        """Whether `NotPrincipal` with these spares `principal`: its account, and its role, must be listed with it."""
        if self.everyone:
            return True
        if principal.kind == "service":
            return principal.arn in self.services
        if principal.kind == "identity":
            return principal.arn in self.federated
        if principal.kind == "anonymous" or principal.account not in self.accounts:
            return False
        if principal.kind == "root":
            return True
        named = self._name(principal.arn, principal.user_id)
        return named and (not principal.role_arn or self._name(principal.role_arn, principal.identity))

    def _name(self, arn: str, unique: str) -> bool:
        """Whether whoever has this ARN and unique id is named."""
        return arn in self.arns or unique in self.ids


def compile_principals(element: Mapping[str, list[str]]) -> Principals:
    """Compiles a `Principal` element, whose `"*"` is written `{"AWS": ["*"]}`."""
    accounts, arns, ids = set[str](), set[str](), set[str]()
    for value in element.get("AWS", []):
        if value.isdigit():
            accounts.add(value)
        elif value.endswith(":root"):
            accounts.add(value.split(":")[4])
        elif value != "*":
            arn, unique = split(value)
            (ids if unique else arns).add(unique or arn)
    return Principals(
        everyone="*" in element.get("AWS", []),
        accounts=frozenset(accounts),
        arns=frozenset(arns),
        services=frozenset(element.get("Service", [])),
        federated=frozenset(element.get("Federated", [])),
        ids=frozenset(ids),
    )
