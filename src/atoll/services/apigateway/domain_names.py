"""Custom domain names, of REST APIs and all others. docs: API_CreateDomainName and its kin

There is no ACM in the region yet: an ARN of one of its certificates is kept as it was given, and TLS is not terminated here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime import domains
from atoll.api_runtime.domains import Domain
from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import ValuesOf, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.apigateway import domain_records
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, NotFoundException
from atoll.services.apigateway.pages import page
from atoll.services.apigateway.patches import Patch, Rules, apply, patches, put
from atoll.services.apigateway.resource_tags import OF_DOMAIN_NAME
from atoll.services.apigateway.tag_rules import checked

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateDomainNameRequestTypeDef,
        DeleteDomainNameRequestTypeDef,
        GetDomainNameRequestTypeDef,
        GetDomainNamesRequestTypeDef,
        UpdateDomainNameRequestTypeDef,
    )

_ONE = "/domainnames/{domainName}"
NO_TLS = "there is no ACM in the region yet, and TLS is not terminated: call the domain name over http"
_REFUSED = {
    "mutualTlsAuthentication": "mutual TLS of custom domain names",
    "certificateBody": "certificates that are uploaded with a domain name",
    "certificatePrivateKey": "certificates that are uploaded with a domain name",
    "certificateChain": "certificates that are uploaded with a domain name",
    "policy": "custom domain names for private APIs (policy)",
    "endpointAccessMode": "endpoint access modes of custom domain names",
}
_MODE = "BASE_PATH_MAPPING_ONLY"


def _given(*way: str) -> ValuesOf:
    """What the request has at the end of the way, as texts."""

    def values(_ctx: Context, request: Mapping[str, Any]) -> list[str] | None:
        found: Any = request
        for member in way:
            found = (found or {}).get(member)
        return None if found is None else [found] if isinstance(found, str) else list(found)

    return values


def _there(field: str) -> ValuesOf:
    """What the domain name has already."""

    async def values(ctx: Context, request: Mapping[str, Any]) -> list[str] | None:
        try:
            found = await ctx.store.read(lambda tx: domain_records.domain(tx, ctx, request["domainName"]))
        except NotFoundException:
            return None  # the operation says so later
        return [getattr(found, field)]

    return values


def _routing_mode(_ctx: Context, _request: Mapping[str, Any]) -> list[str]:
    return [_MODE]


_ASKED: Mapping[str, ValuesOf] = {
    "apigateway:Request/EndpointType": _given("endpointConfiguration", "types"),
    "apigateway:Request/MtlsTrustStoreUri": _given("mutualTlsAuthentication", "truststoreUri"),
    "apigateway:Request/MtlsTrustStoreVersion": _given("mutualTlsAuthentication", "truststoreVersion"),
    "apigateway:Request/SecurityPolicy": _given("securityPolicy"),
}
_MODES: Mapping[str, ValuesOf] = {"apigateway:Resource/RoutingMode": _routing_mode}
_THERE: Mapping[str, ValuesOf] = {
    **_MODES,
    "apigateway:Resource/EndpointType": _there("endpoint"),
    "apigateway:Resource/SecurityPolicy": _there("security_policy"),
    **OF_DOMAIN_NAME,
}


@operation("CreateDomainName", access=access("POST", "/domainnames", {**_ASKED, **_MODES, **adds_tags("tags")}))
async def create_domain_name(ctx: Context, request: CreateDomainNameRequestTypeDef) -> dict[str, Any]:
    """Makes a domain name that can be called at once. Raises BadRequestException for one that somebody has."""
    _refuse(request)
    configuration: Mapping[str, Any] = request.get("endpointConfiguration", {})
    endpoint = _endpoint(configuration.get("types") or ["EDGE"])
    edge = endpoint == "EDGE"
    certificate = request.get("certificateArn") if edge else request.get("regionalCertificateArn")
    certificate_name = request.get("certificateName") if edge else request.get("regionalCertificateName")
    if not domains.is_name(request["domainName"]):
        raise BadRequestException("Invalid domain name specified")
    if not certificate_name:
        check_certificate(certificate, "us-east-1" if edge else ctx.region)
    if certificate:
        ctx.warn("certificateArn" if edge else "regionalCertificateArn", NO_TLS)
    domain = Domain(
        name=request["domainName"],
        account=ctx.account,
        region=ctx.region,
        endpoint=endpoint,  # type: ignore[arg-type]  # checked
        target=domains.draw_target(ctx.ids, endpoint, ctx.region),
        uploaded=ctx.clock.now(),
        certificate=certificate,
        certificate_name=certificate_name,
        ownership_certificate=request.get("ownershipVerificationCertificateArn"),
        security_policy=request.get("securityPolicy", "TLS_1_2"),
        ip_address_type=configuration.get("ipAddressType", "ipv4"),
        tags=checked(request.get("tags", {})),
    )
    await ctx.store.transact(lambda tx: domain_records.put_new(tx, domain))
    return members(domain) | {"tags": domain.tags or None}  # the later answers show that there are none


@operation("GetDomainName", access=access("GET", _ONE, _THERE))
async def get_domain_name(ctx: Context, request: GetDomainNameRequestTypeDef) -> dict[str, Any]:
    """A domain name."""
    domain_records.refuse_private(request)
    return members(await ctx.store.read(lambda tx: domain_records.domain(tx, ctx, request["domainName"])))


@operation("GetDomainNames", access=access("GET", "/domainnames", _MODES))
async def get_domain_names(ctx: Context, request: GetDomainNamesRequestTypeDef) -> dict[str, Any]:
    """A page of the account's domain names in this region, by name."""

    def read(tx: Reader) -> dict[str, Any]:
        if request.get("resourceOwner") == "OTHER_ACCOUNTS":  # they share domain names of private APIs only
            return {"items": []}
        prefix = domains.domain_key(ctx.account, ctx.region)
        return page(tx, request, domains.owned(ctx.account, ctx.region), prefix, domains.DOMAINS, members)

    return await ctx.store.read(read)


