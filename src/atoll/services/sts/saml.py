"""AssumeRoleWithSAML: a role's session for whom a SAML provider of the role's account asserts.

The response's signature is verified with the provider's keys (`auth/saml/response.py`); the times are the region's. Which roles a person
may have is the assertion's to say, and the role's trust policy must say so, too.
docs: "Configure SAML assertions for the authentication response", "Available keys for SAML-based federation".
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context, Principal, Session
from atoll.kernel.errors import AccessDenied, ServiceError, ValidationFailed
from atoll.kernel.service import operation
from atoll.services.sts import federation, roles, saml_attributes, session_tags
from atoll.services.sts.errors import (
    ExpiredTokenException,
    IDPRejectedClaimException,
    InvalidIdentityTokenException,
)

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import AssumeRoleWithSAMLRequestTypeDef

    from atoll.auth.saml.metadata import Metadata
    from atoll.auth.saml.response import Assertion

ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
AUDIENCE = re.compile(
    r"https://([a-z0-9-]+\.)?signin\.aws\.amazon\.com/(platform/)?saml(/acs/[\w-]+)?|urn:amazon:webservices"
)
REDEEM_WITHIN = 300
"""Seconds after it was issued for which an assertion is taken."""
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithSAML"
_PROVIDER = re.compile(r"arn:aws:iam::(\d{12}):saml-provider/([\w._-]+)", re.ASCII)
_NAME = re.compile(r"[a-zA-Z_0-9+=,.@-]{2,64}", re.ASCII)
KEYS = (
    *(f"saml:{name}" for name in ("aud", "doc", "iss", "namequalifier", "sub", "sub_type")),
    *(f"saml:{name}" for name in saml_attributes.KEYS),
)


async def speaker(ctx: Context, request: AssumeRoleWithSAMLRequestTypeDef) -> Principal:
    """Whom the assertion is of. Raises InvalidIdentityToken, ExpiredToken, IDPRejectedClaim, AccessDenied, ValidationFailed."""
    from atoll.auth.saml import response

    account, _ = roles.role_of(request["RoleArn"])
    found = _PROVIDER.fullmatch(request["PrincipalArn"])
    if found is None:
        raise ValidationFailed(f"{request['PrincipalArn']} is invalid")
    provider = await _metadata(ctx, found[1], request["PrincipalArn"])
    try:
        assertion = await asyncio.to_thread(response.decode, request["SAMLAssertion"], provider)
    except response.Invalid as error:
        raise InvalidIdentityTokenException(str(error)) from None
    except response.Rejected:
        raise IDPRejectedClaimException("The identity provider reported that authentication failed.") from None
    _check(assertion, provider, ctx.clock.now())
    if found[1] != account or not _names(assertion, request["RoleArn"], request["PrincipalArn"]):
        raise AccessDenied(NOT_AUTHORIZED)
    tags = _tags(assertion)
    session = Session(
        tags=tags.tags,
        transitive=tags.transitive,
        source_identity=next(iter(_values(assertion, "SourceIdentity")), ""),
        provider=request["PrincipalArn"],
        keys=tuple(_keys(assertion, account, found[2])),
        ends=assertion.session_expires or 0,
    )
    return federation.identity(account, request["PrincipalArn"], _session_name(assertion), session)


@operation("AssumeRoleWithSAML", access=federation.access("AssumeRoleWithSAML", KEYS), speaker=speaker)
async def assume_role_with_saml(ctx: Context, request: AssumeRoleWithSAMLRequestTypeDef) -> dict[str, Any]:
    """docs: API_AssumeRoleWithSAML. The session ends no later than the assertion's SessionNotOnOrAfter."""
    said = {key: values[0] for key, values in ctx.principal.session.keys}
    return {
        **await federation.assume(ctx, request),
        "Subject": said["saml:sub"],
        "SubjectType": said["saml:sub_type"],
        "Issuer": said["saml:iss"],
        "Audience": said["saml:aud"],
        "NameQualifier": said["saml:namequalifier"],
    }


async def _metadata(ctx: Context, account: str, arn: str) -> Metadata:
    from atoll.auth.saml import metadata

    try:
        found = await ctx.call("iam", "GetSAMLProvider", {"SAMLProviderArn": arn}, principal=Principal.root(account))
    except ServiceError as error:
        if error.code != "NoSuchEntity":
            raise
        raise InvalidIdentityTokenException("Specified provider doesn't exist") from None
    return await asyncio.to_thread(metadata.parse, found["SAMLMetadataDocument"])


def _check(assertion: Assertion, provider: Metadata, now: float) -> None:
    """Returns if the assertion is the provider's, for AWS, of somebody, and of `now` (region time)."""
    if assertion.issuer != provider.entity_id:
        raise InvalidIdentityTokenException("Issuer not present in specified provider")
    if not any(AUDIENCE.fullmatch(audience) for audience in assertion.audiences):
        raise InvalidIdentityTokenException("Audience is invalid")
    subject = assertion.subject
    if subject is None:
        raise AccessDenied(NOT_AUTHORIZED)
    if not AUDIENCE.fullmatch(subject.recipient):
        raise InvalidIdentityTokenException("Recipient is invalid")
    if now >= assertion.issued + REDEEM_WITHIN:
        raise ExpiredTokenException("Token must be redeemed within 5 minutes of issuance")
    if any(end is not None and now >= end for end in (assertion.expires, subject.expires)):
        raise ExpiredTokenException("The assertion has expired")
    if any(begin is not None and now + REDEEM_WITHIN < begin for begin in (assertion.begins, assertion.issued)):
        raise InvalidIdentityTokenException("The assertion is not valid yet")


def _values(assertion: Assertion, name: str) -> tuple[str, ...]:
    return assertion.attributes.get(ATTRIBUTES + name, ())


def _names(assertion: Assertion, role: str, provider: str) -> bool:
    """Whether the assertion has the role, by this provider: pairs with a comma between them, in any order."""
    pairs = ({part.strip() for part in value.split(",")} for value in _values(assertion, "Role"))
    return any(pair == {role, provider} for pair in pairs)


def _session_name(assertion: Assertion) -> str:
    names = _values(assertion, "RoleSessionName")
    if not names:
        raise InvalidIdentityTokenException("RoleSessionName is required in AuthnResponse")
    if len(names) > 1 or not _NAME.fullmatch(names[0]):
        raise InvalidIdentityTokenException("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
    return names[0]


def _tags(assertion: Assertion) -> session_tags.SessionTags:
    prefix = f"{ATTRIBUTES}PrincipalTag:"
    tags = [
        (name.removeprefix(prefix), values[0])
        for name, values in assertion.attributes.items()
        if name.startswith(prefix) and values
    ]
    return session_tags.checked(tags, _values(assertion, "TransitiveTagKeys"))


def _keys(assertion: Assertion, account: str, provider: str) -> Iterable[tuple[str, tuple[str, ...]]]:
    """The condition keys that the assertion gives."""
    assert assertion.subject is not None
    qualifier = hashlib.sha1(f"{assertion.issuer}{account}/{provider}".encode(), usedforsecurity=False).digest()
    yield "saml:aud", (assertion.subject.recipient,)
    yield "saml:doc", (f"{account}/{provider}",)
    yield "saml:iss", (assertion.issuer,)
    yield "saml:namequalifier", (base64.b64encode(qualifier).decode(),)
    yield "saml:sub", (assertion.subject.name,)
    yield "saml:sub_type", (assertion.subject.format,)
    for key, names in saml_attributes.KEYS.items():
        values = tuple(value for name in names for value in assertion.attributes.get(name, ()))
        if values:
            yield f"saml:{key.lower()}", values
