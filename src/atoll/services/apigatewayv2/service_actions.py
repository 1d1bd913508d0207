"""Integrations of an HTTP API with other services of AWS: which actions there are, and what each needs. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html
"""

from __future__ import annotations

from typing import NamedTuple


class ServiceAction(NamedTuple):
    """What an IntegrationSubtype calls, by botocore's names, and the parameters that must be mapped."""

    service: str
    operation: str
    required: tuple[str, ...]


STEP_FUNCTIONS = "Atoll has no Step Functions"
ACTIONS = {
    "EventBridge-PutEvents": ServiceAction("events", "PutEvents", ("Detail", "DetailType", "Source")),
    "SQS-SendMessage": ServiceAction("sqs", "SendMessage", ("QueueUrl", "MessageBody")),
    "SQS-ReceiveMessage": ServiceAction("sqs", "ReceiveMessage", ("QueueUrl",)),
    "SQS-DeleteMessage": ServiceAction("sqs", "DeleteMessage", ("ReceiptHandle", "QueueUrl")),
    "SQS-PurgeQueue": ServiceAction("sqs", "PurgeQueue", ("QueueUrl",)),
    "AppConfig-GetConfiguration": ServiceAction(
        "appconfig", "GetConfiguration", ("Application", "Environment", "Configuration", "ClientId")
    ),
    "Kinesis-PutRecord": ServiceAction("kinesis", "PutRecord", ("StreamName", "Data", "PartitionKey")),
    "StepFunctions-StartExecution": ServiceAction("stepfunctions", "StartExecution", ("StateMachineArn",)),
    "StepFunctions-StartSyncExecution": ServiceAction("stepfunctions", "StartSyncExecution", ("StateMachineArn",)),
    "StepFunctions-StopExecution": ServiceAction("stepfunctions", "StopExecution", ("ExecutionArn",)),
}
