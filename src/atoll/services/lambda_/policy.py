"""Resource policies of functions: how AddPermission's parameters become a statement, and the document that hangs on a function. Pure
but for `function_policy`, which reads it.

docs: API_AddPermission; statements as AWS answered (recorded by the LocalStack project).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import Access, ResourceOf
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.names import Target, qualified_arn, target
from atoll.services.lambda_.store import find, statements

_ACCOUNT = re.compile(r"\d{12}")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com)")
_ARN = re.compile(r"arn:aws[a-z-]*:(iam|sts)::\d{12}:.+")
_CONDITIONS = (
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
)


def statement(place: Target, request: Mapping[str, Any]) -> dict[str, Any]:
    """The statement that a request to AddPermission means. Raises InvalidParameterValueException for a principal of no kind."""
    made: dict[str, Any] = {
        "Sid": request["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(request["Principal"]),
        "Action": request["Action"],
        "Resource": place.qualified_arn,
    }
    conditions: dict[str, dict[str, str]] = {}
    for member, operator, name in _CONDITIONS:
        if member in request:
            conditions.setdefault(operator, {})[name] = request[member]
    if "InvokedViaFunctionUrl" in request:
        conditions["Bool"] = {"lambda:InvokedViaFunctionUrl": str(request["InvokedViaFunctionUrl"]).lower()}
    if conditions:
        made["Condition"] = conditions
    return made


def _principal(text: str) -> str | dict[str, str]:
    if text == "*":
        return text
    if _ACCOUNT.fullmatch(text):
        return {"AWS": f"arn:aws:iam::{text}:root"}
    if _ARN.fullmatch(text):
        return {"AWS": text}
    if _SERVICE.fullmatch(text):
        return {"Service": text}
    raise InvalidParameterValueException(
        "The provided principal was invalid. Please check the principal and try again."
    )


def permission(action: str, *, resource: ResourceOf = qualified_arn) -> Access:
    """The permission for an action on a function: by the caller's policies or the function's own."""
    return Access(f"lambda:{action}", resource=resource, conditions=conditions, resource_policy=function_policy)


async def conditions(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    """Lambda's condition keys: what the request sets, and the function's tags. docs: service authorization reference, "Condition
    keys for AWS Lambda"."""
    place = target(ctx, request)
    function = await ctx.store.read(lambda tx: find(tx, place))
    found: dict[str, Sequence[str]] = (
        {f"aws:ResourceTag/{tag}": [value] for tag, value in function.tags.items()} if function else {}
    )
    for member in ("Principal", "FunctionUrlAuthType", "Layers"):
        if value := request.get(member):
            found[f"lambda:{member.removesuffix('s')}"] = [value] if isinstance(value, str) else value
    for member in ("SubnetIds", "SecurityGroupIds"):
        if value := (request.get("VpcConfig") or {}).get(member):
            found[f"lambda:{member}"] = value
    tags = request.get("Tags") or {}
    found |= {f"aws:RequestTag/{tag}": [value] for tag, value in tags.items()}
    if keys := [*tags, *(request.get("TagKeys") or ())]:
        found["aws:TagKeys"] = keys
    return found


def document(found: Sequence[Mapping[str, Any]]) -> str:
    """The policy document that holds these statements, as JSON text."""
    return msgspec.json.encode({"Version": "2012-10-17", "Id": "default", "Statement": found}).decode()


async def function_policy(ctx: Context, request: Mapping[str, Any]) -> str | None:
    """The document on what a request names. Another account's function always has one: without a grant in it nobody else may."""
    place = target(ctx, request)
    found = await ctx.store.read(lambda tx: statements(tx, place))
    if not found and place.account != ctx.account:
        owner = f"arn:aws:iam::{place.account}:root"
        found = [{"Effect": "Allow", "Principal": {"AWS": owner}, "Action": "lambda:*", "Resource": "*"}]
    return document(found) if found else None
