"""Integrations of HTTP APIs with actions of AWS's services: parameters in, the service's answer out.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from atoll.api_runtime.answers import JSON
from atoll.api_runtime.http_api.sources import Source
from atoll.api_runtime.integrate.functions import source_arn
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.serving import Integration
from atoll.api_runtime.visit import Visit
from atoll.kernel.errors import ServiceError
from atoll.kernel.http import HttpResponse

log = logging.getLogger(__name__)


class Action(NamedTuple):
    """What a subtype calls, by botocore's names, and the parameters that must be mapped. `parsed` are those that are JSON or numbers in
    the request; `entries` names the list of which the parameters are the one entry."""

    service: str
    operation: str
    required: tuple[str, ...]
    parsed: tuple[str, ...] = ()
    entries: str | None = None


ACTIONS = {
    "EventBridge-PutEvents": Action("events", "PutEvents", ("Detail", "DetailType", "Source"), ("Resources",), "Entries"),
    "SQS-SendMessage": Action(
        "sqs", "SendMessage", ("QueueUrl", "MessageBody"), ("DelaySeconds", "MessageAttributes", "MessageSystemAttributes")
    ),
    "SQS-ReceiveMessage": Action(
        "sqs", "ReceiveMessage", ("QueueUrl",),
        ("AttributeNames", "MaxNumberOfMessages", "MessageAttributeNames", "VisibilityTimeout", "WaitTimeSeconds"),
    ),
    "SQS-DeleteMessage": Action("sqs", "DeleteMessage", ("ReceiptHandle", "QueueUrl")),
    "SQS-PurgeQueue": Action("sqs", "PurgeQueue", ("QueueUrl",)),
    "AppConfig-GetConfiguration": Action(
        "appconfig", "GetConfiguration", ("Application", "Environment", "Configuration", "ClientId")
    ),
    "Kinesis-PutRecord": Action("kinesis", "PutRecord", ("StreamName", "Data", "PartitionKey")),
    "StepFunctions-StartExecution": Action("stepfunctions", "StartExecution", ("StateMachineArn",)),
    "StepFunctions-StartSyncExecution": Action("stepfunctions", "StartSyncExecution", ("StateMachineArn",)),
    "StepFunctions-StopExecution": Action("stepfunctions", "StopExecution", ("ExecutionArn",)),
}  # fmt: skip
"""By IntegrationSubtype. Which of them a region offers is its services' matter: `Context.offers`."""


async def call(roles: Roles, visit: Visit, integration: Integration, inputs: Mapping[str, Source]) -> HttpResponse:
    """The service's answer, or its error with its status. Raises Refused where it is not asked."""
    action = ACTIONS.get(integration.subtype or "")
    if action is None or integration.credentials is None or not visit.ctx.offers(action.service, action.operation):
        raise _failed(visit, f"{integration.subtype} cannot be called here")
    given = {name: value for name, source in inputs.items() if (value := source.of(visit)) is not None}
    ctx, outcome, began = visit.ctx, visit.integration, visit.ctx.clock.monotonic()
    ctx = ctx.derive(region=given.pop("Region", ctx.region))
    try:
        principal = await roles.session(ctx, integration.credentials, source_arn(visit))
        output = await ctx.call(action.service, action.operation, request_of(action, given), principal=principal)
    except ServiceError as error:
        outcome.error = f"{error.code}: {error.message}"
        outcome.status = outcome.call_status = error.status
        body = msgspec.json.encode({"__type": error.code, "message": error.message})
        return HttpResponse(error.status, [JSON], body)
    finally:
        outcome.latency = round((ctx.clock.monotonic() - began) * 1000)
    outcome.status = outcome.call_status = 200
    return HttpResponse(
        200, [JSON], msgspec.json.encode({name: value for name, value in output.items() if value is not None})
    )


def request_of(action: Action, given: Mapping[str, str]) -> dict[str, Any]:
    """The operation's input, made of the mapped parameters."""
    request = {name: _parsed(value) if name in action.parsed else value for name, value in given.items()}
    return request if action.entries is None else {action.entries: [request]}


def _parsed(value: str) -> Any:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value  # the operation says what is wrong with it


def _failed(visit: Visit, detail: str) -> Refused:
    visit.integration.error = detail
    visit.ctx.span.note(error=detail)
    log.warning("%s %s: %s", visit.api_id, visit.route_key, detail)
    return Refused("INTEGRATION_FAILURE", detail=detail)
