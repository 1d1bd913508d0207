"""A snapshot of a REST API made ready to answer requests."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.api_runtime.models import Models
from atoll.api_runtime.rest_api import records
from atoll.api_runtime.rest_api.match import Router


@dataclass(slots=True)
class Compiled:
    """A snapshot, and what is made of it."""

    snapshot: records.Snapshot
    router: Router
    models: Models


def compile_snapshot(raw: bytes) -> Compiled:
    """A stored snapshot as it is served."""
    return compiled(records.SNAPSHOTS.decode(raw))


def compiled(snapshot: records.Snapshot) -> Compiled:
    """A snapshot as it is served."""
    models = Models({name: model.schema or "{}" for name, model in snapshot.models.items()})
    return Compiled(snapshot, Router(snapshot.resources), models)
