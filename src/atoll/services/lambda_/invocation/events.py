"""Asynchronous invocation: events that wait in the function's line, are tried by region time, and are told about when they are done with.

docs: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation". What the function does wrong is tried
again after one and two minutes; what Lambda could not run (no concurrency is free, the runtime cannot be started) ever later, until the
event is too old. The version is found anew for each attempt: new code serves what is tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import msgspec

from atoll.kernel import deliveries
from atoll.kernel.context import Context
from atoll.kernel.deliveries import Again, Delivery, Outcome, Owner, Policy
from atoll.kernel.errors import ServiceError
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.errors import ResourceNotFoundException, TooManyRequestsException
from atoll.services.lambda_.invocation import lineage, records
from atoll.services.lambda_.invocation.destinations import send
from atoll.services.lambda_.invocation.event_invoke_config import EventInvokeConfig, find_config, forget_configs
from atoll.services.lambda_.invocation.execute import execute, named_version, tell_trace, trace_of
from atoll.services.lambda_.invocation.records import Response
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.store import Version, find, get_version

log = logging.getLogger(__name__)

EVENT, RECORD = "lambda.event", "lambda.record"
WAITS = (60.0, 120.0)
"""Seconds before the first and the second time that a function's error is tried again."""
LONGEST_WAIT = 300.0
MOST_SENDS = 5


class Event(msgspec.Struct, frozen=True):
    """What is kept of an event between attempts: who asked for what, the function's errors so far, the invocations made, and the status
    of the latest attempt that Lambda itself refused, 0 for none."""

    request_id: str
    qualifier: str | None
    trace: str
    errors: int = 0
    count: int = 0
    refused: int = 0


class Settings(NamedTuple):
    """What holds for an event just now. `version` is None where the qualifier names none any more; `latest` is $LATEST."""

    reserved: int | None
    stops_loops: bool
    version: Version | None
    latest: Version
    config: EventInvokeConfig


class Letter(msgspec.Struct, frozen=True):
    """A record, or an event that was given up (then with `attributes`), on its way to `arn` as `role`."""

    arn: str
    role: str
    attributes: dict[str, tuple[str, str]] = {}


def line(place: Target, kind: str = EVENT) -> Owner:
    """Where the function's events wait, or (RECORD) the records about them."""
    return Owner(place.account, place.region, kind, place.name)


async def accept(ctx: Context, place: Target, payload: bytes) -> None:
    """Takes an event: it is stored when this returns. Raises ResourceNotFoundException."""
    now = ctx.clock.now()
    version = await ctx.store.read(lambda tx: named_version(tx, place))
    event = Event(ctx.request_id, place.qualifier, trace_of(ctx, place, version))
    delivery = Delivery(ctx.ids.uuid(), line(place), payload, now, now, state=msgspec.to_builtins(event))

    def add(tx: Transaction) -> None:
        named_version(tx, place)
        deliveries.enqueue(tx, delivery)

    await ctx.store.transact(add)
    tell_trace(ctx, event.trace)


def forget(tx: Transaction, place: Target) -> None:
    """The function is deleted: its events are dropped, and its configurations for them. Records of what is done are still sent."""
    deliveries.cancel(tx, line(place))
    forget_configs(tx, place)


async def attempt(ctx: Context, delivery: Delivery) -> Outcome:
    """Tries an event once."""
    event = msgspec.convert(delivery.state, Event)
    owner = delivery.owner
    place = Target(owner.account, owner.region, owner.name, event.qualifier)
    ctx.span.note(request=event.request_id)
    settings = await ctx.store.read(partial(_settings, place=place, draw=ctx.ids.random.random()))
    if settings is None:
        return None
    finish = partial(_finish, ctx, delivery, place, settings)
    deadline = delivery.enqueued + settings.config.longest
    if settings.reserved == 0:
        return finish(event, records.ZERO_CONCURRENCY, None)
    if settings.stops_loops and lineage.is_loop(event.trace, place.arn):
        log.warning("%s invokes itself in a loop, which is stopped: see PutFunctionRecursionConfig", place.name)
        return finish(event, "RecursiveInvocation", Response(400))
    if ctx.clock.now() >= deadline:
        return finish(event, "EventAgeExceeded", Response(event.refused) if event.refused else None)
    response = await _run(ctx, place, settings.version, event, delivery.payload)
    if response.status not in (200, 404):
        wait = min(2.0**delivery.holds, LONGEST_WAIT, max(deadline - ctx.clock.now(), 0.0))
        return Again(wait, _state(event, refused=response.status), hold=True)
    event = msgspec.structs.replace(event, count=event.count + 1)
    if response.status == 200 and response.error is None:
        return finish(event, "Success", response)
    if event.errors >= settings.config.attempts:
        return finish(event, "RetriesExhausted", response)
    if ctx.clock.now() + WAITS[event.errors] > deadline:
        return finish(event, "EventAgeExceeded", response)
    return Again(WAITS[event.errors], _state(event, errors=event.errors + 1))


