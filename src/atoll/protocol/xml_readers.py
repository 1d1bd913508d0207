"""XML as values: a document parsed into plain elements, and closures from elements to values, compiled from shapes.

expat does the parsing. A document type declaration is refused, and with it every entity but XML's own five: what a client sends has
none, and bombs are made of them. Namespaces are taken off: AWS reads a name whatever its prefix.
docs: https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.parsers import expat

from botocore.model import ListShape, MapShape, Shape, StructureShape

from atoll.kernel.errors import MalformedRequest
from atoll.protocol.scalars import read_text
from atoll.protocol.xml_values import member_tag

DEEPEST = 200
"""Elements within each other; the deepest shape of any AWS service needs some twenty."""


class Element:
    """An element: its local name, its attributes by local name, its children in order, and the text directly in it."""

    __slots__ = ("attributes", "children", "name", "parts")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.children: list[Element] = []
        self.parts: list[str] = []

    @property
    def text(self) -> str:
        """The text between the element's children, without theirs."""
        return "".join(self.parts)


Reader = Callable[[Element], Any]


def parse_xml(body: bytes) -> Element:
    """The root of a document in UTF-8. Raises MalformedRequest where it is not well-formed, too deep, or declares a type."""
    root = Element("", {})
    open_elements = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_elements) > DEEPEST:
            raise MalformedRequest("The XML is nested too deeply")
        element = Element(_local(name), {_local(key): value for key, value in attributes.items()})
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def refuse(*_: Any) -> None:
        raise MalformedRequest("The XML has a document type declaration")

    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: open_elements.pop()
    parser.CharacterDataHandler = lambda text: open_elements[-1].parts.append(text)
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise MalformedRequest("The XML is not well-formed") from error
    return root.children[0]


def _local(name: str) -> str:
    """A name without its namespace, as expat writes that, or its prefix, as models do."""
    return name.rpartition(" ")[2].rpartition(":")[2]


class XmlReaders:
    """Compiles readers for the shapes of one service, each structure once."""

    def __init__(self) -> None:
        self._structures: dict[str, Reader] = {}

    def of(self, shape: Shape) -> Reader:
        """A function from an element to the value of `shape`. It raises MalformedRequest."""
        if isinstance(shape, StructureShape):
            return self.structure(shape)
        if isinstance(shape, ListShape):
            return self._list(shape)
        if isinstance(shape, MapShape):
            return self._map(shape)
        read = read_text(shape)
        if shape.type_name in ("string", "character"):
            return lambda element: element.text
        return lambda element: read(element.text.strip())

    def structure(self, shape: StructureShape) -> Reader:
        """The reader of a structure; elements that it has no member for are ignored."""
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: dict[str, Member] = {}
        read = self._structures[shape.name] = _structure_reader(members, _attributes(shape))
        members.update(self._bound(shape, shape.members))
        return read

    def members(self, shape: StructureShape, names: Iterable[str]) -> Reader:
        """The reader of some members of a structure: those that REST protocols put into the body."""
        return _structure_reader(self._bound(shape, names), _attributes(shape))

    def _bound(self, shape: StructureShape, names: Iterable[str]) -> dict[str, Member]:
        shapes = ((name, shape.members[name]) for name in names)
        return {tag: (name, reader) for name, member in shapes for tag, reader in self._member(name, member)}

    def _member(self, name: str, shape: Shape) -> list[tuple[str, MemberReader]]:
        """How a member is read, under each of the names that it may have; a flattened one gathers its elements one by one."""
        if shape.serialization.get("xmlAttribute"):
            return []
        if isinstance(shape, ListShape) and shape.serialization.get("flattened"):
            reader = _gathered(self.of(shape.member))
            names = {member_tag(name, shape), str(shape.serialization.get("name", name))}
            return [(tag, reader) for tag in names]
        if isinstance(shape, MapShape) and shape.serialization.get("flattened"):
            return [(member_tag(name, shape), _merged(self._entry(shape)))]
        read = self.of(shape)
        return [(member_tag(name, shape), lambda before, element: read(element))]

    def _list(self, shape: ListShape) -> Reader:
        read_item = self.of(shape.member)
        tag = shape.member.serialization.get("name", "member")
        return lambda element: [read_item(child) for child in element.children if child.name == tag]

    def _map(self, shape: MapShape) -> Reader:
        read_entry = self._entry(shape)

        def read(element: Element) -> dict[str, Any]:
            out: dict[str, Any] = {}
            for child in element.children:
                out.update(read_entry(child))
            return out

        return read

    def _entry(self, shape: MapShape) -> Reader:
        read_key, read_value = self.of(shape.key), self.of(shape.value)
        key_tag = shape.key.serialization.get("name", "key")
        value_tag = shape.value.serialization.get("name", "value")

        def read(entry: Element) -> dict[Any, Any]:
            found = {child.name: child for child in entry.children}
            if key_tag not in found or value_tag not in found:
                raise MalformedRequest("An entry of a map has no key or no value")
            return {read_key(found[key_tag]): read_value(found[value_tag])}

        return read


MemberReader = Callable[[Any, Element], Any]
"""From what a member already holds (None at first) and an element to what it then holds."""
Member = tuple[str, MemberReader]


def _gathered(read_item: Reader) -> MemberReader:
    def read(before: list[Any] | None, element: Element) -> list[Any]:
        items = [] if before is None else before
        items.append(read_item(element))
        return items

    return read


def _merged(read_entry: Reader) -> MemberReader:
    def read(before: dict[str, Any] | None, element: Element) -> dict[str, Any]:
        entries = {} if before is None else before
        entries.update(read_entry(element))
        return entries

    return read


Attributes = Mapping[str, tuple[str, Callable[[str], Any]]]


def _attributes(shape: StructureShape) -> Attributes:
    """How the members of a structure that are attributes of its element are read."""
    found = ((name, member) for name, member in shape.members.items() if member.serialization.get("xmlAttribute"))
    return {_local(member_tag(name, member)): (name, read_text(member)) for name, member in found}


def _structure_reader(members: Mapping[str, Member], attributes: Attributes) -> Reader:
    def read(element: Element) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, text in element.attributes.items():
            if (attribute := attributes.get(key)) is not None:
                out[attribute[0]] = attribute[1](text)
        for child in element.children:
            if (member := members.get(child.name)) is not None:
                name, reader = member
                out[name] = reader(out.get(name), child)
        return out

    return read
