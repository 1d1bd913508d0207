"""OpenID Connect providers: whose tokens STS may take for roles, and for which clients. STS reads them, and verifies tokens.

Issuers are on HTTPS, as on AWS; here they may also be on this machine over HTTP. Thumbprints are kept but not compared: who vouches for an
issuer's certificate are this machine's authorities, as AWS trusts its own library of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.records import Codec
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Transaction
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
        AddClientIDToOpenIDConnectProviderRequestTypeDef,
        CreateOpenIDConnectProviderRequestTypeDef,
        DeleteOpenIDConnectProviderRequestTypeDef,
        GetOpenIDConnectProviderRequestTypeDef,
        ListOpenIDConnectProviderTagsRequestTypeDef,
        RemoveClientIDFromOpenIDConnectProviderRequestTypeDef,
        TagOpenIDConnectProviderRequestTypeDef,
        UntagOpenIDConnectProviderRequestTypeDef,
        UpdateOpenIDConnectProviderThumbprintRequestTypeDef,
    )

MOST_PROVIDERS, MOST_CLIENTS, MOST_THUMBPRINTS = 100, 100, 5
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


class Provider(belongings.Thing, frozen=True, omit_defaults=True, kw_only=True):
    """A provider. `url` is without "https://", with "http://"; `created` is in whole seconds."""

    url: str
    created: int
    clients: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()


PROVIDERS = belongings.Kind("oidc-providers", Codec(Provider), "OpenIDConnect Provider not found for arn {}")


def _arn(account: str, url: str) -> str:
    return f"arn:aws:iam::{account}:oidc-provider/{url.removeprefix('https://').removeprefix('http://')}"


def _new(ctx: Context, request: Any) -> str:
    return _arn(ctx.account, request.get("Url", "").rstrip("/"))


def _named(_ctx: Context, request: Any) -> str:
    return str(request.get("OpenIDConnectProviderArn", ""))


_tags = belongings.tags_of(PROVIDERS, _named)


def _checked_url(url: str) -> str:
    """The URL as it is kept. Raises ValidationFailed."""
    try:
        parts = urlsplit(url)
        local = parts.scheme == "http" and parts.hostname in LOOPBACK
    except ValueError:
        raise ValidationFailed("Invalid Open ID Connect Provider URL") from None
    if not (parts.scheme == "https" or local) or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValidationFailed("Invalid Open ID Connect Provider URL")
    return url.rstrip("/").removeprefix("https://")


def _checked_thumbprints(given: Sequence[str]) -> tuple[str, ...]:
    if len(given) > MOST_THUMBPRINTS:
        raise InvalidInputException("Thumbprint list must contain fewer than 5 entries.")
    return tuple(given)


def _checked_clients(given: Sequence[str]) -> tuple[str, ...]:
    if len(given) > MOST_CLIENTS:
        raise LimitExceededException(f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST_CLIENTS}")
    return tuple(dict.fromkeys(given))


@operation(
    "CreateOpenIDConnectProvider",
    access=belongings.makes("CreateOpenIDConnectProvider", "TagOpenIDConnectProvider", _new),
)
async def create_open_id_connect_provider(
    ctx: Context, request: CreateOpenIDConnectProviderRequestTypeDef
) -> dict[str, Any]:
    """docs: API_CreateOpenIDConnectProvider."""
    provider = Provider(
        url=_checked_url(request["Url"]),
        created=int(ctx.clock.now()),
        clients=_checked_clients(request.get("ClientIDList", ())),
        thumbprints=_checked_thumbprints(request.get("ThumbprintList", ())),
        tags=belongings.new_tags(request.get("Tags", ())),
    )
    arn = _new(ctx, request)

    def create(tx: Transaction) -> None:
        if PROVIDERS.find(tx, ctx.account, arn) is not None:
            raise EntityAlreadyExistsException(f"Provider with url {request['Url']} already exists.")
        if sum(1 for _ in PROVIDERS.all(tx, ctx.account)) >= MOST_PROVIDERS:
            raise LimitExceededException(f"Cannot exceed quota for OpenIdConnectProvidersPerAccount: {MOST_PROVIDERS}")
        PROVIDERS.put(tx, ctx.account, arn, provider)

    await ctx.store.transact(create)
    tags = {"Tags": tagging.shown(provider.tags)} if provider.tags else {}
    return {"OpenIDConnectProviderArn": arn, **tags}


@operation(
    "GetOpenIDConnectProvider",
    access=belongings.on("GetOpenIDConnectProvider", _named, _tags),
)
async def get_open_id_connect_provider(ctx: Context, request: GetOpenIDConnectProviderRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetOpenIDConnectProvider. Of a URL on HTTPS it shows what follows that."""
    provider = await ctx.store.read(lambda tx: PROVIDERS.get(tx, ctx.account, _named(ctx, request)))
    return {
        "Url": provider.url,
        "ClientIDList": provider.clients,
        "ThumbprintList": provider.thumbprints,
        "CreateDate": provider.created,
        "Tags": tagging.shown(provider.tags),
    }


