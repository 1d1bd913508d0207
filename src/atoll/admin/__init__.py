"""The admin API, `/_atoll/*`: what Atoll says of itself, its clock, and starting anew. No AWS behaviour lives here.

Who may call it is decided before (`edge/guard.py`): nobody but programs on this machine.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote

from atoll import __version__
from atoll.admin import audit, clock, least_privilege, localstack, mail, why
from atoll.admin import reset as resets
from atoll.admin.answers import Refused, answer
from atoll.gateway.call import Parts
from atoll.kernel.errors import StoreUnavailable
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.reset import Reset

TRACES = 50
KNOWN = (
    "/_atoll/status, /_atoll/unsupported, /_atoll/accounts, /_atoll/trace, /_atoll/trace/{request id}, /_atoll/why, "
    "/_atoll/why/{request id}, /_atoll/least-privilege/{account}/{role}, /_atoll/clock (also POST), /_atoll/mail (also DELETE), "
    "/_atoll/audit, /_atoll/least-privilege and /_atoll/reset (POST only)"
)


class Admin:
    """Answers every path of the admin API, and those of LocalStack's that tools know."""

    def __init__(self, parts: Parts, reset: Reset) -> None:
        self._parts = parts
        self._reset = reset

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.raw_path.strip("/").split("/")
        try:
            match request.method:
                case "GET" | "HEAD":
                    found = await self._get(path, request)
                case "POST":
                    found = await self._post(path, request)
                case "DELETE" if path == ["_atoll", "mail"]:
                    found = await mail.clear(self._parts.kernel, request)
                case _:
                    raise Refused(f"{request.method} is not answered here.", 405)
        except Refused as refused:
            return answer({"message": str(refused)}, refused.status)
        except StoreUnavailable as error:
            return answer({"message": error.message}, 500)
        if found is None:
            return answer({"message": f"{request.method} {request.raw_path} is not known here. Known: {KNOWN}."}, 404)
        return answer(found)

    async def _get(self, path: list[str], request: HttpRequest) -> Any:
        parts, kernel = self._parts, self._parts.kernel
        match path:
            case ["_atoll", "status"]:
                return self._status()
            case ["_atoll", "unsupported"]:
                return {"unsupported": await parts.unsupported.list()}
            case ["_atoll", "accounts"]:
                return {"accounts": await kernel.store.read(self._reset.contents)}
            case ["_atoll", "clock"]:
                return clock.shown(kernel)
            case ["_atoll", "mail"]:
                return await mail.shown(kernel, request)
            case ["_atoll", "trace"]:
                return {"traces": [span.summary() for span in kernel.tracer.latest(_limit(request))]}
            case ["_atoll", "trace", trace_id]:
                span = kernel.tracer.find(trace_id)
                if span is None:
                    raise Refused(f"No trace {trace_id} is kept. The latest: /_atoll/trace.", 404)
                return {"id": trace_id, **span.export()}
            case ["_atoll", "why"]:
                return why.denials(parts)
            case ["_atoll", "why", request_id]:
                return why.why(parts, unquote(request_id))
            case ["_atoll", "least-privilege", account, role]:
                return await least_privilege.least_privilege(parts, account, unquote(role))
            case ["_localstack", "health"] | ["health"]:
                return localstack.health(parts)
            case ["_localstack", "info"]:
                return localstack.info(parts)
            case ["_localstack", "init", *stage] if len(stage) < 2:
                return localstack.init(*stage)
        return None

    async def _post(self, path: list[str], request: HttpRequest) -> Any:
        match path:
            case ["_atoll", "clock"]:
                return await clock.move(self._parts.kernel, request)
            case ["_atoll", "least-privilege"]:
                return await least_privilege.forget(self._parts, request)
            case ["_atoll", "audit"]:
                return audit.perform(self._parts, request)
            case ["_atoll", "mail", "clear"]:
                return await mail.clear(self._parts.kernel, request)
            case ["_atoll", "reset"] | ["_localstack", "state", "reset"]:
                return await resets.perform(self._parts, self._reset, request)
        return None

    def _status(self) -> dict[str, Any]:
        parts = self._parts
        shown = clock.shown(parts.kernel)
        return {
            "status": "ready",
            "version": __version__,
            "endpoint": parts.endpoint,
            "data_dir": str(parts.kernel.directory.path),
            "auth": parts.auth,
            "audits": parts.audits.running(parts.kernel.clock.monotonic()),
            "strict": parts.unsupported.strict,
            "region_time": shown["region_time"],
            "clock_offset": shown["offset"],
            "services": sorted(parts.operations),
            "running": {name: runtime.status() for name, runtime in parts.runtimes.items()},
        }


def _limit(request: HttpRequest) -> int:
    text = parse_qs(request.query_string).get("limit", [str(TRACES)])[-1]
    if not (text.isdecimal() and len(text) < 10):
        raise Refused("The limit is a number: /_atoll/trace?limit=100.")
    return int(text)
