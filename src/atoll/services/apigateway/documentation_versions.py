"""Documentation as it was published. docs: API_CreateDocumentationVersion and its kin"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import documentation_records as records
from atoll.services.apigateway import store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.documentation_records import Version
from atoll.services.apigateway.errors import ConflictException
from atoll.services.apigateway.pages import page
from atoll.services.apigateway.patches import Rules, apply, patches, put

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateDocumentationVersionRequestTypeDef,
        DeleteDocumentationVersionRequestTypeDef,
        GetDocumentationVersionRequestTypeDef,
        GetDocumentationVersionsRequestTypeDef,
        UpdateDocumentationVersionRequestTypeDef,
    )

_ALL = "/restapis/{restApiId}/documentation/versions"
_ONE = _ALL + "/{documentationVersion}"


@operation("CreateDocumentationVersion", access=access("POST", _ALL))
async def create_documentation_version(
    ctx: Context, request: CreateDocumentationVersionRequestTypeDef
) -> dict[str, Any]:
    """Keeps the documentation parts as they are, under a name; `stageName` makes it that stage's documentation."""
    api_id, name, now = request["restApiId"], request["documentationVersion"], ctx.clock.now()

    def write(tx: Transaction) -> Version:
        store.api(tx, ctx, api_id)
        if records.find_version(tx, ctx, api_id, name) is not None:
            raise ConflictException("Documentation version already exists")
        if stage_name := request.get("stageName"):
            stage = store.stage(tx, ctx, api_id, stage_name)
            store.put(tx, ctx, api_id, msgspec.structs.replace(stage, documentation_version=name))
        version = Version(name, now, tuple(records.parts(tx, ctx, api_id)), request.get("description"))
        records.put_version(tx, ctx, api_id, version)
        return version

    return members(await ctx.store.transact(write))


@operation("GetDocumentationVersion", access=access("GET", _ONE))
async def get_documentation_version(ctx: Context, request: GetDocumentationVersionRequestTypeDef) -> dict[str, Any]:
    """A documentation version; its parts come with the API's export."""
    api_id, name = request["restApiId"], request["documentationVersion"]
    return members(await ctx.store.read(lambda tx: records.version(tx, ctx, api_id, name)))


@operation("GetDocumentationVersions", access=access("GET", _ALL))
async def get_documentation_versions(ctx: Context, request: GetDocumentationVersionsRequestTypeDef) -> dict[str, Any]:
    """A page of an API's documentation versions, by name."""
    api_id = request["restApiId"]

    def read(tx: Reader) -> dict[str, Any]:
        store.api(tx, ctx, api_id)
        prefix = store.key(ctx, "v1.documentation-versions", api_id)
        span = store.parts(ctx, "v1.documentation-versions", api_id)
        return page(tx, request, span, prefix, records.VERSIONS, members)

    return await ctx.store.read(read)


@operation("UpdateDocumentationVersion", access=access("PATCH", _ONE))
async def update_documentation_version(
    ctx: Context, request: UpdateDocumentationVersionRequestTypeDef
) -> dict[str, Any]:
    """Changes a version's description."""
    api_id, changes = request["restApiId"], patches(request)

    def write(tx: Transaction) -> Version:
        version = apply(records.version(tx, ctx, api_id, request["documentationVersion"]), changes, _RULES)
        records.put_version(tx, ctx, api_id, version)
        return version

    return members(await ctx.store.transact(write))


@operation("DeleteDocumentationVersion", access=access("DELETE", _ONE))
async def delete_documentation_version(ctx: Context, request: DeleteDocumentationVersionRequestTypeDef) -> None:
    """Removes a documentation version."""
    api_id = request["restApiId"]

    def write(tx: Transaction) -> None:
        version = records.version(tx, ctx, api_id, request["documentationVersion"])
        tx.delete(store.key(ctx, "v1.documentation-versions", api_id, version.version))

    await ctx.store.transact(write)


_RULES: Rules[Version] = {"replace": {"/description": put("description")}}


def members(version: Version) -> dict[str, Any]:
    """A documentation version under the API's member names."""
    return {"version": version.version, "createdDate": int(version.created), "description": version.description}
