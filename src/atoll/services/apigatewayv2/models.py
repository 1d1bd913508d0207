"""Models of a WebSocket API: JSON schemas that routes hold messages against.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-models.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from atoll.api_runtime.templates.sample import sample
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2 import deploy, store
from atoll.services.apigatewayv2.access import access
from atoll.services.apigatewayv2.errors import BadRequestException, ConflictException
from atoll.services.apigatewayv2.pages import listed

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateModelRequestTypeDef,
        DeleteModelRequestTypeDef,
        GetModelRequestTypeDef,
        GetModelsRequestTypeDef,
        GetModelTemplateRequestTypeDef,
        UpdateModelRequestTypeDef,
    )

_ONE = "/apis/{ApiId}/models/{ModelId}"
_CONVERSIONS: store.Members = {
    "Name": ("name", lambda name: _name(name)),
    "Schema": ("schema", lambda schema: _schema(schema)),
    "ContentType": ("content_type", str),
    "Description": ("description", str),
}


@operation("CreateModel", access=access("POST", "/apis/{ApiId}/models"))
async def create_model(ctx: Context, request: CreateModelRequestTypeDef) -> dict[str, Any]:
    """Adds a model. Raises BadRequestException for an HTTP API, a name or a schema, ConflictException for a name that is there."""
    model = store.changed(store.Model(ctx.ids.lower(6), "", ""), request, _CONVERSIONS)
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        api = store.api(tx, ctx, request["ApiId"])
        if api.kind == "HTTP":
            raise BadRequestException("Currently, Models are not permitted for APIs with a protocol type of HTTP")
        _put(tx, ctx, api.id, model)
        deploy.after_change(tx, ctx, api.id, drawn)

    await ctx.store.transact(write)
    return members(model)


@operation("GetModel", access=access("GET", _ONE))
async def get_model(ctx: Context, request: GetModelRequestTypeDef) -> dict[str, Any]:
    """One model. Raises NotFoundException."""
    return members(await ctx.store.read(lambda tx: store.model(tx, ctx, request["ApiId"], request["ModelId"])))


@operation("GetModels", access=access("GET", "/apis/{ApiId}/models"))
async def get_models(ctx: Context, request: GetModelsRequestTypeDef) -> dict[str, Any]:
    """A page of an API's models, by id."""
    return await listed(ctx, request, store.MODELS, "v2.models", members)


@operation("GetModelTemplate", access=access("GET", _ONE + "/template"))
async def get_model_template(ctx: Context, request: GetModelTemplateRequestTypeDef) -> dict[str, Any]:
    """A mapping template to begin with, made from the model's schema."""
    model = await ctx.store.read(lambda tx: store.model(tx, ctx, request["ApiId"], request["ModelId"]))
    return {"Value": sample(model.schema)}


@operation("UpdateModel", access=access("PATCH", _ONE))
async def update_model(ctx: Context, request: UpdateModelRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names."""
    api_id, drawn = request["ApiId"], deploy.draw(ctx)

    def write(tx: Transaction) -> store.Model:
        before = store.model(tx, ctx, api_id, request["ModelId"])
        model = store.changed(before, request, _CONVERSIONS)
        if model.name != before.name:
            _check_unused(tx, ctx, api_id, before, "rename")
        _put(tx, ctx, api_id, model)
        deploy.after_change(tx, ctx, api_id, drawn)
        return model

    return members(await ctx.store.transact(write))


@operation("DeleteModel", access=access("DELETE", _ONE))
async def delete_model(ctx: Context, request: DeleteModelRequestTypeDef) -> None:
    """Removes a model. Raises ConflictException while a route has it."""
    api_id, drawn = request["ApiId"], deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        model = store.model(tx, ctx, api_id, request["ModelId"])
        _check_unused(tx, ctx, api_id, model, "delete")
        store.delete(tx, ctx, store.Model, api_id, model.id)
        deploy.after_change(tx, ctx, api_id, drawn)

    await ctx.store.transact(write)


def _put(tx: Transaction, ctx: Context, api_id: str, model: store.Model) -> None:
    others = store.every(tx, ctx, store.Model, api_id)
    if any(other.name == model.name and other.id != model.id for other in others):
        raise ConflictException(f"Model with name {model.name} already exists for this API")
    store.put(tx, ctx, api_id, model)


def _check_unused(tx: Reader, ctx: Context, api_id: str, model: store.Model, action: str) -> None:
    for route in store.routes(tx, ctx, api_id):
        answers = store.every(tx, ctx, store.RouteResponse, api_id, route.id)
        if model.name in route.request_models.values() or any(model.name in one.models.values() for one in answers):
            raise ConflictException(f"Cannot {action} model '{model.name}', is referenced in route: {route.key}")


def _name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]+", name):
        raise BadRequestException(f"Model name must be alphanumeric: {name}")
    return name


def _schema(schema: str) -> str:
    try:
        valid = isinstance(json.loads(schema), dict) and len(schema) <= 32 << 10
    except (ValueError, RecursionError):
        valid = False
    if not valid:
        raise BadRequestException(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]"
        )
    return schema


def members(model: store.Model) -> dict[str, Any]:
    """A model under the API's member names."""
    return {
        "ContentType": model.content_type,
        "Description": model.description,
        "ModelId": model.id,
        "Name": model.name,
        "Schema": model.schema,
    }
