"""TagResource, UntagResource, ListTagsOfResource, and the rules for tags. docs: API_TagResource, "Tagging restrictions in DynamoDB"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atoll.kernel import records
from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.dynamodb.access import item_table, resource_arn
from atoll.services.dynamodb.conditions import ON_TABLE
from atoll.services.dynamodb.errors import ResourceNotFoundException, invalid
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import find_table, read_tags, tags_key

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        ListTagsOfResourceInputTypeDef,
        TagResourceInputTypeDef,
        UntagResourceInputTypeDef,
    )

MAX_TAGS = 50
PAGE = 10
_ALLOWED = re.compile(r"[\w\s.:/=+\-@]*")


@operation("TagResource", access=[on_table("TagResource", resource=resource_arn, conditions=ON_TABLE | adds_tags())])
async def tag_resource(ctx: Context, request: TagResourceInputTypeDef) -> None:
    """Adds tags, replacing those with the same keys. Raises ResourceNotFoundException."""
    arn = request["ResourceArn"]
    ctx, name = _tagged_table(ctx, arn)
    if not request["Tags"]:
        raise ValidationFailed("Atleast one Tag needs to be provided as Input.")
    new = checked_tags(request["Tags"])

    def write(tx: Transaction) -> None:
        _require_table(tx, ctx, name, f"Requested resource not found: ResourcArn: {arn} not found")
        tags = read_tags(tx, ctx, name) | new
        if len(tags) > MAX_TAGS:
            raise _too_many()
        tx.set(tags_key(ctx, name), records.encode(tags))

    await ctx.store.transact(write)


@operation(
    "UntagResource",
    access=[on_table("UntagResource", resource=resource_arn, conditions=ON_TABLE | removes_tags())],
)
async def untag_resource(ctx: Context, request: UntagResourceInputTypeDef) -> None:
    """Removes tags by key; those that are not there are ignored. Raises ResourceNotFoundException."""
    ctx, name = _tagged_table(ctx, request["ResourceArn"])
    keys = request["TagKeys"]
    if not keys:
        raise ValidationFailed("Atleast one Tag Key needs to be provided as Input.")

    def write(tx: Transaction) -> None:
        _require_table(tx, ctx, name, "Requested resource not found")
        tags = {key: value for key, value in read_tags(tx, ctx, name).items() if key not in keys}
        tx.set(tags_key(ctx, name), records.encode(tags))

    await ctx.store.transact(write)


@operation("ListTagsOfResource", access=[on_table("ListTagsOfResource", resource=resource_arn)])
async def list_tags_of_resource(ctx: Context, request: ListTagsOfResourceInputTypeDef) -> dict[str, Any]:
    """The tags in the order of their keys, ten per page. Raises ResourceNotFoundException."""
    arn = request["ResourceArn"]
    ctx, name = _tagged_table(ctx, arn)

    def find(tx: Reader) -> dict[str, str]:
        _require_table(tx, ctx, name, f"Requested resource not found: ResourcArn: {arn} not found")
        return read_tags(tx, ctx, name)

    tags = sorted((await ctx.store.read(find)).items())
    after = request.get("NextToken")
    if after is not None:
        tags = [(key, value) for key, value in tags if key > after]
    page = tags[:PAGE]
    return {
        "Tags": [{"Key": key, "Value": value} for key, value in page],
        "NextToken": page[-1][0] if len(tags) > PAGE else None,
    }


def checked_tags(given: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Tags of a request as a map. Raises ValidationFailed."""
    tags: dict[str, str] = {}
    for tag in given:
        key, value = tag["Key"], tag["Value"]
        if not _ALLOWED.fullmatch(key):
            raise ValidationFailed(f"The Tag Key provided is invalid, Key: {key}")
        if not _ALLOWED.fullmatch(value):
            raise ValidationFailed(f"The Tag Value provided is invalid, Value: {value}")
        if key.lower().startswith("aws:"):
            raise ValidationFailed(f"Tag Key cannot be prefixed with aws:, Key: {key}")
        if key in tags:
            raise ValidationFailed(f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {key}")
        tags[key] = value
    if len(tags) > MAX_TAGS:
        raise _too_many()
    return tags


def _too_many() -> ValidationFailed:
    return ValidationFailed("Number of Tags exceed the current limit for the provided ResourceArn")


def _tagged_table(ctx: Context, arn: str) -> tuple[Context, str]:
    if not arn.startswith("arn:"):
        raise invalid(f"ARNs must start with 'arn:': {arn}")
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "dynamodb":
        raise invalid(f"Provided Arn is not a DynamoDB resource arn: {arn}")
    if parts[3] != ctx.region or re.fullmatch("table/[^/]{0,2}", parts[5]):
        raise ValidationFailed(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    if not parts[5].startswith("table/") or parts[5].count("/") != 1:
        raise invalid(f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}")
    return item_table(ctx, arn)


def _require_table(tx: Reader, ctx: Context, name: str, message: str) -> None:
    if find_table(tx, ctx, name) is None:
        raise ResourceNotFoundException(message)
