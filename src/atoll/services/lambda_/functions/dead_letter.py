"""Whether a function may have a queue or topic for its dead letters. What goes there: `invocation/events.py`.

docs: API_DeadLetterConfig; Lambda developer guide, "Adding a dead-letter queue".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.invocation import destinations
from atoll.services.lambda_.names import Target


def report(ctx: Context, request: Mapping[str, Any]) -> None:
    """Says so where nothing can be sent to what the request names yet. Raises InvalidParameterValueException for what is no target."""
    arn = _target(request)
    if not arn:
        return
    if destinations.service_of(arn) not in ("sqs", "sns"):
        raise InvalidParameterValueException(f"The dead-letter target {arn} is neither an SQS queue nor an SNS topic.")
    destinations.report(ctx, "DeadLetterConfig.TargetArn", arn)


async def check(ctx: Context, place: Target, role: str, request: Mapping[str, Any]) -> None:
    """Raises InvalidParameterValueException where the role may not send to what the request names."""
    arn = _target(request)
    if arn:
        await destinations.require(ctx, place, role, arn)


def _target(request: Mapping[str, Any]) -> str:
    return str(request.get("DeadLetterConfig", {}).get("TargetArn") or "")
