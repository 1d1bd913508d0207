"""What API Gateway accepts of a REST API's own members, how patches change them, and how answers show them. Pure,
but for whom a policy names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.api_runtime.documents import NO_JSON
from atoll.auth.policy.parse import PolicySyntaxError, parse
from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader
from atoll.services.apigateway import store
from atoll.services.apigateway.errors import BadRequestException
from atoll.services.apigateway.patches import (
    Patch,
    Rules,
    drop_item,
    flag,
    put,
    put_item,
    swap_item,
    whole,
)

LARGEST_COMPRESSION = 10 * 1024 * 1024
_TYPES = ("REGIONAL", "EDGE", "PRIVATE")
_BAD_POLICY = "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."


def endpoint_of(request: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    """Type, kind of IP addresses and VPC endpoints that a CreateRestApi asks for. Raises BadRequestException."""
    configuration = request.get("endpointConfiguration") or {}
    types = configuration.get("types")
    if types is not None and not types:
        raise BadRequestException("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")
    if types and len(types) > 1:
        raise BadRequestException("Cannot create an api with multiple Endpoint Types.")
    kind = types[0] if types else "EDGE"
    addresses = configuration.get("ipAddressType") or ("dualstack" if kind == "PRIVATE" else "ipv4")
    return kind, addresses, tuple(configuration.get("vpcEndpointIds", ()))


def check(api: store.RestApi) -> None:
    """Raises BadRequestException for members that no API may have."""
    if not api.name.strip():
        raise BadRequestException("API name cannot be empty.")
    if api.description == "":
        raise BadRequestException("Description cannot be an empty string")
    size = api.minimum_compression
    if size is not None and not 0 <= size <= LARGEST_COMPRESSION:
        raise BadRequestException("Invalid minimum compression size, must be between 0 and 10485760")
    if api.api_key_source not in ("HEADER", "AUTHORIZER"):
        raise BadRequestException("Invalid API key source specified. Valid options are HEADER,AUTHORIZER")
    if api.endpoint_type == "PRIVATE" and api.ip_address_type != "dualstack":
        raise BadRequestException("Only dualstack ipAddressType is supported for Private APIs.")
    if api.vpc_endpoints and api.endpoint_type != "PRIVATE":
        raise BadRequestException("VPCEndpoints can only be specified with PRIVATE apis.")


def policy_of(tx: Reader, ctx: Context, api_id: str, policy: str | None) -> str | None:
    """A resource policy as it is kept: its JSON without spaces, `execute-api:/…` as the API's own ARN, users and roles pinned to their
    unique ids. "" is none. Raises BadRequestException."""
    if not policy:
        return None
    try:
        document = msgspec.json.decode(policy)
    except NO_JSON:
        raise BadRequestException(_BAD_POLICY) from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    own = f"arn:aws:execute-api:{ctx.region}:{ctx.account}:{api_id}/"
    for statement in statements if isinstance(statements, list) else [statements]:
        for member in ("Resource", "NotResource"):
            if isinstance(statement, dict) and member in statement:
                statement[member] = _expanded(statement[member], own)
    written = msgspec.json.encode(document).decode()
    try:
        parse(written, "resource")
        return ctx.pinned(tx, written)
    except PolicySyntaxError:
        raise BadRequestException(_BAD_POLICY) from None


def shown(tx: Reader, ctx: Context, api: store.RestApi) -> store.RestApi:
    """The API with its policy as it is shown."""
    return msgspec.structs.replace(api, policy=ctx.shown(tx, api.policy)) if api.policy else api


def _expanded(resource: Any, own: str) -> Any:
    if isinstance(resource, list):
        return [_expanded(one, own) for one in resource]
    if isinstance(resource, str) and resource.startswith("execute-api:/"):
        return own + resource.removeprefix("execute-api:/")
    return resource


def check_endpoint_patches(operations: Sequence[Patch]) -> None:
    """AWS words what may not be done to an endpoint in its own way."""
    for patch in operations:
        if patch.path == ("endpointConfiguration", "ipAddressType") and patch.op != "replace":
            raise BadRequestException("Invalid patch operation specified. Must be one of: [replace]")
        if patch.path[:2] == ("endpointConfiguration", "types") and patch.op not in ("add", "remove", "replace"):
            raise BadRequestException("Invalid patch operation specified. Must be 'add'|'remove'|'replace'")


def _endpoint_type(api: store.RestApi, patch: Patch) -> store.RestApi:
    kind = patch.value or ""
    if kind not in _TYPES:
        raise BadRequestException(f"Invalid EndpointTypes specified. Valid options are {','.join(_TYPES)}")
    addresses = "dualstack" if kind == "PRIVATE" else api.ip_address_type
    return msgspec.structs.replace(api, endpoint_type=kind, ip_address_type=addresses)


def _add_type(_api: store.RestApi, _patch: Patch) -> store.RestApi:
    raise BadRequestException("Cannot have more than one Endpoint Type.")


def _drop_type(_api: store.RestApi, _patch: Patch) -> store.RestApi:
    raise BadRequestException("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")


def _addresses(api: store.RestApi, patch: Patch) -> store.RestApi:
    if patch.value not in ("ipv4", "dualstack"):
        raise BadRequestException("ipAddressType must be either ipv4 or dualstack.")
    return msgspec.structs.replace(api, ip_address_type=patch.value)


def _size(value: str | None) -> int | None:
    """ "" stands for none: Terraform takes compression away like this."""
    return whole(value) if value else None


RULES: Rules[store.RestApi] = {
    "replace": {
        "/name": put("name", lambda value: value or ""),
        "/description": put("description"),
        "/version": put("version"),
        "/policy": put("policy"),
        "/apiKeySource": put("api_key_source", lambda value: value or "HEADER"),
        "/minimumCompressionSize": put("minimum_compression", _size),
        "/disableExecuteApiEndpoint": put("endpoint_disabled", flag),
        "/securityPolicy": put("security_policy"),
        "/endpointAccessMode": put("endpoint_access_mode"),
        "/binaryMediaTypes/{type}": swap_item("binary_media_types"),
        "/endpointConfiguration/types/{type}": _endpoint_type,
        "/endpointConfiguration/ipAddressType": _addresses,
    },
    "add": {
        "/binaryMediaTypes/{type}": put_item("binary_media_types"),
        "/endpointConfiguration/types": _add_type,
        "/endpointConfiguration/types/{type}": _add_type,
        "/endpointConfiguration/vpcEndpointIds": put_item("vpc_endpoints", named=False),
    },
    "remove": {
        "/binaryMediaTypes/{type}": drop_item("binary_media_types"),
        "/endpointConfiguration/types/{type}": _drop_type,
        "/endpointConfiguration/vpcEndpointIds": drop_item("vpc_endpoints", named=False),
    },
}


def members(api: store.RestApi) -> dict[str, Any]:
    """An API under AWS's member names. Its policy is shown with escaped quotes, as AWS shows it."""
    endpoint: dict[str, Any] = {"types": [api.endpoint_type], "ipAddressType": api.ip_address_type}
    if api.vpc_endpoints:
        endpoint["vpcEndpointIds"] = api.vpc_endpoints
    return {
        "id": api.id,
        "name": api.name,
        "description": api.description,
        "createdDate": int(api.created),
        "version": api.version,
        "binaryMediaTypes": api.binary_media_types or None,
        "minimumCompressionSize": api.minimum_compression,
        "apiKeySource": api.api_key_source,
        "endpointConfiguration": endpoint,
        "policy": msgspec.json.encode(api.policy).decode()[1:-1] if api.policy else None,
        "tags": api.tags or None,
        "disableExecuteApiEndpoint": api.endpoint_disabled,
        "rootResourceId": api.root,
        "securityPolicy": api.security_policy,
        "endpointAccessMode": api.endpoint_access_mode,
    }
