"""Updates: the item that some actions make of another. A pure function; the texts of its errors are AWS's.

docs: Developer Guide, "Using update expressions". All operands are read from the item as it was, whatever the order of the actions;
positions in lists are those before any was removed. No action's path lies in another's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb import numbers
from atoll.services.dynamodb.expressions.condition import find
from atoll.services.dynamodb.expressions.nodes import Action, Arithmetic, Function, Literal, Operand, Part, Path, Value
from atoll.services.dynamodb.items.item_rules import MAX_ITEM, UPDATE_TOO_LARGE, check_value, ordered

INCORRECT_TYPE = "An operand in the update expression has an incorrect data type"
_INVALID_PATH = "The document path provided in the update expression is invalid for update"
_MISSING = "The provided expression refers to an attribute that does not exist in the item"

Content = Mapping[str, Any]


class _Change(NamedTuple):
    """What becomes of one value. `content` is what SET puts and ADD adds, `unwanted` what DELETE takes from a set of type `kind`."""

    verb: str
    kind: str = ""
    content: Any = None
    unwanted: frozenset[Any] = frozenset()


_Tree = dict[Part, "_Tree | _Change"]


def updated(item: Mapping[str, Content], actions: Iterable[Action], mismatch: str = INCORRECT_TYPE) -> dict[str, Any]:
    """The item after the actions. `mismatch` is said where ADD or DELETE meets another type than its own. Raises ValidationFailed."""
    root: _Tree = {}
    for action, change in _changes(item, actions):
        tree = root
        for part in action.path.parts[:-1]:
            tree = tree.setdefault(part, {})  # type: ignore[assignment]  # no path lies in another
        tree[action.path.parts[-1]] = change
    return _map(item, root, mismatch)


def _changes(item: Mapping[str, Content], actions: Iterable[Action]) -> Iterable[tuple[Action, _Change]]:
    """The actions with their values. What SET and ADD put is all in the new item: where it grows too large, the work ends early."""
    size = 0
    members: dict[int, frozenset[Any]] = {}
    for action in actions:
        if action.value is None:
            yield action, _Change(action.verb)
            continue
        value = _evaluate(action.value, item)
        ((kind, content),) = value.items()
        if action.verb == "DELETE":
            if id(content) not in members:
                members[id(content)] = frozenset(content)
            yield action, _Change("DELETE", kind, unwanted=members[id(content)])
            continue
        size += check_value(value)[1]
        if size > MAX_ITEM:
            raise ValidationFailed(UPDATE_TOO_LARGE)
        yield action, _Change(action.verb, kind, content)


def _evaluate(value: Value, item: Mapping[str, Content]) -> Content:
    if isinstance(value, Arithmetic):
        left, right = _number(value.left, item), _number(value.right, item)
        return {"N": numbers.add(left, right) if value.operator == "+" else numbers.subtract(left, right)}
    while isinstance(value, Function) and value.name == "if_not_exists":
        path, value = value.arguments
        assert isinstance(path, Path)  # bound trees are checked
        found = find(path, item)
        if found is not None:
            return found
    if isinstance(value, Function):
        first, second = (_typed("L", argument, item) for argument in value.arguments)
        return {"L": [*first, *second]}
    if isinstance(value, Path):
        found = find(value, item)
        if found is None:
            raise ValidationFailed(_MISSING)
        return found
    assert isinstance(value, Literal)
    return value.value


def _number(operand: Operand, item: Mapping[str, Content]) -> str:
    text: str = _typed("N", operand, item)
    return text


def _typed(kind: str, operand: Operand, item: Mapping[str, Content]) -> Any:
    value = _evaluate(operand, item)
    if kind not in value:
        raise ValidationFailed(INCORRECT_TYPE)
    return value[kind]


def _map(entries: Mapping[Any, Content], tree: _Tree, mismatch: str) -> dict[Any, Any]:
    changed = dict(entries)
    for name, change in tree.items():
        value = _changed(entries.get(name), change, mismatch)
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = value
    return changed


def _list(members: list[Content], tree: _Tree, mismatch: str) -> list[Content]:
    """Elements past the end are appended, in the order of their positions."""
    changed: list[Content | None] = [*members]
    for at in sorted(part for part in tree if isinstance(part, int)):
        if at < len(members):
            changed[at] = _changed(members[at], tree[at], mismatch)
        else:
            changed.append(_changed(None, tree[at], mismatch))
    return [member for member in changed if member is not None]


def _changed(old: Content | None, change: _Tree | _Change, mismatch: str) -> Content | None:
    """What stands in the place of `old`; None for nothing."""
    if isinstance(change, _Change):
        return _applied(old, change, mismatch)
    kind = "L" if isinstance(next(iter(change)), int) else "M"
    if old is None or kind not in old:
        raise ValidationFailed(_INVALID_PATH)
    return {kind: (_list if kind == "L" else _map)(old[kind], change, mismatch)}


def _applied(old: Content | None, change: _Change, mismatch: str) -> Content | None:
    verb, kind, content, unwanted = change
    if verb == "REMOVE" or (verb == "DELETE" and old is None):
        return None
    if verb == "SET" or old is None:
        return {kind: content}
    if kind not in old:
        raise ValidationFailed(mismatch)
    if verb == "DELETE":
        left = [member for member in old[kind] if member not in unwanted]
        return {kind: left} if left else None
    if kind == "N":
        return {"N": numbers.add(old["N"], content)}
    if kind == "L":
        return {"L": [*old["L"], *content]}
    return {kind: ordered(kind, {*old[kind], *content})}
