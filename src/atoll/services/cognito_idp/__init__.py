"""Cognito user pools: pools and their clients, users and groups, signing in, hosted pages, tokens.

Operations that people without keys call (SignUp, InitiateAuth, GetUser …) come unsigned: their context has no account until the pool
that the client id, or the access token, belongs to is found (`client_pool.py`). docs: Amazon Cognito user pools API reference.
"""

from __future__ import annotations

from atoll.auth import own_issuers
from atoll.kernel.service import Service, Shared
from atoll.services.cognito_idp import running, store

_MODULES: tuple[str, ...] = (
    "pools.clients",
    "pools.user_pools",
    "users.admin_confirm_sign_up",
    "users.admin_create_user",
    "users.admin_passwords",
    "users.admin_users",
    "users.confirm_sign_up",
    "users.resend_confirmation_code",
    "users.sign_up",
)
"""Loaded when the first request comes. One line each, in alphabetic order."""

SERVICE = Service(
    "cognito-idp",
    [f"{__name__}.{module}" for module in _MODULES],
    runtime=running.triggers,
    shared=[
        Shared(store.CLIENT_IDS, store.owner),
        Shared(store.DOMAINS, store.owner),
        Shared(own_issuers.PREFIX, own_issuers.owner),
    ],
)
