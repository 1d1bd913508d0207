"""The kinds of event sources: which ARN is one, what a mapping of it may say, and what it says by default. Pure.

docs: API_CreateEventSourceMapping, and each source's page in the Lambda developer guide; the shapes as AWS answered (recorded by the
LocalStack project).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atoll.kernel.errors import NotImplementedByAtoll
from atoll.services.lambda_.errors import InvalidParameterValueException

EVERYWHERE = (
    "BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes", "FilterCriteria", "KMSKeyArn", "MetricsConfig",
)  # fmt: skip
"""Settings of every source."""
SETTINGS = (
    *EVERYWHERE, "AmazonManagedKafkaEventSourceConfig", "BisectBatchOnFunctionError", "DestinationConfig",
    "DocumentDBEventSourceConfig", "LoggingConfig", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ParallelizationFactor",
    "ProvisionedPollerConfig", "Queues", "ScalingConfig", "SelfManagedKafkaEventSourceConfig", "SourceAccessConfigurations",
    "StartingPosition", "StartingPositionTimestamp", "Topics", "TumblingWindowInSeconds",
)  # fmt: skip
"""Every setting that some source has."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source. `reason` is its StateTransitionReason; `processes` whether it shows a LastProcessingResult."""

    name: str
    accepts: frozenset[str]
    defaults: Mapping[str, Any]
    reason: str
    processes: bool


DYNAMODB = Kind(
    "dynamodb",
    frozenset(
        {
            *EVERYWHERE, "BisectBatchOnFunctionError", "DestinationConfig", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts",
            "ParallelizationFactor", "StartingPosition", "TumblingWindowInSeconds",
        }
    ),
    {
        "BatchSize": 100,
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {}},
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 1,
        "TumblingWindowInSeconds": 0,
    },
    reason="User action",
    processes=True,
)  # fmt: skip
SQS = Kind(
    "sqs",
    frozenset({*EVERYWHERE, "ProvisionedPollerConfig", "ScalingConfig"}),
    {"BatchSize": 10, "FunctionResponseTypes": [], "MaximumBatchingWindowInSeconds": 0},
    reason="USER_INITIATED",
    processes=False,
)
_MISSING = {
    "kinesis": "Kinesis data streams",
    "kafka": "Amazon MSK clusters",
    "mq": "Amazon MQ brokers",
    "rds": "Amazon DocumentDB clusters",
}


def kind_of(arn: str) -> Kind:
    """The kind of the source with this ARN. Raises NotImplementedByAtoll, InvalidParameterValueException where it is none."""
    parts = arn.split(":", 5)
    service, resource = (parts[2], parts[5]) if len(parts) == 6 else ("", "")
    if service in _MISSING:
        raise NotImplementedByAtoll(f"lambda: {_MISSING[service]} as event sources: Atoll has no service {service}.")
    if service == "sqs":
        return SQS
    if service == "dynamodb" and "/stream/" in resource:
        return DYNAMODB
    raise InvalidParameterValueException("Unrecognized event source.")


def source_of(request: Mapping[str, Any]) -> str:
    """The ARN of the source that a request names. Raises as `kind_of` does."""
    if request.get("SelfManagedEventSource"):
        raise NotImplementedByAtoll("lambda: self-managed Apache Kafka (SelfManagedEventSource) as event source.")
    if not request.get("EventSourceArn"):
        raise InvalidParameterValueException("Unrecognized event source.")
    return str(request["EventSourceArn"])
