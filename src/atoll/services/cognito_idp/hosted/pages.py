"""Pages: templates filled in, and the headers under which a browser shows them. No scripts, nothing from elsewhere, in no frame."""

from __future__ import annotations

import asyncio
import base64
import re
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from atoll.kernel.http import HttpResponse
from atoll.services.cognito_idp.hosted.address import LOGO
from atoll.services.cognito_idp.hosted.sessions import TOKEN, set_cookie
from atoll.services.cognito_idp.hosted.visit import Visit

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_LOCAL = "http://localhost:* http://*.localhost:* http://127.0.0.1:* https:"
"""Where applications under development are."""
CSRF_COOKIE, CSRF_FIELD = "XSRF-TOKEN", "_csrf"


async def ready() -> None:
    """Loads the templates, and Jinja2 with them, before the first page: in a thread, for it takes a tenth of a second."""
    if not _environment.cache_info().currsize:
        await asyncio.to_thread(_environment)


def page(visit: Visit, template: str, *, status: int = 200, returns_to: str = "", **values: Any) -> HttpResponse:
    """A page. `returns_to` is the redirect URI to which its form may lead in the end: browsers ask the policy about every redirect.
    `wrong` is the field that an error is about, where it is not the first: the cursor goes there."""
    token = csrf_token(visit)
    fresh = token or visit.ctx.ids.hex(TOKEN)
    css = (
        "\n".join(visit.look.css.splitlines()) if visit.look else ""
    )  # browsers hash what they read: line ends of one kind
    text = _environment().get_template(f"{template}.html").render(
        {"wrong": "", **values}, visit=visit, link=visit.link, query=visit.query, csrf=fresh, style=_style(),
        own_style=css,
        logo=visit.link(LOGO, _of_client(visit)) if visit.look and visit.look.image else "",
    )  # fmt: skip
    headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", _policy(returns_to, css)),
        ("cache-control", "no-cache, no-store, max-age=0, must-revalidate"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ]
    if not token:
        headers.append(set_cookie(visit, CSRF_COOKIE, fresh))
    return HttpResponse(status, headers, text.encode())


def csrf_token(visit: Visit) -> str:
    """The browser's token for forms, "" where it has none of ours."""
    tokens = visit.cookies.get(CSRF_COOKIE, ())
    return tokens[0] if tokens and len(tokens[0]) == TOKEN and tokens[0].isalnum() else ""


def may_post(visit: Visit) -> bool:
    """Whether a form was sent from a page of ours: by its token and, where the browser tells, by its origin."""
    request, token = visit.request, csrf_token(visit)
    sent = request.header("origin")
    if sent is not None and sent.lower() != visit.origin.lower():
        return False
    if request.header("sec-fetch-site") in ("cross-site", "same-site"):
        return False
    return bool(token) and compare_digest(visit.form.get(CSRF_FIELD, "").encode(), token.encode())


def by_script(visit: Visit) -> bool:
    """Whether a script asks for a page. Ours have none: it is one of another page of this host, such as a function's, that must not
    read what the user gets."""
    return visit.request.header("sec-fetch-mode") in ("cors", "no-cors", "same-origin")


def qr_code(text: str) -> str:
    """A QR code as the address of an image. Imported here: few people set up an authenticator."""
    import segno

    return segno.make(text, error="m").svg_data_uri(scale=5, border=2, dark="#16202c")


def _of_client(visit: Visit) -> dict[str, str]:
    return {name: visit.query[name] for name in ("client_id",) if name in visit.query}


def _policy(returns_to: str, css: str) -> str:
    styles = " ".join(f"'sha256-{_digest(style)}'" for style in (_style(), css) if style)
    return (
        f"default-src 'none'; style-src {styles}; img-src data: 'self'; form-action 'self'{_leads_to(returns_to)}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def _digest(style: str) -> str:
    return base64.b64encode(sha256(style.encode()).digest()).decode()


def _leads_to(url: str) -> str:
    """Where a form may lead in the end, as a policy says it: to the redirect URI, and to where the application sends the browser next
    from there, for browsers ask about every redirect. "" for a URI that the policy cannot say."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme in ("http", "https") and (host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")):
        return f" {_LOCAL}"
    return f" {parts.scheme}:" if _SCHEME.fullmatch(parts.scheme) else ""


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Jinja2, loaded when the first page is asked for."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    for name in made.list_templates(["html"]):
        made.get_template(name)
    return made


@lru_cache(maxsize=1)
def _style() -> str:
    return (_TEMPLATES / "style.css").read_text()
