"""Values of condition keys for the operations that define APIs, of both kinds: what a request asks for, and what is there already.

docs: Service Authorization Reference, "Amazon API Gateway Management" and "… V2" (`apigateway:Request/…`, `apigateway:Resource/…`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError
from atoll.kernel.service import ValuesOf
from atoll.kernel.store.api import Reader

Request = Mapping[str, Any]
Read = Callable[[Reader, Context, Request], Any]
Absent = type[ServiceError]
"""What a `Read` raises where there is no such thing. It has no values then, and the operation says so later."""


def said(given: Callable[[Request], Any]) -> ValuesOf:
    """What the request asks for."""

    def values(_ctx: Context, request: Request) -> Sequence[str] | None:
        return _texts(given(request))

    return values


def there(read: Read, absent: Absent) -> ValuesOf:
    """What the resource has already."""

    async def values(ctx: Context, request: Request) -> Sequence[str] | None:
        return _texts(await _looked_up(ctx, request, read, absent))

    return values


def tags(read: Read, absent: Absent) -> ValuesOf:
    """The tags of what is there: it has `tags`."""

    async def values(ctx: Context, request: Request) -> Mapping[str, str] | None:
        found = await _looked_up(ctx, request, read, absent)
        return found.tags if found else None

    return values


async def _looked_up(ctx: Context, request: Request, read: Read, absent: Absent) -> Any:
    try:
        return await ctx.store.read(lambda tx: read(tx, ctx, request))
    except absent:
        return None


def _texts(value: Any) -> Sequence[str] | None:
    if value is None:
        return None
    values = value if isinstance(value, (list, tuple)) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
