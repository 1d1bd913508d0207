"""Does a condition hold for an item? A pure function of a bound tree and an item (None: there is none).

docs: Developer Guide, "Condition and filter expressions, operators, and functions". Operands of different types are unequal and in no
order; what is absent is equal to nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from atoll.kernel import records
from atoll.services.dynamodb.expressions.nodes import (
    Between,
    Compare,
    Condition,
    Function,
    In,
    Literal,
    Logical,
    Not,
    Operand,
    Path,
    Truth,
)
from atoll.services.dynamodb.items.item_rules import utf8_length

Value = Mapping[str, Any]
_SETS = frozenset({"SS", "NS", "BS"})
_WITH_ORDER = _SETS | {"L", "M"}
"""The types of which one value may come in several orders, or hold such."""
_MARKS = [records.encode(kind) for kind in _SETS]
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SCALARS = frozenset({"S", "N", "B", "BOOL", "NULL"})


def holds(condition: Condition, item: Mapping[str, Value] | None) -> bool:
    """Whether the condition is true of the item."""
    item = item or {}
    if isinstance(condition, Logical):
        decisive = condition.operator == "OR"
        for child in condition.conditions:  # a loop, not any(): half the stack for nested parentheses
            if holds(child, item) is decisive:
                return decisive
        return not decisive
    if isinstance(condition, Not):
        return not holds(condition.condition, item)
    if isinstance(condition, Compare):
        left, right = _value(condition.left, item), _value(condition.right, item)
        if condition.operator == "=":
            return equal(left, right)
        if condition.operator == "<>":
            return not equal(left, right)
        return _compare(_ORDERS[condition.operator], left, right)
    if isinstance(condition, Between):
        subject = _value(condition.subject, item)
        return in_order(_value(condition.low, item), subject) and in_order(subject, _value(condition.high, item))
    if isinstance(condition, In):
        subject = _value(condition.subject, item)
        if condition.scalars is not None:
            return subject is not None and _is_among(subject, condition.scalars)
        return any(equal(subject, _value(choice, item)) for choice in condition.choices)
    return _call(condition, item)


def find(path: Path, item: Mapping[str, Value]) -> Value | None:
    """The value at a document path, or None."""
    value = item.get(path.parts[0])  # type: ignore[arg-type]  # a path begins with a name
    for part in path.parts[1:]:
        if value is None:
            return None
        if isinstance(part, int):
            members = value.get("L", ())
            value = members[part] if part < len(members) else None
        else:
            value = value.get("M", {}).get(part)
    return value


def equal(left: Value | None, right: Value | None) -> bool:
    """Whether two values are the same; sets by their members, numbers (normalised) by their text.

    Python's own comparison says so of all but sets in another order, and is many times as fast: three hundred operators may each
    compare a whole item.
    """
    if left is None or right is None:
        return False
    if left == right:
        return True
    ((kind, content),) = left.items()
    if kind not in _WITH_ORDER or kind not in right:
        return False
    other = right[kind]
    if len(content) != len(other):
        return False
    if kind in _SETS:
        return set(content) == set(other)
    if kind == "L":
        return all(equal(member, another) for member, another in zip(content, other, strict=True) if member != another)
    return content.keys() == other.keys() and all(
        equal(value, other[name]) for name, value in content.items() if value != other[name]
    )


def in_order(left: Value | None, right: Value | None) -> bool:
    """Whether left <= right, both of one ordered type."""
    return _compare(operator.le, left, right)


def _compare(order: Callable[[Any, Any], bool], left: Value | None, right: Value | None) -> bool:
    if left is None or right is None:
        return False
    ((kind, content),) = left.items()
    if kind not in right:
        return False
    if kind == "N":
        return order(Decimal(content), Decimal(right["N"]))
    if kind == "S":
        return order(content.encode(), right["S"].encode())
    return kind == "B" and order(content, right["B"])


def _value(operand: Operand, item: Mapping[str, Value]) -> Value | None:
    if isinstance(operand, Path):
        return find(operand, item)
    if isinstance(operand, Literal):
        return operand.value
    if isinstance(operand, Truth):
        return {"BOOL": holds(operand.condition, item)}
    assert isinstance(operand, Function)  # bound trees hold no placeholders
    size = _size(_value(operand.arguments[0], item))
    return None if size is None else {"N": str(size)}


def _size(value: Value | None) -> int | None:
    """docs: size(path): bytes of a string or binary value, members of a set, list or map; nothing for the other types."""
    if value is None:
        return None
    ((kind, content),) = value.items()
    if kind == "S":
        return utf8_length(content)
    return None if kind in ("N", "BOOL", "NULL") else len(content)


def _call(call: Function, item: Mapping[str, Value]) -> bool:
    first = _value(call.arguments[0], item)
    if call.name == "attribute_exists":
        return first is not None
    if call.name == "attribute_not_exists":
        return first is None
    second = _value(call.arguments[1], item)
    if first is None or second is None:
        return False
    if call.name == "attribute_type":
        return second["S"] in first
    if call.name == "begins_with":
        return any(kind in first and kind in second and first[kind].startswith(second[kind]) for kind in ("S", "B"))
    return _contains(first, second)


def _contains(whole: Value, part: Value) -> bool:
    """docs: contains(path, operand): a substring, a member of a set, or an element of a list."""
    ((kind, content),) = whole.items()
    if kind == "L":
        return part in content or (_may_hold_sets(part) and any(equal(member, part) for member in content))
    if kind in ("S", "B"):
        return kind in part and part[kind] in content
    return kind in _SETS and kind[0] in part and part[kind[0]] in content


def _may_hold_sets(value: Value) -> bool:
    """Whether Python may find a value different that is the same. Its encoding has the names of the types in it (and texts that
    only look so), and is made far faster than the value is walked through."""
    raw = records.encode(value) if "L" in value or "M" in value else b""
    return not _SETS.isdisjoint(value) or any(mark in raw for mark in _MARKS)


def _is_among(subject: Value, scalars: frozenset[tuple[str, Any]]) -> bool:
    ((kind, content),) = subject.items()
    return kind in _SCALARS and (kind, content) in scalars
