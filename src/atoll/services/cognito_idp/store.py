"""Where user pools lie in the store.

    …, "pool", POOL                          Pool
    …, "client", POOL, CLIENT                Client
    …, "group", POOL, NAME                   Group
    …, "member", POOL, GROUP, SUB            "" (who is in a group)
    …, "membership", POOL, SUB, GROUP        "" (the groups of a user)
    …, "server", POOL, IDENTIFIER            ResourceServer
    …, "user", POOL, SUB                     User
    …, "name", POOL, NAME                    SUB: by every name that finds the user, as `users/find.py` folds it: user name and aliases
    …, "code", POOL, SUB, PURPOSE            Code: sent and not used yet
    …, "login", POOL, SUB, EVENT             Login: one sign-in and its refresh tokens
    …, "attempts", POOL, SUB, PURPOSE        Attempts: codes asked for and guessed wrong within an hour
    …, "challenge", POOL, DIGEST             Challenge: a sign-in on its way, by SHA-256 of its Session
    …, "keys", POOL                          Keys: the pool's private signing keys
    …, "look", POOL, CLIENT                  Look: how the hosted pages look to a client's users; of "ALL" to those of all
    (*CLIENT_IDS, CLIENT)                    Place: whose a client id is: requests that nobody signed have nothing else
    (*DOMAINS, HOST)                         Domain: whose a domain is, by its prefix or its own full name; reads as a Place
    …, "users", POOL                         a counter of the pool's users

`…` is (account, region, "cognito-idp"). Secrets lie here as digests only: codes, refresh tokens, sessions; client secrets and TOTP seeds
must be known to be checked, as the private keys.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from atoll.auth.token_keys import SigningKey
from atoll.kernel.context import GLOBAL_ACCOUNT, Context
from atoll.kernel.keys import Key
from atoll.kernel.places import Place
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader

CLIENT_IDS: Key = (GLOBAL_ACCOUNT, "", "cognito-idp", "client")
DOMAINS: Key = (GLOBAL_ACCOUNT, "", "cognito-idp", "domain")

Status = Literal[
    "UNCONFIRMED", "CONFIRMED", "FORCE_CHANGE_PASSWORD", "RESET_REQUIRED", "EXTERNAL_PROVIDER", "ARCHIVED", "UNKNOWN"
]


class Attribute(msgspec.Struct, frozen=True, omit_defaults=True):
    """An attribute that users of a pool can have; `name` with its prefix (`custom:tenant`). Bounds are texts, as the API gives them."""

    name: str
    type: Literal["String", "Number", "DateTime", "Boolean"] = "String"
    mutable: bool = True
    required: bool = False
    developer_only: bool = False
    least: str | None = None
    most: str | None = None


class Pool(msgspec.Struct, frozen=True, omit_defaults=True):
    """A user pool. `settings` holds the structures of CreateUserPool as DescribeUserPool shows them (Policies, LambdaConfig,
    AutoVerifiedAttributes, AliasAttributes, UsernameAttributes, UsernameConfiguration, AdminCreateUserConfig, AccountRecoverySetting …),
    defaults filled in; `mfa` those of SetUserPoolMfaConfig, `logs` those of
    SetLogDeliveryConfiguration. `created` and `modified` are region time in seconds."""

    id: str
    name: str
    created: float
    modified: float
    settings: dict[str, Any] = {}
    schema: tuple[Attribute, ...] = ()
    mfa_configuration: Literal["OFF", "ON", "OPTIONAL"] = "OFF"
    mfa: dict[str, Any] = {}
    tags: dict[str, str] = {}
    domain: str = ""
    custom_domain: str = ""
    logs: list[dict[str, Any]] = []


class Client(msgspec.Struct, frozen=True, omit_defaults=True):
    """An app client. `settings` holds the members of CreateUserPoolClient as DescribeUserPoolClient shows them, defaults filled in;
    `secrets` are its secrets by their ids ("" for that of GenerateSecret)."""

    id: str
    pool: str
    name: str
    created: float
    modified: float
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group of users. The lowest precedence wins the claim `cognito:preferred_role`."""

    name: str
    created: float
    modified: float
    description: str | None = None
    role: str | None = None
    precedence: int | None = None


