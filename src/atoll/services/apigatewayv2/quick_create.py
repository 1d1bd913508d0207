"""Quick create: CreateApi with a Target makes the integration, a catch-all route and a `$default` stage that deploys by itself.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from atoll.api_runtime.match import DEFAULT
from atoll.kernel.context import Context
from atoll.kernel.store.api import Transaction
from atoll.services.apigatewayv2 import integration_rules, routes, store
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.rules import check_route_key

MEMBERS = ("Target", "RouteKey", "CredentialsArn")


class QuickCreate(NamedTuple):
    """What quick create will write; `managed` records cannot be told from others but by that mark."""

    integration: store.Integration
    route: store.Route

    @staticmethod
    def from_request(ctx: Context, request: Mapping[str, Any]) -> QuickCreate | None:
        """What the request's Target, RouteKey and CredentialsArn ask for; None without a Target. Raises BadRequestException."""
        target = request.get("Target")
        if target is None:
            for member in MEMBERS[1:]:
                if request.get(member):
                    raise BadRequestException(f"Target is required with {member}")
            return None
        new = store.Integration(ctx.ids.lower(7), managed=True)
        integration = _aimed(ctx, new, target, request.get("CredentialsArn"))
        key = check_route_key("HTTP", request.get("RouteKey", DEFAULT))
        return QuickCreate(
            integration, store.Route(ctx.ids.lower(7), key, f"integrations/{integration.id}", managed=True)
        )

    def write(self, tx: Transaction, ctx: Context, api_id: str, now: float) -> None:
        """Stores the three."""
        store.put(tx, ctx, api_id, self.integration)
        routes.put(tx, ctx, api_id, self.route)
        store.put(tx, ctx, api_id, store.Stage(DEFAULT, now, now, auto_deploy=True, managed=True))


def update(tx: Transaction, ctx: Context, api_id: str, request: Mapping[str, Any]) -> None:
    """UpdateApi's Target, RouteKey and CredentialsArn: they change what quick create made. Raises BadRequestException."""
    if not any(request.get(member) for member in MEMBERS):
        return
    integration = next((one for one in store.every(tx, ctx, store.Integration, api_id) if one.managed), None)
    route = next((one for one in store.routes(tx, ctx, api_id) if one.managed), None)
    if request.get("Target") or request.get("CredentialsArn"):
        if integration is None:
            raise BadRequestException("Target and CredentialsArn can only be updated for an API made by quick create")
        target = request.get("Target") or integration.uri or ""
        store.put(tx, ctx, api_id, _aimed(ctx, integration, target, request.get("CredentialsArn")))
    if request.get("RouteKey"):
        if route is None:
            raise BadRequestException("RouteKey can only be updated for an API made by quick create")
        routes.rekeyed(tx, ctx, api_id, route, check_route_key("HTTP", request["RouteKey"]))


def _aimed(ctx: Context, integration: store.Integration, target: str, role: str | None) -> store.Integration:
    """The integration with another target: a URL, or a function's ARN."""
    url = target.startswith(("http://", "https://"))
    start = msgspec.structs.replace(
        integration,
        kind="HTTP_PROXY" if url else "AWS_PROXY",
        method="ANY" if url else None,
        payload_format="1.0" if url else "2.0",
    )
    given = {"IntegrationUri": target, **({"CredentialsArn": role} if role else {})}
    return integration_rules.asked(ctx, "HTTP", start, given)
