"""Resources of a REST API: the tree of its paths. docs: API_CreateResource, API_GetResources, API_UpdateResource, API_DeleteResource"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime.match import variable
from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, between
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import methods, store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, ConflictException
from atoll.services.apigateway.pages import page
from atoll.services.apigateway.patches import Patch, Rules, apply, patches, put

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateResourceRequestTypeDef,
        DeleteResourceRequestTypeDef,
        GetResourceRequestTypeDef,
        GetResourcesRequestTypeDef,
        UpdateResourceRequestTypeDef,
    )

_PART = re.compile(r"[a-zA-Z0-9._\-:$]+|\{[a-zA-Z0-9._\-:]+\+?\}", re.ASCII)
_BAD_PART = "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end."
RESOURCE = "/restapis/{restApiId}/resources/{resourceId}"


@operation("CreateResource", access=access("POST", "/restapis/{restApiId}/resources/{parentId}"))
async def create_resource(ctx: Context, request: CreateResourceRequestTypeDef) -> dict[str, Any]:
    """Adds a resource below another. Raises ConflictException, BadRequestException for its name."""
    resource_id = ctx.ids.lower(6)
    api_id, part = request["restApiId"], request["pathPart"]

    def write(tx: Transaction) -> records.Resource:
        parent = store.resource(tx, ctx, api_id, request["parentId"])
        return add(tx, ctx, api_id, parent, part, resource_id)

    return members(await ctx.store.transact(write))


@operation("GetResource", access=access("GET", RESOURCE))
async def get_resource(ctx: Context, request: GetResourceRequestTypeDef) -> dict[str, Any]:
    """One resource. Raises NotFoundException."""
    found = await ctx.store.read(lambda tx: store.resource(tx, ctx, request["restApiId"], request["resourceId"]))
    return members(found, embed="methods" in request.get("embed", ()))


@operation("GetResources", access=access("GET", "/restapis/{restApiId}/resources"))
async def get_resources(ctx: Context, request: GetResourcesRequestTypeDef) -> dict[str, Any]:
    """A page of an API's resources, by id; with their methods in full where `embed` says so."""
    api_id, embed = request["restApiId"], "methods" in request.get("embed", ())

    def read(tx: Reader) -> dict[str, Any]:
        store.api(tx, ctx, api_id)
        span, prefix = store.parts(ctx, "v1.resources", api_id), store.key(ctx, "v1.resources", api_id)
        return page(tx, request, span, prefix, records.RESOURCES, lambda found: members(found, embed=embed))

    return await ctx.store.read(read)


@operation("UpdateResource", access=access("PATCH", RESOURCE))
async def update_resource(ctx: Context, request: UpdateResourceRequestTypeDef) -> dict[str, Any]:
    """Gives a resource another name or parent; all that is below goes with it."""
    api_id = request["restApiId"]
    operations = patches(request)

    def write(tx: Transaction) -> records.Resource:
        before = store.resource(tx, ctx, api_id, request["resourceId"])
        after = apply(before, operations, RULES)
        if (after.parent, after.part) == (before.parent, before.part):
            return before
        if before.parent is None:
            raise BadRequestException("Cannot modify the root resource.")
        return _move(tx, ctx, api_id, before, after)

    return members(await ctx.store.transact(write))


@operation("DeleteResource", access=access("DELETE", RESOURCE))
async def delete_resource(ctx: Context, request: DeleteResourceRequestTypeDef) -> None:
    """Removes a resource with all that is below it. The root stays as long as its API."""
    api_id = request["restApiId"]

    def write(tx: Transaction) -> None:
        resource = store.resource(tx, ctx, api_id, request["resourceId"])
        if resource.parent is None:
            raise BadRequestException("Cannot delete the root resource.")
        for gone in [resource, *_below(tx, ctx, api_id, resource.id)]:
            tx.delete(store.key(ctx, "v1.resources", api_id, gone.id))
            tx.delete(_place(ctx, api_id, gone))

    await ctx.store.transact(write)


