"""Keys of what REST APIs are made of. The records are `api_runtime/rest_api/records.py`'s where the data plane reads them too."""

from __future__ import annotations

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, Range, under


def key(ctx: Context, kind: str, *path: str) -> Key:
    """Where a record of this account and region lies: `kind` is `v1.apis`, `v1.resources`, …; `path` an API, then what is below it."""
    return (ctx.account, ctx.region, "apigateway", kind, *path)


def parts(ctx: Context, kind: str, *path: str) -> Range:
    """All records of a kind below `path`."""
    return under(key(ctx, kind, *path))
