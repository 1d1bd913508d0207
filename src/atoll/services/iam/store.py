"""IAM's keys and records. Everything lies under (account, "", "iam", …): IAM knows no regions.

Names are kept as given and found whatever their case (docs: "IAM and AWS STS quotas", names are unique regardless of case).
Every write that can change what somebody may do bumps the account's version (`changed`), which validates the directory's memo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import msgspec

from atoll.kernel.context import GLOBAL_ACCOUNT, Principal
from atoll.kernel.keys import Key, Range, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction, counter
from atoll.services.iam.errors import EntityAlreadyExistsException, LimitExceededException, NoSuchEntityException

ALIASES: Key = (GLOBAL_ACCOUNT, "", "iam", "account-aliases")
"""(*ALIASES, alias) holds the account that the alias names."""
Usage = Literal["PermissionsPolicy", "PermissionsBoundary"]
"""What a managed policy is to the role or user that it hangs on."""


class Entity(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What roles and users have in common. `created` is in whole seconds; `inline` maps policy names to documents.

    `attached` are the ARNs of managed policies in the order of their attachment; `boundary` is one, or "".
    """

    name: str
    path: str
    id: str
    created: int
    tags: dict[str, str] = {}
    boundary: str = ""
    attached: tuple[str, ...] = ()
    inline: dict[str, str] = {}


class Role(Entity, frozen=True, omit_defaults=True, kw_only=True):
    """A role. `trust` is the document that says who may assume it, as it was given, and `trusted` are the unique ids of the users and
    roles that it names, by the ARNs that they had then; `max_session` is in seconds."""

    trust: str
    trusted: dict[str, str] = {}
    description: str | None = None
    max_session: int = 3600


class User(Entity, frozen=True, omit_defaults=True, kw_only=True):
    """A user. `access_keys` are ids, oldest first; their records are `auth.credentials`'s. `groups` are the names of its groups in
    lower case, in the order in which it joined them."""

    access_keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class Group(Entity, frozen=True, omit_defaults=True, kw_only=True):
    """A group of users; who they are lies beside it (`members_prefix`). It has neither tags nor a boundary."""


class InstanceProfile(Entity, frozen=True, omit_defaults=True, kw_only=True):
    """An instance profile. `role` is the name of its role in lower case, or "". No policies hang on it."""

    role: str = ""


E = TypeVar("E", bound=Entity)