def add(
    tx: Transaction, ctx: Context, api_id: str, parent: records.Resource, part: str, resource_id: str
) -> records.Resource:
    """Stores a new resource below `parent`. Raises BadRequestException, ConflictException."""
    _check(tx, ctx, api_id, parent, part)
    resource = records.Resource(resource_id, _joined(parent.path, part), parent.id, part)
    store.put_resource(tx, ctx, api_id, resource)
    return resource


def _check(tx: Reader, ctx: Context, api_id: str, parent: records.Resource, part: str, but: str | None = None) -> None:
    """Whether `parent` may have a child of this name; `but` is the child that is about to leave its place."""
    if not _PART.fullmatch(part):
        raise BadRequestException(_BAD_PART)
    if parent.part is not None and (variable(parent.part) or "").endswith("+"):
        raise BadRequestException(f"Cannot create a child of a resource with a greedy path variable: {parent.part}")
    place = store.key(ctx, "v1.children", api_id, parent.id)
    if (same := tx.get((*place, part))) is not None and same.decode() != but:
        raise ConflictException(f"Another resource with the same parent already has this name: {part}")
    if variable(part) is None:
        return
    for key, raw in tx.scan(between((*place, "{"), (*place, "|"))):  # siblings whose names begin with a brace
        if raw.decode() != but:
            raise BadRequestException(
                f"A sibling ({key[-1]!s}) of this resource already has a variable path part -- only one is allowed"
            )


def _move(
    tx: Transaction, ctx: Context, api_id: str, before: records.Resource, after: records.Resource
) -> records.Resource:
    """Puts a resource elsewhere, with new paths for all that is below it."""
    parent = store.resource(tx, ctx, api_id, after.parent or "")
    below = list(_below(tx, ctx, api_id, before.id))
    if parent.id in (before.id, *(one.id for one in below)):
        raise BadRequestException("Resources cannot be cyclical.")
    _check(tx, ctx, api_id, parent, after.part or "", but=before.id)
    if below and (variable(after.part or "") or "").endswith("+"):
        raise BadRequestException(f"Cannot create a child of a resource with a greedy path variable: {after.part}")
    tx.delete(_place(ctx, api_id, before))
    moved = msgspec.structs.replace(after, path=_joined(parent.path, after.part or ""))
    store.put_resource(tx, ctx, api_id, moved)
    for one in below:
        path = moved.path + one.path.removeprefix(before.path)
        store.put_resource(tx, ctx, api_id, msgspec.structs.replace(one, path=path))
    return moved


def _below(tx: Reader, ctx: Context, api_id: str, parent: str) -> Iterator[records.Resource]:
    for _, raw in list(tx.scan(store.parts(ctx, "v1.children", api_id, parent))):
        child = store.resource(tx, ctx, api_id, raw.decode())
        yield child
        yield from _below(tx, ctx, api_id, child.id)


def _place(ctx: Context, api_id: str, resource: records.Resource) -> Key:
    return store.key(ctx, "v1.children", api_id, resource.parent or "", resource.part or "")


def _joined(parent: str, part: str) -> str:
    return f"{parent.rstrip('/')}/{part}"


def _parent(resource: records.Resource, patch: Patch) -> records.Resource:
    return msgspec.structs.replace(resource, parent=patch.value)


RULES: Rules[records.Resource] = {"replace": {"/parentId": _parent, "/pathPart": put("part")}}


def members(resource: records.Resource, *, embed: bool = False) -> dict[str, Any]:
    """A resource under AWS's member names; of its methods their names alone, or all with `embed`."""
    shown = {name: methods.members(method) if embed else {} for name, method in resource.methods.items()}
    return {
        "id": resource.id,
        "parentId": resource.parent,
        "pathPart": resource.part,
        "path": resource.path,
        "resourceMethods": shown or None,
    }
