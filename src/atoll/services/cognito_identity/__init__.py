"""Cognito identity pools: identities of users who signed in elsewhere, or not at all, and AWS credentials for them.

docs: Amazon Cognito identity pools API reference; developer guide, "Identity pools authentication flow".
"""

from __future__ import annotations

from atoll.auth.issuers import asks_issuers
from atoll.kernel import places
from atoll.kernel.service import Service, Shared
from atoll.services.cognito_identity import store

_MODULES = (
    "credentials",
    "developer_identities",
    "identities",
    "pools",
    "principal_tags",
    "roles",
    "tags",
)
"""Loaded when the first request comes."""

SERVICE = Service(
    "cognito-identity",
    [f"{__name__}.{module}" for module in _MODULES],
    runtime=asks_issuers,
    shared=[Shared(store.POOL_IDS, places.owner), Shared(store.IDENTITY_IDS, places.owner)],
)
