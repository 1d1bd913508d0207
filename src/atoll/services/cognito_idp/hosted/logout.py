"""GET /logout: ends the browser's session, then goes to a sign-out URL of the client, or to the page where people sign in.

docs: "Logout endpoint"; the error's text as users saw it, for a sign-out URL that is not the client's too.
"""

from __future__ import annotations

from atoll.kernel.http import HttpResponse
from atoll.services.cognito_idp.hosted import sessions
from atoll.services.cognito_idp.hosted.authorization import Refused, Returned, checked, missing
from atoll.services.cognito_idp.hosted.authorize import told
from atoll.services.cognito_idp.hosted.visit import Visit, redirect, with_parameters


async def logout(visit: Visit) -> HttpResponse:
    """Signs out whatever follows: a wrong address must not leave somebody signed in."""
    gone = await sessions.end(visit)
    try:
        response = redirect(await _next(visit))
    except (Refused, Returned) as error:
        response = told(visit, error)
    return HttpResponse(response.status, [*response.headers, *gone], response.body)


async def _next(visit: Visit) -> str:
    query = visit.query
    client_id = query.get("client_id", "")
    client = await visit.client(client_id) if client_id else None
    target = query.get("logout_uri", "")
    if client is not None and target and target in client.settings.get("LogoutURLs", ()):
        return with_parameters(target, {"state": query["state"]}) if "state" in query else target
    if not client_id:
        raise missing("client_id")
    if client is None:
        raise Refused("Client does not exist")
    if not query.get("redirect_uri"):
        raise missing("redirect_uri")
    checked(query, client)
    return visit.link("/login", query)
