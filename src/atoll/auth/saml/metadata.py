"""What an identity provider says of itself: its name and the certificates of its keys. docs: "Create a SAML identity provider in IAM"."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from atoll.auth.saml.xml import METADATA, SIGNATURE, NoXml, read, text

SMALLEST_RSA = 1024


class BadMetadata(ValueError):
    """The document describes no identity provider."""


class Metadata(NamedTuple):
    """An identity provider: its entity id, the certificates of the keys with which it signs, and until when that holds (seconds)."""

    entity_id: str
    certificates: tuple[x509.Certificate, ...]
    valid_until: float | None


def parse(document: str) -> Metadata:
    """Reads a metadata document. Raises BadMetadata."""
    try:
        root = read(document.encode())
    except NoXml as error:
        raise BadMetadata(str(error)) from error
    role = root.find(f"{METADATA}IDPSSODescriptor")
    entity_id = root.get("entityID")
    if root.tag != f"{METADATA}EntityDescriptor" or role is None or not entity_id:
        raise BadMetadata("there is no identity provider in the document")
    found = [
        _certificate(text(one))
        for key in role.findall(f"{METADATA}KeyDescriptor")
        if key.get("use", "signing") == "signing"
        for one in key.iter(f"{SIGNATURE}X509Certificate")
    ]
    if not found:
        raise BadMetadata("the identity provider has no certificate to sign with")
    return Metadata(entity_id, tuple(found), moment(root.get("validUntil")))


def moment(value: str | None) -> float | None:
    """The seconds of an xs:dateTime; None where there is none. Raises ValueError, which BadMetadata is."""
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise BadMetadata("a time that is none") from error


def _certificate(encoded: str) -> x509.Certificate:
    try:
        found = x509.load_der_x509_certificate(base64.b64decode("".join(encoded.split()), validate=True))
        key = found.public_key()
    except (binascii.Error, x509.InvalidVersion, UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise BadMetadata("a certificate cannot be read") from error
    if isinstance(key, RSAPublicKey) and key.key_size < SMALLEST_RSA:
        raise BadMetadata("a certificate's key is too small")
    return found
