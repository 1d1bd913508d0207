"""Values written as XML: closures from values to elements, compiled from shapes. `xml_readers.py` is the other direction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from botocore.model import ListShape, MapShape, Shape, StructureShape

from atoll.protocol.scalars import write_text

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML document can hold, escaped or not. docs: https://www.w3.org/TR/xml/#charsets"""
_REPLACEMENT = "\ufffd"
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r"))
"""What ASCII has of it: `translate` sees within microseconds that a policy of some kilobytes has none."""

Writer = Callable[[Any, str], str]
"""From a value and the name of its element to XML."""


class XmlWriters:
    """Compiles writers for the shapes of one service, each structure once. `timestamps` is the form of a timestamp that its
    shape gives none."""

    def __init__(self, timestamps: str = "iso8601") -> None:
        self._timestamps = timestamps
        self._contents: dict[str, Callable[[Mapping[str, Any]], str]] = {}

    def of(self, shape: Shape) -> Writer:
        """A function from a value of `shape` and an element's name to that element."""
        if isinstance(shape, StructureShape):
            return self._structure(shape)
        if isinstance(shape, ListShape):
            return self._list(shape)
        if isinstance(shape, MapShape):
            return self._map(shape)
        text = write_text(shape, self._timestamps)
        if shape.type_name in ("string", "character"):
            return lambda value, tag: f"<{tag}>{escaped(value)}</{tag}>"
        return lambda value, tag: f"<{tag}>{text(value)}</{tag}>"

    def contents(self, shape: StructureShape) -> Callable[[Mapping[str, Any]], str]:
        """A function from a structure to the elements of its members; None members are left out."""
        known = self._contents.get(shape.name)
        if known is not None:
            return known
        members: list[tuple[str, str, Writer]] = []
        self._contents[shape.name] = write = _contents_writer(members)
        members.extend(self._bound(shape, shape.members))
        return write

    def members(self, shape: StructureShape, names: Iterable[str]) -> Callable[[Mapping[str, Any]], str]:
        """As `contents`, for some members of a structure: those that REST protocols put into the body."""
        return _contents_writer(self._bound(shape, names))

    def _bound(self, shape: StructureShape, names: Iterable[str]) -> list[tuple[str, str, Writer]]:
        shapes = ((name, shape.members[name]) for name in names)
        return [
            (name, member_tag(name, member), self.of(member))
            for name, member in shapes
            if not member.serialization.get("xmlAttribute")
        ]

    def _structure(self, shape: StructureShape) -> Writer:
        contents, attributes = self.contents(shape), attributes_writer(shape)
        return lambda value, tag: f"<{tag}{attributes(value)}>{contents(value)}</{tag}>"

    def _list(self, shape: ListShape) -> Writer:
        write_item = self.of(shape.member)
        if shape.serialization.get("flattened"):
            return lambda value, tag: "".join(write_item(item, tag) for item in value if item is not None)
        item_tag = shape.member.serialization.get("name", "member")

        def write(value: Any, tag: str) -> str:
            return f"<{tag}>{''.join(write_item(item, item_tag) for item in value if item is not None)}</{tag}>"

        return write

    def _map(self, shape: MapShape) -> Writer:
        write_key, write_value = self.of(shape.key), self.of(shape.value)
        key_tag = shape.key.serialization.get("name", "key")
        value_tag = shape.value.serialization.get("name", "value")
        flattened = shape.serialization.get("flattened")

        def write(value: Mapping[str, Any], tag: str) -> str:
            entry_tag = tag if flattened else "entry"
            entries = "".join(
                f"<{entry_tag}>{write_key(k, key_tag)}{write_value(v, value_tag)}</{entry_tag}>"
                for k, v in value.items()
                if v is not None
            )
            return entries if flattened else f"<{tag}>{entries}</{tag}>"

        return write


def member_tag(name: str, shape: Shape) -> str:
    """The element of a member. A flattened list without a name of its own goes by the name of its items, if they have one."""
    if isinstance(shape, ListShape) and shape.serialization.get("flattened"):
        name = shape.member.serialization.get("name", name)
    return str(shape.serialization.get("name", name))


def namespace_attribute(namespace: Any) -> str:
    """` xmlns="…"` for a namespace as models give one (its URI, or a mapping of `uri` and perhaps `prefix`), "" for None."""
    if not namespace:
        return ""
    uri, prefix = (namespace, None) if isinstance(namespace, str) else (namespace["uri"], namespace.get("prefix"))
    return f' xmlns{":" + prefix if prefix else ""}="{escaped(uri)}"'


def escaped(value: Any) -> str:
    """Text as XML holds it: markup escaped, line ends kept, and U+FFFD for what XML has no way to say."""
    text = str(value)
    if not (text.isascii() and len(text.encode().translate(None, _CONTROLS)) == len(text)):
        text = _UNWRITABLE.sub(_REPLACEMENT, text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _contents_writer(members: Sequence[tuple[str, str, Writer]]) -> Callable[[Mapping[str, Any]], str]:
    def write(value: Mapping[str, Any]) -> str:
        return "".join(writer(item, tag) for name, tag, writer in members if (item := value.get(name)) is not None)

    return write


def attributes_writer(shape: StructureShape) -> Callable[[Mapping[str, Any]], str]:
    """A function from a structure to those of its members that are attributes of its element."""
    names = [(n, member_tag(n, m)) for n, m in shape.members.items() if m.serialization.get("xmlAttribute")]
    if not names:
        return lambda value: ""
    namespace = namespace_attribute(shape.serialization.get("xmlNamespace"))

    def write(value: Mapping[str, Any]) -> str:
        given = ((tag, value.get(name)) for name, tag in names)
        quoted = (f" {tag}={quoteattr(_UNWRITABLE.sub(_REPLACEMENT, item))}" for tag, item in given if item is not None)
        return namespace + "".join(quoted)

    return write
