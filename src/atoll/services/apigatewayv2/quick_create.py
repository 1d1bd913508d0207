"""Quick create: CreateApi with a Target makes the integration, a catch-all route and a `$default` stage that deploys by itself.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from atoll.api_runtime.match import DEFAULT
from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.store.api import Transaction
from atoll.services.apigatewayv2 import routes, store
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.rules import check_route_key, function_of

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import CreateApiRequestTypeDef


class QuickCreate(NamedTuple):
    """What quick create will write; `managed` records cannot be told from others but by that mark."""

    integration: store.Integration
    route: store.Route

    @staticmethod
    def from_request(ctx: Context, request: CreateApiRequestTypeDef) -> QuickCreate | None:
        """What the request's Target, RouteKey and CredentialsArn ask for; None without a Target."""
        target = request.get("Target")
        if request.get("CredentialsArn"):
            raise NotImplementedByAtoll("apigatewayv2: calling a function with a role's credentials (CredentialsArn)")
        if target is None:
            if request.get("RouteKey"):
                raise BadRequestException("Target is required with RouteKey")
            return None
        if target.startswith(("http://", "https://")):
            raise NotImplementedByAtoll("apigatewayv2: HTTP_PROXY integrations are not implemented")
        function_of(target)
        integration = store.Integration(ctx.ids.lower(7), target, managed=True)
        key = check_route_key(request.get("RouteKey", DEFAULT))
        return QuickCreate(
            integration, store.Route(ctx.ids.lower(7), key, f"integrations/{integration.id}", managed=True)
        )

    def write(self, tx: Transaction, ctx: Context, api_id: str, now: float) -> None:
        """Stores the three."""
        store.put(tx, ctx, api_id, self.integration)
        routes.put(tx, ctx, api_id, self.route)
        store.put(tx, ctx, api_id, store.Stage(DEFAULT, now, now, auto_deploy=True, managed=True))
