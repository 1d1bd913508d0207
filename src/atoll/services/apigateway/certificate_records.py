"""Client certificates: reading and writing them with AWS's errors, and making one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from atoll.api_runtime.client_certificates import CERTIFICATES, ClientCertificate, place
from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway.errors import NotFoundException


def certificate(tx: Reader, ctx: Context, certificate_id: str) -> ClientCertificate:
    """A certificate. Raises NotFoundException."""
    raw = tx.get(place(ctx, certificate_id))
    if raw is None:
        raise NotFoundException("Invalid Client Certificate identifier specified")
    return CERTIFICATES.decode(raw)


def put_certificate(tx: Transaction, ctx: Context, record: ClientCertificate) -> None:
    """Stores a certificate."""
    tx.set(place(ctx, record.id), CERTIFICATES.encode(record))


class Made(NamedTuple):
    """A certificate and its private key, both as PEM."""

    pem: str
    key: str


def make(start: float, end: float) -> Made:
    """A self-signed certificate for an RSA key of its own. It takes a tenth of a second: call it in a thread."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ApiGateway")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(start, UTC))
        .not_valid_after(datetime.fromtimestamp(end, UTC))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Made(certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode())
