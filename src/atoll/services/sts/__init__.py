"""STS: who am I, sessions of roles and of users. Federation (SAML, web identity) is not here."""

from __future__ import annotations

from atoll.kernel.service import Service
from atoll.services.sts import assume_role, get_caller_identity, get_session_token

SERVICE = Service("sts", [get_caller_identity, assume_role, get_session_token])
