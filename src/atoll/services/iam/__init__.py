"""IAM: users, groups and roles, what hangs on them, and the account's own settings.

What the region asks of IAM at every request is in `directory.py`.
"""

from __future__ import annotations

from atoll.auth import credentials
from atoll.kernel.service import Service, Shared
from atoll.services.iam import store
from atoll.services.iam.refused import REFUSED

_MODULES = (
    "access_advisor",
    "access_keys",
    "aliases",
    "attachments",
    "authorization_details",
    "boundaries",
    "context_keys",
    "credential_report",
    "groups",
    "inline_policies",
    "instance_profiles",
    "login_profiles",
    "memberships",
    "mfa_devices",
    "oidc_providers",
    "password_policy",
    "policies",
    "policy_versions",
    "roles",
    "saml_providers",
    "server_certificates",
    "service_credentials",
    "service_linked_roles",
    "signing_certificates",
    "simulate",
    "ssh_keys",
    "summary",
    "tags",
    "users",
)
"""Loaded when the first request comes: they are many."""

SERVICE = Service(
    "iam",
    [f"{__name__}.{module}" for module in _MODULES],
    # STS's sessions lie among IAM's keys.
    shared=[
        Shared(credentials.PREFIX, credentials.owner, credentials.remove),
        Shared(credentials.ENDINGS, credentials.owner),
        Shared(store.ALIASES, store.alias_owner),
    ],
    counters=[store.version_key],
    refused=REFUSED,
)
