"""Domains of the hosted pages: a prefix of AWS's own, or a name of one's own.

docs: API_CreateUserPoolDomain, API_DescribeUserPoolDomain, API_UpdateUserPoolDomain, API_DeleteUserPoolDomain. A domain is whoever's took
it first, over all accounts. There is no ACM in the region: a certificate's ARN is kept, and TLS is not terminated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.errors import InvalidParameterException
from atoll.services.cognito_idp.pools.find import on_pool, pool_of, put_pool
from atoll.services.cognito_idp.store import DOMAIN_RECORDS, DOMAINS, Domain, Pool

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        CreateUserPoolDomainRequestTypeDef,
        DeleteUserPoolDomainRequestTypeDef,
        DescribeUserPoolDomainRequestTypeDef,
        UpdateUserPoolDomainRequestTypeDef,
    )

_RESERVED = ("aws", "amazon", "cognito")
_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}")
_CERTIFICATE = re.compile(r"arn:aws:acm:us-east-1:\d{12}:certificate/[\w-]+", re.ASCII)


@operation("CreateUserPoolDomain", access=[on_pool("CreateUserPoolDomain")])
async def create_user_pool_domain(ctx: Context, request: CreateUserPoolDomainRequestTypeDef) -> dict[str, Any]:
    """Gives a pool a domain, which serves the hosted pages at once. Raises InvalidParameterException."""
    _warn(ctx, request)
    name, certificate = request["Domain"], _certificate(request)
    _check_name(name, certificate)
    now = ctx.clock.now()
    domain = Domain(
        ctx.account,
        ctx.region,
        request["UserPoolId"],
        name,
        created=now,
        distribution=f"d{ctx.ids.lower(13)}.cloudfront.net",
        certificate=certificate,
        managed_login=request.get("ManagedLoginVersion", 1),
    )

    def create(tx: Transaction) -> None:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        if tx.get((*DOMAINS, name)) is not None:
            raise InvalidParameterException("Domain already associated with another user pool.")
        if pool.custom_domain if certificate else pool.domain:
            raise InvalidParameterException("User pool already has a domain configured.")
        put_pool(tx, ctx, _with_domain(pool, name, custom=bool(certificate)))
        tx.set((*DOMAINS, name), DOMAIN_RECORDS.encode(domain))

    await ctx.store.transact(create)
    return _answer(domain)


@operation("DescribeUserPoolDomain", access=[Access("cognito-idp:DescribeUserPoolDomain")])
async def describe_user_pool_domain(ctx: Context, request: DescribeUserPoolDomainRequestTypeDef) -> dict[str, Any]:
    """A domain of the account; nothing, without an error, where there is none."""
    domain = await ctx.store.read(lambda tx: _find(tx, ctx, request["Domain"]))
    return {"DomainDescription": {} if domain is None else members(domain)}


@operation("UpdateUserPoolDomain", access=[on_pool("UpdateUserPoolDomain")])
async def update_user_pool_domain(ctx: Context, request: UpdateUserPoolDomainRequestTypeDef) -> dict[str, Any]:
    """Changes a domain's certificate, or the version of its pages. Raises InvalidParameterException where there is no such domain."""
    _warn(ctx, request)
    certificate = _certificate(request)

    def update(tx: Transaction) -> Domain:
        before = _of_pool(tx, ctx, request["UserPoolId"], request["Domain"])
        if bool(certificate) != bool(before.certificate):
            raise InvalidParameterException("Cannot change between a prefix domain and a custom domain.")
        version = request.get("ManagedLoginVersion", before.managed_login)
        domain = msgspec.structs.replace(before, certificate=certificate, managed_login=version)
        tx.set((*DOMAINS, domain.name), DOMAIN_RECORDS.encode(domain))
        return domain

    return _answer(await ctx.store.transact(update))


@operation("DeleteUserPoolDomain", access=[on_pool("DeleteUserPoolDomain")])
async def delete_user_pool_domain(ctx: Context, request: DeleteUserPoolDomainRequestTypeDef) -> dict[str, Any]:
    """Takes a pool's domain away: its pages are gone, and anybody may have the name. Raises InvalidParameterException."""

    def delete(tx: Transaction) -> None:
        domain = _of_pool(tx, ctx, request["UserPoolId"], request["Domain"])
        pool = pool_of(tx, ctx, domain.pool)
        put_pool(tx, ctx, _with_domain(pool, "", custom=bool(domain.certificate)))
        tx.delete((*DOMAINS, domain.name))

    await ctx.store.transact(delete)
    return {}


def members(domain: Domain) -> dict[str, Any]:
    """A domain as DescribeUserPoolDomain shows it. The bucket and the version are AWS's own, for who reads them."""
    return {
        "UserPoolId": domain.pool,
        "AWSAccountId": domain.account,
        "Domain": domain.name,
        "S3Bucket": f"aws-cognito-prod-{domain.region}-assets",
        "CloudFrontDistribution": domain.distribution,
        "Version": f"{int(domain.created)}",
        "Status": "ACTIVE",
        "CustomDomainConfig": {"CertificateArn": domain.certificate} if domain.certificate else {},
        "ManagedLoginVersion": domain.managed_login,
    }


def _answer(domain: Domain) -> dict[str, Any]:
    """What creating and changing a domain answer: where a name of one's own must lead to."""
    shown: dict[str, Any] = {"ManagedLoginVersion": domain.managed_login}
    return {**shown, "CloudFrontDomain": domain.distribution} if domain.certificate else shown


def _warn(ctx: Context, request: Mapping[str, Any]) -> None:
    if request.get("ManagedLoginVersion") == 2:
        ctx.warn("ManagedLoginVersion", "Atoll's hosted pages look the same in both versions")


def _certificate(request: Mapping[str, Any]) -> str:
    configuration = request.get("CustomDomainConfig")
    if not configuration:
        return ""
    arn: str = configuration["CertificateArn"]
    if not _CERTIFICATE.fullmatch(arn):
        raise InvalidParameterException(f"Invalid certificate ARN, it must be in us-east-1: {arn}")
    return arn


def _check_name(name: str, certificate: str) -> None:
    if certificate and not _NAME.fullmatch(name):
        raise InvalidParameterException(f"Custom domain is not a valid subdomain: {name}")
    if certificate:
        return
    if not _PREFIX.fullmatch(name):
        raise InvalidParameterException("Domain must be a prefix of lower-case letters, digits and hyphens.")
    for word in _RESERVED:
        if word in name:
            raise InvalidParameterException(f"Domain cannot contain reserved word: {word}")


def _with_domain(pool: Pool, name: str, *, custom: bool) -> Pool:
    if custom:
        return msgspec.structs.replace(pool, custom_domain=name)
    return msgspec.structs.replace(pool, domain=name)


def _find(tx: Reader, ctx: Context, name: str) -> Domain | None:
    raw = tx.get((*DOMAINS, name))
    domain = None if raw is None else DOMAIN_RECORDS.decode(raw)
    return domain if domain and (domain.account, domain.region) == (ctx.account, ctx.region) else None


def _of_pool(tx: Reader, ctx: Context, pool_id: str, name: str) -> Domain:
    domain = _find(tx, ctx, name)
    if domain is None or domain.pool != pool_id:
        raise InvalidParameterException("No such domain or user pool exists.")
    return domain
