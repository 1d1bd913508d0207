"""Serves WebSocket APIs: from the handshake over each message to the end of a connection.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from atoll.api_runtime import serving
from atoll.api_runtime.answers import FORBIDDEN, INTERNAL_ERROR, JSON
from atoll.api_runtime.authorize.authorizers import Authorizers
from atoll.api_runtime.compiled import CompiledSnapshots
from atoll.api_runtime.models import Models
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.throttle import Buckets, Throttle
from atoll.api_runtime.usage_plans import BY_AUTHORIZER, UsagePlans
from atoll.api_runtime.visit import Visit
from atoll.api_runtime.websocket_api import answers, events, execution_log
from atoll.api_runtime.websocket_api.connections import GOING_AWAY, Connection, Connections
from atoll.api_runtime.websocket_api.integrations import Integrations
from atoll.api_runtime.websocket_api.management import Management, connection_named
from atoll.api_runtime.websocket_api.select import DEFAULT, route_key
from atoll.api_runtime.websocket_api.transform import Answer, as_message
from atoll.api_runtime.websocket_api.validate import check_message, check_parameters
from atoll.kernel.context import Principal
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.service import Host

log = logging.getLogger(__name__)

CONNECT, DISCONNECT = "$connect", "$disconnect"
TYPE, PROTOCOL = "content-type", "sec-websocket-protocol"
"""The headers of what `$connect` answers that reach the client: of a refusal, and of an opened connection."""
NOTHING = Answer(200, {}, b"")
"""What `$connect` comes to where nothing stands behind it."""
NEW_CONNECTIONS = 500
"""How many an account may open a second in a region, all its APIs together."""
MOST_UNDER_WAY = 64
"""Messages of one connection whose routes run at once; no further ones are read meanwhile."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A snapshot with its routes by key, and the models of messages."""

    snapshot: serving.Snapshot
    routes: dict[str, serving.Route]
    models: Models


def compile_snapshot(raw: bytes) -> Compiled:
    """A stored snapshot made ready."""
    snapshot = serving.SNAPSHOTS.decode(raw)
    return Compiled(snapshot, {route.key: route for route in snapshot.routes}, Models(snapshot.models))


