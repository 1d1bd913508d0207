"""TestInvokeAuthorizer: an authorizer is asked about a request that nobody sent. docs: API_TestInvokeAuthorizer"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.api_runtime import serving
from atoll.api_runtime.visit import Visit
from atoll.kernel.context import Context
from atoll.kernel.http import HttpRequest
from atoll.kernel.service import operation
from atoll.services.apigateway import store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.authorizers import AUTHORIZER

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import TestInvokeAuthorizerRequestTypeDef

STAGE = "ESTestInvoke-stage"
"""The stage that the authorizer's event names."""


@operation(
    "TestInvokeAuthorizer",
    access=access("POST", AUTHORIZER),
    not_honoured={"additionalContext": "authorizers see what requests have"},
)
async def test_invoke_authorizer(ctx: Context, request: TestInvokeAuthorizerRequestTypeDef) -> dict[str, Any]:
    """What the authorizer makes of the request: status, policy, and a log of how it came to that."""
    api_id = request["restApiId"]
    found = await ctx.store.read(lambda tx: store.authorizer(tx, ctx, api_id, request["authorizerId"]))
    # Imported with the first use: control planes do without what asks authorizers.
    from atoll.api_runtime.authorize.trial import try_authorizer

    return await try_authorizer(_visit(ctx, api_id, request), found.runs)


def _visit(ctx: Context, api_id: str, request: TestInvokeAuthorizerRequestTypeDef) -> Visit:
    path, _, query = request.get("pathWithQueryString", "/").partition("?")
    path = path if path.startswith("/") else f"/{path}"
    domain = f"{api_id}.execute-api.{ctx.region}.amazonaws.com"
    now = ctx.clock.now()
    return Visit(
        ctx=ctx,
        request=HttpRequest("GET", path, query, _headers(request), request.get("body", "").encode()),
        api_id=api_id,
        api=serving.Api(ctx.account, ctx.region, {}, "REST"),
        stage=STAGE,
        settings=serving.Stage(),
        path=path,
        domain=domain,
        request_id=ctx.ids.uuid(),
        extended_id=ctx.ids.lower(16),
        trace_id=ctx.ids.trace(now),
        time=now,
        began=ctx.clock.monotonic(),
        variables=request.get("stageVariables", {}),
        route_key=f"GET {path}",
    )


def _headers(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The headers, of which those with many values are said once."""
    many = request.get("multiValueHeaders", {})
    single = {name: [value] for name, value in request.get("headers", {}).items() if name not in many}
    return [(name.lower(), value) for name, values in {**single, **many}.items() for value in values]
