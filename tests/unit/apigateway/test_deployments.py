"""A deployment takes an API as it is in its own transaction, whatever was looked at before it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from atoll.api_runtime import serving
from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.region import Kernel, open_kernel
from atoll.services.apigateway import deploy, store
from atoll.services.apigateway.errors import BadRequestException

DRAWN = deploy.Drawn("d", "s", 1.0)


@pytest.fixture
async def kernel(tmp_path: Path) -> AsyncIterator[Kernel]:
    kernel = await open_kernel(tmp_path / "data", "process", verify=True)
    yield kernel
    await kernel.close()


def context(kernel: Kernel) -> Context:
    return cast(
        Context,
        SimpleNamespace(account="1", region="us-east-1", store=kernel.store, clock=kernel.clock, ids=kernel.ids),
    )


def resource(name: str, *, whole: bool = True) -> records.Resource:
    integration = records.Integration(kind="MOCK") if whole else None
    method = records.Method("GET", api_key_required=True, integration=integration)
    return records.Resource(name, f"/{name}", "root", name, {"GET": method})


async def made(ctx: Context, *resources: records.Resource) -> None:
    def write(tx: object) -> None:
        store.put_api(tx, ctx, store.RestApi("api", "it", 1.0, "root"))  # type: ignore[arg-type]
        for one in resources:
            store.put_resource(tx, ctx, "api", one)  # type: ignore[arg-type]

    await ctx.store.transact(write)


async def deployed(ctx: Context, looked: deploy.Taken) -> tuple[store.Deployment, records.Snapshot]:
    taken = await ctx.store.transact(lambda tx: deploy.take(tx, ctx, "api", DRAWN, looked, None))
    place = serving.snapshot_key(ctx.account, ctx.region, "api", DRAWN.snapshot)
    raw = await ctx.store.read(lambda tx: tx.get(place))
    return taken, records.SNAPSHOTS.decode(raw or b"")


async def test_what_was_looked_at(kernel: Kernel) -> None:
    ctx = context(kernel)
    await made(ctx, resource("a"), resource("b"))
    deployment, snapshot = await deployed(ctx, await deploy.look(ctx, "api"))
    shown = {"GET": {"authorizationType": "NONE", "apiKeyRequired": True}}
    assert deployment.summary == {"/a": shown, "/b": shown}
    assert snapshot.resources == (resource("a"), resource("b"))
    assert snapshot == await ctx.store.read(lambda tx: deploy.as_it_is(tx, ctx, "api"))


async def test_what_changed_meanwhile_is_deployed_too(kernel: Kernel) -> None:
    ctx = context(kernel)
    await made(ctx, resource("a"))
    looked = await deploy.look(ctx, "api")
    await made(ctx, resource("b"))
    deployment, snapshot = await deployed(ctx, looked)
    assert list(deployment.summary) == ["/a", "/b"]
    assert snapshot.resources == (resource("a"), resource("b"))


async def test_what_became_wrong_meanwhile_is_refused(kernel: Kernel) -> None:
    ctx = context(kernel)
    await made(ctx, resource("a"))
    looked = await deploy.look(ctx, "api")
    await made(ctx, resource("a", whole=False))
    with pytest.raises(BadRequestException, match="No integration defined for method"):
        await deployed(ctx, looked)
    nothing = deploy.Taken([], {}, "The REST API doesn't contain any methods")
    await made(ctx, resource("a"))
    deployment, _ = await deployed(ctx, nothing)
    assert list(deployment.summary) == ["/a"]