@dataclass(frozen=True)
class Kind(Generic[E]):
    """Roles, users, groups or instance profiles: where they lie, what errors call them, and what differs when policies hang on them.

    `quota` and `most` are the name and number of how many an account may have. `inline_size` is the most characters that all inline
    policies have together, white space not counted.
    """

    word: Literal["role", "user", "group", "instance-profile"]
    codec: Codec[E]
    called: str
    quota: str
    most: int
    inline_size: int = 0
    attached_quota: str = ""

    def find(self, tx: Reader, account: str, name: str) -> E | None:
        """The entity, or None."""
        raw = tx.get(self._key(account, name))
        return self.codec.decode(raw) if raw else None

    def get(self, tx: Reader, account: str, name: str) -> E:
        """The entity. Raises NoSuchEntityException."""
        found = self.find(tx, account, name)
        if found is None:
            raise NoSuchEntityException(f"{self._the} {name} cannot be found.")
        return found

    def create(self, tx: Transaction, account: str, entity: E) -> None:
        """Stores a new entity. Raises EntityAlreadyExistsException, and LimitExceededException where the account has as many as it may."""
        self.require_free(tx, account, entity.name)
        if count(tx, account, self.word) >= self.most:
            raise LimitExceededException(f"Cannot exceed quota for {self.quota}: {self.most}")
        self.put(tx, account, entity)

    def require_free(self, tx: Reader, account: str, name: str) -> None:
        """Raises EntityAlreadyExistsException if the name is taken."""
        if self.find(tx, account, name) is not None:
            raise EntityAlreadyExistsException(f"{self.called} {name} already exists.")

    def put(self, tx: Transaction, account: str, entity: E) -> None:
        """Stores the entity under its name."""
        key = self._key(account, entity.name)
        if tx.get(key) is None:
            add_to_count(tx, account, self.word, 1)
        tx.set(key, self.codec.encode(entity))
        changed(tx, account)

    def delete(self, tx: Transaction, account: str, entity: E) -> None:
        """Removes the entity."""
        add_to_count(tx, account, self.word, -1)
        tx.delete(self._key(account, entity.name))
        changed(tx, account)

    def rename(self, tx: Transaction, account: str, entity: E, renamed: E) -> None:
        """Puts `renamed` in the place of `entity`. Raises EntityAlreadyExistsException if its name is another's."""
        if renamed.name.lower() != entity.name.lower():
            self.require_free(tx, account, renamed.name)
            self.delete(tx, account, entity)
        for arn in entity.attached:
            disuse(tx, account, arn, "PermissionsPolicy", self.word, entity.name)
            use(tx, account, arn, "PermissionsPolicy", self.word, renamed.name)
        if entity.boundary:
            disuse(tx, account, entity.boundary, "PermissionsBoundary", self.word, entity.name)
            use(tx, account, entity.boundary, "PermissionsBoundary", self.word, renamed.name)
        self.put(tx, account, renamed)

    def prefix(self, account: str) -> Key:
        """Under which all entities of this kind lie, by name in lower case."""
        return (account, "", "iam", f"{self.word}s")

    def arn(self, account: str, entity: E) -> str:
        """The entity's ARN."""
        return f"arn:aws:iam::{account}:{self.word}{entity.path}{entity.name}"

    @property
    def _the(self) -> str:
        return f"The {self.word} with name" if self.called.endswith("name") else self.called

    def _key(self, account: str, name: str) -> Key:
        return (*self.prefix(account), name.lower())


ROLES = Kind("role", Codec(Role), "Role with name", "RolesPerAccount", 1000, 10_240, "PoliciesPerRole")
USERS = Kind("user", Codec(User), "User with name", "UsersPerAccount", 5000, 2_048, "PoliciesPerUser")
GROUPS = Kind("group", Codec(Group), "Group with name", "GroupsPerAccount", 300, 5_120, "PoliciesPerGroup")
PROFILES = Kind(
    "instance-profile", Codec(InstanceProfile), "Instance Profile", "InstanceProfilesPerAccount", 1000
)  # fmt: skip


def entity_of(tx: Reader, principal: Principal) -> Role | User | None:
    """That user or role, whatever a user is called by now; None where it was deleted, even if another of its name was made since."""
    arn = principal.role_arn or principal.arn
    if principal.kind != "role":
        renamed = tx.get(renamed_key(principal.account, principal.identity))
        arn = renamed.decode() if renamed else arn
    kind: Kind[Role] | Kind[User] = ROLES if principal.kind == "role" else USERS
    found = kind.find(tx, principal.account, arn.rpartition("/")[2])
    return found if found is not None and found.id == principal.identity else None


def members_prefix(account: str, group: str) -> Key:
    """Under which (…, name in lower case) lies for each user of a group."""
    return (account, "", "iam", "group-members", group.lower())


def renamed_key(account: str, user_id: str) -> Key:
    """Holds the ARN of a user that was renamed: its sessions know it by the old one."""
    return (account, "", "iam", "renamed-users", user_id)


def login_profile_key(account: str, user: User) -> Key:
    """Where a user's password lies, whatever the user is called."""
    return (account, "", "iam", "login-profiles", user.id)


def service_credentials_prefix(account: str, user: User) -> Key:
    """Under which a user's service-specific credentials lie, by id."""
    return (account, "", "iam", "service-credentials", user.id)


