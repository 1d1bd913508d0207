"""IAM: roles, users with access keys, managed and inline policies, boundaries. Groups, MFA, SAML and OIDC are not here.

What the region asks of IAM at every request is in `directory.py`.
"""

from __future__ import annotations

from atoll.auth import credentials
from atoll.kernel.service import Service, Shared
from atoll.services.iam import (
    access_keys,
    attachments,
    boundaries,
    inline_policies,
    policies,
    policy_versions,
    roles,
    store,
    tags,
    users,
)

_BY_NAME = (
    "mfa_devices",
    "oidc_providers",
    "saml_providers",
    "server_certificates",
    "service_linked_roles",
    "service_specific_credentials",
    "signing_certificates",
    "ssh_keys",
)
"""Loaded with the first request."""

SERVICE = Service(
    "iam",
    [
        roles,
        users,
        access_keys,
        policies,
        policy_versions,
        attachments,
        inline_policies,
        boundaries,
        tags,
        *(f"{__name__}.{module}" for module in _BY_NAME),
    ],
    # STS's sessions lie among IAM's keys.
    shared=[
        Shared(credentials.PREFIX, credentials.owner, credentials.remove),
        Shared(credentials.ENDINGS, credentials.owner),
    ],
    counters=[store.version_key],
)