async def deliver(ctx: Context, delivery: Delivery) -> None:
    """Sends a record or a dead letter. What cannot be sent is lost, as on AWS, which only counts it; after an unexpected error it is
    tried some times more."""
    if delivery.attempts >= MOST_SENDS:
        return
    letter = msgspec.convert(delivery.state, Letter)
    owner = delivery.owner
    place = Target(owner.account, owner.region, owner.name)
    try:
        await send(ctx, place, letter.role, letter.arn, delivery.payload, attributes=letter.attributes)
    except ServiceError as error:
        what = "An event that was given up" if letter.attributes else "The record of an invocation"
        log.warning("%s of %s could not be sent to %s: %s", what, place.name, letter.arn, error.message)
        ctx.span.note(error=f"{error.code}: {error.message}")


DELIVERIES: Mapping[str, Policy] = {EVENT: Policy(attempt), RECORD: Policy(deliver)}
"""For the service's manifest."""


def _settings(tx: Reader, place: Target, draw: float) -> Settings | None:
    """None where the function is gone."""
    function = find(tx, place)
    if function is None:
        return None
    latest = get_version(tx, place.at(None))
    try:
        version = named_version(tx, place, draw)
    except ResourceNotFoundException:
        version = None
    return Settings(
        function.reserved,
        function.recursion == "Terminate",
        version,
        latest,
        find_config(tx, place) or EventInvokeConfig(0.0),
    )


async def _run(ctx: Context, place: Target, version: Version | None, event: Event, payload: bytes) -> Response:
    if version is None:
        return Response(404)
    try:
        result = await execute(ctx, place, payload, version=version, request_id=event.request_id, trace=event.trace)
    except TooManyRequestsException:
        return Response(429)
    except ServiceError as error:
        log.warning("an event for %s cannot be run; it is tried again: %s", place.name, error.message)
        ctx.span.note(error=f"{error.code}: {error.message}")
        return Response(500)
    return Response(200, result.executed_version, result.function_error, result.payload)


def _state(event: Event, **changes: int) -> dict[str, object]:
    state: dict[str, object] = msgspec.to_builtins(msgspec.structs.replace(event, **changes))
    return state


def _finish(
    ctx: Context,
    delivery: Delivery,
    place: Target,
    settings: Settings,
    event: Event,
    condition: str,
    response: Response | None,
) -> Outcome:
    """The event is done with: whoever is to be told is told in the commit that removes it."""
    failed = condition != "Success"
    version, config = settings.version or settings.latest, settings.config
    arn = place.exact_arn
    ctx.span.note(condition=condition)
    letters: list[tuple[Letter, bytes]] = []
    if destination := config.on_failure if failed else config.on_success:
        record = records.record(
            request_id=event.request_id, arn=arn, condition=condition, count=event.count, event=delivery.payload,
            response=response, now=ctx.clock.now(),
        )  # fmt: skip
        letters.append((Letter(destination, version.role), record))
    if failed and version.dead_letter:
        told = records.attributes(event.request_id, arn, condition, response)
        letters.append((Letter(version.dead_letter, version.role, dict(told)), delivery.payload))
    now = ctx.clock.now()
    sent = [
        Delivery(ctx.ids.uuid(), line(place, RECORD), body, now, now, state=msgspec.to_builtins(letter))
        for letter, body in letters
    ]

    def tell(tx: Transaction) -> None:
        for each in sent:
            deliveries.enqueue(tx, each)

    return tell if sent else None
