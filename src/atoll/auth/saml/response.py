"""A SAML response: verified with its provider's keys, and read. Of it only what was signed is ever looked at.

docs: "Configure SAML assertions for the authentication response"; SAML 2.0 core. What must be signed is the response or the assertion in
it, in the place where SAML has the signature; what else the document holds, signatures included, counts for nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml.etree import LxmlError  # type: ignore[import-untyped]
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from atoll.auth.saml.metadata import Metadata, moment
from atoll.auth.saml.xml import ASSERTION, PROTOCOL, SIGNATURE, Element, NoXml, read, text

_METHODS = frozenset(
    method
    for method in SignatureMethod
    if method.name.startswith(("RSA_SHA", "ECDSA_SHA")) and "SHA1" not in method.name
)
_DIGESTS = frozenset(digest for digest in DigestAlgorithm if "SHA1" not in digest.name)
_BROKEN = (
    SignXMLException, LxmlError, UnsupportedAlgorithm,
    ArithmeticError, AssertionError, AttributeError, IndexError, KeyError, SyntaxError, TypeError, ValueError,
)  # fmt: skip
"""What verifying raises of signatures that are none: signxml lets through whatever the libraries below it say."""
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
FORMATS = "urn:oasis:names:tc:SAML:2.0:nameid-format:"


class Invalid(ValueError):
    """The response proves nothing; the text says why, and holds nothing of it."""


class Rejected(Exception):
    """The provider itself says that it did not authenticate anybody."""


class Subject(NamedTuple):
    """Of whom the assertion is, in which format that is said, for which address (`Recipient`) and until when (seconds) it may be used."""

    name: str
    format: str
    recipient: str
    expires: float | None


class Assertion(NamedTuple):
    """What the provider asserts. Times are in seconds; attributes have their values by `Name`."""

    issuer: str
    issued: float
    begins: float | None
    expires: float | None
    audiences: tuple[str, ...]
    subject: Subject | None
    attributes: Mapping[str, tuple[str, ...]]
    session_expires: float | None


def decode(encoded: str, provider: Metadata) -> Assertion:
    """The assertion in a base64-encoded response of the provider. Raises Invalid, Rejected. Slow: for threads."""
    try:
        document = read(base64.b64decode("".join(encoded.split()), validate=True))
    except binascii.Error as error:
        raise Invalid("Invalid base64 SAMLResponse") from error
    except NoXml as error:
        raise Invalid("Invalid SAML response") from error
    if document.tag != f"{PROTOCOL}Response":
        raise Invalid("Invalid SAML response")
    status = document.find(f"{PROTOCOL}Status/{PROTOCOL}StatusCode")
    if status is not None and status.get("Value") != SUCCESS:
        raise Rejected
    try:
        return _read(_signed_assertion(document, provider))
    except ValueError as error:  # of times and certificates
        raise error if isinstance(error, Invalid) else Invalid("Invalid SAML response") from error


def _signed_assertion(document: Element, provider: Metadata) -> Element:
    """The assertion as it was signed. Raises Invalid."""
    if document.find(f"{SIGNATURE}Signature") is not None:
        response = _verified(document, "./", provider)
        if response.tag != f"{PROTOCOL}Response":
            raise Invalid("Response signature invalid")
        found = response.findall(f"{ASSERTION}Assertion")
    else:
        found = [_verified(document, f"./{ASSERTION}Assertion/", provider)]
    if len(found) != 1 or found[0].tag != f"{ASSERTION}Assertion":
        raise Invalid("Response signature invalid")
    return found[0]


def _verified(document: Element, place: str, provider: Metadata) -> Element:
    """What the signature in this place signs, as it was signed."""
    for certificate in provider.certificates:
        try:
            result = XMLVerifier().verify(
                document, x509_cert=certificate, id_attribute="ID", expect_config=_expected(place, certificate)
            )
        except _BROKEN:
            continue
        signed = None if isinstance(result, list) else result.signed_xml
        if signed is not None:
            return signed
    raise Invalid("Response signature invalid")


def _expected(place: str, certificate: x509.Certificate) -> SignatureConfiguration:
    """Whoever made the provider trusts the certificate: as on AWS its own dates do not matter."""
    return SignatureConfiguration(
        location=place,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=certificate.not_valid_before_utc,
    )


def _read(assertion: Element) -> Assertion:
    issued = moment(assertion.get("IssueInstant"))
    if issued is None:
        raise Invalid("Invalid SAML response")
    conditions = assertion.find(f"{ASSERTION}Conditions")
    times = {} if conditions is None else conditions.attrib
    audiences = [] if conditions is None else conditions.findall(f"{ASSERTION}AudienceRestriction/{ASSERTION}Audience")
    attributes: dict[str, tuple[str, ...]] = {}
    for one in assertion.findall(f"{ASSERTION}AttributeStatement/{ASSERTION}Attribute"):
        values = tuple(text(value) for value in one.findall(f"{ASSERTION}AttributeValue"))
        attributes[one.get("Name", "")] = (*attributes.get(one.get("Name", ""), ()), *values)
    statement = assertion.find(f"{ASSERTION}AuthnStatement")
    return Assertion(
        issuer=text(assertion.find(f"{ASSERTION}Issuer")),
        issued=issued,
        begins=moment(times.get("NotBefore")),
        expires=moment(times.get("NotOnOrAfter")),
        audiences=tuple(text(one) for one in audiences),
        subject=_subject(assertion.find(f"{ASSERTION}Subject")),
        attributes=attributes,
        session_expires=None if statement is None else moment(statement.get("SessionNotOnOrAfter")),
    )


def _subject(element: Element | None) -> Subject | None:
    """Whom the assertion is of, where its bearer may use it."""
    if element is None:
        return None
    name = element.find(f"{ASSERTION}NameID")
    for confirmation in element.findall(f"{ASSERTION}SubjectConfirmation"):
        data = confirmation.find(f"{ASSERTION}SubjectConfirmationData")
        if confirmation.get("Method") == BEARER and data is not None and name is not None and text(name):
            kind = name.get("Format", f"{FORMATS}unspecified").removeprefix(FORMATS)
            return Subject(text(name), kind, data.get("Recipient", ""), moment(data.get("NotOnOrAfter")))
    return None
