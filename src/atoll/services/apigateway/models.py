"""Models of a REST API: JSON schemas under names. docs: API_CreateModel, API_GetModel, API_GetModelTemplate, API_UpdateModel"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime.rest_api import records
from atoll.api_runtime.templates.sample import sample
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, ConflictException
from atoll.services.apigateway.pages import page
from atoll.services.apigateway.patches import Rules, apply, patches, put

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateModelRequestTypeDef,
        DeleteModelRequestTypeDef,
        GetModelRequestTypeDef,
        GetModelsRequestTypeDef,
        GetModelTemplateRequestTypeDef,
        UpdateModelRequestTypeDef,
    )

MODELS = "/restapis/{restApiId}/models"
MODEL = f"{MODELS}/{{modelName}}"
_NAME = re.compile(r"[A-Za-z0-9]+", re.ASCII)
_NO_SCHEMA = "Model schema must have at least 1 property or array items defined"
_DRAFT = '  "$schema" : "http://json-schema.org/draft-04/schema#",\n'
EMPTY = f'{{\n{_DRAFT}  "title" : "Empty Schema",\n  "type" : "object"\n}}'
ERROR = (
    f'{{\n{_DRAFT}  "title" : "Error Schema",\n  "type" : "object",\n'
    '  "properties" : {\n    "message" : { "type" : "string" }\n  }\n}'
)


@operation("CreateModel", access=access("POST", MODELS))
async def create_model(ctx: Context, request: CreateModelRequestTypeDef) -> dict[str, Any]:
    """Adds a model. Raises ConflictException where its name is taken."""
    api_id, name = request["restApiId"], request["name"]
    model = records.Model(
        ctx.ids.lower(6), name, request["contentType"], request.get("schema"), request.get("description") or None
    )
    _check_name(name)

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, api_id)
        if tx.get(store.key(ctx, "v1.models", api_id, name)) is not None:
            raise ConflictException("Model name already exists for this REST API")
        check_schema(model)
        store.put(tx, ctx, api_id, model)

    await ctx.store.transact(write)
    return members(model)


@operation("GetModel", access=access("GET", MODEL), not_honoured={"flatten": "the schema is given as it was stored"})
async def get_model(ctx: Context, request: GetModelRequestTypeDef) -> dict[str, Any]:
    """One model. Raises NotFoundException."""
    return members(await ctx.store.read(lambda tx: store.model(tx, ctx, request["restApiId"], request["modelName"])))


@operation("GetModels", access=access("GET", MODELS))
async def get_models(ctx: Context, request: GetModelsRequestTypeDef) -> dict[str, Any]:
    """A page of an API's models, by name."""
    api_id = request["restApiId"]

    def read(tx: Reader) -> dict[str, Any]:
        store.api(tx, ctx, api_id)
        span, prefix = store.parts(ctx, "v1.models", api_id), store.key(ctx, "v1.models", api_id)
        return page(tx, request, span, prefix, store.MODELS, members)

    return await ctx.store.read(read)


@operation("GetModelTemplate", access=access("GET", f"{MODEL}/template"))
async def get_model_template(ctx: Context, request: GetModelTemplateRequestTypeDef) -> dict[str, Any]:
    """A sample mapping template that makes JSON of the model's shape."""
    model = await ctx.store.read(lambda tx: store.model(tx, ctx, request["restApiId"], request["modelName"]))
    return {"value": sample(model.schema or "{}")}


@operation("UpdateModel", access=access("PATCH", MODEL))
async def update_model(ctx: Context, request: UpdateModelRequestTypeDef) -> dict[str, Any]:
    """Changes the schema or the description."""
    operations = patches(request)

    def write(tx: Transaction) -> records.Model:
        before = store.model(tx, ctx, request["restApiId"], request["modelName"])
        model = apply(before, operations, RULES)
        if model.schema != before.schema:
            check_schema(model)
        store.put(tx, ctx, request["restApiId"], model)
        return model

    return members(await ctx.store.transact(write))


@operation("DeleteModel", access=access("DELETE", MODEL))
async def delete_model(ctx: Context, request: DeleteModelRequestTypeDef) -> None:
    """Removes a model. Raises ConflictException while a method names it."""
    api_id, name = request["restApiId"], request["modelName"]

    def write(tx: Transaction) -> None:
        store.model(tx, ctx, api_id, name)
        for resource in store.each(tx, ctx, "v1.resources", records.RESOURCES, api_id):
            if user := _user(resource, name):
                raise ConflictException(f"Cannot delete model '{name}', is referenced in {user}")
        tx.delete(store.key(ctx, "v1.models", api_id, name))

    await ctx.store.transact(write)


def defaults(ctx: Context) -> list[records.Model]:
    """The models that every new API has."""
    return [
        records.Model(
            ctx.ids.lower(6), name, "application/json", schema, f"This is a default {name.lower()} schema model"
        )
        for name, schema in (("Empty", EMPTY), ("Error", ERROR))
    ]


def _user(resource: records.Resource, name: str) -> str | None:
    """Which method of the resource names the model, and where, in AWS's words."""
    for method in resource.methods.values():
        where = f"{resource.path}/{method.name}"
        if name in method.models.values():
            return f"method request: {where}"
        for response in method.responses.values():
            if name in response.models.values():
                return f"method response: {where}/{response.status}"
    return None


def _check_name(name: str) -> None:
    if not name:
        raise BadRequestException("Model name must be non-empty")
    if not _NAME.fullmatch(name):
        raise BadRequestException(f"Model name must be alphanumeric: {name}")


def check_schema(model: records.Model) -> None:
    """A schema must be a JSON object where its content type is JSON."""
    if not model.schema:
        raise BadRequestException(_NO_SCHEMA)
    if "json" not in model.content_type:
        return
    try:
        schema = msgspec.json.decode(model.schema)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadRequestException(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]"
        ) from None
    if not isinstance(schema, dict):
        raise BadRequestException(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]"
        )
    if not schema:
        raise BadRequestException(_NO_SCHEMA)


RULES: Rules[records.Model] = {"replace": {"/description": put("description"), "/schema": put("schema")}}


def members(model: records.Model) -> dict[str, Any]:
    """A model under AWS's member names."""
    return {
        "id": model.id,
        "name": model.name,
        "description": model.description,
        "schema": model.schema,
        "contentType": model.content_type,
    }
