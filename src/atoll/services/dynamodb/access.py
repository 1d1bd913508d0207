"""What DynamoDB's operations act on: table names given as names or ARNs, the ARNs that IAM sees, and its condition keys.

Docs: Service Authorization Reference, "Actions, resources, and condition keys for Amazon DynamoDB". Authorization comes before the
request's constraints are checked, so a member may still be missing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.errors import detected

NAME_PATTERN = "[a-zA-Z0-9_.-]+"
_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
_TABLE_ARN = re.compile(r"arn:([^:]*):dynamodb:([^:]*):([^:]*):table/([^/]+)")


def table_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    """The ARN of the table that `TableName` names."""
    name = request.get("TableName") or ""
    return name if name.startswith("arn:") else ctx.arn(f"table/{name}")


def table_or_index_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    """The ARN of the index that `IndexName` names, else of the table."""
    index = request.get("IndexName")
    return f"{table_arn(ctx, request)}/index/{index}" if index else table_arn(ctx, request)


def any_table_arn(ctx: Context, _request: Mapping[str, Any]) -> str:
    """For operations on all tables."""
    return ctx.arn("table/*")


def arn_in(member: str) -> Callable[[Context, Mapping[str, Any]], str]:
    """Finds the ARN that a member of the request is."""
    return lambda _ctx, request: request.get(member) or "*"


resource_arn = arn_in("ResourceArn")


def item_table(ctx: Context, given: str) -> tuple[Context, str]:
    """The table that an operation on items names: the context of its account, and its name.

    Raises ValidationFailed.
    """
    if _NAME.fullmatch(given):
        return ctx, given
    if given.startswith("arn:"):
        return _name_in_arn(ctx, given)
    failed = f"Value '{given}' at 'tableName' failed to satisfy constraint: "
    raise detected(*(failed + text for text in _broken_constraints(given)))


def is_table(given: str) -> bool:
    """Whether this can be the name of a table, or begins as an ARN does."""
    return given.startswith("arn:") or _NAME.fullmatch(given) is not None


def named_table(ctx: Context, given: str) -> tuple[Context, str]:
    """The table that an operation on tables names, as `item_table`; these word a wrong length differently."""
    if not given.startswith("arn:") and not 3 <= len(given) <= 255:
        raise ValidationFailed("TableName must be at least 3 characters long and at most 255 characters long")
    return item_table(ctx, given)


def own_table(ctx: Context, given: str, find: Callable[[Context, str], tuple[Context, str]] = named_table) -> str:
    """The name of a table that none but its own account can mean here, whatever its policy allows. Raises ValidationFailed, as `find`
    does for what is no name.

    docs: Developer Guide, "DynamoDB API operations supported by resource-based policies": cross-account support.
    """
    owner, name = find(ctx, given)
    if owner.account != ctx.account:
        raise ValidationFailed("This action is only supported by accounts that match the resource owner's account")
    return name


def _broken_constraints(name: str) -> Iterator[str]:
    if not re.fullmatch(NAME_PATTERN, name):
        yield f"Member must satisfy regular expression pattern: {NAME_PATTERN}"
    if len(name) < 3:
        yield "Member must have length greater than or equal to 3"
    if len(name) > 255:
        yield "Member must have length less than or equal to 255"


def _name_in_arn(ctx: Context, arn: str) -> tuple[Context, str]:
    match = _TABLE_ARN.fullmatch(arn)
    if match is None:
        raise detected(f"Invalid resource type in '{arn}'")
    partition, region, account, name = match.groups()
    if partition != "aws":
        raise detected(f"Invalid AWS partition in '{arn}'")
    if region != ctx.region:
        raise detected(f"Invalid AWS region in '{arn}'")
    # Whoever comes from another account was let in by the table's policy.
    return item_table(ctx if account == ctx.account else ctx.derive(account=account), name)