@operation("UpdateDomainName", access=access("PATCH", _ONE, {**_ASKED, **_THERE}))
async def update_domain_name(ctx: Context, request: UpdateDomainNameRequestTypeDef) -> dict[str, Any]:
    """Changes a domain name. Another kind of endpoint gives it another target."""
    domain_records.refuse_private(request)
    changes = patches(request)
    targets = {kind: domains.draw_target(ctx.ids, kind, ctx.region) for kind in ("EDGE", "REGIONAL")}
    now = ctx.clock.now()

    def write(tx: Transaction) -> Domain:
        before = domain_records.domain(tx, ctx, request["domainName"])
        domain = apply(before, changes, _RULES)
        if domain.endpoint != before.endpoint:
            domain = msgspec.structs.replace(domain, target=targets[domain.endpoint])
        if domain.certificate != before.certificate:
            check_certificate(domain.certificate, "us-east-1" if domain.endpoint == "EDGE" else ctx.region)
            domain = msgspec.structs.replace(domain, uploaded=now)
        domains.put(tx, domain)
        return domain

    return members(await ctx.store.transact(write))


@operation("DeleteDomainName", access=access("DELETE", _ONE, _THERE))
async def delete_domain_name(ctx: Context, request: DeleteDomainNameRequestTypeDef) -> None:
    """Removes a domain name with its mappings; nothing answers for it any more."""
    domain_records.refuse_private(request)

    def write(tx: Transaction) -> None:
        domains.remove(tx, domain_records.domain(tx, ctx, request["domainName"]))

    await ctx.store.transact(write)


def check_certificate(certificate: str | None, region: str) -> None:
    """Raises BadRequestException unless it is the ARN of a certificate in the region."""
    if not certificate or domains.region_of(certificate) != region:
        raise BadRequestException(
            f"Invalid certificate ARN: {certificate or 'null'}. Certificate must be in '{region}'."
        )


def _refuse(request: Mapping[str, Any]) -> None:
    for member, what in _REFUSED.items():
        if request.get(member):
            raise NotImplementedByAtoll(f"apigateway: {what} are not implemented")
    _mode(request.get("routingMode"))


def _mode(mode: str | None) -> None:
    if mode not in (None, _MODE):
        raise NotImplementedByAtoll(f"apigateway: routing rules of custom domain names ({mode}) are not implemented")


def _endpoint(types: Sequence[str]) -> str:
    if "PRIVATE" in types:
        raise NotImplementedByAtoll("apigateway: custom domain names for private APIs are not implemented")
    if len(types) != 1:
        raise BadRequestException("A domain name can have one endpoint type")
    return types[0]


def _to_endpoint(domain: Domain, patch: Patch) -> Domain:
    kind = _endpoint([patch.value or patch.name])
    if kind not in ("EDGE", "REGIONAL"):
        raise BadRequestException(f"Invalid endpoint type specified: {kind}")
    return msgspec.structs.replace(domain, endpoint=kind)


def _ip_address_type(value: str | None) -> str:
    if value not in domains.IP_ADDRESS_TYPES:
        raise BadRequestException(f"Invalid IP address type specified: {value}")
    return value


def _security_policy(value: str | None) -> str:
    if not value or not domains.is_security_policy(value):
        raise BadRequestException(f"Invalid security policy specified: {value}")
    return value


def _keeps_mode(domain: Domain, patch: Patch) -> Domain:
    _mode(patch.value)
    return domain


def _no_mutual_tls(_domain: Domain, _patch: Patch) -> Domain:
    raise NotImplementedByAtoll("apigateway: mutual TLS of custom domain names is not implemented")


_RULES: Rules[Domain] = {
    "replace": {
        "/certificateArn": put("certificate"),
        "/certificateName": put("certificate_name"),
        "/endpointConfiguration/ipAddressType": put("ip_address_type", _ip_address_type),
        "/endpointConfiguration/types/{type}": _to_endpoint,
        "/mutualTlsAuthentication/truststoreUri": _no_mutual_tls,
        "/mutualTlsAuthentication/truststoreVersion": _no_mutual_tls,
        "/ownershipVerificationCertificateArn": put("ownership_certificate"),
        "/regionalCertificateArn": put("certificate"),
        "/regionalCertificateName": put("certificate_name"),
        "/routingMode": _keeps_mode,
        "/securityPolicy": put("security_policy", _security_policy),
    }
}


def members(domain: Domain) -> dict[str, Any]:
    """A domain name under the API's member names."""
    shared = {
        "domainName": domain.name,
        "domainNameArn": f"arn:aws:apigateway:{domain.region}::/domainnames/{domain.name}",
        "certificateUploadDate": int(domain.uploaded),
        "endpointConfiguration": {"types": [domain.endpoint], "ipAddressType": domain.ip_address_type},
        "domainNameStatus": "AVAILABLE",
        "securityPolicy": domain.security_policy,
        "ownershipVerificationCertificateArn": domain.ownership_certificate,
        "tags": domain.tags,
        "routingMode": _MODE,
    }
    if domain.endpoint == "EDGE":
        return shared | {
            "certificateArn": domain.certificate,
            "certificateName": domain.certificate_name,
            "distributionDomainName": domain.target,
            "distributionHostedZoneId": domains.zone(domain),
        }
    return shared | {
        "regionalCertificateArn": domain.certificate,
        "regionalCertificateName": domain.certificate_name,
        "regionalDomainName": domain.target,
        "regionalHostedZoneId": domains.zone(domain),
    }
