"""TestInvokeMethod: runs a method as its API is now, without a deployment. How: `api_runtime/rest_api/trial.py`.

docs: API_TestInvokeMethod
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from atoll.api_runtime.rest_api import records
from atoll.api_runtime.rest_api.trial import Trial
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.apigateway import certificate_records, deploy, store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, NotFoundException
from atoll.services.apigateway.methods import METHOD
from atoll.services.apigateway.running import Running

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import TestInvokeMethodRequestTypeDef


@operation("TestInvokeMethod", access=access("POST", METHOD))
async def test_invoke_method(ctx: Context, request: TestInvokeMethodRequestTypeDef) -> dict[str, Any]:
    """What the method answers, and the log of how it came to that. Raises NotFoundException, BadRequestException."""
    api_id, name = request["restApiId"], request["httpMethod"]

    def read(tx: Reader) -> tuple[records.Snapshot, records.Resource]:
        if named := request.get("clientCertificateId"):
            certificate_records.certificate(tx, ctx, named)
        return deploy.as_it_is(tx, ctx, api_id), store.resource(tx, ctx, api_id, request["resourceId"])

    snapshot, resource = await ctx.store.read(read)
    method = resource.methods.get(name) or resource.methods.get("ANY")
    if method is None:
        raise NotFoundException("Invalid Method identifier specified")
    if method.integration is None:
        raise BadRequestException("No integration defined for method")
    trial = _trial(api_id, name, resource, request)
    return await cast(Running, ctx.runtime).trials.run(ctx, trial, snapshot, resource, method)


def _trial(api_id: str, name: str, resource: records.Resource, request: TestInvokeMethodRequestTypeDef) -> Trial:
    path, _, query = (request.get("pathWithQueryString") or resource.path).partition("?")
    multiple = request.get("multiValueHeaders", {})
    headers = [(header, value) for header, values in multiple.items() for value in values]
    headers += [(header, value) for header, value in request.get("headers", {}).items() if header not in multiple]
    return Trial(
        api_id,
        name,
        path if path.startswith("/") else f"/{path}",
        query,
        headers,
        (request.get("body") or "").encode(),
        request.get("stageVariables", {}),
        request.get("clientCertificateId"),
    )
