"""PublishVersion, ListVersionsByFunction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.errors import InvalidParameterValueException, stale_revision
from atoll.services.lambda_.functions import configuration
from atoll.services.lambda_.names import function_arn, latest
from atoll.services.lambda_.paging import next_marker, page_of
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import VERSIONS, Version, get, get_version, key, version_key
from atoll.services.lambda_.versions.publish import publish

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import ListVersionsByFunctionRequestTypeDef, PublishVersionRequestTypeDef


@operation("PublishVersion", access=[permission("PublishVersion", resource=function_arn)])
async def publish_version(ctx: Context, request: PublishVersionRequestTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, InvalidParameterValueException, PreconditionFailedException."""
    if request.get("PublishTo"):
        raise NotImplementedByAtoll("lambda: PublishTo of PublishVersion, for functions on capacity providers.")
    place = latest(ctx, request)
    revisions = (ctx.ids.uuid(), ctx.ids.uuid())

    def perform(tx: Transaction) -> Version:
        get(tx, place)
        current = get_version(tx, place)
        if request.get("RevisionId", current.revision) != current.revision:
            raise stale_revision()
        digest = configuration.base64_digest(current.code)
        if (expected := request.get("CodeSha256") or digest) != digest:
            raise InvalidParameterValueException(
                f"CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({digest}). "
                "Please try again with the CodeSHA256 in $LATEST."
            )
        return publish(tx, place, revisions, description=request.get("Description"))

    version = await ctx.store.transact(perform)
    return configuration.described(place.at(version.version), version, state=configuration.SETTLED)


@operation("ListVersionsByFunction", access=[permission("ListVersionsByFunction", resource=function_arn)])
async def list_versions_by_function(ctx: Context, request: ListVersionsByFunctionRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListVersionsByFunction. At most 50 per page. Raises ResourceNotFoundException."""
    place = latest(ctx, request)
    limit, after = page_of(request)

    def read(tx: Reader) -> list[Version]:
        get(tx, place)
        span = under(key(place, "version", place.name))
        if after is not None:
            span = span.past(version_key(place, after))
        return [VERSIONS.decode(raw) for _, raw in tx.scan(span, limit=limit + 1)]

    page = await ctx.store.read(read)
    return {
        "Versions": [configuration.described(place.at(version.version), version) for version in page[:limit]],
        "NextMarker": next_marker(page, limit, lambda one: one.version),
    }
