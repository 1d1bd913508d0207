"""API keys. docs: API_CreateApiKey and its kin; who may call with one: `api_runtime/usage_plans.py`."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime.usage_plans import KEYS, ApiKey
from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.apigateway import key_records
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, ConflictException
from atoll.services.apigateway.pages import page
from atoll.services.apigateway.patches import Rules, apply, flag, patches, put
from atoll.services.apigateway.resource_tags import OF_API_KEY
from atoll.services.apigateway.tag_rules import checked

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateApiKeyRequestTypeDef,
        DeleteApiKeyRequestTypeDef,
        GetApiKeyRequestTypeDef,
        GetApiKeysRequestTypeDef,
        UpdateApiKeyRequestTypeDef,
    )

SHORTEST, LONGEST = 20, 128
"""Characters of a key's value."""
_ALPHABET = string.ascii_letters + string.digits
_LONGEST_TEXT = 1024
_ONE = "/apikeys/{apiKey}"


@operation(
    "CreateApiKey",
    access=access("POST", "/apikeys", adds_tags("tags")),
    not_honoured={"stageKeys": "API keys take effect by usage plans, as in every account since 2016"},
)
async def create_api_key(ctx: Context, request: CreateApiKeyRequestTypeDef) -> dict[str, Any]:
    """Makes an API key, with a value of its own where the request has none. Raises ConflictException for a value that is there."""
    now = ctx.clock.now()
    key = ApiKey(
        id=ctx.ids.lower(10),
        value=check_value(request.get("value") or draw_value(ctx)),
        created=now,
        updated=now,
        enabled=request.get("enabled", False),
        name=check_name(request.get("name")),
        description=check_description(request.get("description")),
        customer=request.get("customerId"),
        stage_keys=tuple(f"{one.get('restApiId')}/{one.get('stageName')}" for one in request.get("stageKeys", ())),
        tags=checked(request.get("tags", {})),
    )

    def write(tx: Transaction) -> None:
        if tx.get(key_records.place(ctx).value(key.value)) is not None:
            raise ConflictException("API Key already exists")
        key_records.put_key(tx, ctx, key)

    await ctx.store.transact(write)
    return members(key, value=True) | {"tags": key.tags or None}  # the later answers show that there are none


@operation("GetApiKey", access=access("GET", _ONE, OF_API_KEY))
async def get_api_key(ctx: Context, request: GetApiKeyRequestTypeDef) -> dict[str, Any]:
    """An API key, with its value if the request asks for it."""
    key = await ctx.store.read(lambda tx: key_records.key(tx, ctx, request["apiKey"]))
    return members(key, value=request.get("includeValue", False))


@operation("GetApiKeys", access=access("GET", "/apikeys"))
async def get_api_keys(ctx: Context, request: GetApiKeysRequestTypeDef) -> dict[str, Any]:
    """A page of the API keys, by id: those whose name begins with `nameQuery`, and of one customer."""
    name, customer = request.get("nameQuery") or "", request.get("customerId")

    def wanted(key: ApiKey) -> bool:
        return (key.name or "").startswith(name) and customer in (None, key.customer)

    def item(key: ApiKey) -> dict[str, Any]:
        return members(key, value=request.get("includeValues", False)) | {"tags": key.tags or None}

    def read(tx: Reader) -> dict[str, Any]:
        prefix = key_records.place(ctx).keys()
        return page(tx, request, under(prefix), prefix, KEYS, item, wanted)

    return await ctx.store.read(read)


@operation("UpdateApiKey", access=access("PATCH", _ONE, OF_API_KEY))
async def update_api_key(ctx: Context, request: UpdateApiKeyRequestTypeDef) -> dict[str, Any]:
    """Changes an API key; never its value."""
    changes, now = patches(request), ctx.clock.now()

    def write(tx: Transaction) -> ApiKey:
        key = apply(key_records.key(tx, ctx, request["apiKey"]), changes, _RULES)
        key = msgspec.structs.replace(key, updated=now)
        key_records.put_key(tx, ctx, key)
        return key

    return members(await ctx.store.transact(write))


@operation("DeleteApiKey", access=access("DELETE", _ONE, OF_API_KEY))
async def delete_api_key(ctx: Context, request: DeleteApiKeyRequestTypeDef) -> None:
    """Removes an API key, also from its usage plans."""

    def write(tx: Transaction) -> None:
        key_records.delete_key(tx, ctx, key_records.key(tx, ctx, request["apiKey"]))

    await ctx.store.transact(write)


def draw_value(ctx: Context) -> str:
    """A new value: forty letters and digits."""
    return "".join(ctx.ids.random.choices(_ALPHABET, k=40))


def check_value(value: str) -> str:
    """The value, if its length is right. Raises BadRequestException."""
    if len(value) < SHORTEST:
        raise BadRequestException(f"API Key value should be at least {SHORTEST} characters")
    if len(value) > LONGEST:
        raise BadRequestException(f"API Key value exceeds maximum size of {LONGEST} characters")
    return value


def check_name(name: str | None) -> str | None:
    """The name, None for an empty one. Raises BadRequestException."""
    if name and len(name) > _LONGEST_TEXT:
        raise BadRequestException(f"Invalid API Key name, can be at most {_LONGEST_TEXT} characters.")
    return name or None


def check_description(description: str | None) -> str | None:
    """The description, if it is not too long. Raises BadRequestException."""
    if description and len(description) > _LONGEST_TEXT:
        raise BadRequestException("Invalid API Key description specified.")
    return description


_RULES: Rules[ApiKey] = {
    "replace": {
        "/description": put("description", check_description),
        "/enabled": put("enabled", flag),
        "/name": put("name", check_name),
        "/customerId": put("customer"),
    }
}


def members(key: ApiKey, *, value: bool = False) -> dict[str, Any]:
    """An API key under the API's member names."""
    return {
        "id": key.id,
        "value": key.value if value else None,
        "name": key.name,
        "customerId": key.customer,
        "description": key.description,
        "enabled": key.enabled,
        "createdDate": int(key.created),
        "lastUpdatedDate": int(key.updated),
        "stageKeys": key.stage_keys,
        "tags": key.tags,
    }


def plan_key_members(key: ApiKey) -> Mapping[str, Any]:
    """An API key as usage plans show it."""
    return {"id": key.id, "type": "API_KEY", "value": key.value, "name": key.name}
