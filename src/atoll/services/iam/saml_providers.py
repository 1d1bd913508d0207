"""SAML providers: whose assertions STS may take for roles, by the metadata that the provider gives. STS reads it, and verifies assertions.

Encrypted assertions are refused: no private keys are kept for providers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.records import Codec
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.iam import belongings, tagging
from atoll.services.iam.errors import (
    EntityAlreadyExistsException,
    InvalidInputException,
    LimitExceededException,
    NoSuchEntityException,
)

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateSAMLProviderRequestTypeDef,
        DeleteSAMLProviderRequestTypeDef,
        GetSAMLProviderRequestTypeDef,
        ListSAMLProviderTagsRequestTypeDef,
        TagSAMLProviderRequestTypeDef,
        UntagSAMLProviderRequestTypeDef,
        UpdateSAMLProviderRequestTypeDef,
    )

MOST = 100
LASTS = 100 * 365 * 86_400
"""Seconds for which metadata holds that does not say."""


class Provider(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A provider; its metadata lies beside it. Times are in whole seconds."""

    arn: str
    id: str
    created: int
    valid_until: int
    tags: dict[str, str] = {}


PROVIDERS = belongings.Kind("saml-providers", Codec(Provider))


def _new(ctx: Context, request: Any) -> str:
    return f"arn:aws:iam::{ctx.account}:saml-provider/{request.get('Name', '')}"


def _named(_ctx: Context, request: Any) -> str:
    return str(request.get("SAMLProviderArn", ""))


def _metadata_key(account: str, arn: str) -> tuple[str, ...]:
    return (account, "", "iam", "saml-metadata", arn)


def _tags(tx: Reader, ctx: Context, request: Any) -> dict[str, str] | None:
    provider = PROVIDERS.find(tx, ctx.account, _named(ctx, request))
    return provider.tags if provider else None


def _get(tx: Reader, ctx: Context, request: Any) -> Provider:
    arn = _named(ctx, request)
    provider = PROVIDERS.find(tx, ctx.account, arn)
    if provider is None:
        raise NoSuchEntityException(f"Manifest not found for arn {arn}")
    return provider


async def _valid_until(document: str, now: int) -> int:
    """Until when a metadata document holds. Raises InvalidInputException for what is none."""
    from atoll.auth.saml import metadata

    try:
        found = await asyncio.to_thread(metadata.parse, document)
    except metadata.BadMetadata:
        raise InvalidInputException("Could not parse metadata") from None
    return now + LASTS if found.valid_until is None else int(found.valid_until)


def _refuse_keys(request: Mapping[str, Any]) -> None:
    keys = "AddPrivateKey" in request or "RemovePrivateKey" in request
    if keys or request.get("AssertionEncryptionMode") == "Required":
        raise NotImplementedByAtoll("iam: encrypted SAML assertions.")


@operation("CreateSAMLProvider", access=belongings.makes("CreateSAMLProvider", "TagSAMLProvider", _new))
async def create_saml_provider(ctx: Context, request: CreateSAMLProviderRequestTypeDef) -> dict[str, Any]:
    """docs: API_CreateSAMLProvider."""
    _refuse_keys(request)
    document, now, arn = request["SAMLMetadataDocument"], int(ctx.clock.now()), _new(ctx, request)
    provider = Provider(
        arn=arn, id=ctx.ids.iam("ASPA"), created=now, valid_until=await _valid_until(document, now),
        tags=belongings.new_tags(request.get("Tags", ())),
    )  # fmt: skip

    def create(tx: Transaction) -> None:
        if PROVIDERS.find(tx, ctx.account, arn) is not None:
            raise EntityAlreadyExistsException(f"SAMLProvider with name {request['Name']} already exists.")
        if sum(1 for _ in PROVIDERS.all(tx, ctx.account)) >= MOST:
            raise LimitExceededException(f"Cannot exceed quota for SAMLProvidersPerAccount: {MOST}")
        PROVIDERS.put(tx, ctx.account, arn, provider)
        tx.set(_metadata_key(ctx.account, arn), document.encode())

    await ctx.store.transact(create)
    return {"SAMLProviderArn": arn, **({"Tags": tagging.shown(provider.tags)} if provider.tags else {})}


