"""GetFunction, GetFunctionConfiguration, ListFunctions, DeleteFunction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel import blobs
from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.errors import InvalidParameterValueException, function_not_found
from atoll.services.lambda_.functions import configuration
from atoll.services.lambda_.invocation import events
from atoll.services.lambda_.names import LATEST, Target, target
from atoll.services.lambda_.paging import marker, read_marker
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.running import Running
from atoll.services.lambda_.store import FUNCTIONS, VERSIONS, Function, Version, find, get, get_version, key
from atoll.services.lambda_.versions.resolve import resolve

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        DeleteFunctionRequestTypeDef,
        GetFunctionConfigurationRequestTypeDef,
        GetFunctionRequestTypeDef,
        ListFunctionsRequestTypeDef,
    )

PAGE = 50


@operation("GetFunction", access=[permission("GetFunction")])
async def get_function(ctx: Context, request: GetFunctionRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetFunction. Raises ResourceNotFoundException."""
    place = target(ctx, request)

    def read(tx: Reader) -> tuple[Function, Version]:
        version = resolve(tx, place)
        return get(tx, place), version

    function, version = await ctx.store.read(read)
    running: Running = ctx.runtime
    return {
        "Configuration": configuration.described(place, version, state=configuration.SETTLED),
        "Code": {"RepositoryType": "S3", "Location": running.package_url(version.code)},
        "Tags": function.tags or None,
        "Concurrency": ({"ReservedConcurrentExecutions": function.reserved} if function.reserved is not None else None),
    }


@operation("GetFunctionConfiguration", access=[permission("GetFunctionConfiguration")])
async def get_function_configuration(ctx: Context, request: GetFunctionConfigurationRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetFunctionConfiguration. Raises ResourceNotFoundException."""
    place = target(ctx, request)
    version = await ctx.store.read(lambda tx: resolve(tx, place))
    return configuration.described(place, version, state=configuration.SETTLED)


@operation("ListFunctions", access=[Access("lambda:ListFunctions")])
async def list_functions(ctx: Context, request: ListFunctionsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListFunctions. At most 50 per page, by name. No function is a replica, so a MasterRegion finds none but ALL."""
    limit = min(request.get("MaxItems", PAGE), PAGE)
    after = read_marker(request.get("Marker"))
    if request.get("MasterRegion", "ALL") != "ALL":
        return {"Functions": []}
    versioned = request.get("FunctionVersion") == "ALL"

    def read(tx: Reader) -> list[tuple[Target, Version]]:
        anywhere = Target(ctx.account, ctx.region, "", LATEST if versioned else None)
        span = under(key(anywhere, "function"))
        if after is not None:
            span = span.past(key(anywhere, "function", after))
        found = []
        for _, raw in tx.scan(span, limit=limit + 1):
            place = Target(ctx.account, ctx.region, FUNCTIONS.decode(raw).name, anywhere.qualifier)
            found.append((place, get_version(tx, place)))
        return found

    page = await ctx.store.read(read)
    return {
        "Functions": [configuration.described(place, version) for place, version in page[:limit]],
        "NextMarker": marker(page[limit - 1][0].name) if len(page) > limit else None,
    }


@operation("DeleteFunction", access=[permission("DeleteFunction")])
async def delete_function(ctx: Context, request: DeleteFunctionRequestTypeDef) -> dict[str, Any]:
    """docs: API_DeleteFunction. Environments that are busy finish what they do."""
    place = target(ctx, request)
    if place.qualifier == LATEST:
        raise InvalidParameterValueException("$LATEST version cannot be deleted without deleting the function.")

    def delete(tx: Transaction) -> None:
        function = find(tx, place)
        if function is None or place.qualifier is not None:
            raise function_not_found(place.qualified_arn)
        for at, raw in list(tx.scan(under(key(place, "version", place.name)))):
            version = VERSIONS.decode(raw)
            blobs.unlink(tx, version.code, at)
            tx.add(key(place, "usage", "bytes"), -version.code_size)
            tx.delete(at)
        tx.clear_range(under(key(place, "policy", place.name)))
        events.forget(tx, place)
        tx.delete(key(place, "function", place.name))
        tx.add(key(place, "usage", "count"), -1)
        if function.reserved:
            tx.add(key(place, "usage", "reserved"), -function.reserved)

    await ctx.store.transact(delete)
    running: Running = ctx.runtime
    running.pool.drain(place.arn)
    return {"StatusCode": 204}
