"""USER_SRP_AUTH: the client proves that it knows the password and never sends it. SRP 6a as Cognito speaks it (`users/passwords.py`).

The server's half of the exchange lies under SECRET_BLOCK, which is the session of the answer. For a user who does not exist the challenge
looks the same, with a salt that stays his.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from typing import Any

from atoll.auth.passwords import SALT
from atoll.services.cognito_idp.errors import InvalidParameterException, NotAuthorizedException
from atoll.services.cognito_idp.signin import password, sessions
from atoll.services.cognito_idp.signin.attempt import WRONG, Asked, Attempt, needed
from atoll.services.cognito_idp.store import Challenge, Pool
from atoll.services.cognito_idp.tokens.keys import signing_keys
from atoll.services.cognito_idp.users.passwords import G, N, padded, power

_SECRET = 32
"""Bytes of the server's secret."""
_A = re.compile(r"[0-9a-fA-F]{1,1024}", re.ASCII)
_TIMESTAMP = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"[1-3]?[0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9] UTC [0-9]{4}",
    re.ASCII,
)
_K = int.from_bytes(hashlib.sha256(padded(N) + padded(G)).digest(), "big")


async def ask(attempt: Attempt, a: str, state: Mapping[str, Any], available: tuple[str, ...] = ()) -> Asked:
    """Puts PASSWORD_VERIFIER. `a` is SRP_A; `state` goes with it. Raises InvalidParameterException for an SRP_A that is none."""
    ctx = attempt.ctx
    number = int(a, 16) if _A.fullmatch(a) else 0
    if number % N == 0:
        raise InvalidParameterException("Invalid SRP_A")
    known = attempt.user.password if attempt.user else None
    salt, verifier = (known.srp_salt, known.srp_verifier) if known else await _simulated(attempt)
    secret = int.from_bytes(ctx.ids.random.randbytes(_SECRET), "big") | 1
    b = (_K * int.from_bytes(verifier, "big") + await power(G, secret)) % N
    block = sessions.drawn(ctx, attempt.client)
    kept = {**state, "a": f"{number:x}", "b": f"{b:x}", "secret": f"{secret:x}", "verifier": verifier}
    name = _id_for_srp(attempt, salt)
    parameters = {
        "SALT": f"{int.from_bytes(salt, 'big'):x}",
        "SECRET_BLOCK": block,
        "SRP_B": f"{b:x}",
        "USERNAME": name,
        "USER_ID_FOR_SRP": name,
    }
    asked = await sessions.ask(attempt, "PASSWORD_VERIFIER", parameters, kept, available, block)
    return Asked(asked.challenge, block if attempt.flow in ("CUSTOM_AUTH", "USER_AUTH") else "", parameters, available)


async def answer(attempt: Attempt, challenge: Challenge, block: str, responses: Mapping[str, str]) -> Attempt:
    """Checks the proof, once. Raises NotAuthorizedException, and what `password.settle` raises."""
    given, timestamp = needed(responses, "PASSWORD_CLAIM_SIGNATURE"), needed(responses, "TIMESTAMP")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise InvalidParameterException("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
    await sessions.use(attempt, block)
    key = await _key(challenge)
    said = f"{_short(attempt.pool)}{attempt.id_for_srp}".encode() + base64.b64decode(block) + timestamp.encode()
    right = hmac.compare_digest(hmac.digest(key, said, hashlib.sha256), _signature(given))
    if attempt.user is None:
        raise NotAuthorizedException(WRONG)
    return attempt.of(await password.settle(attempt, attempt.user, right=right))


async def _key(challenge: Challenge) -> bytes:
    """The key that both sides come to: S = (A · v^u)^b, then HKDF."""
    a, b, secret = (int(challenge.state[name], 16) for name in ("a", "b", "secret"))
    u = int.from_bytes(hashlib.sha256(padded(a) + padded(b)).digest(), "big")
    shared = await power(a * await power(int.from_bytes(challenge.state["verifier"], "big"), u) % N, secret)
    extracted = hmac.digest(padded(u), padded(shared), hashlib.sha256)
    return hmac.digest(extracted, b"Caldera Derived Key\x01", hashlib.sha256)[:16]


def _signature(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


async def _simulated(attempt: Attempt) -> tuple[bytes, bytes]:
    """A salt and a verifier for a user who is not there, or has no password: the same each time, and nobody can tell from what."""
    keys = await signing_keys(attempt.ctx, attempt.pool.id)
    seed = hmac.digest(keys.id_token.pem.encode(), attempt.name.lower().encode(errors="replace"), hashlib.sha256)
    return seed[:SALT], hashlib.shake_256(seed).digest(383)


def _id_for_srp(attempt: Attempt, salt: bytes) -> str:
    """The user's name; of one who is not there what it would be, where users sign in by what is not their name."""
    settings, name = attempt.pool.settings, attempt.id_for_srp
    if attempt.user is None and (
        settings.get("UsernameAttributes") or (settings.get("AliasAttributes") and "@" in name)
    ):
        return str(uuid.UUID(bytes=salt, version=4))
    return name


def _short(pool: Pool) -> str:
    return pool.id.partition("_")[2]
