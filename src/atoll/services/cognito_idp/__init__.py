"""Cognito user pools: pools and their clients, users and groups, signing in, hosted pages, tokens.

Operations that people without keys call (SignUp, InitiateAuth, GetUser …) come unsigned: their context has no account until the pool
that the client id, or the access token, belongs to is found (`client_pool.py`). docs: Amazon Cognito user pools API reference.
"""

from __future__ import annotations

from atoll.auth import own_issuers
from atoll.kernel import places
from atoll.kernel.service import Service, Shared
from atoll.services.cognito_idp import running, store
from atoll.services.cognito_idp.pools import refused, removal

_MODULES: tuple[str, ...] = (
    "pools.client_secrets",
    "pools.clients",
    "pools.domains",
    "pools.empty",
    "pools.groups",
    "pools.log_delivery",
    "pools.look",
    "pools.mfa",
    "pools.resource_servers",
    "pools.tags",
    "pools.user_pools",
    "signin.operations",
    "signin.preferences",
    "signin.software_token",
    "tokens.refresh",
    "tokens.revoke",
    "users.admin_attributes",
    "users.admin_confirm_sign_up",
    "users.admin_create_user",
    "users.admin_passwords",
    "users.admin_users",
    "users.change_password",
    "users.confirm_sign_up",
    "users.forgot_password",
    "users.list_users",
    "users.members",
    "users.own_attributes",
    "users.own_user",
    "users.resend_confirmation_code",
    "users.sign_up",
    "users.user_settings",
    "users.verification",
)
"""Loaded when the first request comes. One line each, in alphabetic order."""

SERVICE = Service(
    "cognito-idp",
    [f"{__name__}.{module}" for module in _MODULES],
    runtime=running.triggers,
    tasks={removal.TASK: removal.reap},
    shared=[
        Shared(store.CLIENT_IDS, places.owner),
        Shared(store.DOMAINS, places.owner),
        Shared(own_issuers.PREFIX, own_issuers.owner),
    ],
    refused=refused.REFUSED,
)
