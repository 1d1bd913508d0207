"""One try to sign in: who, through which client, by which flow; and what it may come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from atoll.kernel.context import Context
from atoll.services.cognito_idp.errors import (
    InvalidParameterException,
    NotAuthorizedException,
    PasswordResetRequiredException,
    ResourceNotFoundException,
    UserNotConfirmedException,
    UserNotFoundException,
)
from atoll.services.cognito_idp.pools.client_settings import hides_users
from atoll.services.cognito_idp.store import Client, Pool, User
from atoll.services.cognito_idp.users import secret_hash
from atoll.services.cognito_idp.users.find import find_by_name

WRONG = "Incorrect username or password."
HOSTED = "HOSTED"
"""The flow of the hosted pages: a password, whatever flows the client has; who calls has made sure of the client."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """`name` is the user's as the client gave it; `user` is None where there is none and the client must not know.

    The ClientMetadata of a request that begins a sign-in is `validation`, that of an answer `metadata`: they go to different triggers.
    """

    ctx: Context
    pool: Pool
    client: Client
    flow: str
    name: str
    user: User | None
    metadata: Mapping[str, str] = field(default_factory=dict)
    validation: Mapping[str, str] = field(default_factory=dict)

    def known(self) -> User:
        """The user. Raises NotAuthorizedException where there is none: nobody can sign in as him."""
        if self.user is None:
            raise NotAuthorizedException(WRONG)
        return self.user

    def of(self, user: User) -> Attempt:
        """The same with a user who has changed meanwhile."""
        return replace(self, user=user)

    @property
    def existence(self) -> dict[str, bool]:
        """`userNotFound` for triggers, who are told where clients are not (PreventUserExistenceErrors)."""
        return {"userNotFound": self.user is None} if hides_users(self.client) else {}

    @property
    def id_for_srp(self) -> str:
        """The name that challenges go by from now on."""
        return self.user.name if self.user else self.name


@dataclass(frozen=True, slots=True)
class Asked:
    """The user must answer a challenge: its name, the Session of the answer, what the client needs to know."""

    challenge: str
    session: str
    parameters: Mapping[str, str]
    available: tuple[str, ...] = ()

    def result(self) -> dict[str, Any]:
        """As InitiateAuth and RespondToAuthChallenge answer."""
        found: dict[str, Any] = {"ChallengeName": self.challenge, "ChallengeParameters": dict(self.parameters)}
        if self.session:
            found["Session"] = self.session
        if self.available:
            found["AvailableChallenges"] = list(self.available)
        return found


@dataclass(frozen=True, slots=True)
class Signed:
    """The user has signed in: tokens can be issued, `source` says to the pre token generation trigger why."""

    user: User
    source: str = "TokenGeneration_Authentication"
    metadata: Mapping[str, str] = field(default_factory=dict)


Outcome = Asked | Signed


def needed(parameters: Mapping[str, str], name: str) -> str:
    """A parameter that must be there."""
    value = parameters.get(name)
    if not value:
        raise InvalidParameterException(f"Missing required parameter {name}")
    return value


async def attempt_of(
    ctx: Context, pool: Pool, client: Client, flow: str, parameters: Mapping[str, str], metadata: Mapping[str, str],
    *, trusted: bool,
) -> Attempt:  # fmt: skip
    """The attempt that InitiateAuth's parameters begin, its SECRET_HASH checked unless the client is `trusted`. The user is None where
    there is none."""
    name = needed(parameters, "USERNAME")
    if not trusted:
        secret_hash.check(client, name, parameters.get("SECRET_HASH"))
    if parameters.get("DEVICE_KEY"):
        raise ResourceNotFoundException("Device does not exist.")
    user = await ctx.store.read(lambda tx: find_by_name(tx, ctx, pool, name))
    return Attempt(ctx, pool, client, flow, name, user, validation=metadata)


def refuse_unknown(client: Client) -> NoReturn:
    """Says that there is no such user, as clearly as the client may know it (PreventUserExistenceErrors)."""
    if hides_users(client):
        raise NotAuthorizedException(WRONG)
    raise UserNotFoundException("User does not exist.")


def refuse_state(user: User) -> None:
    """Raises where no password could sign this user in: he is disabled, or must reset it first."""
    if not user.enabled:
        raise NotAuthorizedException("User is disabled.")
    if user.status == "RESET_REQUIRED":
        raise PasswordResetRequiredException("Password reset required for the user")


def refuse_unconfirmed(user: User) -> None:
    """Raises UserNotConfirmedException where the user has not confirmed the sign-up."""
    if user.status == "UNCONFIRMED":
        raise UserNotConfirmedException("User is not confirmed.")
