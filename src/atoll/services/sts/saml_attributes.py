"""The attributes of assertions that are condition keys, by the key's name after `saml:`.

docs: "Available keys for SAML-based federation".
"""

from __future__ import annotations

from collections.abc import Mapping

_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_PERSON, _ORG = "urn:oid:1.3.6.1.4.1.5923.1.1.1.", "urn:oid:1.3.6.1.4.1.5923.1.2.1."
_PILOT = "urn:oid:0.9.2342.19200300.100.1."

KEYS: Mapping[str, tuple[str, ...]] = {
    "cn": ("urn:oid:2.5.4.3",),
    "commonName": ("http://schemas.xmlsoap.org/claims/CommonName",),
    "eduorghomepageuri": (f"{_ORG}2",),
    "eduorgidentityauthnpolicyuri": (f"{_ORG}3",),
    "eduorglegalname": (f"{_ORG}4",),
    "eduorgsuperioruri": (f"{_ORG}5",),
    "eduorgwhitepagesuri": (f"{_ORG}6",),
    "edupersonaffiliation": (f"{_PERSON}1",),
    "edupersonassurance": (f"{_PERSON}11",),
    "edupersonentitlement": (f"{_PERSON}7",),
    "edupersonnickname": (f"{_PERSON}2",),
    "edupersonorgdn": (f"{_PERSON}3",),
    "edupersonorgunitdn": (f"{_PERSON}4",),
    "edupersonprimaryaffiliation": (f"{_PERSON}5",),
    "edupersonprimaryorgunitdn": (f"{_PERSON}8",),
    "edupersonprincipalname": (f"{_PERSON}6",),
    "edupersonscopedaffiliation": (f"{_PERSON}9",),
    "edupersontargetedid": (f"{_PERSON}10",),
    "givenName": (f"{_CLAIMS}givenname", "urn:oid:2.5.4.42"),
    "mail": (f"{_CLAIMS}emailaddress", f"{_PILOT}3"),
    "name": (f"{_CLAIMS}name",),
    "organizationStatus": (f"{_PILOT}45",),
    "primaryGroupSID": ("http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid",),
    "surname": (f"{_CLAIMS}surname", "urn:oid:2.5.4.4"),
    "uid": (f"{_PILOT}1",),
    "x500UniqueIdentifier": ("urn:oid:2.5.4.45",),
}
