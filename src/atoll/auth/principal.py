"""How an access key becomes a principal. What is stored about keys and policies is behind `Directory`; nothing here reads it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from atoll.kernel.context import Principal
from atoll.kernel.errors import ExpiredToken, UnrecognizedClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from atoll.auth.policy.evaluate import PolicySet
    from atoll.kernel.store.api import Reader, Transaction

DEFAULT_ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key that Atoll issued. `session_token` and `expires` (region time, seconds) are set for sessions only."""

    secret: str
    session_token: str | None
    expires: float | None
    principal: Principal
    active: bool


class Directory(Protocol):
    """What authentication and authorization ask of IAM. What commits between the two questions of one request, the second may see."""

    def credential(self, tx: Reader, access_key: str) -> Credential | None:
        """The credential with this access key id, or None if Atoll did not issue it."""

    def policies(self, tx: Reader, principal: Principal) -> PolicySet:
        """The compiled policies that are attached to `principal` (empty for root and for services)."""

    def unique_id(self, tx: Reader, arn: str) -> str | None:
        """The unique id of the user or role that has this ARN, of a role's session `AROA…:SESSION`; None where nobody is there."""

    def name_now(self, tx: Reader, arn: str, unique: str) -> str:
        """What whoever had this ARN and unique id goes by: an ARN, or the unique id where it is gone."""

    def use(self, principal: Principal, service: str, region: str, now: float) -> Callable[[Transaction], None] | None:
        """Hears of each request that `principal` signed for `service` in `region`, at a region time in seconds. Returns what is to be
        stored of it; mostly None, for a key's uses are noted once in a quarter of an hour."""

    def unused(self, principal: Principal, service: str) -> None:
        """Hears that what `use` returned could not be stored."""


def unknown_key(access_key: str, strict: bool) -> Principal:
    """Who acts under an access key that Atoll did not issue: the root of the account that a 12-digit key names, else of 000000000000.

    Raises UnrecognizedClient if `strict` (`--auth strict`, or the caller is a function), and for the key of a session (ASIA…): a
    function whose session has ended and was forgotten must not become root.
    """
    if strict or access_key.startswith("ASIA"):
        raise unrecognized(access_key)
    names_account = len(access_key) == 12 and access_key.isascii() and access_key.isdigit()
    return Principal.root(access_key if names_account else DEFAULT_ACCOUNT, access_key)


def check(credential: Credential, token: str | None, now: float) -> None:
    """Returns if `credential` may be used with the session token that the request carries. `now` is region time in seconds.

    Raises UnrecognizedClient where the key is inactive or the token is not its own, ExpiredToken where the session has ended.
    """
    own, given = credential.session_token or "", token or ""
    if not credential.active:
        raise unrecognized(credential.principal.access_key)
    if (own or given) and not hmac.compare_digest(own.encode(), given.encode("utf-8", "backslashreplace")):
        error = unrecognized(credential.principal.access_key)
        if given:
            malformed = "The provided token is malformed or otherwise invalid."
            error.in_s3("InvalidToken", malformed, 400, {"Token-0": given})
        raise error
    if credential.expires is not None and now >= credential.expires:
        raise ExpiredToken("The security token included in the request is expired").in_s3(
            "ExpiredToken", "The provided token has expired.", 400, {"Token-0": given}
        )


def unrecognized(access_key: str) -> UnrecognizedClient:
    """The error for a key that is nobody's, or may not be used."""
    return UnrecognizedClient("The security token included in the request is invalid.").in_s3(
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        403,
        {"AWSAccessKeyId": access_key},
    )
