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


def report(ctx: Context, request: Mapping[str, Any]) -> None:
    """Says so where nothing can be sent to what the request names yet. Raises InvalidParameterValueException for what is no target."""
    arn = _target(request)
    if not arn:
        return
    service = service_of(arn)
    if service not in ("sqs", "sns"):
        raise InvalidParameterValueException(f"The dead-letter target {arn} is neither an SQS queue nor an SNS topic.")
    if not ctx.offers(service, KINDS[service].operation):
        reason = f"Atoll has no {KINDS[service].name} yet: what would be sent there is lost"
        ctx.warn("DeadLetterConfig.TargetArn", reason)


async def check(ctx: Context, place: Target, role: str, request: Mapping[str, Any]) -> None:
    """Raises InvalidParameterValueException where the role may not send to what the request names."""
    arn = _target(request)
    if arn and not await may_send(ctx, place, role, arn):
        kind = KINDS[service_of(arn)]
        raise InvalidParameterValueException(
            f"The provided execution role does not have permissions to call {kind.permission} on {kind.name}"
        )


def _target(request: Mapping[str, Any]) -> str:
    return str(request.get("DeadLetterConfig", {}).get("TargetArn") or "")
