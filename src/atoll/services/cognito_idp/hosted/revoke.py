"""POST /oauth2/revoke: a refresh token, and with it the access tokens of its sign-in, counts no more. docs: "Revoke endpoint"."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError
from atoll.kernel.http import HttpResponse
from atoll.services.cognito_idp.errors import UnsupportedOperationException, UnsupportedTokenTypeException
from atoll.services.cognito_idp.hosted.answers import OAuthError, answer, failed
from atoll.services.cognito_idp.hosted.client_auth import authenticated
from atoll.services.cognito_idp.hosted.visit import Visit


async def revoke(visit: Visit) -> HttpResponse:
    """Empty and 200, also for a token that nobody knows: RFC 7009."""
    try:
        client = await authenticated(visit)
        given = visit.form.get("token", "")
        if not given:
            raise OAuthError("invalid_request")
        secret = next(iter(client.secrets.values()), None)
        request = {"Token": given, "ClientId": client.id} | ({"ClientSecret": secret} if secret else {})
        await visit.ctx.call("cognito-idp", "RevokeToken", request)
    except UnsupportedTokenTypeException:
        return failed(OAuthError("unsupported_token_type"))
    except UnsupportedOperationException:
        return failed(OAuthError("invalid_request"))
    except OAuthError as error:
        return failed(error)
    except ServiceError as error:
        return failed(OAuthError("unauthorized_client", error.message))
    return HttpResponse(200, answer({}).headers)
