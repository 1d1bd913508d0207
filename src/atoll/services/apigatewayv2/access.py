"""What API Gateway's management operations need: `apigateway:VERB` on the resource's path, as its IAM actions are.

docs: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from atoll.kernel.context import Context
from atoll.kernel.service import Access


def access(verb: Literal["GET", "POST", "PATCH", "DELETE"], path: str) -> Sequence[Access]:
    """The permission for `verb` on `path`, in which `{Member}` stands for a member of the request."""

    def resource(ctx: Context, request: Mapping[str, Any]) -> str:
        return f"arn:aws:apigateway:{ctx.region}::{path.format_map(request)}"

    return [Access(f"apigateway:{verb}", resource)]


def tag_access(verb: Literal["GET", "POST", "DELETE"]) -> Sequence[Access]:
    """The permission for `verb` on the tags of the request's ResourceArn."""

    def resource(ctx: Context, request: Mapping[str, Any]) -> str:
        return f"arn:aws:apigateway:{ctx.region}::/tags/{quote(request['ResourceArn'], safe='')}"

    return [Access(f"apigateway:{verb}", resource)]
