"""Custom domain names, as API Gateway v2 shows them.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/domainnames.html
There is no ACM in the region yet: an ARN of one of its certificates is kept as it was given, and TLS is not terminated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime import domains
from atoll.api_runtime.domains import Domain
from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2.domain_access import ROUTING_MODE, domain, domain_access
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.pages import page
from atoll.services.apigatewayv2.tag_rules import checked

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateDomainNameRequestTypeDef,
        DeleteDomainNameRequestTypeDef,
        GetDomainNameRequestTypeDef,
        GetDomainNamesRequestTypeDef,
        UpdateDomainNameRequestTypeDef,
    )

_ONE = "/domainnames/{DomainName}"
NO_TLS = "there is no ACM in the region yet, and TLS is not terminated: call the domain name over http"
_FIELDS = {
    "CertificateArn": "certificate",
    "CertificateName": "certificate_name",
    "IpAddressType": "ip_address_type",
    "OwnershipVerificationCertificateArn": "ownership_certificate",
    "SecurityPolicy": "security_policy",
}


@operation("CreateDomainName", access=domain_access("POST", "/domainnames"))
async def create_domain_name(ctx: Context, request: CreateDomainNameRequestTypeDef) -> dict[str, Any]:
    """Makes a domain name that can be called at once. Raises BadRequestException for one that somebody has."""
    _refuse(request)
    configuration = _configuration(request)
    if not domains.is_name(request["DomainName"]):
        raise BadRequestException("Invalid domain name specified")
    _check(ctx, configuration.get("CertificateArn"))
    new = Domain(
        name=request["DomainName"],
        account=ctx.account,
        region=ctx.region,
        endpoint="REGIONAL",
        target=domains.draw_target(ctx.ids, "REGIONAL", ctx.region),
        uploaded=ctx.clock.now(),
        tags=checked(request.get("Tags", {})),
        **{field: configuration[member] for member, field in _FIELDS.items() if configuration.get(member)},
    )

    def write(tx: Transaction) -> None:
        if domains.taken(tx, new.name):
            raise BadRequestException("The domain name you provided already exists.")
        domains.put(tx, new)

    await ctx.store.transact(write)
    return members(new) | {"Tags": new.tags or None}  # the later answers show that there are none


@operation("GetDomainName", access=domain_access("GET", _ONE))
async def get_domain_name(ctx: Context, request: GetDomainNameRequestTypeDef) -> dict[str, Any]:
    """A domain name."""
    return members(await ctx.store.read(lambda tx: domain(tx, ctx, request["DomainName"])))


@operation("GetDomainNames", access=domain_access("GET", "/domainnames"))
async def get_domain_names(ctx: Context, request: GetDomainNamesRequestTypeDef) -> dict[str, Any]:
    """A page of the account's domain names in this region, by name."""

    def read(tx: Reader) -> dict[str, Any]:
        prefix = domains.domain_key(ctx.account, ctx.region)
        return page(tx, request, domains.owned(ctx.account, ctx.region), prefix, domains.DOMAINS, members)

    return await ctx.store.read(read)


@operation("UpdateDomainName", access=domain_access("PATCH", _ONE))
async def update_domain_name(ctx: Context, request: UpdateDomainNameRequestTypeDef) -> dict[str, Any]:
    """Changes what the request's configuration names."""
    _refuse(request)
    configuration: Mapping[str, Any] = _configuration(request) if request.get("DomainNameConfigurations") else {}
    if "CertificateArn" in configuration:
        _check(ctx, configuration["CertificateArn"])
    now = ctx.clock.now()

    def write(tx: Transaction) -> Domain:
        before = domain(tx, ctx, request["DomainName"])
        changes = {field: configuration[member] for member, field in _FIELDS.items() if member in configuration}
        changed = msgspec.structs.replace(before, **changes)
        if changed.certificate != before.certificate:
            changed = msgspec.structs.replace(changed, uploaded=now)
        domains.put(tx, changed)
        return changed

    return members(await ctx.store.transact(write))


@operation("DeleteDomainName", access=domain_access("DELETE", _ONE))
async def delete_domain_name(ctx: Context, request: DeleteDomainNameRequestTypeDef) -> None:
    """Removes a domain name with its mappings; nothing answers for it any more."""
    await ctx.store.transact(lambda tx: domains.remove(tx, domain(tx, ctx, request["DomainName"])))


def _configuration(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one configuration that a request must have. Raises BadRequestException."""
    configurations = request.get("DomainNameConfigurations", [])
    if len(configurations) != 1:
        raise BadRequestException("Invalid input. Expected one domain name configuration")
    endpoint = configurations[0].get("EndpointType", "REGIONAL")
    if endpoint != "REGIONAL":
        raise BadRequestException(f"Invalid endpoint type specified: {endpoint}. Must be REGIONAL")
    found: Mapping[str, Any] = configurations[0]
    if found.get("IpAddressType", "ipv4") not in domains.IP_ADDRESS_TYPES:
        raise BadRequestException(f"Invalid IP address type specified: {found['IpAddressType']}")
    if not domains.is_security_policy(found.get("SecurityPolicy", "TLS_1_2")):
        raise BadRequestException(f"Invalid security policy specified: {found['SecurityPolicy']}")
    return found


def _refuse(request: Mapping[str, Any]) -> None:
    if request.get("MutualTlsAuthentication"):
        raise NotImplementedByAtoll("apigatewayv2: mutual TLS of custom domain names is not implemented")
    if (mode := request.get("RoutingMode")) not in (None, ROUTING_MODE):
        raise NotImplementedByAtoll(f"apigatewayv2: routing rules of custom domain names ({mode}) are not implemented")


def _check(ctx: Context, certificate: str | None) -> None:
    """Raises BadRequestException unless it is the ARN of a certificate in this region."""
    if not certificate or domains.region_of(certificate) != ctx.region:
        raise BadRequestException(
            f"Invalid certificate ARN: {certificate or 'null'}. Certificate must be in '{ctx.region}'."
        )
    ctx.warn("DomainNameConfigurations.CertificateArn", NO_TLS)


def members(found: Domain) -> dict[str, Any]:
    """A domain name under the API's member names."""
    return {
        "ApiMappingSelectionExpression": "$request.basepath",
        "DomainName": found.name,
        "DomainNameArn": f"arn:aws:apigateway:{found.region}::/domainnames/{found.name}",
        "DomainNameConfigurations": [
            {
                "ApiGatewayDomainName": found.target,
                "CertificateArn": found.certificate,
                "CertificateName": found.certificate_name,
                "CertificateUploadDate": int(found.uploaded),
                "DomainNameStatus": "AVAILABLE",
                "EndpointType": found.endpoint,
                "HostedZoneId": domains.zone(found),
                "IpAddressType": found.ip_address_type,
                "OwnershipVerificationCertificateArn": found.ownership_certificate,
                "SecurityPolicy": found.security_policy,
            }
        ],
        "RoutingMode": ROUTING_MODE,
        "Tags": found.tags,
    }
