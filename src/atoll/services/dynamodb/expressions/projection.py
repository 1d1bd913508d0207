"""Projections: the parts of an item that some paths name. Pure. docs: Developer Guide, "Using projection expressions"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.services.dynamodb.expressions.lexer import ExpressionError
from atoll.services.dynamodb.expressions.nodes import Part, Path, path_text

Tree = dict[Part, "Tree | None"]
"""What is wanted of a document: by name or position, the whole (None) or parts of it."""


def check_paths(paths: Sequence[Path]) -> None:
    """Raises ExpressionError where one path lies in another, else where two take one value for a list and for a map."""
    root: Tree = {}
    conflict: tuple[Path, tuple[Part, ...]] | None = None
    for path in paths:
        tree = root
        for depth, part in enumerate(path.parts):
            last = depth == len(path.parts) - 1
            if part in tree and (last or tree[part] is None):
                _complain("overlap", path, paths, path.parts[: depth + 1])
            if conflict is None and tree and type(next(iter(tree))) is not type(part):
                conflict = (path, path.parts[:depth])
            if last:
                tree[part] = None
            else:
                inner = tree.setdefault(part, {})
                assert inner is not None  # else it had overlapped
                tree = inner
    if conflict is not None:
        _complain("conflict", conflict[0], paths, conflict[1])


def project(item: Mapping[str, Any], paths: Sequence[Path]) -> dict[str, Any]:
    """The item reduced to the paths; list elements close up in their order, and what is absent is left out."""
    root: Tree = {}
    for path in paths:
        tree = root
        for part in path.parts[:-1]:
            tree = tree.setdefault(part, {})  # type: ignore[assignment]
        tree[path.parts[-1]] = None
    return _of_map(item, root)


def _complain(what: str, path: Path, paths: Sequence[Path], prefix: tuple[Part, ...]) -> None:
    earlier = next(other for other in paths if other.parts[: len(prefix)] == prefix)
    raise ExpressionError(
        f"Two document paths {what} with each other; must remove or rewrite one of these paths; "
        f"path one: {path_text(earlier)}, path two: {path_text(path)}"
    )


def _of_value(value: Mapping[str, Any], wanted: Tree | None) -> Mapping[str, Any] | None:
    if wanted is None:
        return value
    if isinstance(next(iter(wanted)), int):
        members = value.get("L")
        if members is None:
            return None
        positions = sorted(part for part in wanted if isinstance(part, int) and part < len(members))
        chosen = [found for at in positions if (found := _of_value(members[at], wanted[at])) is not None]
        return {"L": chosen} if chosen else None
    entries = value.get("M")
    if entries is None:
        return None
    found_entries = _of_map(entries, wanted)
    return {"M": found_entries} if found_entries else None


def _of_map(entries: Mapping[str, Any], wanted: Tree) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for name, inner in wanted.items():
        value = entries.get(name)  # type: ignore[arg-type]
        if value is not None and (found := _of_value(value, inner)) is not None:
            chosen[name] = found  # type: ignore[index]
    return chosen
