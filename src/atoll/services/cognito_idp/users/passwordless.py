"""Users without a password: they sign in by a code that they are sent. Pure.

docs: "Signing up and confirming user accounts" (passwords at sign-up), API_AdminCreateUser (TemporaryPassword).
"""

from __future__ import annotations

from collections.abc import Mapping

from atoll.services.cognito_idp.pools.client_settings import flows
from atoll.services.cognito_idp.pools.settings import first_factors
from atoll.services.cognito_idp.store import Client, Pool

_REACHED_BY = {"EMAIL_OTP": "email", "SMS_OTP": "phone_number"}


def reachable(pool: Pool, attributes: Mapping[str, str]) -> set[str]:
    """The attributes to which a code that signs in can be sent."""
    return {_REACHED_BY[one] for one in first_factors(pool) if one in _REACHED_BY and attributes.get(_REACHED_BY[one])}


def may_sign_up(pool: Pool, client: Client, attributes: Mapping[str, str]) -> bool:
    """Whether somebody with these attributes may sign up without a password: by a client that lets them sign in so, and with an address
    that the pool will verify."""
    verified = pool.settings.get("AutoVerifiedAttributes") or ()
    return "ALLOW_USER_AUTH" in flows(client) and bool(reachable(pool, attributes) & set(verified))