@operation("GetSAMLProvider", access=belongings.on("GetSAMLProvider", _named, _tags))
async def get_saml_provider(ctx: Context, request: GetSAMLProviderRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetSAMLProvider."""

    def read(tx: Reader) -> dict[str, Any]:
        provider = _get(tx, ctx, request)
        document = tx.get(_metadata_key(ctx.account, provider.arn))
        assert document is not None
        return {
            "SAMLProviderUUID": provider.id,
            "SAMLMetadataDocument": document.decode(),
            "CreateDate": provider.created,
            "ValidUntil": provider.valid_until,
            "Tags": tagging.shown(provider.tags),
            "AssertionEncryptionMode": "Allowed",
            "PrivateKeyList": [],
        }

    return await ctx.store.read(read)


@operation("ListSAMLProviders", access=[Access("iam:ListSAMLProviders")])
async def list_saml_providers(ctx: Context, _request: Mapping[str, Any]) -> dict[str, Any]:
    """docs: API_ListSAMLProviders."""
    found = await ctx.store.read(lambda tx: list(PROVIDERS.all(tx, ctx.account)))
    shown = [{"Arn": one.arn, "ValidUntil": one.valid_until, "CreateDate": one.created} for one in found]
    return {"SAMLProviderList": shown}


@operation("UpdateSAMLProvider", access=belongings.on("UpdateSAMLProvider", _named, _tags))
async def update_saml_provider(ctx: Context, request: UpdateSAMLProviderRequestTypeDef) -> dict[str, Any]:
    """docs: API_UpdateSAMLProvider."""
    _refuse_keys(request)
    document, now = request.get("SAMLMetadataDocument"), int(ctx.clock.now())
    valid_until = None if document is None else await _valid_until(document, now)

    def update(tx: Transaction) -> str:
        provider = _get(tx, ctx, request)
        if document is not None and valid_until is not None:
            PROVIDERS.put(tx, ctx.account, provider.arn, replace(provider, valid_until=valid_until))
            tx.set(_metadata_key(ctx.account, provider.arn), document.encode())
        return provider.arn

    return {"SAMLProviderArn": await ctx.store.transact(update)}


@operation("DeleteSAMLProvider", access=belongings.on("DeleteSAMLProvider", _named, _tags))
async def delete_saml_provider(ctx: Context, request: DeleteSAMLProviderRequestTypeDef) -> None:
    """docs: API_DeleteSAMLProvider. Roles that trust it stay, and trust nobody by it."""

    def delete(tx: Transaction) -> None:
        provider = _get(tx, ctx, request)
        PROVIDERS.delete(tx, ctx.account, provider.arn)
        tx.delete(_metadata_key(ctx.account, provider.arn))

    await ctx.store.transact(delete)


async def _change(
    ctx: Context, request: Mapping[str, Any], change: Callable[[Mapping[str, str]], dict[str, str]]
) -> None:
    def write(tx: Transaction) -> None:
        provider = _get(tx, ctx, request)
        PROVIDERS.put(tx, ctx.account, provider.arn, replace(provider, tags=change(provider.tags)))

    await ctx.store.transact(write)


@operation("TagSAMLProvider", access=belongings.on("TagSAMLProvider", _named, _tags, adds_tags()))
async def tag_saml_provider(ctx: Context, request: TagSAMLProviderRequestTypeDef) -> None:
    """docs: API_TagSAMLProvider."""
    given = request["Tags"]
    await _change(ctx, request, lambda tags: belongings.with_tags(tags, given))


@operation("UntagSAMLProvider", access=belongings.on("UntagSAMLProvider", _named, _tags, removes_tags()))
async def untag_saml_provider(ctx: Context, request: UntagSAMLProviderRequestTypeDef) -> None:
    """docs: API_UntagSAMLProvider."""
    keys = request["TagKeys"]
    await _change(ctx, request, lambda tags: belongings.without_tags(tags, keys))


@operation("ListSAMLProviderTags", access=belongings.on("ListSAMLProviderTags", _named, _tags))
async def list_saml_provider_tags(ctx: Context, request: ListSAMLProviderTagsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListSAMLProviderTags."""
    provider = await ctx.store.read(lambda tx: _get(tx, ctx, request))
    return belongings.tag_page(request, provider.tags)
