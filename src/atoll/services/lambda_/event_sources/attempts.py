"""Running the function on a batch, again and again as the mapping says, until each record of it is done or given up."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atoll.kernel.errors import ServiceError
from atoll.services.lambda_.errors import ResourceNotFoundException
from atoll.services.lambda_.event_sources import batches, delivery
from atoll.services.lambda_.event_sources.batches import Answer, Batch, Policy, Record

if TYPE_CHECKING:
    from atoll.services.lambda_.event_sources.shard_lane import Lane
    from atoll.services.lambda_.event_sources.windows import Windows

log = logging.getLogger(__name__)

FAILED = "PROBLEM: Function call failed"


class Attempts:
    """The attempts of one lane."""

    def __init__(self, lane: Lane) -> None:
        settings = lane.mapping.settings
        self._lane = lane
        self._request_id = ""
        self._policy = Policy(
            settings["MaximumRetryAttempts"],
            settings["MaximumRecordAgeInSeconds"],
            settings["BisectBatchOnFunctionError"],
            "ReportBatchItemFailures" in settings["FunctionResponseTypes"],
        )

    async def process(self, records: Sequence[Record], windows: Windows | None = None) -> None:
        """Until all of them are done or given up, or the lane stops; the lane's place moves on with them. `windows` has the window
        that they are of."""
        todo, failed = deque([Batch(records)]), 0
        while todo and not self._lane.stopping:
            batch = todo.popleft()
            window = self._lane.place.window
            old = batches.too_old(batch.records, self._policy, self._lane.clock.now())
            if old:
                await self._give_up(batch._replace(records=batch.records[:old]), "RecordAgeExceeded", None)
                await self._lane.advance(batch.records[old - 1].number, window)
                if old < len(batch.records):
                    todo.appendleft(batch._replace(records=batch.records[old:]))
                continue
            answer = await self._invoke(batch.records, windows.adds() if windows else None)
            if answer is None:
                todo.appendleft(batch)
                failed = await self._back_off(failed)
                continue
            following = batches.follow(batch, answer, self._policy)
            if following.done:
                window = windows.took(answer) if windows else None
                await self._lane.advance(batch.records[following.done - 1].number, window)
            if following.given_up:
                await self._give_up(following.again[0], "RetryAttemptsExhausted", answer)
                await self._lane.advance(batch.records[-1].number, window)
            else:
                todo.extendleft(reversed(following.again))
                failed = await self._back_off(failed) if len(following.again) == 1 else 0

    async def finish(self, event: Mapping[str, Any]) -> None:
        """Runs the function without records, until it succeeds or may not be tried again, or the lane stops."""
        failed, used = 0, 0
        while not self._lane.stopping:
            answer = await self._invoke([], event)
            used += answer is not None
            if answer is not None and (answer.error is None or 0 <= self._policy.retries < used):
                return
            failed = await self._back_off(failed)

    async def _invoke(self, records: Sequence[Record], more: Mapping[str, Any] | None) -> Answer | None:
        """Runs the function once. None where it could not be run, which uses up no attempt."""
        lane = self._lane
        ctx = lane.poller.traced()
        self._request_id = ctx.ids.uuid()
        ctx.span.note(shard=lane.shard, records=len(records), request=self._request_id)
        answer, problem = None, FAILED
        with ctx.span:
            try:
                event = batches.payload(records, more)
                answer = await delivery.run_function(ctx, lane.mapping, event, self._request_id)
                failed = answer.error or (self._policy.partial and batches.failures(answer.payload) != [])
                problem = FAILED if failed else "OK"
            except ResourceNotFoundException as error:
                problem = f"PROBLEM: {error.message}"
            except ServiceError as error:
                ctx.span.note(error=f"{error.code}: {error.message}")
            except Exception:
                log.exception("event source mapping %s could not run its function", lane.mapping.uuid)
        await lane.poller.note(problem)
        return answer

    async def _give_up(self, batch: Batch, condition: delivery.Condition, answer: Answer | None) -> None:
        """Tells the destination, where there is one, of records that are not tried again."""
        lane = self._lane
        ctx = lane.poller.traced()
        with ctx.span:
            ctx.span.note(shard=lane.shard, records=len(batch.records), given_up=condition)
            told = delivery.failure_record(
                lane.mapping, batch, condition=condition, answer=answer, request_id=self._request_id or ctx.ids.uuid(),
                shard=lane.shard, now=lane.clock.now(),
            )  # fmt: skip
            try:
                await delivery.tell(ctx, lane.mapping, lane.shard, told)
            except ServiceError as error:  # as on AWS, the records are lost then
                ctx.span.note(error=f"{error.code}: {error.message}")
                log.warning(
                    "event source mapping %s gave up records and cannot tell: %s", lane.mapping.uuid, error.message
                )

    async def _back_off(self, failed: int) -> int:
        """Waits after one more failure in a row; returns how many that makes."""
        lane = self._lane
        again = lane.clock.now() + batches.backoff(failed + 1)
        await lane.rest.until(again, f"retry of event source mapping {lane.mapping.uuid}", deaf=True)
        return failed + 1
