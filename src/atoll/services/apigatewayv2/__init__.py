"""API Gateway v2: HTTP APIs. What their users are answered is in `api_runtime`."""

from __future__ import annotations

from atoll.api_runtime import serving
from atoll.kernel.service import Service, Shared
from atoll.services.apigatewayv2 import apis, deployments, integrations, routes, stages, tags

SERVICE = Service(
    "apigatewayv2",
    [apis, integrations, routes, stages, deployments, tags],
    shared=[Shared(serving.PREFIX, serving.owner)],
)
