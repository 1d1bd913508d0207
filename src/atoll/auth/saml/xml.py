"""XML from outside. Imported on first use: lxml takes long to load.

Nothing is fetched, no entity is resolved, and a document that declares any is refused, as is one that nests or grows too far.
"""

from __future__ import annotations

from typing import Any

from lxml import etree  # type: ignore[import-untyped]

Element = Any
"""An lxml element."""
METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"


class NoXml(ValueError):
    """The document cannot be read, or declares what it must not."""


def read(document: bytes) -> Element:
    """The root of a document. Raises NoXml."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NoXml("the document is no XML") from error
    if root.getroottree().docinfo.doctype:
        raise NoXml("the document declares types or entities")
    return root


def text(element: Element | None) -> str:
    """All the text in an element; "" where there is none."""
    return "" if element is None else "".join(element.itertext()).strip()
