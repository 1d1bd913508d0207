"""Tags of REST APIs, their stages and the other things of API Gateway v1, by ARN.

`TAGGED` says which ARNs there are and where their records lie; another noun with tags is a row of it.
docs: API_TagResource, API_UntagResource, API_GetTags
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import msgspec

from atoll.api_runtime.client_certificates import CERTIFICATES
from atoll.api_runtime.domains import DOMAINS
from atoll.api_runtime.usage_plans import KEYS, PLANS
from atoll.kernel.context import Context
from atoll.kernel.keys import Key
from atoll.kernel.records import Codec
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import store
from atoll.services.apigateway.access import tag_access
from atoll.services.apigateway.errors import BadRequestException, NotFoundException
from atoll.services.apigateway.tag_rules import checked

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        GetTagsRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

_ARN = re.compile(r"arn:aws[a-z-]*:apigateway:(?P<region>[a-z0-9-]+)::(?P<path>/.+)")


class Tagged(NamedTuple):
    """A kind of thing with tags: its path, the kind of its records (whose `tags` are a map), and how AWS says that there is none."""

    path: str
    kind: str
    codec: Codec[Any]
    missing: str = "Invalid resource identifier specified"


TAGGED: Sequence[Tagged] = (
    Tagged(r"/restapis/([^/]+)", "v1.apis", store.APIS, "Invalid API identifier specified"),
    Tagged(r"/restapis/([^/]+)/stages/([^/]+)", "v1.stages", store.STAGES, "Invalid stage identifier specified"),
    Tagged(r"/apikeys/([^/]+)", "v1.api-keys", KEYS, "Invalid API Key identifier specified"),
    Tagged(r"/usageplans/([^/]+)", "v1.usage-plans", PLANS, "Invalid Usage Plan ID specified"),
    Tagged(r"/domainnames/([^/]+)", "domains", DOMAINS, "Invalid domain name identifier specified"),
    Tagged(r"/clientcertificates/([^/]+)", "v1.client-certificates", CERTIFICATES),
)


@operation("TagResource", access=tag_access("PUT"))
async def tag_resource(ctx: Context, request: TagResourceRequestTypeDef) -> None:
    """Adds tags, or gives them new values."""

    def write(tx: Transaction) -> None:
        key, codec, record = _found(tx, ctx, request["resourceArn"])
        _put(tx, key, codec, record, {**record.tags, **request["tags"]})

    await ctx.store.transact(write)


@operation("UntagResource", access=tag_access("DELETE"))
async def untag_resource(ctx: Context, request: UntagResourceRequestTypeDef) -> None:
    """Removes tags by their keys; keys that are not there do not matter."""
    gone = set(request["tagKeys"])

    def write(tx: Transaction) -> None:
        key, codec, record = _found(tx, ctx, request["resourceArn"])
        _put(tx, key, codec, record, {name: value for name, value in record.tags.items() if name not in gone})

    await ctx.store.transact(write)


@operation("GetTags", access=tag_access("GET"))
async def get_tags(ctx: Context, request: GetTagsRequestTypeDef) -> dict[str, Any]:
    """All tags of what the ARN names."""
    _, _, record = await ctx.store.read(lambda tx: _found(tx, ctx, request["resourceArn"]))
    return {"tags": record.tags}


def _found(tx: Reader, ctx: Context, arn: str) -> tuple[Key, Codec[Any], Any]:
    """The record that an ARN names, and where it lies. Raises NotFoundException, BadRequestException for an ARN that is none."""
    named = _ARN.fullmatch(arn)
    if named is None or named["region"] != ctx.region:
        raise BadRequestException("Invalid ARN specified in the request")
    for row in TAGGED:
        if path := re.fullmatch(row.path, named["path"]):
            key = store.key(ctx, row.kind, *map(unquote, path.groups()))
            raw = tx.get(key)
            if raw is None:
                raise NotFoundException(row.missing)
            return key, row.codec, row.codec.decode(raw)
    raise NotFoundException("Invalid resource identifier specified")


def _put(tx: Transaction, key: Key, codec: Codec[Any], record: msgspec.Struct, tags: Mapping[str, str]) -> None:
    tags = checked(tags)
    tx.set(key, codec.encode(msgspec.structs.replace(record, tags=tags)))
