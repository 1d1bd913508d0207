"""STS: who am I, sessions of roles and users, and federation: web identities, SAML, and whoever a user vouches for."""

from __future__ import annotations

from atoll.auth.issuers import asks_issuers
from atoll.kernel.service import Service

_MODULES = (
    "assume_role",
    "decode_authorization_message",
    "get_access_key_info",
    "get_caller_identity",
    "get_federation_token",
    "get_session_token",
    "saml",
    "web_identity",
)
_ORGANIZATIONS = "it is for members of an organization, of which this region's accounts are none"

SERVICE = Service(
    "sts",
    [f"{__name__}.{module}" for module in _MODULES],
    runtime=asks_issuers,
    refused={
        "AssumeRoot": _ORGANIZATIONS,
        "GetDelegatedAccessToken": "nobody here delegates access by trade-in tokens",
        "GetWebIdentityToken": "Atoll is no issuer of tokens for services outside AWS",
    },
)
