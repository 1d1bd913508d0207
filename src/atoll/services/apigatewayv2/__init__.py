"""API Gateway v2: HTTP APIs. What their users are answered is in `api_runtime`."""

from __future__ import annotations

from atoll.api_runtime import domains, serving
from atoll.kernel.service import Service, Shared
from atoll.services.apigatewayv2 import (
    api_mappings,
    apis,
    deployments,
    domain_names,
    integrations,
    routes,
    stages,
    tags,
)

SERVICE = Service(
    "apigatewayv2",
    [apis, integrations, routes, stages, deployments, domain_names, api_mappings, tags],
    shared=[Shared(serving.PREFIX, serving.owner), Shared(domains.PREFIX, domains.owner)],
)
