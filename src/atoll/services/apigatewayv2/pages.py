"""Pages of a list: MaxResults and NextToken as API Gateway v2 has them (both strings)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, Range
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader
from atoll.services.apigatewayv2 import store
from atoll.services.apigatewayv2.errors import BadRequestException

R = TypeVar("R", bound=msgspec.Struct)
DEFAULT_SIZE = 100


def page(
    tx: Reader, request: Mapping[str, Any], span: Range, prefix: Key, codec: Codec[R], members: Callable[[R], Any]
) -> dict[str, Any]:
    """`Items` (and `NextToken` where there are more) of the records in `span`, whose keys are `prefix` and an id."""
    size = _size(request.get("MaxResults"))
    if token := request.get("NextToken"):
        span = span.past((*prefix, _position(token)))
    found = list(tx.scan(span, limit=size + 1))
    output: dict[str, Any] = {"Items": [members(codec.decode(raw)) for _, raw in found[:size]]}
    if len(found) > size:
        output["NextToken"] = _token(str(found[size - 1][0][-1]))
    return output


async def listed(
    ctx: Context, request: Mapping[str, Any], codec: Codec[R], kind: str, members: Callable[[R], Any], *path: str
) -> dict[str, Any]:
    """A page of an API's parts of a kind, by id; `path` is what they belong to within the API. Raises NotFoundException."""
    way = (request["ApiId"], *path)

    def read(tx: Reader) -> dict[str, Any]:
        store.api(tx, ctx, request["ApiId"])
        return page(tx, request, store.parts(ctx, kind, *way), store.key(ctx, kind, *way), codec, members)

    return await ctx.store.read(read)


def names_page(request: Mapping[str, Any], names: Sequence[str], members: Callable[[str], Any]) -> dict[str, Any]:
    """The same of what goes by `names`, which are in order."""
    size, token = _size(request.get("MaxResults")), request.get("NextToken")
    left = [name for name in names if name > _position(token)] if token else names
    output: dict[str, Any] = {"Items": [members(name) for name in left[:size]]}
    if len(left) > size:
        output["NextToken"] = _token(left[size - 1])
    return output


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode("ascii")


def _size(value: str | None) -> int:
    if not value:
        return DEFAULT_SIZE
    if len(value) > 4 or not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 1000:
        raise BadRequestException("Invalid value for maxResults: it must be a number between 1 and 1000")
    return int(value)


def _position(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise BadRequestException("Invalid nextToken") from error
