"""ListVersionsByFunction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.lambda_.functions import configuration
from atoll.services.lambda_.functions.functions import PAGE
from atoll.services.lambda_.functions.update_function import latest
from atoll.services.lambda_.names import Target, function_arn
from atoll.services.lambda_.paging import marker, read_marker
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import VERSIONS, Version, get, key, version_key

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import ListVersionsByFunctionRequestTypeDef


@operation("ListVersionsByFunction", access=[permission("ListVersionsByFunction", resource=function_arn)])
async def list_versions_by_function(ctx: Context, request: ListVersionsByFunctionRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListVersionsByFunction. At most 50 per page. Raises ResourceNotFoundException."""
    place = latest(ctx, request)
    limit = min(request.get("MaxItems", PAGE), PAGE)
    after = read_marker(request.get("Marker"))

    def read(tx: Reader) -> list[Version]:
        get(tx, place)
        span = under(key(place, "version", place.name))
        if after is not None:
            span = span.past(version_key(place, after))
        return [VERSIONS.decode(raw) for _, raw in tx.scan(span, limit=limit + 1)]

    page = await ctx.store.read(read)
    return {
        "Versions": [
            configuration.described(Target(place.account, place.region, place.name, version.version), version)
            for version in page[:limit]
        ],
        "NextMarker": marker(page[limit - 1].version) if len(page) > limit else None,
    }
