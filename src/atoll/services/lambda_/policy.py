"""Resource policies: how they change, how AddPermission's parameters become a statement, and the document that hangs on a function. Pure
but for `function_policy`, which reads it.

docs: API_AddPermission; statements as AWS answered (recorded by the LocalStack project).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.auth.policy.parse import PolicySyntaxError
from atoll.auth.policy.pinned import bare, split
from atoll.kernel.context import Context
from atoll.kernel.service import NO_CONDITIONS, Access, ResourceOf, ValuesOf
from atoll.kernel.store.api import Reader
from atoll.services.lambda_.errors import (
    InvalidParameterValueException,
    PolicyLengthExceededException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from atoll.services.lambda_.names import Target, qualified_arn, target
from atoll.services.lambda_.store import find, statements

MAX_POLICY = 20_480
_ACCOUNT = re.compile(r"\d{12}")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com)")
_ARN = re.compile(r"arn:aws[a-z-]*:(iam|sts)::\d{12}:.+")
_CONDITIONS = (
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
)
"""In the order in which AWS writes them."""


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


def with_statement(found: Sequence[dict[str, Any]], added: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of a policy that gets another one. Raises ResourceConflictException, PolicyLengthExceededException."""
    if any(one["Sid"] == added["Sid"] for one in found):
        raise ResourceConflictException(
            f"The statement id ({added['Sid']}) provided already exists. Please provide a new statement id, "
            "or remove the existing statement."
        )
    after = [*found, added]
    if (size := len(bare(document(after)))) > MAX_POLICY:
        raise PolicyLengthExceededException(f"The final policy size ({size}) is bigger than the limit ({MAX_POLICY}).")
    return after


def pinned(tx: Reader, ctx: Context, added: dict[str, Any]) -> dict[str, Any]:
    """The statement as it is kept. Raises InvalidParameterValueException for a principal that is not there."""
    try:
        kept: dict[str, Any] = msgspec.json.decode(ctx.pinned(tx, document([added])))["Statement"][0]
    except PolicySyntaxError:
        raise invalid_principal() from None
    return kept


def without_statement(found: Sequence[dict[str, Any]], sid: str) -> list[dict[str, Any]]:
    """The statements of a policy that loses one. Raises ResourceNotFoundException where it is not there."""
    after = [one for one in found if one["Sid"] != sid]
    if len(after) == len(found):
        raise ResourceNotFoundException(f"Statement {sid} is not found in resource policy.")
    return after


def _principal(text: str) -> str | dict[str, str]:
    if text == "*":
        return text
    if _ACCOUNT.fullmatch(text):
        return {"AWS": f"arn:aws:iam::{text}:root"}
    if _ARN.fullmatch(text):
        return {"AWS": text}
    if _SERVICE.fullmatch(text):
        return {"Service": text}
    raise invalid_principal()


def invalid_principal() -> InvalidParameterValueException:
    """The error for a principal of no kind, and for one that is not there."""
    return InvalidParameterValueException(
        "The provided principal was invalid. Please check the principal and try again."
    )


def permission(
    action: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS, *, resource: ResourceOf = qualified_arn
) -> Access:
    """The permission for an action on a function: by the caller's policies or the function's own. `conditions` are those beside the
    function's tags."""
    return Access(
        f"lambda:{action}",
        resource=resource,
        conditions={"aws:ResourceTag/${TagKey}": _tags, **conditions},
        resource_policy=function_policy,
    )


async def _tags(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, str] | None:
    place = target(ctx, request)
    function = await ctx.store.read(lambda tx: find(tx, place))
    return function.tags if function else None


async def _principal_allowed(ctx: Context, request: Mapping[str, Any]) -> Sequence[str] | None:
    """Whom the statement allows that is added or removed."""
    if "Principal" in request:
        return [request["Principal"]]
    allowed = (await _statement_named(ctx, request)).get("Principal")
    return [split(one)[0] for one in allowed.values()] if isinstance(allowed, dict) else [allowed] if allowed else None


async def _url_auth_type(ctx: Context, request: Mapping[str, Any]) -> Sequence[str] | None:
    wanted = request.get("FunctionUrlAuthType")
    if wanted is None:
        condition = (await _statement_named(ctx, request)).get("Condition", {})
        wanted = condition.get("StringEquals", {}).get("lambda:FunctionUrlAuthType")
    return [wanted] if wanted else None


async def _statement_named(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The statement that RemovePermission names, empty where there is none."""
    place = target(ctx, request)
    found = await ctx.store.read(lambda tx: statements(tx, place))
    return next((one for one in found if one["Sid"] == request.get("StatementId")), {})


def _in_vpc(member: str) -> ValuesOf:
    return lambda _ctx, request: (request.get("VpcConfig") or {}).get(member)


PERMITS: Mapping[str, ValuesOf] = {"lambda:FunctionUrlAuthType": _url_auth_type, "lambda:Principal": _principal_allowed}
"""Of actions that change a function's policy."""
CONFIGURES: Mapping[str, ValuesOf] = {
    "lambda:Layer": lambda _ctx, request: request.get("Layers"),
    "lambda:SecurityGroupIds": _in_vpc("SecurityGroupIds"),
    "lambda:SubnetIds": _in_vpc("SubnetIds"),
}
"""Of actions that set a function's configuration."""
CODE_SIGNING: Mapping[str, ValuesOf] = {
    "lambda:CodeSigningConfigArn": lambda _ctx, request: (
        [request["CodeSigningConfigArn"]] if "CodeSigningConfigArn" in request else None
    )
}


def document(found: Sequence[Mapping[str, Any]]) -> str:
    """The policy document that holds these statements, as JSON text."""
    return msgspec.json.encode({"Version": "2012-10-17", "Id": "default", "Statement": found}).decode()


async def function_policy(ctx: Context, request: Mapping[str, Any]) -> str | None:
    """The document on what a request names. Another account's function always has one: without a grant in it nobody else may."""
    place = target(ctx, request)
    return shared_document(ctx, place.account, await ctx.store.read(lambda tx: statements(tx, place)))


def shared_document(ctx: Context, account: str, found: Sequence[Mapping[str, Any]]) -> str | None:
    """The document that says who may use what `account` has; None where nothing was said and the caller is of that account."""
    if not found and account != ctx.account:
        owner = f"arn:aws:iam::{account}:root"
        found = [{"Effect": "Allow", "Principal": {"AWS": owner}, "Action": "lambda:*", "Resource": "*"}]
    return document(found) if found else None
