"""GetFunction, GetFunctionConfiguration, ListFunctions, DeleteFunction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.belongings import forget_function, forget_qualifier
from atoll.services.lambda_.errors import InvalidParameterValueException, ResourceConflictException
from atoll.services.lambda_.functions import code_storage, configuration
from atoll.services.lambda_.names import LATEST, Target, target
from atoll.services.lambda_.paging import next_marker, page_of
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.running import Running
from atoll.services.lambda_.store import (
    FUNCTIONS,
    VERSIONS,
    Function,
    Version,
    get,
    get_version,
    key,
    version_key,
)
from atoll.services.lambda_.versions.resolve import aliases, names_alias, resolve

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        DeleteFunctionRequestTypeDef,
        GetFunctionConfigurationRequestTypeDef,
        GetFunctionRequestTypeDef,
        ListFunctionsRequestTypeDef,
    )


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
    limit, after = page_of(request)
    if request.get("MasterRegion", "ALL") != "ALL":
        return {"Functions": []}
    if request.get("FunctionVersion") == "ALL":
        return await _all_versions(ctx, limit, after)

    def read(tx: Reader) -> list[tuple[Target, Version]]:
        anywhere = Target(ctx.account, ctx.region, "")
        span = under(key(anywhere, "function"))
        if after is not None:
            span = span.past(key(anywhere, "function", after))
        found = []
        for _, raw in tx.scan(span, limit=limit + 1):
            place = Target(ctx.account, ctx.region, FUNCTIONS.decode(raw).name)
            found.append((place, get_version(tx, place)))
        return found

    page = await ctx.store.read(read)
    return {
        "Functions": [configuration.described(place, version) for place, version in page[:limit]],
        "NextMarker": next_marker(page, limit, lambda one: one[0].name),
    }


async def _all_versions(ctx: Context, limit: int, after: str | None) -> dict[str, Any]:
    """A page of every version of every function. A marker names a version, too."""
    anywhere = Target(ctx.account, ctx.region, "")

    def read(tx: Reader) -> list[tuple[Target, Version]]:
        span = under(key(anywhere, "version"))
        if after is not None:
            name, _, number = after.partition(":")
            span = span.past(version_key(Target(ctx.account, ctx.region, name), number or LATEST))
        found = []
        for at_key, raw in tx.scan(span, limit=limit + 1):
            version = VERSIONS.decode(raw)
            found.append((Target(ctx.account, ctx.region, str(at_key[4]), version.version), version))
        return found

    page = await ctx.store.read(read)
    return {
        "Functions": [configuration.described(place, version) for place, version in page[:limit]],
        "NextMarker": next_marker(page, limit, lambda one: f"{one[0].name}:{one[0].qualifier}"),
    }


@operation("DeleteFunction", access=[permission("DeleteFunction")])
async def delete_function(ctx: Context, request: DeleteFunctionRequestTypeDef) -> dict[str, Any]:
    """docs: API_DeleteFunction. Environments that are busy finish what they do."""
    place = target(ctx, request)
    if place.qualifier == LATEST:
        raise InvalidParameterValueException("$LATEST version cannot be deleted without deleting the function.")
    if names_alias(place.qualifier):
        raise InvalidParameterValueException("Deletion of aliases is not currently supported.")
    await ctx.store.transact(lambda tx: _delete_version(tx, place) if place.qualifier else _delete_all(tx, place))
    running: Running = ctx.runtime
    running.pool.drain(place.arn, place.qualifier)
    running.provision(place)
    return {"StatusCode": 204}


def _delete_all(tx: Transaction, place: Target) -> None:
    function = get(tx, place)
    for _, raw in list(tx.scan(under(key(place, "version", place.name)))):
        _forget(tx, place, VERSIONS.decode(raw))
    forget_function(tx, place)
    tx.delete(key(place, "function", place.name))
    tx.add(key(place, "usage", "count"), -1)
    if function.reserved:
        tx.add(key(place, "usage", "reserved"), -function.reserved)


def _delete_version(tx: Transaction, place: Target) -> None:
    """One version that no alias needs; nothing happens where it is not there, as on AWS."""
    get(tx, place)
    needing = [alias.name for alias in aliases(tx, place) if place.qualifier in (alias.version, *alias.weights)]
    if needing:
        raise ResourceConflictException(
            f"Unable to delete version because the following aliases reference it: [{', '.join(needing)}]"
        )
    raw = tx.get(version_key(place, place.qualifier or LATEST))
    if raw is not None:
        _forget(tx, place, VERSIONS.decode(raw))
        forget_qualifier(tx, place)


def _forget(tx: Transaction, place: Target, version: Version) -> None:
    """Removes a version and what it takes up."""
    at_key = version_key(place, version.version)
    code_storage.own(tx, at_key, (), code_storage.digests(version))
    tx.add(key(place, "usage", "bytes"), -version.code_size)
    tx.delete(at_key)
