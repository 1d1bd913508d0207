"""Client certificates: real ones, made here."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from tests import oidc


class Whom(BaseHTTPRequestHandler):
    """Answers with the serial number of the certificate that its client showed."""

    def do_GET(self) -> None:
        assert isinstance(self.connection, ssl.SSLSocket)
        shown: Any = self.connection.getpeercert()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(shown["serialNumber"].encode() if shown else b"nobody")

    def log_message(self, *_arguments: Any) -> None:
        """Silent."""


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


def test_a_stages_certificate_is_shown_to_its_backends(rest: Any, tmp_path: Path) -> None:
    made = rest.client.generate_client_certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*oidc.certificate(tmp_path))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=made["pemEncodedCertificate"])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Whom)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        rest.method("/who")
        uri, tls = f"https://127.0.0.1:{server.server_port}/", {"insecureSkipVerification": True}
        rest.integrate("/who", type="HTTP_PROXY", integrationHttpMethod="GET", uri=uri, tlsConfig=tls)
        rest.deploy()
        assert rest("/who").text == "nobody"
        patch = {"op": "replace", "path": "/clientCertificateId", "value": made["clientCertificateId"]}
        rest.client.update_stage(restApiId=rest.id, stageName="dev", patchOperations=[patch])
        serial = x509.load_pem_x509_certificate(made["pemEncodedCertificate"].encode()).serial_number
        assert int(rest("/who").text, 16) == serial
        tried = rest.client.test_invoke_method(
            **rest.at("/who", "GET"), clientCertificateId=made["clientCertificateId"]
        )
        assert int(tried["body"], 16) == serial
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
