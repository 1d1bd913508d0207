"""Roles that owners give to API Gateway: whoever does that must be allowed to pass them on.

docs: IAM User Guide, "Granting a user permissions to pass a role".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from atoll.api_runtime.integrate.roles import CALLER
from atoll.api_runtime.serving import SERVICE_HOST
from atoll.kernel.context import Context
from atoll.kernel.service import Access

Request = Mapping[str, Any]


def passes_roles(named: Callable[[Request], Sequence[Any]], api: Callable[[Request], str]) -> Access:
    """The permission for all that a request gives as roles (`named`), for the API at a path (`api`: `/apis/ID`).

    A role that is written with stage variables is asked about as it is written: nobody knows yet which one it will be, so that it takes
    somebody who may pass every role.
    """

    def passed(_ctx: Context, request: Request) -> Sequence[str]:
        return [role for role in named(request) if isinstance(role, str) and role and role != CALLER]

    def to(ctx: Context, request: Request) -> Sequence[str]:
        return [f"arn:aws:apigateway:{ctx.region}::{api(request)}"]

    conditions = {"iam:AssociatedResourceArn": to, "iam:PassedToService": lambda _ctx, _request: [SERVICE_HOST]}
    return Access("iam:PassRole", passed, conditions)