def profiles_prefix(account: str, role: str) -> Key:
    """Under which (…, name in lower case) lies for each instance profile that a role is in."""
    return (account, "", "iam", "profiles-of-role", role.lower())


def count(tx: Reader, account: str, noun: str) -> int:
    """How many there are of a noun that is counted: the words of the kinds, and "policy"."""
    raw = tx.get(_count_of(account, noun))
    return _uncounted(tx, account, noun) if raw is None else counter(raw)


def add_to_count(tx: Transaction, account: str, noun: str, amount: int) -> None:
    """Says that there will be `amount` more."""
    key = _count_of(account, noun)
    first = _uncounted(tx, account, noun) if tx.get(key) is None else 0
    tx.add(key, first + amount)


def _uncounted(tx: Reader, account: str, noun: str) -> int:
    """How many there are where nobody has counted yet: older data directories have users and roles, and no counts."""
    return sum(1 for _ in tx.scan(under((account, "", "iam", f"{noun}s"))))


def _count_of(account: str, noun: str) -> Key:
    return (account, "", "iam", "counts", noun)


class Policy(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A managed policy; its documents lie beside it. `versions` maps version numbers to their creation (whole seconds).

    `last` is the highest number ever given, for numbers are not used again.
    """

    name: str
    path: str
    id: str
    created: int
    updated: int
    description: str | None = None
    tags: dict[str, str] = {}
    default: int = 1
    last: int = 1
    versions: dict[int, int]


POLICIES = Codec(Policy)


def policies_prefix(account: str) -> Key:
    """Under which the account's own managed policies lie, by name in lower case."""
    return (account, "", "iam", "policies")


def document_key(account: str, name: str, version: int) -> Key:
    """Where the document of a version of a managed policy lies, as UTF-8 text."""
    return (account, "", "iam", "policy-documents", name.lower(), version)


def documents_of(account: str, name: str) -> Range:
    """All documents of a managed policy."""
    return under((account, "", "iam", "policy-documents", name.lower()))


def uses_prefix(account: str, policy_arn: str) -> Key:
    """Under which (…, usage, "role" or "user", name in lower case) lies for each use of a managed policy."""
    return (account, "", "iam", "policy-uses", policy_arn)


def use(tx: Transaction, account: str, policy_arn: str, usage: Usage, kind: str, name: str) -> None:
    """Notes that a role or user has the policy. It had it not."""
    tx.set((*uses_prefix(account, policy_arn), usage, kind, name.lower()), b"")
    tx.add(_count_key(account, policy_arn, usage), 1)


def disuse(tx: Transaction, account: str, policy_arn: str, usage: Usage, kind: str, name: str) -> None:
    """Notes that a role or user that had the policy has it no more."""
    tx.delete((*uses_prefix(account, policy_arn), usage, kind, name.lower()))
    tx.add(_count_key(account, policy_arn, usage), -1)


def uses(tx: Reader, account: str, policy_arn: str, usage: Usage) -> int:
    """How many roles and users have the policy."""
    return counter(tx.get(_count_key(account, policy_arn, usage)))


def in_use(tx: Reader, account: str, policy_arn: str) -> bool:
    """Whether anybody has the policy."""
    return bool(
        uses(tx, account, policy_arn, "PermissionsPolicy") or uses(tx, account, policy_arn, "PermissionsBoundary")
    )


def _count_key(account: str, policy_arn: str, usage: Usage) -> Key:
    return (account, "", "iam", "policy-use-counts", policy_arn, usage)


def alias_owner(_tx: Reader, _key: Key, raw: bytes) -> str:
    """The account that an alias names."""
    return raw.decode()


def version_key(account: str) -> tuple[str, ...]:
    """Where the account's version lies."""
    return (account, "", "iam", "version")


def changed(tx: Transaction, account: str) -> None:
    """Says that compiled policies of this account may be out of date."""
    tx.add(version_key(account), 1)
