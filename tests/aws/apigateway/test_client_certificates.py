"""Client certificates: real ones, made here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cryptography import x509


def test_a_certificate_is_made_shown_changed_and_deleted(client: Callable[..., Any], aws_error: Any) -> None:
    api = client("apigateway")
    made = api.generate_client_certificate(description="d", tags={"a": "b"})
    certificate = x509.load_pem_x509_certificate(made["pemEncodedCertificate"].encode())
    certificate.verify_directly_issued_by(certificate)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=365)
    assert made["expirationDate"] - made["createdDate"] == timedelta(days=365)
    name = {"clientCertificateId": made["clientCertificateId"]}
    shown = api.get_client_certificate(**name)
    assert shown["pemEncodedCertificate"] == made["pemEncodedCertificate"]
    assert "PRIVATE KEY" not in str(shown)
    assert [item["clientCertificateId"] for item in api.get_client_certificates()["items"]] == list(name.values())
    patches = [{"op": "replace", "path": "/description", "value": "e"}]
    assert api.update_client_certificate(**name, patchOperations=patches)["description"] == "e"
    arn = f"arn:aws:apigateway:us-east-1::/clientcertificates/{made['clientCertificateId']}"
    api.tag_resource(resourceArn=arn, tags={"c": "d"})
    assert api.get_client_certificate(**name)["tags"] == {"a": "b", "c": "d"}
    api.delete_client_certificate(**name)
    missing = ("NotFoundException", "Invalid Client Certificate identifier specified", 404)
    assert aws_error(lambda: api.get_client_certificate(**name)) == missing
