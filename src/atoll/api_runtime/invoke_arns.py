"""Invoke ARNs: how integrations and authorizers name functions,
`arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION/invocations`. Pure."""

from __future__ import annotations

import re

_INVOKE = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:lambda:path/(?:/)?[\d-]+/functions/(.+)/invocations", re.ASCII)


def function_in(uri: str) -> str | None:
    """The function as the URI names it: an ARN, with stage variables as they stand; None in another URI."""
    found = _INVOKE.fullmatch(uri)
    return found[1] if found else None


def invoke_arn(region: str, function: str) -> str:
    """The invoke ARN of a function."""
    return f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"
