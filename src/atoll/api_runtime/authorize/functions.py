"""Lambda authorizers: asks a function who calls, and remembers its answer for as long as its owner says."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.authorize import identity, verdicts
from atoll.api_runtime.authorize.questions import question
from atoll.api_runtime.authorize.verdicts import BadAnswer, Verdict
from atoll.api_runtime.documents import NO_JSON
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.integrate.running import Running
from atoll.api_runtime.patterns import BadPattern, compiled
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import Caller, Visit
from atoll.kernel.errors import ServiceError

log = logging.getLogger(__name__)

TIMEOUTS: Mapping[serving.Kind, float] = {"HTTP": 10.0, "REST": 30.0, "WEBSOCKET": 30.0}
"""Seconds for which each kind of API waits for an authorizer."""
KEPT = 10_000
"""Answers that are remembered, at most."""
MATCHING = 0.01
"""Seconds for which a token is held against a validation expression: one that blows up holds up nobody else."""
DENIED = "User is not authorized to access this resource"
EXPLICITLY = " with an explicit deny"
UNAUTHORIZED = "Unauthorized"
"""The error message with which a function says that the caller is unknown, not forbidden."""

Shown = Callable[[], Mapping[str, Any]]
"""Gives the request as the kind of API shows it to functions: its proxy event."""


class FunctionAuthorizers:
    """Every Lambda authorizer of the region, and their answers, which lie in memory."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self._kept: OrderedDict[object, tuple[float, Verdict]] = OrderedDict()
        self._running = Running()

    async def admit(
        self, visit: Visit, authorizer: serving.Authorizer, shown: Shown | None, *, policy_allows: bool = False
    ) -> Caller:
        """Whom the function says the caller to be. `policy_allows` says that the API's resource policy allows the request, which is
        then enough where the function neither allows nor denies it. Raises Refused."""
        values = identify(visit, authorizer)
        key = cache_key(visit, authorizer, values)
        verdict = self._known(key, visit.time)
        if verdict is None:
            verdict = await self.ask(visit, authorizer, values, shown)
            if key is not None:
                self._keep(key, visit.time + authorizer.ttl, verdict)
        decision = verdicts.decide(verdict, visit)
        visit.ctx.span.note(authorizer=f"{authorizer.name}: {decision}")
        if decision.explicit or not (decision.allowed or policy_allows):
            raise _denied(visit, explicit=decision.explicit)
        return Caller("CUSTOM", principal_id=verdict.principal_id, context=verdict.context, usage_key=verdict.usage_key)

    async def ask(
        self, visit: Visit, authorizer: serving.Authorizer, values: Sequence[str], shown: Shown | None
    ) -> Verdict:
        """What the function answers to a request with these identity values; sets `visit.authorizer`. Raises Refused."""
        clock = visit.ctx.clock
        began = clock.monotonic()
        try:
            payload = await self._invoke(
                visit, authorizer, question(visit, authorizer, values, shown() if shown else None)
            )
            verdict = verdicts.read(payload, visit.api.kind, authorizer)
        except ServiceError as error:
            raise _broken(visit, f"{error.code}: {error.message}") from error
        except BadAnswer as error:
            raise _broken(visit, str(error)) from error
        finally:
            visit.authorizer.latency = visit.authorizer.call_latency = round((clock.monotonic() - began) * 1000)
        visit.authorizer.status = 200
        return verdict

    async def _invoke(self, visit: Visit, authorizer: serving.Authorizer, event: Mapping[str, Any]) -> bytes:
        """The function's answer. One that takes too long is left to its end. Raises ServiceError, BadAnswer, Refused."""
        visit.authorizer.request_id = visit.ctx.request_id  # the invocation's too
        try:
            output = await self._running.within(self._call(visit, authorizer, event), TIMEOUTS[visit.api.kind])
        except TimeoutError as error:
            raise BadAnswer("the function took too long") from error
        visit.authorizer.call_status = 200
        payload: bytes = output["Payload"]
        if not output.get("FunctionError"):
            return payload
        if _error_message(payload) == UNAUTHORIZED:
            raise _unauthorized(visit, "the function says so")
        raise BadAnswer(f"the function failed ({output['FunctionError']})")

    async def _call(self, visit: Visit, authorizer: serving.Authorizer, event: Mapping[str, Any]) -> Any:
        """Invokes the function as API Gateway acting for the authorizer, or as the role that its owner gave it."""
        api = visit.api
        source = f"arn:aws:execute-api:{api.region}:{api.account}:{visit.api_id}/authorizers/{authorizer.id}"
        principal = visit.acting(source)
        if authorizer.credentials is not None:
            principal = await self._roles.session(visit.ctx, authorizer.credentials, source)
        return await visit.ctx.call(
            "lambda",
            "Invoke",
            {
                "FunctionName": serving.with_variables(authorizer.function, visit.variables),
                "InvocationType": "RequestResponse",
                "Payload": msgspec.json.encode(event),
            },
            principal=principal,
        )

    def _known(self, key: object, now: float) -> Verdict | None:
        kept = self._kept.get(key)
        return kept[1] if kept is not None and now < kept[0] else None

    def _keep(self, key: object, until: float, verdict: Verdict) -> None:
        self._kept[key] = until, verdict
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def identify(visit: Visit, authorizer: serving.Authorizer) -> tuple[str, ...]:
    """The values of the identity sources. Raises Refused where they are not what the authorizer asks for: its function is not called.

    A REST API's REQUEST authorizer asks for all of them only where answers are remembered.
    """
    values = identity.values(visit, authorizer)
    if values is None and visit.api.kind == "REST" and authorizer.kind == "REQUEST" and not authorizer.ttl:
        return ()
    by_token = authorizer.kind != "REQUEST"
    if values is None or (by_token and len(values) != 1):
        raise _unauthorized(visit, "an identity source is missing")
    if by_token and authorizer.validation and not _matches(authorizer, values[0]):
        raise _unauthorized(visit, "the token does not match the validation expression")
    return values