class ResourceServer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Custom scopes: `{identifier}/{scope}`; descriptions by scope."""

    identifier: str
    name: str
    scopes: dict[str, str] = {}


class Password(msgspec.Struct, frozen=True):
    """What is kept of a password (`users/passwords.py`): scrypt's hash with its salt and cost, and what SRP verifies with."""

    salt: bytes
    hash: bytes
    cost: int
    srp_salt: bytes
    srp_verifier: bytes


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """A user. `sub` never changes; `name` is the user name as it was given (a UUID where users sign in by e-mail or phone only).

    `attributes` are all but `sub`, by name. `mfa` are the factors that are on (SMS_MFA, SOFTWARE_TOKEN_MFA, EMAIL_OTP), `preferred` is
    one of them or "". `totp` is the seed in base 32, "" for none; `totp_verified` whether it may be used; `totp_pending` a seed that no
    code has proven yet; `totp_used` the last time step that was used. `temporary_since` is when a temporary password was given, 0 for
    others. `failures` and `locked_until` are brute force's (`signin/lockout.py`).
    """

    sub: str
    name: str
    created: float
    modified: float
    status: Status = "UNCONFIRMED"
    enabled: bool = True
    attributes: dict[str, str] = {}
    password: Password | None = None
    history: tuple[Password, ...] = ()
    temporary_since: float = 0.0
    mfa: tuple[str, ...] = ()
    preferred: str = ""
    totp: str = ""
    totp_verified: bool = False
    totp_pending: str = ""
    totp_used: int = 0
    failures: int = 0
    locked_until: float = 0.0


class Code(msgspec.Struct, frozen=True):
    """A code that was sent: SHA-256 of it, until when it counts (region time), where it went, and wrong guesses so far."""

    digest: bytes
    expires: float
    medium: Literal["EMAIL", "SMS"]
    destination: str
    failures: int = 0


class Attempts(msgspec.Struct, frozen=True):
    """How often a user asked for a code, and how often one was given wrong, since a time (region time)."""

    since: float
    asked: int = 0
    failed: int = 0


class Login(msgspec.Struct, frozen=True, omit_defaults=True):
    """One sign-in. All its tokens carry its `event` as `event_id`, and `origin` as `origin_jti`; a login that is gone revokes them.

    `refresh` are its refresh tokens by their SHA-256, each with until when it is taken: 0.0 as long as the login lasts, else the end of
    the grace period of a token that was rotated. `at` is when the user signed in, `expires` when it can no longer be refreshed.
    """

    event: str
    origin: str
    client: str
    at: float
    expires: float
    refresh: dict[bytes, float]
    scopes: tuple[str, ...] = ()
    nonce: str = ""
    hosted: bool = False


class Challenge(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sign-in that waits for an answer to `asks` (`SMS_MFA`, `PASSWORD_VERIFIER`, `CUSTOM_CHALLENGE` …).

    Of whom (`name` as it was given; `sub` is "" where the user does not exist and the client must not know), by which `flow`, until
    when; the rest is in `state` (SRP's secret, a custom flow's answers). `used` ones are kept until then, to be told from unknown ones.
    """

    asks: str
    client: str
    sub: str
    name: str
    flow: str
    expires: float
    used: bool = False
    state: dict[str, Any] = {}


class Keys(msgspec.Struct, frozen=True):
    """A pool's signing keys: AWS signs the two kinds of tokens with two keys."""

    id_token: SigningKey
    access_token: SigningKey


class Look(msgspec.Struct, frozen=True):
    """What SetUICustomization made of the pages: CSS, and a logo of this media type ("" for none)."""

    client: str
    created: float
    modified: float
    css: str
    image: bytes
    kind: str


class Domain(Place, frozen=True, omit_defaults=True):
    """A domain of a pool's hosted pages: a prefix, or with a `certificate` (its ARN) a name of one's own. `managed_login` is which
    version of the pages it was made for, `distribution` AWS's name for what serves it."""

    name: str
    created: float
    distribution: str = ""
    certificate: str = ""
    managed_login: int = 1


POOLS = Codec(Pool)
CLIENTS = Codec(Client)
GROUPS = Codec(Group)
SERVERS = Codec(ResourceServer)
USERS = Codec(User)
CODES = Codec(Code)
ATTEMPTS = Codec(Attempts)
LOGINS = Codec(Login)
CHALLENGES = Codec(Challenge)
KEYS = Codec(Keys)
LOOKS = Codec(Look, memo=32)
DOMAIN_RECORDS = Codec(Domain)


def space(ctx: Context) -> Key:
    """Where the context's account and region keep theirs."""
    return (ctx.account, ctx.region, "cognito-idp")


def find_pool(tx: Reader, ctx: Context, pool: str) -> Pool | None:
    """A pool of the context's account and region."""
    raw = tx.get((*space(ctx), "pool", pool))
    return None if raw is None else POOLS.decode(raw)


def find_client(tx: Reader, ctx: Context, pool: str, client: str) -> Client | None:
    """A client of a pool."""
    raw = tx.get((*space(ctx), "client", pool, client))
    return None if raw is None else CLIENTS.decode(raw)


def find_user(tx: Reader, ctx: Context, pool: str, sub: str) -> User | None:
    """A user by `sub`."""
    raw = tx.get((*space(ctx), "user", pool, sub))
    return None if raw is None else USERS.decode(raw)
