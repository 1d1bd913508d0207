"""What a mapping does with records: it runs its function on them, or tells its destination that it gave them up.

docs: Lambda developer guide, "Retain discarded records with an on-failure destination"; the records as AWS was seen to send them
(aws-observed/lambda_).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from atoll.kernel.context import Context, Principal
from atoll.kernel.sessions import session_of
from atoll.services.lambda_ import roles
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.event_sources.batches import Answer, Batch, Record
from atoll.services.lambda_.event_sources.sources import SQS, kind_of
from atoll.services.lambda_.event_sources.store import Mapping
from atoll.services.lambda_.invocation import destinations
from atoll.services.lambda_.invocation.execute import execute, version_to_run
from atoll.services.lambda_.moments import zulu

DESTINATIONS = ("sqs", "sns", "s3")
"""Services that mappings of streams send to."""
Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]


async def run_function(ctx: Context, mapping: Mapping, event: bytes, request_id: str) -> Answer:
    """Runs the mapping's function once, which needs no permission: Lambda itself does.

    Raises ResourceNotFoundException, TooManyRequestsException, NotImplementedByAtoll.
    """
    version = await version_to_run(ctx, mapping.target)
    ran = await execute(ctx, mapping.target, event, version=version, request_id=request_id)
    return Answer(ran.payload, ran.function_error, ran.executed_version)


def report(ctx: Context, mapping: Mapping) -> None:
    """Says what of the mapping has no effect here."""
    if kind_of(mapping.source) is SQS:
        ctx.warn(
            "EventSourceArn", "Atoll does not poll queues yet: the mapping is kept, and its function is not invoked"
        )
    destinations.report(ctx, "DestinationConfig.OnFailure.Destination", _destination(mapping))


async def check_destination(ctx: Context, mapping: Mapping) -> None:
    """Returns if the mapping has no destination, or one that the function's role may send to. Raises InvalidParameterValueException."""
    destination = _destination(mapping)
    if not destination:
        return
    if destinations.service_of(destination) not in DESTINATIONS:  # unrecorded
        raise InvalidParameterValueException(f"The destination ARN {destination} is invalid.")
    version = await version_to_run(ctx, mapping.target)
    await destinations.require(ctx, mapping.target, version.role, destination)


def _destination(mapping: Mapping) -> str:
    return str(mapping.settings.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination") or "")


async def tell(ctx: Context, mapping: Mapping, shard: str, record: bytes) -> None:
    """Sends the record of a failure to the mapping's destination, if it has one, as the function's role. Raises ServiceErrors."""
    destination = _destination(mapping)
    if destination:
        version, folder = await version_to_run(ctx, mapping.target), f"aws/lambda/{mapping.uuid}/{shard}"
        await destinations.send(ctx, mapping.target, version.role, destination, record, folder=folder)


class Session:
    """The session of the execution role under which a mapping reads its source."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._principal: Principal | None = None
        self._role = ""
        self._ends = 0.0

    async def principal(self, ctx: Context) -> Principal:
        """The role that the function has now; its session is renewed when it ends.

        Raises ResourceNotFoundException where the function is gone, and AssumeRole's ServiceErrors.
        """
        version = await version_to_run(ctx, self._mapping.target)
        if self._principal is None or version.role != self._role or ctx.clock.now() >= self._ends:
            answer = await roles.assume(ctx, self._mapping.target, version.role)
            self._principal, self._role = session_of(version.role, answer), version.role
            self._ends = float(answer["Credentials"]["Expiration"])
        return self._principal


def failure_record(
    mapping: Mapping,
    batch: Batch,
    *,
    condition: Condition,
    answer: Answer | None,
    request_id: str,
    shard: str,
    now: float,
) -> bytes:
    """What a destination is told of records that were given up. `answer` is the last one, None where age was the reason."""
    first, last = batch.records[0], batch.records[-1]
    told: dict[str, Any] = {
        "requestContext": {
            "requestId": request_id,
            "functionArn": mapping.target.qualified_arn,
            "condition": condition,
            "approximateInvokeCount": max(batch.invocations, 1),
        }
    }
    if answer is not None:
        told["responseContext"] = {
            "statusCode": 200,  # an attempt that Lambda itself refused is none
            "executedVersion": answer.version,
            "functionError": answer.error,
        }
    told |= {
        "version": "1.0",
        "timestamp": zulu(now, "milliseconds"),
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first.number,
            "endSequenceNumber": last.number,
            "approximateArrivalOfFirstRecord": zulu(first.at, "seconds"),
            "approximateArrivalOfLastRecord": zulu(last.at, "seconds"),
            "batchSize": len(batch.records),
            "streamArn": mapping.source,
        },
    }
    if destinations.service_of(_destination(mapping)) == "s3":  # only a bucket is given the records themselves
        told["payload"] = {"Records": _raw(batch.records)}
    return msgspec.json.encode(told)


def _raw(records: Sequence[Record]) -> list[msgspec.Raw]:
    return [msgspec.Raw(record.event) for record in records]
