"""How a pool's hosted pages look: CSS and a logo, for all of its clients or for one.

docs: API_SetUICustomization, API_GetUICustomization, "Customizing hosted UI (classic) branding". A request replaces both; one that names
neither goes back to Atoll's own look. Sentences about bad CSS and images are unrecorded.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from atoll.kernel.context import Context
from atoll.kernel.keys import Key
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.errors import InvalidParameterException
from atoll.services.cognito_idp.hosted.address import LOGO, PATH
from atoll.services.cognito_idp.pools.find import client_of, on_pool, pool_of
from atoll.services.cognito_idp.store import LOOKS, Look, Pool, space

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import GetUICustomizationRequestTypeDef, SetUICustomizationRequestTypeDef

ALL = "ALL"
"""In place of a client's id: all that have no look of their own."""
CLASSES = frozenset({
    "background", "banner", "errorMessage", "idpButton", "idpDescription", "inputField", "label", "legalText", "logo",
    "passwordCheck-notValid", "passwordCheck-valid", "redirect", "socialButton", "submitButton", "textDescription",
})  # fmt: skip
"""What CSS may speak of, each with `-customizable` behind it."""
_SELECTOR = re.compile(r"\.([A-Za-z-]+)-customizable(?::(?:hover|focus|active|visited))?")
_FORBIDDEN = re.compile(r"[<@\\\0\f]|javascript:|expression\s*\(|url\s*\(", re.IGNORECASE)
_IMAGES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@operation("SetUICustomization", access=[on_pool("SetUICustomization")])
async def set_ui_customization(ctx: Context, request: SetUICustomizationRequestTypeDef) -> dict[str, Any]:
    """Raises InvalidParameterException where the pool has no domain, or for CSS and images that cannot be; ResourceNotFoundException."""
    css, image, now = request.get("CSS") or "", bytes(request.get("ImageFile") or b""), ctx.clock.now()  # type: ignore[arg-type]
    _check(css)
    kind = _kind(image) if image else ""
    client_id = request.get("ClientId") or ALL

    def write(tx: Transaction) -> dict[str, Any]:
        pool = _pool(tx, ctx, request["UserPoolId"], client_id)
        before = find(tx, ctx, pool.id, client_id)
        if not css and not image:
            tx.delete(_key(ctx, pool.id, client_id))
            return {}
        look = Look(client_id, before.created if before else now, now, css, image, kind)
        tx.set(_key(ctx, pool.id, client_id), LOOKS.encode(look))
        return members(ctx, pool, look)

    return {"UICustomization": await ctx.store.transact(write)}


@operation("GetUICustomization", access=[on_pool("GetUICustomization")])
async def get_ui_customization(ctx: Context, request: GetUICustomizationRequestTypeDef) -> dict[str, Any]:
    """The look of a client, else that of all, else nothing. Raises as SetUICustomization."""
    client_id = request.get("ClientId") or ALL

    def read(tx: Reader) -> dict[str, Any]:
        pool = _pool(tx, ctx, request["UserPoolId"], client_id)
        look = shown_to(tx, ctx, pool.id, client_id)
        return members(ctx, pool, look) if look else {}

    return {"UICustomization": await ctx.store.read(read)}


def find(tx: Reader, ctx: Context, pool_id: str, client_id: str) -> Look | None:
    """The look that was made for a client, or for `ALL`."""
    raw = tx.get(_key(ctx, pool_id, client_id))
    return None if raw is None else LOOKS.decode(raw)


def shown_to(tx: Reader, ctx: Context, pool_id: str, client_id: str) -> Look | None:
    """The look of the pages that a client's users see."""
    return find(tx, ctx, pool_id, client_id) or find(tx, ctx, pool_id, ALL)


def forget(tx: Transaction, ctx: Context, pool_id: str, client_id: str) -> None:
    """Forgets the look of a client that is deleted."""
    tx.delete(_key(ctx, pool_id, client_id))


def members(ctx: Context, pool: Pool, look: Look) -> dict[str, Any]:
    """UICustomizationType."""
    query = urlencode({"client_id": look.client, "version": version(look)})
    address = f"{ctx.endpoint}{PATH}{pool.domain or pool.custom_domain}{LOGO}?{query}"
    return {
        "UserPoolId": pool.id,
        "ClientId": look.client,
        "ImageUrl": address if look.image else None,
        "CSS": look.css or None,
        "CSSVersion": version(look),
        "LastModifiedDate": look.modified,
        "CreationDate": look.created,
    }


def version(look: Look) -> str:
    """The instant of the last change, as AWS writes it: `20190128172214`."""
    return datetime.fromtimestamp(look.modified, UTC).strftime("%Y%m%d%H%M%S")


def _pool(tx: Reader, ctx: Context, pool_id: str, client_id: str) -> Pool:
    pool = pool_of(tx, ctx, pool_id)
    if client_id != ALL:
        client_of(tx, ctx, pool_id, client_id)
    if not (pool.domain or pool.custom_domain):
        raise InvalidParameterException("There has to be an existing domain associated with this user pool")
    return pool


def _check(css: str) -> None:
    """CSS names classes of the pages, nothing else, and loads nothing."""
    rest = _without_comments(css)
    if found := _FORBIDDEN.search(rest):
        raise InvalidParameterException(f"CSS cannot contain {found[0]}")
    while rest := rest.strip():
        selectors, opened, rest = rest.partition("{")
        values, closed, rest = rest.partition("}")
        if not opened or not closed or "{" in values or "}" in selectors:
            raise InvalidParameterException("CSS is not valid.")
        for selector in map(str.strip, selectors.split(",")):
            named = _SELECTOR.fullmatch(selector)
            if named is None or named[1] not in CLASSES:
                raise InvalidParameterException(f"CSS class {selector[:100]} is not customizable.")


def _without_comments(css: str) -> str:
    pieces, rest = [], css
    while rest:
        piece, opened, rest = rest.partition("/*")
        pieces.append(piece)
        _, closed, rest = rest.partition("*/")
        if opened and not closed:
            raise InvalidParameterException("CSS is not valid.")
    return " ".join(pieces)


def _kind(image: bytes) -> str:
    for start, kind in _IMAGES.items():
        if image.startswith(start):
            return kind
    raise InvalidParameterException("The image has to be a PNG or JPEG file.")


def _key(ctx: Context, pool_id: str, client_id: str) -> Key:
    return (*space(ctx), "look", pool_id, client_id)
