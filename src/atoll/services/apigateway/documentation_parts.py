"""What a REST API's owner says of its parts. docs: API_CreateDocumentationPart and its kin"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from atoll.api_runtime import openapi
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import deploy, store
from atoll.services.apigateway import documentation_records as records
from atoll.services.apigateway.access import access
from atoll.services.apigateway.documentation_records import Part
from atoll.services.apigateway.errors import BadRequestException
from atoll.services.apigateway.openapi import documentation
from atoll.services.apigateway.pages import page, position_after, size_of, starts_after
from atoll.services.apigateway.patches import Patch, Rules, apply, patches
from atoll.services.apigateway.undocumented import Location, undocumented

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateDocumentationPartRequestTypeDef,
        DeleteDocumentationPartRequestTypeDef,
        GetDocumentationPartRequestTypeDef,
        GetDocumentationPartsRequestTypeDef,
        ImportDocumentationPartsRequestTypeDef,
        UpdateDocumentationPartRequestTypeDef,
    )

_ALL = "/restapis/{restApiId}/documentation/parts"
_ONE = _ALL + "/{documentationPartId}"


@operation("CreateDocumentationPart", access=access("POST", _ALL))
async def create_documentation_part(ctx: Context, request: CreateDocumentationPartRequestTypeDef) -> dict[str, Any]:
    """Makes a documentation part. Raises ConflictException where its location has one."""
    api_id = request["restApiId"]
    part = Part(ctx.ids.lower(6), _location(request["location"]), _properties(request["properties"]))

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, api_id)
        records.check_free(tx, ctx, api_id, part)
        records.put_part(tx, ctx, api_id, part)

    await ctx.store.transact(write)
    return members(part)


@operation("GetDocumentationPart", access=access("GET", _ONE))
async def get_documentation_part(ctx: Context, request: GetDocumentationPartRequestTypeDef) -> dict[str, Any]:
    """A documentation part."""
    api_id, part_id = request["restApiId"], request["documentationPartId"]
    return members(await ctx.store.read(lambda tx: records.part(tx, ctx, api_id, part_id)))


@operation("GetDocumentationParts", access=access("GET", _ALL))
async def get_documentation_parts(ctx: Context, request: GetDocumentationPartsRequestTypeDef) -> dict[str, Any]:
    """A page of an API's documentation parts, by id: of one type, path, or with a name. Or, `UNDOCUMENTED`, what has none: such items
    have a location alone."""
    api_id = request["restApiId"]
    asked = {"type": request.get("type"), "path": request.get("path"), "name": request.get("nameQuery")}
    wanted = {member: value for member, value in asked.items() if value}

    def read(tx: Reader) -> dict[str, Any]:
        store.api(tx, ctx, api_id)
        if request.get("locationStatus") == "UNDOCUMENTED":
            places = undocumented(
                deploy.as_it_is(tx, ctx, api_id), [part.location for part in records.parts(tx, ctx, api_id)]
            )
            return _places_page(request, [place for place in places if wanted.items() <= place.items()])
        prefix = store.key(ctx, "v1.documentation-parts", api_id)
        span = store.parts(ctx, "v1.documentation-parts", api_id)
        return page(
            tx, request, span, prefix, records.PARTS, members, lambda part: wanted.items() <= part.location.items()
        )

    return await ctx.store.read(read)


def _places_page(request: Mapping[str, Any], places: Sequence[Location]) -> dict[str, Any]:
    """A page of locations; positions count them."""
    after, size = starts_after(request) or "0", size_of(request)
    begin = int(after) if after.isdecimal() else len(places)
    output: dict[str, Any] = {"items": [{"location": place} for place in places[begin : begin + size]]}
    if begin + size < len(places):
        output["position"] = position_after(str(begin + size))
    return output


@operation("UpdateDocumentationPart", access=access("PATCH", _ONE))
async def update_documentation_part(ctx: Context, request: UpdateDocumentationPartRequestTypeDef) -> dict[str, Any]:
    """Changes the properties of a documentation part; never its location."""
    api_id, changes = request["restApiId"], patches(request)

    def write(tx: Transaction) -> Part:
        part = apply(records.part(tx, ctx, api_id, request["documentationPartId"]), changes, _RULES)
        records.put_part(tx, ctx, api_id, part)
        return part

    return members(await ctx.store.transact(write))


@operation("DeleteDocumentationPart", access=access("DELETE", _ONE))
async def delete_documentation_part(ctx: Context, request: DeleteDocumentationPartRequestTypeDef) -> None:
    """Removes a documentation part. Versions that have it keep it."""
    api_id = request["restApiId"]

    def write(tx: Transaction) -> None:
        part = records.part(tx, ctx, api_id, request["documentationPartId"])
        tx.delete(store.key(ctx, "v1.documentation-parts", api_id, part.id))

    await ctx.store.transact(write)


@operation("ImportDocumentationParts", access=access("PUT", _ALL))
async def import_documentation_parts(ctx: Context, request: ImportDocumentationPartsRequestTypeDef) -> dict[str, Any]:
    """Takes the parts that an OpenAPI definition's `x-amazon-apigateway-documentation` has: beside those that are there (`merge`, of
    one of the same location its properties are replaced), or in the place of all of them (`overwrite`)."""
    api_id = request["restApiId"]
    found = _imported(cast(Any, request["body"]))
    drawn = [ctx.ids.lower(6) for _ in found]

    def write(tx: Transaction) -> list[str]:
        store.api(tx, ctx, api_id)
        if request.get("mode") == "overwrite":
            tx.clear_range(store.parts(ctx, "v1.documentation-parts", api_id))
        return records.put_all(tx, ctx, api_id, found, drawn)

    return {"ids": await ctx.store.transact(write)}


def _imported(body: bytes) -> list[documentation.Found]:
    try:
        root = openapi.parsed(body)
    except openapi.InvalidDocument:
        root = None
    if not isinstance(root, Mapping) or documentation.EXTENSION not in root:
        raise BadRequestException(
            f"Unable to parse the documentation: a document with {documentation.EXTENSION} is expected"
        )
    return documentation.read(root)


def _location(given: Mapping[str, Any]) -> dict[str, str]:
    return {member: str(given[member]) for member in documentation.MEMBERS if given.get(member) is not None}


def _properties(text: str | None) -> str:
    try:
        found = json.loads(text or "")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadRequestException("Documentation part properties must be a JSON object")
    return text or ""


def _with_properties(part: Part, patch: Patch) -> Part:
    return Part(part.id, part.location, _properties(patch.value))


_RULES: Rules[Part] = {"replace": {"/properties": _with_properties}}


def members(part: Part) -> dict[str, Any]:
    """A documentation part under the API's member names."""
    return {"id": part.id, "location": part.location, "properties": part.properties}
