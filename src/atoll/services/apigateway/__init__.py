"""API Gateway v1: REST APIs. What their users are answered is in `api_runtime`; HTTP and WebSocket APIs are `services/apigatewayv2`'s.

docs: https://docs.aws.amazon.com/apigateway/latest/api/API_Operations_Amazon_API_Gateway.html
"""

from __future__ import annotations

from atoll.kernel.service import Service
from atoll.services.apigateway.refused import REFUSED
from atoll.services.apigateway.running import open_running

_MODULES = (
    "account",
    "api_keys",
    "apis",
    "authorizers",
    "base_path_mappings",
    "client_certificates",
    "deployments",
    "documentation_parts",
    "documentation_versions",
    "domain_names",
    "gateway_responses",
    "import_api_keys",
    "integration_responses",
    "integrations",
    "method_responses",
    "methods",
    "models",
    "resources",
    "stages",
    "tags",
    "test_invoke_authorizer",
    "test_invoke_method",
    "usage",
    "usage_plan_keys",
    "usage_plans",
    "validators",
    "openapi.get_export",
    "openapi.import_rest_api",
)
"""Loaded when the first request comes: they are many."""

SERVICE = Service(
    "apigateway",
    [f"{__name__}.{module}" for module in _MODULES],
    runtime=open_running,
    refused=REFUSED,
)
