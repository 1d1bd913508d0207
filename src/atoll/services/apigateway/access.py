"""What the operations of REST APIs need: an action per HTTP method, on the path that the request names.

docs: "Control access to a REST API with IAM permissions"; Service Authorization Reference, "Amazon API Gateway Management".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from atoll.kernel.context import Context
from atoll.kernel.service import NO_CONDITIONS, Access, ValuesOf

Verb = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


def access(verb: Verb, path: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS) -> Sequence[Access]:
    """The permission for `verb` on `path` (`/restapis/{restApiId}`), in which `{member}` stands for a member of the request."""

    def resource(ctx: Context, request: Mapping[str, Any]) -> str:
        return f"arn:aws:apigateway:{ctx.region}::{path.format_map(request)}"

    return [Access(f"apigateway:{verb}", resource, conditions)]