def cache_key(visit: Visit, authorizer: serving.Authorizer, values: Sequence[str]) -> object:
    """Under what an answer is remembered; None where it is not. A deployment, or a flush of the cache, begins anew. The
    function is part of it: a canary's stage variables may name another one."""
    if not authorizer.ttl or not values or visit.api.kind == "WEBSOCKET":
        return None
    settings, function = visit.settings, serving.with_variables(authorizer.function, visit.variables)
    return visit.api_id, visit.stage, settings.snapshot, settings.authorizers_epoch, authorizer, function, tuple(values)


def _matches(authorizer: serving.Authorizer, token: str) -> bool:
    """Whether the whole token is what the validation expression describes. Raises Refused where that cannot be said."""
    try:
        return compiled(authorizer.validation or "").fullmatch(token, timeout=MATCHING) is not None
    except (BadPattern, TimeoutError) as error:
        detail = f"the validation expression of {authorizer.name} cannot be used: {error!r}"
        raise Refused("AUTHORIZER_CONFIGURATION_ERROR", detail=detail) from error


def _error_message(payload: bytes) -> Any:
    try:
        error = msgspec.json.decode(payload)
    except NO_JSON:
        return None
    return error.get("errorMessage") if isinstance(error, dict) else None


def _unauthorized(visit: Visit, detail: str) -> Refused:
    visit.authorizer.status, visit.authorizer.error = 401, UNAUTHORIZED
    return Refused("UNAUTHORIZED", detail=detail)


def _denied(visit: Visit, *, explicit: bool) -> Refused:
    visit.authorizer.status = 403
    text = DENIED + (EXPLICITLY if explicit else "")
    visit.authorizer.error = text
    return Refused("ACCESS_DENIED", None if visit.api.kind == "HTTP" else text, detail=text)


def _broken(visit: Visit, detail: str) -> Refused:
    visit.authorizer.status, visit.authorizer.error = 500, detail
    log.warning("%s %s: authorizer: %s", visit.api_id, visit.route_key, detail)
    visit.ctx.span.note(error=f"authorizer: {detail}")
    return Refused("AUTHORIZER_CONFIGURATION_ERROR", detail=detail)
