"""The pages and endpoints of a domain, by path and method."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.services.cognito_idp.hosted import challenges, forgot, logout, revoke, sign_in, sign_up, token, user_info
from atoll.services.cognito_idp.hosted.address import LOGO
from atoll.services.cognito_idp.hosted.authorization import Authorization, Refused, Returned
from atoll.services.cognito_idp.hosted.authorize import authorize, requested, told
from atoll.services.cognito_idp.hosted.pages import by_script, may_post, page, ready
from atoll.services.cognito_idp.hosted.visit import Visit
from atoll.services.cognito_idp.pools.look import shown_to
from atoll.services.cognito_idp.store import Look

Endpoint = Callable[[Visit], Awaitable[HttpResponse]]
Page = Callable[[Visit, Authorization], Awaitable[HttpResponse]]

EXPIRED = "This form is too old, or it was not ours. Go back and load the page again."
NOT_FOR_SCRIPTS = "Pages are for browsers to show, not for scripts."
OOPS = "An error was encountered with the requested page."
ENGLISH = "en"
LONGEST_ERROR = 200
"""Characters of an error that the address gives."""


async def error(visit: Visit) -> HttpResponse:
    """GET /error: where those are sent whose application cannot be told."""
    text = visit.query.get("error", "")[:LONGEST_ERROR]
    return page(visit, "message", status=400, heading=OOPS, error=text)


def _needs_authorization(shown: Page) -> Endpoint:
    """A page of a sign-in: the address says for which application, and that is checked every time."""

    async def serve(visit: Visit) -> HttpResponse:
        try:
            asked = await requested(visit)
        except (Refused, Returned) as refusal:
            return told(visit, refusal)
        if visit.request.method == "POST" and not may_post(visit):
            return page(visit, "message", status=403, heading=OOPS, error=EXPIRED)
        try:
            _check_language(visit)
        except NotImplementedByAtoll as error:
            return page(visit, "message", status=501, heading=OOPS, error=error.message)
        return await shown(visit, asked)

    return serve


def _check_language(visit: Visit) -> None:
    """Says that a page in another language is shown in English. Raises NotImplementedByAtoll under --strict."""
    if visit.request.method == "GET" and visit.query.get("lang", ENGLISH) != ENGLISH:
        visit.ctx.derive(operation="HostedPages").warn("lang", "the pages are in English")


async def logo(visit: Visit) -> HttpResponse:
    """GET /logo: the picture above the forms, for a client's users."""
    look = await _look(visit)
    if look is None or not look.image:
        return HttpResponse(404)
    kept = ("cache-control", "no-cache")
    return HttpResponse(200, [("content-type", look.kind), ("x-content-type-options", "nosniff"), kept], look.image)


async def _look(visit: Visit) -> Look | None:
    client_id = visit.query.get("client_id", "")
    return await visit.ctx.store.read(lambda tx: shown_to(tx, visit.ctx, visit.pool.id, client_id))


_APPLICATIONS: Mapping[str, Mapping[str, Endpoint]] = {
    "/oauth2/token": {"POST": token.token},
    "/oauth2/revoke": {"POST": revoke.revoke},
    "/oauth2/userInfo": {"GET": user_info.user_info, "POST": user_info.user_info},
    LOGO: {"GET": logo},
}
"""What programs call, from web pages of any origin too: no cookie counts here."""
_BROWSERS: Mapping[str, Mapping[str, Endpoint]] = {
    "/oauth2/authorize": {"GET": authorize},
    "/logout": {"GET": logout.logout},
    "/error": {"GET": error},
    "/confirmUser": {"GET": sign_up.confirm_by_link},
    "/login": {"GET": _needs_authorization(sign_in.show), "POST": _needs_authorization(sign_in.submit)},
    "/challenge": {"POST": _needs_authorization(challenges.submit)},
    "/signup": {"GET": _needs_authorization(sign_up.show), "POST": _needs_authorization(sign_up.submit)},
    "/confirm": {"GET": _needs_authorization(sign_up.show_confirm), "POST": _needs_authorization(sign_up.confirm)},
    "/resendcode": {"POST": _needs_authorization(sign_up.resend)},
    "/forgotPassword": {"GET": _needs_authorization(forgot.show), "POST": _needs_authorization(forgot.send)},
    "/confirmForgotPassword": {
        "GET": _needs_authorization(forgot.show_confirm),
        "POST": _needs_authorization(forgot.confirm),
    },
}


async def answer(visit: Visit) -> HttpResponse:
    """The answer to a request for a page or an endpoint."""
    if methods := _APPLICATIONS.get(visit.path):
        return await _for_application(visit, methods)
    await ready()
    visit.look = await _look(visit)
    methods = _BROWSERS.get(visit.path)
    if methods is None:
        return page(visit, "message", status=404, heading="There is no such page.")
    endpoint = _of_method(visit, methods)
    if endpoint is None:
        return _not_allowed(methods)
    if by_script(visit):
        return page(visit, "message", status=403, heading=OOPS, error=NOT_FOR_SCRIPTS)
    return await endpoint(visit)


async def _for_application(visit: Visit, methods: Mapping[str, Endpoint]) -> HttpResponse:
    if visit.request.method == "OPTIONS":
        return HttpResponse(200, _cors(visit.request, methods))
    endpoint = _of_method(visit, methods)
    response = await endpoint(visit) if endpoint else _not_allowed(methods)
    return HttpResponse(response.status, [*response.headers, ("access-control-allow-origin", "*")], response.body)


def _of_method(visit: Visit, methods: Mapping[str, Endpoint]) -> Endpoint | None:
    return methods.get("GET" if visit.request.method == "HEAD" else visit.request.method)


def _not_allowed(methods: Mapping[str, Endpoint]) -> HttpResponse:
    return HttpResponse(405, [("allow", ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])]))])


def _cors(request: HttpRequest, methods: Mapping[str, Endpoint]) -> list[tuple[str, str]]:
    """What a browser hears that asks before it calls from another origin."""
    headers = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", ", ".join([*methods, "OPTIONS"])),
        ("access-control-max-age", "600"),
    ]
    if wanted := request.header("access-control-request-headers"):
        headers.append(("access-control-allow-headers", wanted))
    return headers
