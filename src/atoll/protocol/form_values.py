"""Values in form bodies (query and ec2): `Tags.member.1.Key=a` read as a tree, and the tree read by shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import ListShape, MapShape, Shape, StructureShape

from atoll.kernel.errors import MalformedRequest
from atoll.protocol.scalars import read_text

Tree = dict[str | None, Any]
"""Children by name segment; the value that stands at this very name is under None."""
Reader = Callable[[Tree], Any]

MOST_PAIRS = 50_000
"""What AWS's largest forms hold (PutMetricData: 1 MiB) is half as many; a few bytes each would hold the loop for seconds."""


def decode_form(text: str) -> list[tuple[str, str]]:
    """The pairs of a form or query string. Raises MalformedRequest where it is no UTF-8, or has more than MOST_PAIRS."""
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PAIRS)
    except ValueError as error:
        raise MalformedRequest("The request is not a well-formed form") from error


_DEEPEST = 64
"""Segments of a name that are told apart; no shape of AWS needs half of them."""


def tree_of(pairs: Iterable[tuple[str, str]]) -> Tree:
    """Pairs of dotted names and values as a tree."""
    root: Tree = {}
    for name, value in pairs:
        node = root
        for segment in name.split(".", _DEEPEST):
            node = node.setdefault(segment, {})
        node[None] = value
    return root


class FormReaders:
    """Compiles readers for the shapes of one service, each structure once."""

    def __init__(self) -> None:
        self._structures: dict[str, Reader] = {}

    def of(self, shape: Shape) -> Reader:
        """A function from the part of the tree under a member's name to its value."""
        if isinstance(shape, StructureShape):
            return self.structure(shape)
        if isinstance(shape, ListShape):
            return self._list(shape)
        if isinstance(shape, MapShape):
            return self._map(shape)
        read = read_text(shape)
        return lambda node: read(node.get(None, ""))

    def structure(self, shape: StructureShape) -> Reader:
        """The reader of a structure."""
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: dict[str | None, tuple[str, Reader]] = {}

        def read(node: Tree) -> dict[str, Any]:
            found = ((members[key], child) for key, child in node.items() if key in members)
            return {name: reader(child) for (name, reader), child in found}

        self._structures[shape.name] = read
        for name, member in shape.members.items():
            reader = self.of(member)
            members.update((key, (name, reader)) for key in self.member_keys(name, member))
        return read

    def member_keys(self, name: str, shape: Shape) -> list[str]:
        """The names under which a member may stand. A flattened list goes by its own name in newer SDKs, by that of its
        items in botocore."""
        keys = [str(shape.serialization.get("name", name))]
        if (
            isinstance(shape, ListShape)
            and shape.serialization.get("flattened")
            and "name" in shape.member.serialization
        ):
            keys.append(str(shape.member.serialization["name"]))
        return keys

    def _list(self, shape: ListShape) -> Reader:
        read_item = self.of(shape.member)
        flattened = shape.serialization.get("flattened")
        item_key = shape.member.serialization.get("name", "member")

        def read(node: Tree) -> list[Any]:
            return [read_item(item) for item in _numbered(node if flattened else node.get(item_key, {}))]

        return read

    def _map(self, shape: MapShape) -> Reader:
        read_key, read_value = self.of(shape.key), self.of(shape.value)
        flattened = shape.serialization.get("flattened")
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")

        def read(node: Tree) -> dict[str, Any]:
            entries = _numbered(node if flattened else node.get("entry", {}))
            return {read_key(entry.get(key_name, {})): read_value(entry.get(value_name, {})) for entry in entries}

        return read


class Ec2FormReaders(FormReaders):
    """EC2's forms: names begin with a capital, and every list is flattened (`InstanceId.1=…`).

    docs: https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
    """

    def member_keys(self, name: str, shape: Shape) -> list[str]:
        name = str(shape.serialization.get("queryName") or shape.serialization.get("name", name))
        return [name[0].upper() + name[1:], name]

    def _list(self, shape: ListShape) -> Reader:
        read_item = self.of(shape.member)
        return lambda node: [read_item(item) for item in _numbered(node)]


def _numbered(node: Tree) -> list[Tree]:
    """The numbered children, in the order of their numbers."""
    numbered = [(segment, child) for segment, child in node.items() if segment is not None]
    if any(not (s.isascii() and s.isdigit() and len(s) < 10) for s, _ in numbered):
        raise MalformedRequest("Key must be numeric")
    return [child for _, child in sorted(numbered, key=lambda pair: int(pair[0]))]