class WebSocketApis:
    """A `plane.Server`, and a `connections.Listener`. Messages of a connection are handled as they come, each by itself: AWS promises no
    order between their answers. `finish` is told of every visit that came to its end."""

    def __init__(
        self,
        host: Host,
        authorizers: Authorizers,
        integrations: Integrations,
        throttle: Throttle,
        finish: Callable[[Visit], None],
    ) -> None:
        self._host = host
        self._clock = host.kernel.clock
        self._authorizers = authorizers
        self._finish = finish
        self._compiled = CompiledSnapshots(host.kernel.store, compile_snapshot)
        self._buckets = Buckets(self._clock)
        self._usage_plans = UsagePlans(self._buckets)
        self._integrations = integrations
        self._throttle = throttle
        self._connections = Connections(self._clock, host.kernel.store, self)
        self._management = Management(authorizers, self._connections)
        self._running: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._clock.settle_with(self._settle)

    # Requests

    async def answer(self, visit: Visit) -> HttpResponse:
        """Opens a connection, or does what is asked to an open one."""
        compiled = await self._compiled.of(visit)
        if compiled is None or (compiled.snapshot.endpoint_disabled and not visit.custom_domain):
            return FORBIDDEN
        if (connection_id := connection_named(visit.path)) is not None:
            return await self._management.answer(visit, connection_id)
        if not visit.request.websocket or visit.path != "/":
            return FORBIDDEN
        return await self._open(visit, compiled)

    def failed(self, visit: Visit) -> HttpResponse:
        """The answer where Atoll itself failed."""
        return INTERNAL_ERROR

    async def _open(self, visit: Visit, compiled: Compiled) -> HttpResponse:
        request = visit.request
        visit.request_id = visit.extended_id = self._id()
        connection = Connection(
            self._connections, self._id(), visit.api_id, visit.stage, visit.domain, request.header("host") or "",
            request.source_ip, request.header("user-agent") or "", visit.time,
        )  # fmt: skip
        _note(visit, CONNECT, connection, "CONNECT")
        try:
            answer = await self._connect(visit, compiled, connection)
            _check_headers(answer)
        except Refused as refused:
            visit.refused = refused
            visit.ctx.span.note(error=refused.detail or refused.reason)
            status, visit.error = answers.said(refused)
            body = answers.frame(visit.error, connection.id, visit.request_id)
            execution_log.refused(visit, refused, status, body)
            return answers.refusal(refused, connection.id, visit.request_id)
        if not 200 <= answer.status < 300:
            status = answer.status if 400 <= answer.status < 600 else 500
            return HttpResponse(status, [(TYPE, answer.headers.get(TYPE, JSON[1]))], answer.body)
        execution_log.succeeded(visit, connection)
        connection.caller = visit.caller
        chosen = answer.headers.get(PROTOCOL)
        return HttpResponse(101, [(PROTOCOL, chosen)] if chosen else [], peer=connection)

    async def _connect(self, visit: Visit, compiled: Compiled, connection: Connection) -> Answer:
        """What `$connect` answered. Raises Refused."""
        api = visit.api
        if not self._buckets.take(("connect", api.account, api.region), NEW_CONNECTIONS, NEW_CONNECTIONS):
            raise Refused("THROTTLED", detail="too many new connections")
        route = compiled.routes.get(CONNECT)
        if route is None:
            return NOTHING

        def shown() -> dict[str, Any]:
            return events.connect(visit, connection)

        visit.caller = await self._authorizers.admit(visit, route.guard, compiled.snapshot.authorizers, shown)
        self._pass(visit)
        if route.api_key_required:
            by_authorizer = compiled.snapshot.api_key_selection == BY_AUTHORIZER
            key = visit.caller.usage_key if by_authorizer else visit.request.header("x-api-key")
            await self._usage_plans.admit(visit, key)
        check_parameters(visit, route)
        if route.integration is None:
            return NOTHING
        return await self._integrations.answer(visit, compiled.snapshot.integrations[route.integration], shown())

    # Connections

    def message(self, connection: Connection, text: str) -> None:
        connection.under_way += 1
        if connection.under_way >= MOST_UNDER_WAY and connection.socket is not None:
            connection.socket.pause_reading()
        self._start(self._handle(connection, text), self._running)

    def ended(self, connection: Connection, code: int, reason: str) -> None:
        self._start(self._end(connection, code, reason), self._ending)

    def _start(self, work: Coroutine[Any, Any, None], among: set[asyncio.Task[None]]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        among.add(task)
        task.add_done_callback(among.discard)

    async def _settle(self) -> str | None:
        """Ends of connections that moving the clock brought about are part of the move."""
        if not self._ending:
            return None
        await asyncio.wait(tuple(self._ending))
        return "WebSocket connections that end"

    async def _handle(self, connection: Connection, text: str) -> None:
        """Runs the route that a message names, and answers."""
        visit = None
        try:
            visit = await self._visit(connection, "message")
            if visit is None:
                connection.close(GOING_AWAY, "Going away")
                return
            with visit.ctx.span:
                await self._run(visit, connection, text)
            self._finish(visit)
        except Exception:
            log.exception("a message on the WebSocket connection %s failed", connection.id)
            request_id = visit.request_id if visit is not None else self._id()
            connection.send(answers.frame(answers.INTERNAL_ERROR, connection.id, request_id))
        finally:
            connection.under_way -= 1
            if connection.under_way == MOST_UNDER_WAY - 1 and connection.socket is not None:
                connection.socket.resume_reading()

    async def _run(self, visit: Visit, connection: Connection, text: str) -> None:
        try:
            answer = await self._answer(visit, connection, text)
        except Refused as refused:
            visit.refused = refused
            visit.ctx.span.note(error=refused.detail or refused.reason)
            visit.status, visit.error = answers.said(refused)
            body = answers.frame(visit.error, connection.id, visit.request_id)
            execution_log.refused(visit, refused, visit.status, body)
            connection.send(body)
            return
        execution_log.succeeded(visit, connection)
        visit.status = answer.status if answer is not None else 200
        if answer is not None and answer.body:
            visit.response_length = len(answer.body)
            connection.send(as_message(answer.body))

    async def _answer(self, visit: Visit, connection: Connection, text: str) -> Answer | None:
        """What the message's client is to get; None where its route is one-way. Raises Refused."""
        compiled = await self._compiled.of(visit)
        key = route_key(compiled.snapshot.route_selection, text) if compiled is not None else DEFAULT
        route = compiled.routes.get(key) or compiled.routes.get(DEFAULT) if compiled is not None else None
        message_id = self._id()
        _note(visit, route.key if route is not None else key, connection, "MESSAGE", text)
        visit.further["messageId"] = message_id
        if compiled is None or route is None:
            raise Refused("RESOURCE_NOT_FOUND", detail=f"there is no route {key}")
        self._pass(visit)
        check_message(route, compiled.models, text)
        if route.integration is None:
            raise Refused("API_CONFIGURATION_ERROR", detail=f"nothing stands behind the route {route.key}")
        event = events.message(visit, connection, message_id, text)
        answer = await self._integrations.answer(visit, compiled.snapshot.integrations[route.integration], event)
        return answer if route.responses else None

    async def _end(self, connection: Connection, code: int, reason: str) -> None:
        """Runs `$disconnect`, if it can."""
        try:
            visit = await self._visit(connection, "disconnect")
            compiled = await self._compiled.of(visit) if visit is not None else None
            route = compiled.routes.get(DISCONNECT) if compiled is not None else None
            if visit is None or compiled is None or route is None or route.integration is None:
                return
            _note(visit, DISCONNECT, connection, "DISCONNECT")
            visit.further |= {"disconnectStatusCode": code, "disconnectReason": reason}
            with visit.ctx.span as span:
                try:
                    integration = compiled.snapshot.integrations[route.integration]
                    event = events.disconnect(visit, connection, code, reason)
                    visit.status = (await self._integrations.answer(visit, integration, event)).status
                    execution_log.succeeded(visit, connection)
                except Refused as refused:
                    visit.refused, (visit.status, said) = refused, answers.said(refused)
                    execution_log.refused(visit, refused, visit.status, said)
                    span.note(error=refused.detail or refused.reason)
            self._finish(visit)
        except Exception:
            log.exception("the end of the WebSocket connection %s could not be told", connection.id)

    # Visits

    async def _visit(self, connection: Connection, what: str) -> Visit | None:
        """A visit of a connection's client; None where the API or its stage is gone."""
        raw = await self._host.kernel.store.read(lambda tx: tx.get(serving.api_key(connection.api_id)))
        api = serving.APIS.decode(raw) if raw is not None else None
        if api is None or (settings := api.stages.get(connection.stage)) is None:
            return None
        kernel = self._host.kernel
        now, request_id = self._clock.now(), self._id()
        principal = Principal.service(serving.SERVICE_HOST, api.account)
        headers = [("host", connection.host), ("user-agent", connection.user_agent)]
        visit = Visit(
            ctx=self._host.context("apigateway", api.account, api.region, principal, f"{what} on {connection.id}"),
            request=HttpRequest("GET", f"/{connection.stage}", "", headers, source_ip=connection.source_ip),
            api_id=connection.api_id, api=api, stage=connection.stage, settings=settings, path="/",
            domain=connection.domain, request_id=request_id, extended_id=request_id,
            trace_id=kernel.ids.trace(now), time=now, began=self._clock.monotonic(),
            variables=settings.variables, caller=connection.caller,
        )  # fmt: skip
        visit.ctx.span.note(api=visit.api_id, stage=visit.stage)
        return visit

    def _pass(self, visit: Visit) -> None:
        """Raises Refused where the route, or the account, is asked for too much."""
        if not self._throttle.passes(visit):
            raise Refused("THROTTLED")

    def _id(self) -> str:
        """An id of a connection, request or message: eleven random bytes, as in `L0SM9cOFvHcCIhw=`."""
        return base64.urlsafe_b64encode(self._host.kernel.ids.random.getrandbits(88).to_bytes(11, "big")).decode()


def _note(visit: Visit, key: str, connection: Connection, kind: events.Kind, text: str | None = None) -> None:
    """What is known of a visit once its route is: for the trace, for logs, and as `$context` variables."""
    visit.route_key = key
    visit.ctx.span.note(route=key)
    visit.further |= {
        "connectedAt": int(connection.connected_at * 1000),
        "connectionId": connection.id,
        "eventType": kind,
        "messageDirection": "IN",
    }
    execution_log.opened(visit, connection, text)


def _check_headers(answer: Answer) -> None:
    """Raises Refused for what no header can carry, or would begin another one."""
    for name in (TYPE, PROTOCOL):
        value = answer.headers.get(name, "")
        if not (value.isascii() and value.isprintable()):
            raise Refused("INTEGRATION_FAILURE", detail=f"the answer's {name} is no header")
