"""Whether a function may have a queue or topic for its dead letters. What goes there: `invocation/events.py`.

docs: API_DeadLetterConfig; Lambda developer guide, "Adding a dead-letter queue".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.invocation.destinations import KINDS, may_send, service_of
from atoll.services.lambda_.names import Target


async def check(ctx: Context, place: Target, role: str, request: Mapping[str, Any]) -> None:
    """Returns if the request names none, or one that the role may send to. Raises InvalidParameterValueException."""
    arn = request.get("DeadLetterConfig", {}).get("TargetArn")
    if not arn:
        return
    service = service_of(arn)
    if service not in ("sqs", "sns"):
        raise InvalidParameterValueException(f"The dead-letter target {arn} is neither an SQS queue nor an SNS topic.")
    kind = KINDS[service]
    if not ctx.offers(service, kind.operation):
        ctx.warn("DeadLetterConfig.TargetArn", f"Atoll has no {kind.name} yet: what would be sent there is lost")
    if not await may_send(ctx, place, role, arn):
        raise InvalidParameterValueException(
            f"The provided execution role does not have permissions to call {kind.permission} on {kind.name}"
        )
