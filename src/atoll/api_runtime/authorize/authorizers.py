"""Who calls a route, and may they? Asks what the route's guard names, and remembers what AWS remembers."""

from __future__ import annotations

from collections.abc import Mapping

from atoll.api_runtime import serving
from atoll.api_runtime.authorize import iam, resource_policy
from atoll.api_runtime.authorize.functions import FunctionAuthorizers, Shown
from atoll.api_runtime.authorize.jwt import JwtAuthorizers
from atoll.api_runtime.authorize.user_pools import UserPoolAuthorizers
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import NOBODY, Caller, Visit
from atoll.kernel.context import Principal
from atoll.kernel.service import Host


class Authorizers:
    """Every authorizer of the region."""

    def __init__(self, host: Host, roles: Roles) -> None:
        self._host = host
        self._jwt = JwtAuthorizers(host.kernel.clock, host.issuers, strict=host.strict)
        self._pools = UserPoolAuthorizers(host.kernel.clock, host.issuers)
        self._functions = FunctionAuthorizers(roles)

    async def admit(
        self,
        visit: Visit,
        guard: serving.Guard,
        authorizers: Mapping[str, serving.Authorizer],
        shown: Shown | None = None,
    ) -> Caller:
        """Who calls; also sets `visit.authorizer`. Raises Refused for whoever may not.

        `authorizers` are the snapshot's, by id. Nothing that goes wrong lets a caller in.
        """
        return await self.admit_by_policy(visit, guard, authorizers, None, shown)

    async def admit_by_policy(
        self,
        visit: Visit,
        guard: serving.Guard,
        authorizers: Mapping[str, serving.Authorizer],
        policy: str | None,
        shown: Shown | None = None,
    ) -> Caller:
        """`admit` to a REST API that has a resource policy (JSON text with whole ARNs; None where it has none).

        An explicit deny goes before every authorizer. Of callers in the API's account and of Lambda authorizers either side may allow;
        of nobody in particular, of user pools and of callers of other accounts the policy must. docs: "Policy evaluation outcome tables".
        """
        if policy is None:
            return await self._admit(visit, guard, authorizers, shown, policy_allows=False)
        resource_policy.check(policy)
        if guard.kind == "AWS_IAM":
            return await iam.admit(self._host, visit, policy)
        ruling = resource_policy.ruling(policy, visit)
        visit.ctx.span.judge(resource_policy.judged(policy, visit, ruling))
        if ruling.explicit:
            raise resource_policy.denial(ruling, visit)
        caller = await self._admit(visit, guard, authorizers, shown, policy_allows=ruling.allowed)
        if not ruling.allowed and guard.kind != "CUSTOM":
            raise resource_policy.denial(ruling, visit)
        return caller

    async def unmatched(self, visit: Visit) -> Refused:
        """The refusal of a request that no method of a REST API takes."""
        return await iam.unmatched(self._host, visit)

    async def invalidation_denial(self, visit: Visit, policy: str | None) -> Refused | None:
        """Why the caller of a REST API may not renew cached answers, None where he may; `policy` is the API's own."""
        return await iam.invalidation_denial(self._host, visit, policy)

    async def admit_manager(self, visit: Visit) -> Principal:
        """Who may manage a WebSocket API's connection (`visit.path` is `/@connections/ID`). Raises Refused."""
        return await iam.admit_manager(self._host, visit)

    async def _admit(
        self,
        visit: Visit,
        guard: serving.Guard,
        authorizers: Mapping[str, serving.Authorizer],
        shown: Shown | None,
        *,
        policy_allows: bool,
    ) -> Caller:
        if guard.kind == "NONE":
            return NOBODY
        if guard.kind == "AWS_IAM":
            return await iam.admit(self._host, visit)
        authorizer = authorizers.get(guard.authorizer or "")
        if authorizer is None:
            raise Refused("AUTHORIZER_CONFIGURATION_ERROR", detail=f"there is no authorizer {guard.authorizer}")
        if guard.kind == "JWT" and authorizer.kind == "JWT":
            return await self._jwt.admit(visit, authorizer, guard.scopes)
        if guard.kind == "COGNITO_USER_POOLS" and authorizer.kind == "COGNITO_USER_POOLS":
            return await self._pools.admit(visit, authorizer, guard.scopes)
        if guard.kind == "CUSTOM" and authorizer.kind in ("TOKEN", "REQUEST"):
            return await self._functions.admit(visit, authorizer, shown, policy_allows=policy_allows)
        reason = f"an authorizer of kind {authorizer.kind} does not serve authorization type {guard.kind}"
        raise Refused("AUTHORIZER_CONFIGURATION_ERROR", detail=reason)
