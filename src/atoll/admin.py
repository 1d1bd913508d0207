"""The admin API, `/_atoll/*`: what Atoll says of itself. No AWS behaviour lives here."""

from __future__ import annotations

from typing import Any

import msgspec

from atoll import __version__
from atoll.gateway.call import Parts
from atoll.kernel.http import HttpRequest, HttpResponse


class Admin:
    """Answers `GET /_atoll/status`, `/_atoll/unsupported` and `/_atoll/trace/{request id}`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "GET":
            return _json(405, {"message": "Only GET is answered here."})
        match request.raw_path.removeprefix("/_atoll/").split("/"):
            case ["status"]:
                return _json(200, self._status())
            case ["unsupported"]:
                return _json(200, {"unsupported": await self._parts.unsupported.list()})
            case ["trace", trace_id]:
                span = self._parts.kernel.tracer.find(trace_id)
                return _json(200, span.export()) if span else _json(404, {"message": f"No trace {trace_id} is kept."})
        return _json(404, {"message": "Known here: /_atoll/status, /_atoll/unsupported, /_atoll/trace/{request id}."})

    def _status(self) -> dict[str, Any]:
        clock = self._parts.kernel.clock
        return {
            "status": "ready",
            "version": __version__,
            "endpoint": self._parts.endpoint,
            "data_dir": str(self._parts.kernel.directory.path),
            "auth": self._parts.auth,
            "region_time": clock.datetime().isoformat(),
            "clock_offset": clock.offset,
            "services": {name: len(operations) for name, operations in sorted(self._parts.operations.items())},
            "running": {name: runtime.status() for name, runtime in self._parts.runtimes.items()},
        }


def _json(status: int, body: Any) -> HttpResponse:
    return HttpResponse(status, [("content-type", "application/json")], msgspec.json.encode(body))
