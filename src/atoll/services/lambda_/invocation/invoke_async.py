"""InvokeAsync, which Invoke with the type Event has replaced.

docs: API_InvokeAsync (deprecated).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.lambda_.invocation.events import accept
from atoll.services.lambda_.invocation.invoke import read_payload
from atoll.services.lambda_.names import target
from atoll.services.lambda_.policy import permission

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import InvokeAsyncRequestTypeDef

MAX_PAYLOAD = 262_144


@operation("InvokeAsync", access=[permission("InvokeAsync")])
async def invoke_async(ctx: Context, request: InvokeAsyncRequestTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, InvalidRequestContentException, RequestTooLarge."""
    payload = read_payload(request["InvokeArgs"], "Event", MAX_PAYLOAD)
    await accept(ctx, target(ctx, request), payload)
    return {"Status": 202}
