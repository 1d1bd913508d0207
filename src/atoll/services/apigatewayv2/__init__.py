"""API Gateway v2: HTTP and WebSocket APIs. What their users are answered is in `api_runtime`."""

from __future__ import annotations

from atoll.api_runtime import domains, serving
from atoll.kernel.service import Service, Shared

_NO_VPC = "Atoll has no VPCs to which a link could lead"
_NO_PORTAL = "Atoll hosts no developer portals"
_NO_RULES = "routing rules lead from domain names to REST APIs by header; Atoll routes by path (API mappings)"
REFUSED = {
    **{f"{verb}VpcLink": _NO_VPC for verb in ("Create", "Delete", "Get", "Update")},
    "GetVpcLinks": _NO_VPC,
    **{
        f"{verb}{noun}": _NO_PORTAL
        for noun in ("Portal", "PortalProduct", "ProductPage", "ProductRestEndpointPage")
        for verb in ("Create", "Delete", "Get", "Update")
    },
    **{f"List{noun}": _NO_PORTAL for noun in ("Portals", "PortalProducts", "ProductPages", "ProductRestEndpointPages")},
    **{f"{verb}PortalProductSharingPolicy": _NO_PORTAL for verb in ("Delete", "Get", "Put")},
    **{f"{verb}Portal": _NO_PORTAL for verb in ("Disable", "Preview", "Publish")},
    **{f"{verb}RoutingRule": _NO_RULES for verb in ("Create", "Delete", "Get", "Put")},
    "ListRoutingRules": _NO_RULES,
}

_MODULES = (
    "api_mappings",
    "apis",
    "authorizers",
    "deployments",
    "domain_names",
    "integration_responses",
    "integrations",
    "models",
    "route_responses",
    "routes",
    "stages",
    "tags",
    "openapi.import_api",
)
"""Loaded when the first request comes: they are many."""

SERVICE = Service(
    "apigatewayv2",
    [f"{__name__}.{module}" for module in _MODULES],
    shared=[Shared(serving.PREFIX, serving.owner), Shared(domains.PREFIX, domains.owner)],
    refused=REFUSED,
)
