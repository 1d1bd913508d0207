"""What must hold of everything that IAM, STS and Cognito keep, whatever happened before: every index is exact, every counter right, and
nothing is left of what is gone. `judge(rows)` looks at all rows of a region that is down and in which all tasks had come to rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from atoll.auth import credentials, own_issuers
from atoll.auth.credentials import AccessKey
from atoll.kernel import tasks
from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Key
from atoll.kernel.places import PLACES
from atoll.kernel.records import Codec
from atoll.services.cognito_identity import store as identities
from atoll.services.cognito_identity.tokens import ISSUER
from atoll.services.cognito_idp import names
from atoll.services.cognito_idp import store as pools
from atoll.services.cognito_idp.pools.removal import TASK
from atoll.services.cognito_idp.users.find import names_of
from atoll.services.iam import store as iam

Rows = Mapping[Key, bytes]
_KEYS = Codec(AccessKey)


def judge(rows: Rows) -> None:
    """Raises AssertionError for the first thing that is not as it must be."""
    running = [tasks.RECORDS.decode(raw).kind for _, raw in below(rows, *tasks.PREFIX)]
    assert TASK not in running
    places = {(key[0], key[1]) for key in rows if key[2:3] == ("cognito-idp",) and key[0] != GLOBAL_ACCOUNT}
    for place in places:
        _user_pools(rows, (*place, "cognito-idp"))
    for place in {(key[0], key[1]) for key in rows if key[2:3] == ("cognito-identity",) and key[0] != GLOBAL_ACCOUNT}:
        _identity_pools(rows, (*place, "cognito-identity"))
    for account in {str(key[0]) for key in rows if key[0] != GLOBAL_ACCOUNT}:
        _iam(rows, account)
        sent = len(list(below(rows, account, "", "mail", "message")))
        assert sent == int(rows.get((account, "", "mail", "count"), b"0")), "the mailbox's count"
    _shared(rows)
    _sessions(rows)


def below(rows: Rows, *prefix: object) -> Iterator[tuple[Key, bytes]]:
    """The rest of each key under a prefix, and what lies there."""
    return ((key[len(prefix) :], raw) for key, raw in rows.items() if key[: len(prefix)] == prefix)


def _user_pools(rows: Rows, space: Key) -> None:
    live = {str(key[0]): pools.POOLS.decode(raw) for key, raw in below(rows, *space, "pool")}
    for key, _ in below(rows, *space):
        assert key[0] == "pool" or key[1] in live, f"{key} of a pool that is gone"
    for pool_id, pool in live.items():
        users = {str(key[0]): pools.USERS.decode(raw) for key, raw in below(rows, *space, "user", pool_id)}
        wanted = {name: sub for sub, user in users.items() for name in names_of(pool, user)}
        assert {key[0]: raw.decode() for key, raw in below(rows, *space, "name", pool_id)} == wanted, "names of users"
        assert int(rows.get((*space, "users", pool_id), b"0")) == len(users), "EstimatedNumberOfUsers"
        for kind in ("code", "login", "attempts"):
            of = {key[0] for key, _ in below(rows, *space, kind, pool_id)} - {""}
            assert of <= users.keys(), f"a {kind} of a user who is gone"
        groups = {key[0] for key, _ in below(rows, *space, "group", pool_id)}
        members = {(key[1], key[0]) for key, _ in below(rows, *space, "member", pool_id)}
        assert members == {key for key, _ in below(rows, *space, "membership", pool_id)}, "members"
        assert {sub for sub, _ in members} <= users.keys()
        assert {group for _, group in members} <= groups
        hosted = {(kind, key[0]) for kind in ("grant", "session") for key, _ in below(rows, *space, kind, pool_id)}
        assert hosted <= {key[1:] for key, _ in below(rows, *space, "hosted-end", pool_id)}, "nothing ends a session"


def _identity_pools(rows: Rows, space: Key) -> None:
    live = {key[0] for key, _ in below(rows, *space, "pool")}
    found: dict[object, str] = {}
    for key, raw in below(rows, *space, "identity"):
        assert key[0] in live, "an identity of a pool that is gone"
        identity = identities.IDENTITIES.decode(raw)
        for provider, subjects in identity.logins.items():
            found |= dict.fromkeys(((key[0], provider, subject) for subject in subjects), identity.id)
    assert {key: raw.decode() for key, raw in below(rows, *space, "login")} == found, "logins of identities"


def _shared(rows: Rows) -> None:
    """What says whose something is: clients, domains, issuers, identity pools and identities."""
    clients, domains, issuers, identity_pools, people = set(), set(), set(), set(), set()
    for key, raw in rows.items():
        if key[0] != GLOBAL_ACCOUNT and key[2] == "cognito-idp" and key[3] == "client":
            clients.add((key[5], *key[:2], key[4]))
        if key[0] != GLOBAL_ACCOUNT and key[2] == "cognito-idp" and key[3] == "pool":
            pool = pools.POOLS.decode(raw)
            issuers.add(names.issuer(pool.id))
            domains |= {(name, pool.id) for name in (pool.domain, pool.custom_domain) if name}
        if key[0] != GLOBAL_ACCOUNT and key[2] == "cognito-identity" and key[3] == "pool":
            identity_pools.add((key[4], *key[:2]))
        if key[0] != GLOBAL_ACCOUNT and key[2] == "cognito-identity" and key[3] == "identity":
            people.add((key[5], *key[:2], key[4]))
    place = {key[0]: PLACES.decode(raw) for key, raw in below(rows, *pools.CLIENT_IDS)}
    assert {(name, one.account, one.region, one.pool) for name, one in place.items()} == clients, "ids of clients"
    place = {key[0]: PLACES.decode(raw) for key, raw in below(rows, *pools.DOMAINS)}
    assert {(name, one.pool) for name, one in place.items()} == domains, "domains"
    known = {key[0] for key, _ in below(rows, *own_issuers.PREFIX)}
    assert known - {ISSUER} == issuers, "the region's own issuers"
    there = {key[0]: PLACES.decode(raw) for key, raw in below(rows, *identities.POOL_IDS)}
    assert {(name, one.account, one.region) for name, one in there.items()} == identity_pools, "ids of identity pools"
    there = {key[0]: PLACES.decode(raw) for key, raw in below(rows, *identities.IDENTITY_IDS)}
    assert {(name, one.account, one.region, one.pool) for name, one in there.items()} == people, "ids of identities"


def _iam(rows: Rows, account: str) -> None:
    space = (account, "", "iam")
    uses: set[tuple[str, str, str, str]] = set()
    kinds = (iam.ROLES, iam.USERS, iam.GROUPS, iam.PROFILES)
    entities: dict[str, list[iam.Entity]] = {}
    for kind in kinds:
        found = entities[kind.word] = [kind.codec.decode(raw) for _, raw in below(rows, *kind.prefix(account))]
        assert int(rows.get((*space, "counts", kind.word), b"0")) == len(found), f"how many {kind.word}s there are"
        for one in found:
            uses |= {(arn, "PermissionsPolicy", kind.word, one.name.lower()) for arn in one.attached}
            uses |= {(one.boundary, "PermissionsBoundary", kind.word, one.name.lower())} if one.boundary else set()
    assert {key for key, _ in below(rows, *space, "policy-uses")} == uses, "who has which policy"
    counted = {key: int(raw) for key, raw in below(rows, *space, "policy-use-counts") if int(raw)}
    assert counted == Counter(use[:2] for use in uses), "how many have a policy"
    _policies(rows, space)
    users = {user.name.lower(): user for user in entities["user"] if isinstance(user, iam.User)}
    members = {(group, name) for name, user in users.items() for group in user.groups}
    assert {key for key, _ in below(rows, *space, "group-members")} == members, "members of groups"
    assert {group for group, _ in members} <= {one.name.lower() for one in entities["group"]}
    profiles = [one for one in entities["instance-profile"] if isinstance(one, iam.InstanceProfile)]
    of_roles = {(one.role, one.name.lower()) for one in profiles if one.role}
    assert {key for key, _ in below(rows, *space, "profiles-of-role")} == of_roles, "instance profiles of roles"
    ids = {user.id for user in users.values()}
    _belongings(rows, space, users, ids, {one.id for one in entities["role"]})


def _policies(rows: Rows, space: Key) -> None:
    found = [iam.POLICIES.decode(raw) for _, raw in below(rows, *space, "policies")]
    assert int(rows.get((*space, "counts", "policy"), b"0")) == len(found), "how many policies there are"
    documents = {(one.name.lower(), version) for one in found for version in one.versions}
    assert {key for key, _ in below(rows, *space, "policy-documents")} == documents, "documents of policies"
    assert all(one.default in one.versions for one in found)


def _belongings(rows: Rows, space: Key, users: Mapping[str, iam.User], ids: set[str], roles: set[str]) -> None:
    keys = {name: user for user in users.values() for name in user.access_keys}
    active = {
        str(key[0]): record
        for key, raw in below(rows, *credentials.PREFIX)
        if (record := _KEYS.decode(raw)).token is None and record.secret and record.principal.account == space[0]
    }
    assert active.keys() == keys.keys(), "access keys"
    for name, record in active.items():
        assert record.principal.arn == iam.USERS.arn(str(space[0]), keys[name]), "a key that says another name"
    assert {key[0] for key, _ in below(rows, *space, "key-uses")} <= keys.keys(), "the use of a key that is gone"
    owners = {
        kind: {key[0] for key, _ in below(rows, *space, kind)}
        for kind in ("mfa-of", "login-profiles", "service-credentials", "renamed-users", "used-calls", "service-uses")
    }
    for kind in ("mfa-of", "login-profiles", "service-credentials", "renamed-users"):
        assert owners[kind] <= ids, f"{kind} of a user who is gone"
    assert owners["used-calls"] <= roles, "calls of a role that is gone"
    assert owners["service-uses"] <= ids | roles, "the last use by somebody who is gone"


def _sessions(rows: Rows) -> None:
    endings: dict[str, list[float]] = defaultdict(list)
    for key, _ in below(rows, *credentials.ENDINGS):
        endings[str(key[1])].append(float(key[0]))
    found = {str(key[0]): _KEYS.decode(raw) for key, raw in below(rows, *credentials.PREFIX)}
    sessions = {name: [record.expires] for name, record in found.items() if record.token is not None}
    assert endings == sessions, "when sessions end"
