"""What a deployment of an HTTP API stores is the API as it is, also where most of it is as it was."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from atoll.api_runtime import serving
from atoll.kernel.context import Context
from atoll.kernel.region import open_kernel
from atoll.services.apigatewayv2 import store
from atoll.services.apigatewayv2.snapshot import snapshot


async def test_each_snapshot_has_the_routes_of_then(tmp_path: Path) -> None:
    kernel = await open_kernel(tmp_path / "data", "process", verify=True)
    ctx = cast(Context, SimpleNamespace(account="1", region="us-east-1"))

    async def change(record: Any, *above: str) -> list[tuple[str, int | None, tuple[str, ...]]]:
        def write(tx: Any) -> bytes:
            store.put_api(tx, ctx, store.Api("api", "it", 1.0))
            store.put(tx, ctx, "api", record, *above)
            return snapshot(tx, ctx, "api")

        raw = await kernel.store.transact(write)
        taken = serving.SNAPSHOTS.decode(raw)
        assert serving.SNAPSHOTS.encode(taken) == raw
        return [(route.key, route.integration, route.responses) for route in taken.routes]

    try:
        for route in (store.Route("r1", "GET /a", target="integrations/m"), store.Route("r2", "GET /b")):
            found = await change(route)
        assert found == [("GET /a", None, ()), ("GET /b", None, ())]
        found = await change(store.Integration("m", kind="MOCK", payload_format="1.0", timeout=1000))
        assert found == [("GET /a", 0, ()), ("GET /b", None, ())]
        found = await change(store.Integration("a", kind="MOCK", payload_format="1.0", timeout=1000))
        assert found == [("GET /a", 1, ()), ("GET /b", None, ())]
        found = await change(store.RouteResponse("x", "$default"), "r2")
        assert found == [("GET /a", 1, ()), ("GET /b", None, ("$default",))]
        found = await change(store.Route("r1", "GET /c", target="integrations/m"))
        assert found == [("GET /c", 1, ()), ("GET /b", None, ("$default",))]
    finally:
        await kernel.close()
