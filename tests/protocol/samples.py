"""Sample values of shapes, drawn with a seeded random generator; botocore's own client accepts them. No tests live here."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

ANYWHERE = "aZ09"
IN_BODIES = "aZ09 äß漢😀<>&\"'%+/=?#\\\t\n\r.,:;$"
IN_PATHS = "aZ09 ä漢<>&\"'%+/=?#.,:;$@~"
DEEPEST = 4


class Samples:
    """Draws values; `full` gives every member, otherwise only the required ones."""

    def __init__(self, seed: str, *, full: bool) -> None:
        self._random = random.Random(seed)
        self._full = full

    def structure(self, shape: StructureShape | None, depth: int = 0) -> dict[str, Any]:
        """A value of a structure (an operation's input or output)."""
        if shape is None:
            return {}
        members = dict(shape.members)
        if getattr(shape, "is_tagged_union", False):
            shallow = [name for name, member in members.items() if member.type_name != "structure" or depth < DEEPEST]
            name = self._random.choice(shallow or list(members))
            return {name: self.value(members[name], depth + 1)}
        wanted = set(shape.required_members) | (
            {n for n, m in members.items() if self._may_hold(m, depth)} if self._full else set()
        )
        return {name: self.value(member, depth + 1) for name, member in members.items() if name in wanted}

    def value(self, shape: Shape, depth: int) -> Any:
        """A value of any shape."""
        if getattr(shape, "is_document_type", False):
            return {"text": self._text(IN_BODIES, 0, 5), "list": [1, True, 2.5]}
        if isinstance(shape, StructureShape):
            return self.structure(shape, depth)
        low = int(shape.metadata.get("min", 0))
        if isinstance(shape, ListShape):
            if shape.serialization.get("location") == "header" and shape.member.type_name == "string":
                return [self._text(ANYWHERE, 1, 6) for _ in range(max(low, 2))]
            return [self.value(shape.member, depth + 1) for _ in range(max(low, 1 if depth > 2 else 2))]
        if isinstance(shape, MapShape):
            count = max(low, 2)
            return {f"{self.value(shape.key, depth + 1)}{n}": self.value(shape.value, depth + 1) for n in range(count)}
        return self._scalar(shape, low)

    def _may_hold(self, shape: Shape, depth: int) -> bool:
        nested = isinstance(shape, (StructureShape, ListShape, MapShape))
        return not (nested and depth >= DEEPEST)

    def _scalar(self, shape: Shape, low: int) -> Any:
        location = shape.serialization.get("location")
        match shape.type_name:
            case "boolean":
                return self._random.random() < 0.5
            case "integer" | "long" if location == "statusCode":
                return 200
            case "integer" | "long":
                return self._random.randint(low, max(low, int(shape.metadata.get("max", 2**31 - 1))))
            case "float" | "double":
                return low + self._random.choice([0.5, 1.25, 3.0, 1e-7])
            case "timestamp":
                return datetime.fromtimestamp(self._random.randint(0, 2**31), UTC)
            case "blob":
                return self._random.randbytes(max(low, 5))
        if location in ("header", "headers"):
            return self._text(ANYWHERE, low, 6)
        return self._text(IN_PATHS if location == "uri" else IN_BODIES, max(low, 1), 6)

    def _text(self, alphabet: str, low: int, usual: int) -> str:
        return "".join(self._random.choice(alphabet) for _ in range(max(low, usual)))