@operation("ListOpenIDConnectProviders", access=[Access("iam:ListOpenIDConnectProviders")])
async def list_open_id_connect_providers(ctx: Context, _request: Mapping[str, Any]) -> dict[str, Any]:
    """docs: API_ListOpenIDConnectProviders."""
    found = await ctx.store.read(lambda tx: list(PROVIDERS.all(tx, ctx.account)))
    return {"OpenIDConnectProviderList": [{"Arn": _arn(ctx.account, provider.url)} for provider in found]}


@operation("DeleteOpenIDConnectProvider", access=belongings.on("DeleteOpenIDConnectProvider", _named, _tags))
async def delete_open_id_connect_provider(ctx: Context, request: DeleteOpenIDConnectProviderRequestTypeDef) -> None:
    """docs: API_DeleteOpenIDConnectProvider, which calls it idempotent; AWS does not answer so."""
    arn = _named(ctx, request)

    def delete(tx: Transaction) -> None:
        if PROVIDERS.find(tx, ctx.account, arn) is None:
            raise NoSuchEntityException(f"OpenId connect Provider {arn} cannot be found.")
        PROVIDERS.delete(tx, ctx.account, arn)

    await ctx.store.transact(delete)


async def _change(ctx: Context, request: Mapping[str, Any], change: Callable[[Provider], Provider]) -> None:
    def write(tx: Transaction) -> None:
        PROVIDERS.put(
            tx, ctx.account, _named(ctx, request), change(PROVIDERS.get(tx, ctx.account, _named(ctx, request)))
        )

    await ctx.store.transact(write)


@operation(
    "AddClientIDToOpenIDConnectProvider", access=belongings.on("AddClientIDToOpenIDConnectProvider", _named, _tags)
)
async def add_client_id(ctx: Context, request: AddClientIDToOpenIDConnectProviderRequestTypeDef) -> None:
    """docs: API_AddClientIDToOpenIDConnectProvider. One that is there is no error."""
    added = request["ClientID"]
    await _change(
        ctx, request, lambda provider: replace(provider, clients=_checked_clients([*provider.clients, added]))
    )


@operation(
    "RemoveClientIDFromOpenIDConnectProvider",
    access=belongings.on("RemoveClientIDFromOpenIDConnectProvider", _named, _tags),
)
async def remove_client_id(ctx: Context, request: RemoveClientIDFromOpenIDConnectProviderRequestTypeDef) -> None:
    """docs: API_RemoveClientIDFromOpenIDConnectProvider. One that is not there is no error."""
    gone = request["ClientID"]
    await _change(
        ctx, request, lambda provider: replace(provider, clients=tuple(one for one in provider.clients if one != gone))
    )


@operation(
    "UpdateOpenIDConnectProviderThumbprint",
    access=belongings.on("UpdateOpenIDConnectProviderThumbprint", _named, _tags),
)
async def update_thumbprint(ctx: Context, request: UpdateOpenIDConnectProviderThumbprintRequestTypeDef) -> None:
    """docs: API_UpdateOpenIDConnectProviderThumbprint. The list replaces the one that was."""
    thumbprints = _checked_thumbprints(request["ThumbprintList"])
    await _change(ctx, request, lambda provider: replace(provider, thumbprints=thumbprints))


@operation("TagOpenIDConnectProvider", access=belongings.on("TagOpenIDConnectProvider", _named, _tags, adds_tags()))
async def tag_provider(ctx: Context, request: TagOpenIDConnectProviderRequestTypeDef) -> None:
    """docs: API_TagOpenIDConnectProvider."""
    given = request["Tags"]
    await belongings.retag(ctx, PROVIDERS, _named(ctx, request), lambda tags: belongings.with_tags(tags, given))


@operation(
    "UntagOpenIDConnectProvider", access=belongings.on("UntagOpenIDConnectProvider", _named, _tags, removes_tags())
)
async def untag_provider(ctx: Context, request: UntagOpenIDConnectProviderRequestTypeDef) -> None:
    """docs: API_UntagOpenIDConnectProvider."""
    keys = request["TagKeys"]
    await belongings.retag(ctx, PROVIDERS, _named(ctx, request), lambda tags: belongings.without_tags(tags, keys))


@operation("ListOpenIDConnectProviderTags", access=belongings.on("ListOpenIDConnectProviderTags", _named, _tags))
async def list_provider_tags(ctx: Context, request: ListOpenIDConnectProviderTagsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListOpenIDConnectProviderTags."""
    provider = await ctx.store.read(lambda tx: PROVIDERS.get(tx, ctx.account, _named(ctx, request)))
    return belongings.tag_page(request, provider.tags)
