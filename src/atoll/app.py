"""The composition root: makes a region out of its parts, and serves it. The only place that knows them all."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from atoll.admin import Admin
from atoll.api_runtime.authorize.discovery import Discovery
from atoll.api_runtime.custom_domains import CustomDomains
from atoll.api_runtime.front_door import ApiGateway
from atoll.api_runtime.integrate.http_client import HttpClient
from atoll.auth import own_issuers
from atoll.auth.issuers import Issuers
from atoll.auth.sigv4 import SigningKeys
from atoll.config import Settings
from atoll.edge.edge import Edge
from atoll.edge.guard import Guard
from atoll.edge.server import Server, listen, make_server
from atoll.gateway import visitors
from atoll.gateway.call import Call, Parts
from atoll.gateway.pipeline import Gateway
from atoll.gateway.unsupported import Unsupported
from atoll.gateway.used_calls import UsedCalls
from atoll.kernel.chores import hourly
from atoll.kernel.context import Context, Principal
from atoll.kernel.deliveries import Owner
from atoll.kernel.http import HttpRequest, HttpResponse, RequestLog
from atoll.kernel.region import Kernel, open_kernel
from atoll.kernel.reset import Reset
from atoll.kernel.service import Access, Operations, WireForm
from atoll.protocol.models import Models
from atoll.services import SERVICES
from atoll.services.cognito_idp.hosted.plane import HostedPages
from atoll.services.iam.directory import IamDirectory
from atoll.services.lambda_.functions.downloads import Downloads
from atoll.services.lambda_.urls.plane import FunctionUrls


class PortTaken(Exception):
    """The address to listen on is in use or not allowed. The message is one line for the user."""


class Host:
    """What services get that keep something running. A `kernel.service.Host`."""

    def __init__(self, gateway: Gateway, cache_dir: Path, http: HttpClient) -> None:
        self._parts = gateway.parts
        self._gateway = gateway
        self.kernel: Kernel = gateway.parts.kernel
        self.endpoint: str = gateway.parts.endpoint
        self.cache_dir = cache_dir
        self.strict = gateway.parts.unsupported.strict
        self.issuers = Issuers(self.kernel.clock, Discovery(http))
        self.issuers.resolve(own_issuers.key_sets(self.kernel.store))
        self.assembled = asyncio.Event()

    async def signer(self, http: HttpRequest, *, service: str, region: str) -> Principal | None:
        return await visitors.signer(self._parts, http, service=service, region=region)

    async def admit(self, ctx: Context, http: HttpRequest, access: Sequence[Access], params: Any) -> None:
        await visitors.admit(ctx, self._parts, http, access, params)

    async def perform(
        self, ctx: Context, http: HttpRequest, *, service: str, region: str, principal: Principal
    ) -> HttpResponse:
        return await self._gateway.perform(ctx, http, service=service, region=region, principal=principal)

    def wire_form(self, service: str, operation: str) -> WireForm | None:
        return self._parts.models.wire_form(service, operation)

    def context(self, service: str, account: str, region: str, principal: Principal, name: str) -> Context:
        request_id = self.kernel.ids.uuid()
        span = self.kernel.tracer.begin(request_id, name)
        call = Call(self._parts, span, request_id, service=service, region=region, principal=principal)
        ctx = call.context()
        return ctx if ctx.account == account else ctx.derive(account=account)


@asynccontextmanager
async def open_region(settings: Settings, endpoint: str, request_log: RequestLog) -> AsyncIterator[Edge]:
    """A running region: the application that its server calls. Raises DataDirError where the data directory cannot be used."""
    async with AsyncExitStack() as stack:
        data_dir = settings.data_dir or _temporary(stack)
        kernel = await open_kernel(data_dir, settings.durability, verify=settings.verify_transactions)
        stack.push_async_callback(kernel.close)
        parts = Parts(
            kernel=kernel,
            models=Models([service.name for service in SERVICES]),
            directory=IamDirectory(),
            operations=Operations(SERVICES),
            refused={service.name: service.refused for service in SERVICES},
            runtimes={},
            unsupported=Unsupported(kernel.store, kernel.clock, strict=settings.strict),
            signing_keys=SigningKeys(),
            auth=settings.auth,
            endpoint=endpoint,
            request_log=request_log,
            used=UsedCalls(kernel.store) if settings.record_calls else None,
        )
        gateway = Gateway(parts)
        http = HttpClient(kernel.outgoing)
        stack.push_async_callback(http.close)
        host = Host(gateway, settings.cache_dir, http)
        parts.runtimes = {
            service.name: await stack.enter_async_context(service.runtime(host))
            for service in SERVICES
            if service.runtime
        }
        host.assembled.set()
        steps = {kind: step for service in SERVICES for kind, step in service.tasks.items()}
        kernel.tasks.run(
            steps, lambda _, task: _own_context(host, task.kind, task.account, task.region, f"task {task.kind}")
        )
        policies = {kind: policy for service in SERVICES for kind, policy in service.deliveries.items()}
        kernel.deliveries.run(policies, lambda delivery: _delivery_context(host, delivery.owner))
        collecting = hourly(kernel.clock, "collecting blobs", lambda: kernel.blobs.collect(kernel.store))
        await stack.enter_async_context(collecting)
        apis, pages = ApiGateway(host), HostedPages(host)
        custom = CustomDomains(kernel.store, apis, pages.custom)
        yield Edge(
            planes=[apis, FunctionUrls(host), Downloads(host), pages, custom],
            management=gateway.handle,
            admin=Admin(parts, Reset.of(SERVICES)),
            guard=Guard(settings.allow_origins),
            is_inside=parts.is_inside,
            clock=kernel.clock,
            request_log=request_log,
        )
        await apis.close()
        await kernel.tasks.stop()
        await kernel.deliveries.stop()


async def serve(settings: Settings, on_ready: Callable[[Server, str], None], request_log: RequestLog) -> None:
    """Serves a region until the server's `should_exit` is set. Calls `on_ready(server, endpoint)` once it answers.

    Raises PortTaken or DataDirError.
    """
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        raise PortTaken(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.") from error
    with listener:
        endpoint = f"http://{settings.host}:{listener.getsockname()[1]}"
        async with open_region(settings, endpoint, request_log) as edge:
            server = make_server(edge)
            server.on_started = lambda: on_ready(server, endpoint)
            await server.serve(sockets=[listener])


def _temporary(stack: AsyncExitStack) -> Path:
    path = Path(tempfile.mkdtemp(prefix="atoll-"))
    stack.callback(shutil.rmtree, path, ignore_errors=True)
    return path


def _own_context(host: Host, kind: str, account: str, region: str, name: str) -> Context:
    """For what a service does by itself; it is called after the service."""
    service = kind.partition(".")[0]
    return host.context(service, account, region, Principal.service(f"{service}.amazonaws.com", account), name)


def _delivery_context(host: Host, owner: Owner) -> Context:
    return _own_context(host, owner.kind, owner.account, owner.region, f"delivery {owner.kind} {owner.name}")
