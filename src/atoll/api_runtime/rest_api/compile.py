"""A snapshot of a REST API made ready to answer requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from atoll.api_runtime.rest_api import records
from atoll.api_runtime.rest_api.match import Router


@dataclass(slots=True)
class Compiled:
    """`schemas` are the validators of models by name, made when a request first needs them."""

    snapshot: records.Snapshot
    router: Router
    schemas: dict[str, Any] = field(default_factory=dict)


def compile_snapshot(raw: bytes) -> Compiled:
    """A stored snapshot as it is served."""
    return compiled(records.SNAPSHOTS.decode(raw))


def compiled(snapshot: records.Snapshot) -> Compiled:
    """A snapshot as it is served."""
    return Compiled(snapshot, Router(snapshot.resources))
