"""Execution roles: Lambda assumes them, and only if their trust policy lets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import AccessDenied
from atoll.kernel.service import Access
from atoll.kernel.sessions import session_of
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.names import Target, function_arn

SERVICE_HOST = "lambda.amazonaws.com"


def _passed(_ctx: Context, request: Mapping[str, Any]) -> Sequence[str]:
    return [request["Role"]] if isinstance(request.get("Role"), str) else []


def _to_function(ctx: Context, request: Mapping[str, Any]) -> Sequence[str]:
    return [function_arn(ctx, request)]


PASS_ROLE = Access(
    "iam:PassRole",
    resource=_passed,
    conditions={
        "iam:AssociatedResourceArn": _to_function,
        "iam:PassedToService": lambda _ctx, _request: [SERVICE_HOST],
    },
)
"""Whoever gives a function a role must be allowed to pass it on. docs: IAM User Guide, "Granting a user permissions to pass a role"."""


async def assume(ctx: Context, target: Target, role: str) -> dict[str, Any]:
    """AssumeRole's answer for the function. Raises AssumeRole's ServiceError."""
    answer: dict[str, Any] = await ctx.call(
        "sts",
        "AssumeRole",
        {"RoleArn": role, "RoleSessionName": target.name.ljust(2, "-")},  # sessions have two characters at least
        principal=Principal.service(SERVICE_HOST, target.account, source_arn=target.arn),
    )
    return answer


async def session(ctx: Context, target: Target, role: str) -> Principal:
    """Who acts as the role for the function. Raises AssumeRole's ServiceError."""
    return session_of(role, await assume(ctx, target, role))


async def check(ctx: Context, target: Target, role: str) -> None:
    """Raises InvalidParameterValueException if Lambda cannot assume the role: Terraform tries again on exactly this sentence."""
    try:
        await assume(ctx, target, role)
    except AccessDenied as error:
        raise InvalidParameterValueException(
            "The role defined for the function cannot be assumed by Lambda."
        ) from error
