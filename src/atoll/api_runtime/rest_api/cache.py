"""A stage's cache: answers of integrations that are given again, for as long as the stage's owner says.

After authorizers, API keys and validation, before the integration. Whatever an integration's answer became is kept, also an error of the
backend's; gateway responses are not. What lies here is of the process, as AWS's caches are best-effort: a restart begins empty.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence

from atoll.api_runtime import serving
from atoll.api_runtime.authorize.authorizers import Authorizers
from atoll.api_runtime.rest_api.call import Call
from atoll.api_runtime.rest_api.integrations import Integrations
from atoll.api_runtime.rest_api.parameters import common
from atoll.api_runtime.visit import Visit
from atoll.kernel.http import HttpResponse

DEFAULT_TTL = 300
LONGEST_BODY = 1 << 20
"""Bytes. docs: "The maximum size of a response that can be cached is 1048576 bytes"."""
MOST = 64 << 20
"""Bytes that the caches of all stages hold together; what was used longest ago goes first."""
_OVERHEAD = 1_000
"""Bytes of memory that an answer takes beside its texts, about."""
WARNING = ("warning", "199 Cache-control headers were ignored because the caller was unauthorized.")
"""As users of AWS see it."""


class Kept:
    """Answers by key, each until its time; at most so many bytes."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._answers: OrderedDict[Hashable, tuple[float, int, HttpResponse]] = OrderedDict()

    def find(self, key: Hashable, now: float) -> HttpResponse | None:
        """The answer under a key, unless its time is over."""
        found = self._answers.get(key)
        if found is None or found[0] <= now:
            return None
        self._answers.move_to_end(key)
        return found[2]

    def keep(self, key: tuple[str, ...], until: float, response: HttpResponse) -> None:
        """Puts an answer in the place of what was there; one that is too long, or that streams, is not kept."""
        self._drop(key)
        if not isinstance(response.body, bytes) or len(response.body) > LONGEST_BODY:
            return
        texts = sum(map(len, key)) + sum(len(name) + len(value) for name, value in response.headers)
        size = _OVERHEAD + len(response.body) + texts
        self._answers[key] = until, size, response
        self._size += size
        while self._size > self._most:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Hashable) -> None:
        gone = self._answers.pop(key, None)
        self._size -= gone[1] if gone is not None else 0


class CachedIntegrations:
    """Integrations whose answers stages cache."""

    def __init__(self, integrations: Integrations, authorizers: Authorizers) -> None:
        self._integrations = integrations
        self._authorizers = authorizers
        self._kept = Kept()

    async def answer(self, call: Call, method: str) -> HttpResponse:
        """The method's response, from the cache where it may be; `method` is what the stage's settings call it. Raises Refused."""
        settings = caching(call.visit, method)
        if settings is None:
            return await self._integrations.answer(call)
        visit, key = call.visit, cache_key(call)
        renew = warn = False
        if asks_for_renewal(call):
            renew = await self._may_renew(call, settings)
            warn = not renew and settings.unauthorized_cache_control != "SUCCEED_WITHOUT_RESPONSE_HEADER"
        response = None if renew else self._kept.find(key, visit.time)
        visit.ctx.span.note(cache="miss" if response is None else "hit")
        if response is None:
            response = await self._integrations.answer(call)
            self._kept.keep(key, visit.ctx.clock.now() + ttl(settings), response)
        return HttpResponse(response.status, [*response.headers, WARNING], response.body) if warn else response

    async def _may_renew(self, call: Call, settings: serving.RouteSettings) -> bool:
        """Whether the caller may have the answer made anew. Raises Refused where the stage wants others to be refused."""
        if settings.require_authorization_for_cache_control is False:
            return True
        denial = await self._authorizers.invalidation_denial(call.visit, call.compiled.snapshot.policy)
        if denial is None:
            return True
        if settings.unauthorized_cache_control == "FAIL_WITH_403":
            raise denial
        return False


def caching(visit: Visit, method: str) -> serving.RouteSettings | None:
    """How answers of the method are cached, None where they are not. What is set for all methods caches GET alone."""
    stage = visit.settings
    if not stage.cache:
        return None
    settings, own = serving.settings_of(stage, method), stage.routes.get(method)
    chosen = visit.request.method == "GET" or (own is not None and own.caching)
    return settings if settings.caching and chosen and ttl(settings) > 0 else None


def ttl(settings: serving.RouteSettings) -> int:
    """Seconds for which answers are kept."""
    return DEFAULT_TTL if settings.cache_ttl is None else settings.cache_ttl


def asks_for_renewal(call: Call) -> bool:
    """Whether the client wants the answer to be made anew: `Cache-Control: max-age=0`, alone or among others."""
    directives = ",".join(call.values("cache-control")).lower().split(",")
    return any(directive.strip() == "max-age=0" for directive in directives)


def cache_key(call: Call) -> tuple[str, ...]:
    """Under what the answer is kept: the cache, the namespace, the method, and the values of the integration's cache key parameters.

    Resources that share a namespace share answers, also of different paths: docs, PutIntegration.
    """
    visit, integration = call.visit, call.integration
    parts = [visit.settings.cache, integration.cache_namespace or call.resource.id, visit.request.method]
    for parameter in integration.cache_keys:
        values = _values(call, parameter)
        parts += [parameter, str(len(values)), *values]
    return tuple(parts)


def _values(call: Call, parameter: str) -> Sequence[str]:
    """All values of `method.request.…`, or of what is mapped to `integration.request.…`."""
    expression = call.integration.parameters.get(parameter, parameter)
    for place in ("header", "querystring"):
        expression = expression.replace(f"method.request.{place}.", f"method.request.multivalue{place}.", 1)
    return common(call, expression)
