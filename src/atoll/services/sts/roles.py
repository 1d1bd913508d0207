"""The role that a request wants to assume. STS keeps none: it calls IAM's GetRole as the root of the role's account, so that whoever asks
need not be allowed to read roles. A role that does not exist is denied like one that trusts nobody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import ServiceError, ValidationFailed
from atoll.kernel.service import ValuesOf

Request = Mapping[str, Any]
Role = Mapping[str, Any]
DEFAULT_SECONDS = CHAINED_SECONDS = 3_600
_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+")
_ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/(?:[!-~]+/)?([\w+=,.@-]+)", re.ASCII)


def role_of(arn: str) -> tuple[str, str]:
    """Account and name of a role. Raises ValidationFailed for what is no ARN, and for what is another thing's."""
    match = _ROLE_ARN.fullmatch(arn)
    if match is None:
        raise ValidationFailed("Request ARN is invalid" if _ARN.fullmatch(arn) else f"{arn} is invalid")
    return match[1], match[2]


async def find(ctx: Context, arn: str) -> Role | None:
    """The role as GetRole shows it, or None."""
    account, name = role_of(arn)
    try:
        role: Role = (await ctx.call("iam", "GetRole", {"RoleName": name}, principal=Principal.root(account)))["Role"]
    except ServiceError as error:
        if error.code != "NoSuchEntity":
            raise
        return None
    return role if role["Arn"] == arn else None


def named(_ctx: Context, request: Request) -> str:
    """The role's ARN. Authorization comes before validation: the member may still be missing."""
    return str(request.get("RoleArn", ""))


async def trust_policy(ctx: Context, request: Request) -> str | None:
    """The document that says who may assume the role, or None. Whom it names is held against unique ids: whoever asks may have another
    name by now than when it signed."""
    role = await find(ctx, named(ctx, request))
    if role is None:
        return None
    return await ctx.store.read(lambda tx: ctx.pinned(tx, unquote(role["AssumeRolePolicyDocument"]), strict=False))


async def _tags(ctx: Context, request: Request) -> dict[str, str] | None:
    role = await find(ctx, named(ctx, request))
    return {tag["Key"]: tag["Value"] for tag in role.get("Tags") or ()} if role else None


TAGS: dict[str, ValuesOf] = {"aws:ResourceTag/${TagKey}": _tags, "iam:ResourceTag/${TagKey}": _tags}
"""The condition keys that the role's tags are."""


def check_duration(ctx: Context, seconds: int, most: int) -> None:
    """A service is not limited by the role's setting; a role's session that assumes a role may ask for an hour.

    docs: "Role chaining". Raises ValidationFailed.
    """
    if ctx.principal.kind == "service":
        return
    if ctx.principal.kind == "role" and seconds > CHAINED_SECONDS:
        raise ValidationFailed(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    if seconds > most:
        raise ValidationFailed("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")


def session_of(role: Role, name: str, **more: Any) -> Principal:
    """A session of the role."""
    account, role_name = role_of(role["Arn"])
    arn = f"arn:aws:sts::{account}:assumed-role/{role_name}/{name}"
    return Principal("role", account, arn, f"{role['RoleId']}:{name}", role_arn=role["Arn"], **more)
