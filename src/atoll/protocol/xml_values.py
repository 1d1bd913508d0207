"""Values in XML: closures from values to elements, compiled from shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, Shape, StructureShape

from atoll.protocol.scalars import write_text

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML document can hold, escaped or not. docs: https://www.w3.org/TR/xml/#charsets"""

Writer = Callable[[Any, str], str]
"""From a value and the name of its element to XML."""


class XmlWriters:
    """Compiles writers for the shapes of one service, each structure once."""

    def __init__(self) -> None:
        self._contents: dict[str, Callable[[Mapping[str, Any]], str]] = {}

    def of(self, shape: Shape) -> Writer:
        """A function from a value of `shape` and an element's name to that element."""
        if isinstance(shape, StructureShape):
            contents = self.contents(shape)
            return lambda value, tag: f"<{tag}>{contents(value)}</{tag}>"
        if isinstance(shape, ListShape):
            return self._list(shape)
        if isinstance(shape, MapShape):
            return self._map(shape)
        text = write_text(shape, "iso8601")
        if shape.type_name in ("string", "character"):
            return lambda value, tag: f"<{tag}>{escaped(value)}</{tag}>"
        return lambda value, tag: f"<{tag}>{text(value)}</{tag}>"

    def contents(self, shape: StructureShape) -> Callable[[Mapping[str, Any]], str]:
        """A function from a structure to the elements of its members; None members are left out."""
        known = self._contents.get(shape.name)
        if known is not None:
            return known
        members: list[tuple[str, str, Writer]] = []

        def write(value: Mapping[str, Any]) -> str:
            return "".join(writer(item, tag) for name, tag, writer in members if (item := value.get(name)) is not None)

        self._contents[shape.name] = write
        for name, member in shape.members.items():
            members.append((name, _member_tag(name, member), self.of(member)))
        return write

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


def _member_tag(name: str, shape: Shape) -> str:
    """A flattened list without a name of its own goes by the name of its items, if they have one."""
    if isinstance(shape, ListShape) and shape.serialization.get("flattened"):
        name = shape.member.serialization.get("name", name)
    return str(shape.serialization.get("name", name))


def escaped(text: Any) -> str:
    """Text as XML holds it: markup escaped, line ends kept, and U+FFFD for what XML has no way to say."""
    return escape(_UNWRITABLE.sub("\ufffd", str(text)), {"\r": "&#xD;"})
