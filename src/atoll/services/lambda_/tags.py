"""TagResource, UntagResource, ListTags: of functions and code signing configurations. Layers have no tags.

docs: Lambda developer guide, "Using tags". One entry of `KINDS` is what there is to say of a kind of resource.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import NO_CONDITIONS, Access, ValuesOf, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from atoll.services.lambda_.functions import code_signing_configs
from atoll.services.lambda_.names import Target, function_arn, target
from atoll.services.lambda_.policy import function_policy
from atoll.services.lambda_.store import get, get_version, put, put_version

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        ListTagsRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

MAX_TAGS = 50
Tags = Mapping[str, str]


class Kind(NamedTuple):
    """How a kind of resource keeps its tags: `read(tx, ctx, arn)` and `write(tx, ctx, arn, tags, revision)`, where `revision` is a fresh
    id for what has one. Both raise ResourceNotFoundException."""

    read: Callable[[Reader, Context, str], Tags]
    write: Callable[[Transaction, Context, str, dict[str, str], str], None]


def _function(ctx: Context, arn: str) -> Target:
    place = target(ctx, {"Resource": arn})
    if place.qualifier is not None:
        raise InvalidParameterValueException(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    return place


def _write_function(tx: Transaction, ctx: Context, arn: str, tags: dict[str, str], revision: str) -> None:
    place = _function(ctx, arn)
    put(tx, place, msgspec.structs.replace(get(tx, place), tags=tags))
    put_version(tx, place, msgspec.structs.replace(get_version(tx, place), revision=revision))


def _write_signing(tx: Transaction, _ctx: Context, arn: str, tags: dict[str, str], _revision: str) -> None:
    code_signing_configs.put(tx, arn, msgspec.structs.replace(code_signing_configs.get(tx, arn), tags=tags))


KINDS = {
    "function": Kind(lambda tx, ctx, arn: get(tx, _function(ctx, arn)).tags, _write_function),
    "code-signing-config": Kind(lambda tx, _ctx, arn: code_signing_configs.get(tx, arn).tags, _write_signing),
}
"""By the word that stands for them in their ARNs."""


def _kind(arn: str) -> Kind:
    """Raises ResourceNotFoundException for an ARN of no kind that has tags here."""
    parts = arn.split(":")
    if len(parts) < 7 or parts[5] not in KINDS:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    return KINDS[parts[5]]


def _arn(ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares."""
    arn = str(request.get("Resource", ""))
    return function_arn(ctx, request) if ":function:" in arn or arn.count(":") < 6 else arn


async def _present(ctx: Context, request: Mapping[str, Any]) -> Tags | None:
    arn = _arn(ctx, request)
    try:
        return await ctx.store.read(lambda tx: _kind(arn).read(tx, ctx, arn))
    except ResourceNotFoundException:
        return None


async def _policy(ctx: Context, request: Mapping[str, Any]) -> str | None:
    return await function_policy(ctx, request) if ":function:" in str(request.get("Resource")) else None


def _permission(action: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS) -> Access:
    return Access(
        f"lambda:{action}",
        resource=_arn,
        conditions={"aws:ResourceTag/${TagKey}": _present, **conditions},
        resource_policy=_policy,
    )


@operation("TagResource", access=[_permission("TagResource", adds_tags())])
async def tag_resource(ctx: Context, request: TagResourceRequestTypeDef) -> None:
    """docs: API_TagResource. Raises InvalidParameterValueException, ResourceNotFoundException."""
    if not request["Tags"]:
        raise InvalidParameterValueException("An error occurred and the request cannot be processed.")
    await _change(ctx, request["Resource"], request["Tags"], ())


@operation("UntagResource", access=[_permission("UntagResource", removes_tags())])
async def untag_resource(ctx: Context, request: UntagResourceRequestTypeDef) -> None:
    """docs: API_UntagResource. Raises ResourceNotFoundException."""
    await _change(ctx, request["Resource"], {}, request["TagKeys"])


@operation("ListTags", access=[_permission("ListTags")])
async def list_tags(ctx: Context, request: ListTagsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListTags. Raises ResourceNotFoundException."""
    arn = request["Resource"]
    return {"Tags": await ctx.store.read(lambda tx: _kind(arn).read(tx, ctx, arn))}


def check_tags(tags: Tags) -> None:
    """Raises InvalidParameterValueException past 50 tags."""
    if len(tags) > MAX_TAGS:
        raise InvalidParameterValueException("Number of tags exceeds resource tag limit.")


async def _change(ctx: Context, arn: str, added: Tags, removed: Collection[str]) -> None:
    kind, revision = _kind(arn), ctx.ids.uuid()

    def change(tx: Transaction) -> None:
        before = kind.read(tx, ctx, arn)
        tags = {**{tag: value for tag, value in before.items() if tag not in removed}, **added}
        check_tags(tags)
        kind.write(tx, ctx, arn, tags, revision)

    await ctx.store.transact(change)
