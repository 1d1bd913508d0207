"""A SAML identity provider for tests: metadata, and responses that it signs with signxml."""

from __future__ import annotations

import base64
import datetime
import uuid
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import SignatureMethod, XMLSigner, methods

SIGN_IN = "https://signin.aws.amazon.com/saml"
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_NAMES = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'


class IdentityProvider:
    """Knows people and vouches for them."""

    def __init__(self, entity_id: str = "https://idp.example/saml") -> None:
        self.entity_id = entity_id
        self._key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
        began = datetime.datetime(2015, 1, 1, tzinfo=datetime.UTC)
        # Long expired, as many are: AWS does not look at it.
        made = x509.CertificateBuilder(
            name, name, self._key.public_key(), 1, began, began + datetime.timedelta(days=365)
        ).sign(self._key, hashes.SHA256())
        self.certificate = made.public_bytes(serialization.Encoding.PEM).decode()
        self.private_key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def metadata(self, more: str = "") -> str:
        """What AWS is given to know it by."""
        body = "".join(self.certificate.splitlines()[1:-1])
        return (
            f'<?xml version="1.0"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
            f'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID={quoteattr(self.entity_id)} {more}>'
            '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
            f'<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate>'
            "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
            'Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>'
        )

    def response(self, now: float, attributes: dict[str, Any], *, sign: str = "Assertion", **changes: Any) -> str:
        """A response as browsers carry it. `sign`: "Assertion", "Response" or "". `changes` are parts that differ from a good one."""
        return base64.b64encode(etree.tostring(self.document(now, attributes, sign=sign, **changes))).decode()

    def document(self, now: float, attributes: dict[str, Any], *, sign: str = "Assertion", **changes: Any) -> Any:
        """The response as an lxml element."""
        root = etree.fromstring(self._text(now, attributes, **changes))
        if sign == "Response":
            return self._sign(root)
        if sign == "Assertion":
            (assertion,) = root.findall("{*}Assertion")
            alone = etree.fromstring(etree.tostring(assertion))
            root.replace(assertion, etree.fromstring(etree.tostring(self._sign(alone))))
        return root

    def _sign(self, element: Any) -> Any:
        signer = XMLSigner(
            method=methods.enveloped,
            signature_algorithm=SignatureMethod.RSA_SHA256,
            c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
        )
        element.insert(1, etree.Element(f"{{{_DS}}}Signature", nsmap={"ds": _DS}, Id="placeholder"))
        return signer.sign(
            element,
            key=self.private_key,
            cert=self.certificate,
            reference_uri=f"#{element.get('ID')}",
            id_attribute="ID",
        )

    def _text(self, now: float, attributes: dict[str, Any], **changes: Any) -> str:
        given = {
            "issuer": self.entity_id, "audience": SIGN_IN, "recipient": SIGN_IN, "name": "ann@example.com", "lasts": 300,
            "issued": now, "format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            "status": "urn:oasis:names:tc:SAML:2.0:status:Success", "session": None, **changes,
        }  # fmt: skip
        issued, until = _time(given["issued"]), _time(now + given["lasts"])
        statements = "".join(
            f"<saml:Attribute Name={quoteattr(name)}>"
            + "".join(
                f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>"
                for value in (values if isinstance(values, list) else [values])
            )
            + "</saml:Attribute>"
            for name, values in attributes.items()
        )
        session = f'SessionNotOnOrAfter="{_time(given["session"])}"' if given["session"] else ""
        return (
            f'<samlp:Response {_NAMES} ID="_{uuid.uuid4().hex}" Version="2.0" IssueInstant="{issued}" Destination="{SIGN_IN}">'
            f"<saml:Issuer>{given['issuer']}</saml:Issuer>"
            f'<samlp:Status><samlp:StatusCode Value="{given["status"]}"/></samlp:Status>'
            f'<saml:Assertion ID="_{uuid.uuid4().hex}" Version="2.0" IssueInstant="{issued}">'
            f"<saml:Issuer>{given['issuer']}</saml:Issuer>"
            f'<saml:Subject><saml:NameID Format="{given["format"]}">{given["name"]}</saml:NameID>'
            '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient="{given["recipient"]}"/>'
            "</saml:SubjectConfirmation></saml:Subject>"
            f'<saml:Conditions NotBefore="{issued}" NotOnOrAfter="{until}"><saml:AudienceRestriction>'
            f"<saml:Audience>{given['audience']}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
            f'<saml:AuthnStatement AuthnInstant="{issued}" {session}/>'
            f"<saml:AttributeStatement>{statements}</saml:AttributeStatement></saml:Assertion></samlp:Response>"
        )


def _time(seconds: float) -> str:
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
