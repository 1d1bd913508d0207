"""What the service keeps running: the pool of execution environments, unpacked packages, and the functions' identity and logs."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from atoll.auth.credentials import extend_session
from atoll.kernel.chores import hourly
from atoll.kernel.connection import Connection
from atoll.kernel.context import Principal
from atoll.kernel.service import Host, Runtime
from atoll.kernel.sessions import session_of
from atoll.kernel.store.api import Transaction
from atoll.lambda_runtime.pool import Pool
from atoll.lambda_runtime.spec import Credentials, FunctionSpec, InvokeResult, ResponseStream
from atoll.services.lambda_.concurrency.limits import Limits
from atoll.services.lambda_.concurrency.provisioning import plan, provisioned_anywhere
from atoll.services.lambda_.functions.configuration import log_group, log_settings
from atoll.services.lambda_.functions.downloads import download_key, url
from atoll.services.lambda_.functions.package import Packages
from atoll.services.lambda_.layers.overlay import Overlays
from atoll.services.lambda_.log_writer import LogWriter
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.roles import SERVICE_HOST, assume
from atoll.services.lambda_.store import Version

logger = logging.getLogger(__name__)

_WORD = re.compile("[!-~]+")
SESSION_SECONDS = 3600.0
"""How much longer the session of a running environment lasts when region time is moved."""


class Running(Runtime):
    """What operations find at `ctx.runtime`."""

    def __init__(self, host: Host, url_key: bytes) -> None:
        kernel = host.kernel
        self._host = host
        self._url_key = url_key
        self._ids = kernel.ids
        self._clock = kernel.clock
        self._writer = LogWriter(host)
        self._limits = Limits()
        self._to_provision: dict[str, Target] = {}
        self._wanted = asyncio.Event()
        self.packages = Packages(kernel.directory.work / "code", kernel.blobs)
        self.overlays = Overlays(kernel.directory.work / "layers", kernel.blobs, self.packages)
        self.pool = Pool(
            clock=kernel.clock,
            ids=kernel.ids,
            work_dir=kernel.directory.work / "lambda",
            cache_dir=host.cache_dir / "runtimes",
            endpoint=lambda: host.endpoint,
            credentials=self._credentials,
            logs=self._writer,
            warnings=self._warn,
            hidden=[kernel.directory.path],
        )

    async def invoke(
        self,
        place: Target,
        version: Version,
        payload: bytes,
        *,
        request_id: str,
        client_context: str | None,
        reserved: int | None,
        unreserved: int,
        trace: str,
        stream: ResponseStream | None = None,
    ) -> InvokeResult:
        """Runs a version once. `reserved` is the function's reserved concurrency, `unreserved` what functions without have together,
        `stream` takes an answer that the function streams, `trace` is the trace header.

        Raises Throttled, and RuntimeUnavailable as the pool does.
        """
        spec = await self._spec(place, version)
        self._limits.begin(place, version.version, reserved=reserved, unreserved=unreserved)
        return await self.pool.invoke(
            spec, payload, invoked_arn=place.qualified_arn, request_id=request_id,
            trace_header=trace, client_context=client_context, stream=stream,
            ended=partial(self._limits.end, place, version.version),
        )  # fmt: skip

    def provision(self, place: Target) -> None:
        """What is to be provisioned of the function has changed, or which version an alias of it means: it is seen to soon."""
        self._to_provision[place.arn] = place
        self._wanted.set()

    async def keep_provisioned(self) -> None:
        """Sees to what is to be provisioned, until it is cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._to_provision:
                _, place = self._to_provision.popitem()
                try:
                    await self._provision(place)
                except Exception:  # whatever is wrong with one function, others have theirs
                    logger.exception("%s could not be provisioned", place.arn)

    async def _provision(self, place: Target) -> None:
        planned = await self._host.kernel.store.read(lambda tx: plan(tx, place))
        wanted = {version.version: (await self._spec(place, version), count) for version, count in planned}
        if place.arn in self._to_provision:
            return  # what was read is not true any more
        self._limits.provision(place, {number: count for number, (_, count) in wanted.items()})
        self.pool.provisioned.aim(place.arn, wanted)

    def status(self) -> list[str]:
        """For people: each execution environment, and what isolation is missing."""
        running = [
            f"{info.function.rpartition(':')[2]}: {info.state}, process {info.pid}, "
            f"{info.invocations} call{'' if info.invocations == 1 else 's'}, {info.memory_mb} MB"
            for info in self.pool.snapshot()
        ]
        unlimited = self.pool.unlimited if running else ""
        return [*running, *(line for line in (self.pool.capabilities.missing, unlimited) if line)]

    def reset(self, account: str | None) -> None:
        """Ends the environments of an account that was emptied (None: of all). What one is at runs to its end, unlogged."""
        self.pool.forget(account)
        self._writer.forget(account)
        for place in self._limits.provisioned(account):
            self.provision(place)

    async def renew(self, instant: float) -> None:
        """Before region time jumps to `instant`: no running environment's session ends by that.

        The keys are in the environments' variables, which nobody can change; so the session lasts longer under the same key. On AWS,
        where time does not jump, an environment is replaced before its credentials end.
        """
        environments = self.pool.ending_before(instant)
        keys, expires = [each.credentials.access_key for each in environments], instant + SESSION_SECONDS

        def extend(tx: Transaction) -> None:
            for key in keys:
                extend_session(tx, key, expires)

        if environments:
            await self._host.kernel.store.transact(extend)
        for environment in environments:
            environment.credentials = dataclasses.replace(environment.credentials, expires=expires)

    async def made(self, connection: Connection) -> bool:
        """Whether a function made the connection."""
        return await self.pool.made(connection)

    def package_url(self, digest: str) -> str:
        """Where a package or a layer's content can be fetched for the next ten minutes."""
        return url(self._host.endpoint, self._url_key, digest, self._clock.now())

    def sweep(self, *, starting: bool = False) -> None:
        """Removes the directories that no function or layer needs."""
        self.packages.unpacked.sweep(starting=starting)
        self.overlays.unpacked.sweep(starting=starting)

    async def _spec(self, place: Target, version: Version) -> FunctionSpec:
        return FunctionSpec(
            arn=place.arn,
            name=place.name,
            version=version.version,
            account=place.account,
            region=place.region,
            runtime=version.runtime,
            handler=version.handler,
            code=await self.packages.unpacked.directory(version.code),
            timeout=float(version.timeout),
            memory_mb=version.memory,
            ephemeral_mb=version.ephemeral,
            environment=version.environment or {},
            log_group=log_group(place, version),
            revision=version.build,
            role_arn=version.role,
            layers=await self.overlays.directory(version.overlay) if version.overlay else None,
            logging=log_settings(version),
        )

    async def _credentials(self, spec: FunctionSpec) -> Credentials:
        """Temporary credentials of the function's role."""
        caller = Principal.service(SERVICE_HOST, spec.account, source_arn=spec.arn)
        ctx = self._host.context("lambda", spec.account, spec.region, caller, f"role of {spec.name}")
        with ctx.span:
            answer = await assume(ctx, Target(spec.account, spec.region, spec.name), spec.role_arn)
        given = answer["Credentials"]
        self._writer.acts_as(spec, session_of(spec.role_arn, answer))
        return Credentials(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], float(given["Expiration"])
        )

    def _warn(self, spec: FunctionSpec, text: str) -> None:
        """Another interpreter runs the function. Raises NotImplementedByAtoll under `--strict`."""
        caller = Principal.service(SERVICE_HOST, spec.account, source_arn=spec.arn)
        ctx = self._host.context("lambda", spec.account, spec.region, caller, f"environment of {spec.name}")
        with ctx.span:
            ctx.derive(operation="Invoke").warn("Runtime", text)

    def trace(self, given: str, *, active: bool) -> str:
        """The trace header that the function sees: of the trace that the caller is in, or of one of its own.

        AWS samples some invocations of a function that is traced actively, here it is each that the caller has not decided on.
        """
        fields = dict(part.strip().partition("=")[::2] for part in given.split(";"))
        root = fields.get("Root", "")
        if not _WORD.fullmatch(root):
            root = f"1-{int(self._clock.wall()):08x}-{self._ids.hex(24)}"
        sampled = fields["Sampled"] if fields.get("Sampled") in ("0", "1") else str(int(active))
        return f"Root={root};Parent={self._ids.hex(16)};Sampled={sampled};Lineage=1:{self._ids.hex(8)}:0"


@asynccontextmanager
async def open_running(host: Host) -> AsyncIterator[Running]:
    """The service's runtime, for as long as the region runs."""
    running = Running(host, await download_key(host.kernel.store, host.kernel.ids))
    running.sweep(starting=True)
    await running.pool.start()
    host.kernel.clock.before_move(running.renew)
    host.kernel.clock.settle_with(running.pool.logged)
    for place in await host.kernel.store.read(provisioned_anywhere):
        running.provision(place)
    provisioning = asyncio.create_task(running.keep_provisioned())
    try:
        async with hourly(host.kernel.clock, "sweeping packages", lambda: asyncio.to_thread(running.sweep)):
            yield running
    finally:
        provisioning.cancel()
        await running.pool.stop()
