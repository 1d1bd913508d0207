"""An OpenID Connect provider for tests, made with authlib: discovery, keys that rotate, tokens. A real HTTP or HTTPS server."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from authlib.oidc.discovery import OpenIDProviderMetadata
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from authlib.jose import JsonWebKey, jwt

COORDINATES = {"ES256": 2 * 43, "ES384": 2 * 64, "ES512": 2 * 88}
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


class Provider:
    """An issuer on this machine. `asked` are the paths that were asked for; `down` makes it answer 503, `delay` after so many seconds."""

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        self.keys: dict[str, Any] = {}
        self.asked: list[str] = []
        self.down = False
        self.delay = 0.0
        self.extra: list[dict[str, Any]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                time.sleep(provider.delay)
                body = json.dumps(provider.document(self.path)).encode()
                self.send_response(503 if provider.down else 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.issuer = f"{scheme}://localhost:{self._server.server_address[1]}/pool"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def document(self, path: str) -> Any:
        """What is published under a path."""
        if path.endswith("/.well-known/openid-configuration"):
            return OpenIDProviderMetadata(
                issuer=self.issuer, jwks_uri=f"{self.issuer}/keys", id_token_signing_alg_values_supported=["RS256"]
            )
        return {"keys": [*(key.as_dict(is_private=False, use="sig") for key in self.keys.values()), *self.extra]}

    def rotate(self, key_id: str, algorithm: str = "RS256", *, bits: int = 2048) -> None:
        """Publishes another key beside those that are there."""
        kind, parameter = ("RSA", bits) if algorithm[0] in "RP" else ("EC", CURVES[algorithm])
        key = JsonWebKey.generate_key(kind, parameter, {"kid": key_id}, is_private=True)
        public = key.as_dict(is_private=False)
        if kind == "EC" and len(public["x"]) + len(public["y"]) != COORDINATES[algorithm]:
            return self.rotate(key_id, algorithm)  # authlib leaves leading zeros out, and RFC 7518 does not
        self.keys[key_id] = key
        return None

    def token(self, key_id: str = "one", algorithm: str = "RS256", **claims: Any) -> str:
        """A signed token: an hour's, for the audience "app", unless the claims say otherwise. A claim that is None is left out."""
        now = int(time.time())
        payload = {"iss": self.issuer, "sub": "alice", "aud": "app", "iat": now, "exp": now + 3600, **claims}
        payload = {name: value for name, value in payload.items() if value is not None}
        header = {"alg": algorithm, "kid": key_id}
        return str(jwt.encode(header, payload, self.keys[key_id], check=False).decode())


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that vouches for itself, and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "issuer.pem", folder / "issuer.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private
