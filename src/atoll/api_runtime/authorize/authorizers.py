"""Who calls a route: asks what the route's guard names, and remembers what AWS remembers."""

from __future__ import annotations

from collections.abc import Mapping

from atoll.api_runtime import serving
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import NOBODY, Caller, Visit
from atoll.kernel.service import Host


class Authorizers:
    """Every authorizer of the region."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def admit(self, visit: Visit, guard: serving.Guard, authorizers: Mapping[str, serving.Authorizer]) -> Caller:
        """Who calls; also sets `visit.authorizer`. Raises Refused for whoever may not.

        `authorizers` are the snapshot's, by id. Nothing that goes wrong lets a caller in.
        """
        if guard.kind == "NONE":
            return NOBODY
        raise Refused("AUTHORIZER_CONFIGURATION_ERROR", detail=f"no authorizer of kind {guard.kind}")
