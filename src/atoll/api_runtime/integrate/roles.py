"""Who calls what stands behind APIs: API Gateway, whoever signed the request, or a role that its owner named. Also the sessions of other
roles that API Gateway assumes for its users: authorizers' credentials, the account's log role."""

from __future__ import annotations

from collections import OrderedDict

from atoll.api_runtime.refused import Refused
from atoll.api_runtime.serving import SERVICE_HOST, with_variables
from atoll.api_runtime.visit import Visit
from atoll.auth import credentials
from atoll.kernel.clock import Clock
from atoll.kernel.context import Context, Principal
from atoll.kernel.sessions import session_of

CALLER = "arn:aws:iam::*:user/*"
"""Credentials that stand for whoever signed the request."""
SESSION_NAME = "BackplaneAssumeRoleSession"
"""What API Gateway calls its sessions; policies and error messages show it."""
KEPT = 1_000
MARGIN = 60.0
"""Seconds of region time before its end at which a session is opened anew."""


class Roles:
    """Opens a session of a role on its first use, and keeps it until shortly before its end, or a reset takes it away."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: OrderedDict[tuple[str, str, str], tuple[Principal, float]] = OrderedDict()
        """(session, when it ends) by the account that asks, the role, and what for: its trust policy may ask for that."""

    async def acting(self, visit: Visit, credentials: str | None) -> Principal:
        """Who calls what stands behind the visit's route. Raises AssumeRole's ServiceErrors; Refused where whoever signed should,
        and nobody did."""
        role = with_variables(credentials or "", visit.variables)
        if not role:
            return visit.acting(visit.source_arn)
        if role != CALLER:
            return await self.session(visit.ctx, role, visit.source_arn)
        if visit.caller.principal is None:
            reason = "Execution failed due to configuration error: Invalid credentials: nobody signed the request"
            raise Refused("API_CONFIGURATION_ERROR", detail=reason)
        return visit.caller.principal

    async def session(self, ctx: Context, role: str, source_arn: str = "") -> Principal:
        """Who acts under a role, for an API of `ctx.account`. Raises AssumeRole's ServiceErrors: the role's trust policy decides."""
        key = (ctx.account, role, source_arn)
        kept = self._sessions.get(key)
        if kept is not None and self._clock.now() < kept[1] - MARGIN and await _is_open(ctx, kept[0]):
            self._sessions.move_to_end(key)
            return kept[0]
        answer = await ctx.call(
            "sts",
            "AssumeRole",
            {"RoleArn": role, "RoleSessionName": SESSION_NAME},
            principal=Principal.service(SERVICE_HOST, ctx.account, source_arn),
        )
        session = session_of(role, answer)
        self._sessions[key] = (session, float(answer["Credentials"]["Expiration"]))
        if len(self._sessions) > KEPT:
            self._sessions.popitem(last=False)
        return session


async def _is_open(ctx: Context, session: Principal) -> bool:
    return await ctx.store.read(lambda tx: credentials.credential(tx, session.access_key)) is not None
