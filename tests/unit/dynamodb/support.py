"""A region's kernel and a context of DynamoDB on it, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from atoll.kernel.context import Context, Principal
from atoll.kernel.region import Kernel, open_kernel
from atoll.kernel.tracing import Span
from atoll.services.dynamodb.throttle import Meters

ACCOUNT = "123456789012"


async def opened(path: Path) -> tuple[Kernel, Context]:
    """Opens (or opens again) the data directory; every transaction runs twice. Close the kernel."""
    kernel = await open_kernel(path, "process", verify=True)
    ctx: Any = Context(
        ACCOUNT, "us-east-1", Principal.root(ACCOUNT), "", "dynamodb", "", Span("", ""), kernel.store, kernel.blobs,
        kernel.clock, kernel.ids, None, None, "", runtime=Meters(),  # type: ignore[arg-type]
    )  # fmt: skip
    return kernel, ctx
