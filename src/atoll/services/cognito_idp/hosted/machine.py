"""The client credentials grant: an access token for a client that acts for nobody but itself. docs: "OAuth 2.0 grants"."""

from __future__ import annotations

from atoll.services.cognito_idp.hosted.answers import OAuthError
from atoll.services.cognito_idp.hosted.authorization import SYSTEM_SCOPES
from atoll.services.cognito_idp.hosted.visit import Visit
from atoll.services.cognito_idp.store import Client
from atoll.services.cognito_idp.tokens.issue import TokenSet, issue_to_machine


async def tokens_of(visit: Visit, client: Client) -> TokenSet:
    """An access token with custom scopes, and nothing else. Raises OAuthError."""
    settings = client.settings
    if not client.secrets:
        raise OAuthError("invalid_client")
    if not settings.get("AllowedOAuthFlowsUserPoolClient"):
        raise OAuthError("invalid_grant")
    if "client_credentials" not in settings.get("AllowedOAuthFlows", ()):
        raise OAuthError("unauthorized_client")
    return await issue_to_machine(visit.ctx, visit.pool, client, _scopes(visit.form.get("scope", ""), client))


def _scopes(text: str, client: Client) -> list[str]:
    """Those that are asked for, else all custom ones that the client may have."""
    allowed = [scope for scope in client.settings.get("AllowedOAuthScopes", ()) if scope not in SYSTEM_SCOPES]
    asked = list(dict.fromkeys(text.split()))
    if not set(asked) <= set(allowed):
        raise OAuthError("invalid_scope")
    if not allowed:
        raise OAuthError("invalid_grant")
    return asked or allowed
