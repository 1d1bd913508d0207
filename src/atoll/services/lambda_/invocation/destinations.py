"""Where Lambda sends records of invocations, and events that it gives up: to a function, a queue, a topic, an event bus or a bucket, as
the function's role, which must be allowed to.

docs: Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import AccessDenied, NotImplementedByAtoll, ServiceError
from atoll.services.lambda_ import roles
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.names import Target


class Kind(NamedTuple):
    """A kind of destination: the operation that Lambda calls there, the action that IAM asks for, and the service's name."""

    operation: str
    action: str
    name: str

    @property
    def permission(self) -> str:
        """What AWS's messages call the permission."""
        return self.action.partition(":")[2]


KINDS = {
    "lambda": Kind("Invoke", "lambda:InvokeFunction", "Lambda"),
    "sqs": Kind("SendMessage", "sqs:SendMessage", "SQS"),
    "sns": Kind("Publish", "sns:Publish", "SNS"),
    "events": Kind("PutEvents", "events:PutEvents", "EventBridge"),
    "s3": Kind("PutObject", "s3:PutObject", "S3"),
}
"""By the service in the destination's ARN (botocore's name, too)."""
Attributes = Mapping[str, tuple[str, str]]
"""Message attributes: name to data type and value."""
NO_ATTRIBUTES: Attributes = MappingProxyType({})


def service_of(arn: str) -> str:
    """The service that an ARN names, "" where it is no ARN."""
    parts = arn.split(":", 5)
    return parts[2] if len(parts) == 6 else ""


async def send(
    ctx: Context,
    place: Target,
    role_arn: str,
    destination: str,
    record: bytes,
    *,
    attributes: Attributes = NO_ATTRIBUTES,
    folder: str | None = None,
) -> None:
    """Sends `record` (JSON) about the function `place` to an ARN, as a session of its role.

    A queue or topic gets the attributes with it; in a bucket its key begins with `folder`, by default that of asynchronous invocations.
    Raises the ServiceError that the destination answers, NotImplementedByAtoll where its service is not here.
    """
    service = service_of(destination)
    if service not in KINDS:
        raise NotImplementedByAtoll(f"lambda: a destination of that kind ({destination}).")
    session = await roles.session(ctx, place, role_arn)
    request = _request(ctx, place, service, destination, record, attributes, folder or f"aws/lambda/async/{place.name}")
    answer = await ctx.call(service, KINDS[service].operation, request, principal=session)
    if service == "events" and answer.get("FailedEntryCount"):
        entry = answer["Entries"][0]
        raise ServiceError(f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")


def report(ctx: Context, member: str, destination: str) -> None:
    """Says of a destination, which `member` of the request names, where nothing can be sent there yet."""
    kind = KINDS.get(service := service_of(destination))
    if kind is not None and not ctx.offers(service, kind.operation):
        ctx.warn(member, f"Atoll has no {kind.name} yet: what would be sent there is lost")


async def require(ctx: Context, place: Target, role_arn: str, destination: str) -> None:
    """Raises InvalidParameterValueException where the role may not send to an ARN of a known kind."""
    if not await may_send(ctx, place, role_arn, destination):
        kind = KINDS[service_of(destination)]
        raise InvalidParameterValueException(
            f"The provided execution role does not have permissions to call {kind.permission} on {kind.name}"
        )


async def may_send(ctx: Context, place: Target, role_arn: str, destination: str) -> bool:
    """Whether the role may send there. Raises ResourceNotFoundException for a function that is not there."""
    service = service_of(destination)
    try:
        session = await roles.session(ctx, place, role_arn)
        if service == "lambda":
            request = {"FunctionName": destination, "InvocationType": "DryRun"}
            await ctx.call("lambda", "Invoke", request, principal=session)
            return True
    except AccessDenied:
        return False
    resource = f"{destination}/*" if service == "s3" else destination
    return await ctx.allows(KINDS[service].action, resource, principal=session)


def _request(
    ctx: Context, place: Target, service: str, destination: str, body: bytes, attributes: Attributes, folder: str
) -> dict[str, Any]:
    account, _, name = destination.split(":", 4)[4].partition(":")
    match service:
        case "lambda":
            return {"FunctionName": destination, "InvocationType": "Event", "Payload": body}
        case "sqs":
            text: dict[str, Any] = {
                "QueueUrl": f"{ctx.endpoint}/{account}/{name}",
                "MessageBody": body.decode(errors="replace"),
            }
        case "sns":
            text = {"TopicArn": destination, "Message": body.decode(errors="replace")}
        case "s3":
            stamp = f"{ctx.clock.datetime():%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{ctx.ids.uuid()}"
            return {"Bucket": name, "Key": f"{folder}/{stamp}", "Body": body, "ContentType": "application/json"}
        case _:
            return {"Entries": [_event(place, destination, body)]}
    if attributes:
        text["MessageAttributes"] = {
            attribute: {"DataType": kind, "StringValue": value} for attribute, (kind, value) in attributes.items()
        }
    return text


def _event(place: Target, bus: str, record: bytes) -> dict[str, Any]:
    about = msgspec.json.decode(record).get("requestContext", {})
    outcome = "Success" if about.get("condition") == "Success" else "Failure"
    return {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {outcome}",
        "Resources": [bus, about.get("functionArn", place.qualified_arn)],
        "Detail": record.decode(errors="replace"),
        "EventBusName": bus,
    }
