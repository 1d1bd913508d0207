"""What the operations of custom domain names need, and reading domain names with AWS's errors.

docs: Service Authorization Reference, "Amazon API Gateway Management V2" (DomainName, ApiMapping).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from atoll.api_runtime import domains
from atoll.kernel.context import Context
from atoll.kernel.service import NO_CONDITIONS, Access, ValuesOf
from atoll.kernel.store.api import Reader
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.apigatewayv2.access import Verb, access
from atoll.services.apigatewayv2.errors import NotFoundException

ROUTING_MODE = "API_MAPPING_ONLY"


def domain(tx: Reader, ctx: Context, name: str) -> domains.Domain:
    """A domain name of this account and region, whichever service made it. Raises NotFoundException."""
    found = domains.get(tx, ctx.account, ctx.region, name)
    if found is None:
        raise NotFoundException("Invalid domain name identifier specified")
    return found


def domain_access(verb: Verb, path: str) -> Sequence[Access]:
    """The permission for `verb` on `path`, which is of domain names or of the mappings of one."""
    named, whole = "{DomainName}" in path, path.endswith(("domainnames", "{DomainName}"))
    conditions = {
        **(_TAGS if named else NO_CONDITIONS),
        **(_ASKED if whole and verb in ("POST", "PATCH") else NO_CONDITIONS),
        **(_THERE if whole and named else NO_CONDITIONS),
        **({"apigateway:Resource/RoutingMode": _routing_mode} if whole else NO_CONDITIONS),
        **(adds_tags() if whole and verb == "POST" else NO_CONDITIONS),
    }
    return [replace(one, conditions=conditions) for one in access(verb, path)]


def _given(member: str) -> ValuesOf:
    """What the request's configurations have as a member."""

    def values(_ctx: Context, request: Mapping[str, Any]) -> list[str]:
        return [one[member] for one in request.get("DomainNameConfigurations") or () if member in one]

    return values


def _truststore(member: str) -> ValuesOf:
    def values(_ctx: Context, request: Mapping[str, Any]) -> list[str] | None:
        found = (request.get("MutualTlsAuthentication") or {}).get(member)
        return None if found is None else [found]

    return values


def _there(read: Callable[[domains.Domain], Any]) -> ValuesOf:
    """What the domain name has already."""

    async def values(ctx: Context, request: Mapping[str, Any]) -> Any:
        try:
            return read(await ctx.store.read(lambda tx: domain(tx, ctx, request["DomainName"])))
        except NotFoundException:
            return None  # the operation says so later

    return values


def _routing_mode(_ctx: Context, _request: Mapping[str, Any]) -> list[str]:
    return [ROUTING_MODE]


_TAGS: Mapping[str, ValuesOf] = {"aws:ResourceTag/${TagKey}": _there(lambda found: found.tags)}
_ASKED: Mapping[str, ValuesOf] = {
    "apigateway:Request/EndpointType": _given("EndpointType"),
    "apigateway:Request/MtlsTrustStoreUri": _truststore("TruststoreUri"),
    "apigateway:Request/MtlsTrustStoreVersion": _truststore("TruststoreVersion"),
    "apigateway:Request/SecurityPolicy": _given("SecurityPolicy"),
}
_THERE: Mapping[str, ValuesOf] = {
    "apigateway:Resource/EndpointType": _there(lambda found: [found.endpoint]),
    "apigateway:Resource/SecurityPolicy": _there(lambda found: [found.security_policy]),
}
