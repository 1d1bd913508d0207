"""A table as a dict, written for its tests: what writes of items do, said another way than in Atoll, and in no hurry.

A value is a pair of its type and a Python value: numbers are Decimals, sets frozensets. An update is a list of actions
(verb, path, operand); an operand is ("value", v), ("path", path), ("else", path, operand), ("append", operand, operand), or
(sign, operand, operand). A refusal is any of a set of messages: where several rules are broken, AWS's order is tested elsewhere.
"""

from __future__ import annotations

import copy
from decimal import Context, Decimal
from typing import Any

Value = tuple[str, Any]
Item = dict[str, Value]
SETS = ("SS", "NS", "BS")
INDEX_KEY = "gg"
KEYS = ("id", "sk")
EXACT = Context(prec=500)

OVERLAP, CONFLICT = "overlap with each other", "conflict with each other"
OPERAND = "Incorrect operand type for operator or function"
PATH_WANTED = "Operator or function requires a document path"
PART_OF_KEY = "This attribute is part of the key"
SCALAR_KEYS = "Key attributes must be scalars"
INDEX_TYPE = "Type mismatch for Index Key"
INDEX_TYPE_LATE = "attempted to update the secondary index key to unsupported type"
INDEX_EMPTY = "attribute cannot contain an empty string value"
WRONG_TYPE = "An operand in the update expression has an incorrect data type"
MISSING = "refers to an attribute that does not exist in the item"
BAD_PATH = "document path provided in the update expression is invalid for update"
OVERFLOW = "Number overflow"
UNDERFLOW = "Number underflow"
MISUSED = "The function is not allowed to be used this way"


class Refused(Exception):
    """The write must be refused with a message that contains one of `parts`."""

    def __init__(self, *parts: str) -> None:
        super().__init__(*parts)
        self.parts = parts


def value_of(wire: dict[str, Any]) -> Value:
    """A value as the API has it."""
    ((kind, content),) = wire.items()
    if kind == "N":
        return kind, Decimal(content)
    if kind in SETS:
        return kind, frozenset(Decimal(member) if kind == "NS" else member for member in content)
    if kind == "L":
        return kind, [value_of(member) for member in content]
    if kind == "M":
        return kind, {name: value_of(member) for name, member in content.items()}
    return kind, content


def item_of(wire: dict[str, Any]) -> Item:
    """An item as the API has it."""
    return {name: value_of(value) for name, value in wire.items()}


def updated(old: Item | None, key: Item, actions: list[Any]) -> Item | None:
    """The item after an update, None where there is none. Raises Refused."""
    problems = _static_problems(actions)
    if problems:
        raise Refused(*problems)
    if old is None and actions and all(verb in ("REMOVE", "DELETE") for verb, _, _ in actions):
        return None
    item = copy.deepcopy(old if old is not None else key)
    before = copy.deepcopy(item)
    late: list[str] = []
    plan = []
    for verb, path, operand in actions:
        try:
            plan.append((verb, path, None if operand is None else _evaluate(operand, before)))
        except Refused as error:
            late += error.parts
    for verb, path, value in plan:
        try:
            _change(item, before, verb, path, value)
        except Refused as error:
            late += error.parts
    if late:
        raise Refused(*late)
    for _, path, _ in sorted(plan, key=lambda one: -one[1][-1] if isinstance(one[1][-1], int) else 0):
        _close_gaps(item, path)
    if INDEX_KEY in item:
        kind, content = item[INDEX_KEY]
        if kind != "S":
            raise Refused(INDEX_TYPE_LATE)
        if not content:
            raise Refused(INDEX_EMPTY)
    return item


def _static_problems(actions: list[Any]) -> list[str]:
    found = []
    for at, (_, path, _) in enumerate(actions):
        for _, other, _ in actions[:at]:
            shared = 0
            while shared < min(len(path), len(other)) and path[shared] == other[shared]:
                shared += 1
            if shared == min(len(path), len(other)):
                found.append(OVERLAP)
            elif type(path[shared]) is not type(other[shared]):
                found.append(CONFLICT)
    for verb, path, operand in actions:
        if path[0] in KEYS:
            found.append(PART_OF_KEY)
        if len(path) > 1 and path[0] in (*KEYS, INDEX_KEY):
            found.append(SCALAR_KEYS)
        if operand is not None:
            found += _operand_problems(operand)
            kind = _static_type(operand)
            if (verb == "ADD" and kind not in (*SETS, "N")) or (verb == "DELETE" and kind not in SETS):
                found.append(OPERAND)
            if verb in ("SET", "ADD") and path == (INDEX_KEY,) and kind not in (None, "S"):
                found.append(INDEX_TYPE)
    return found


def _operand_problems(operand: Any) -> list[str]:
    form, *parts = operand
    found: list[str] = []
    if form == "path" and len(parts[0]) > 1 and parts[0][0] in (*KEYS, INDEX_KEY):
        found.append(SCALAR_KEYS)
    if form in ("append", "+", "-"):
        wanted = "L" if form == "append" else "N"
        for part in parts:
            if _static_type(part) not in (None, wanted):
                found.append(OPERAND)
            found += _operand_problems(part)
    if form == "else":
        if len(parts[0]) > 1 and parts[0][0] in (*KEYS, INDEX_KEY):
            found.append(SCALAR_KEYS)
        found += _operand_problems(parts[1])
    if form in ("append", "else"):
        found += [MISUSED for part in parts if part[0] == "append"]
    return found


def _static_type(operand: Any) -> str | None:
    form, *parts = operand
    if form == "value":
        return value_of(parts[0])[0]
    return {"append": "L", "+": "N", "-": "N"}.get(form)


def find(path: Any, item: Item) -> Value | None:
    value: Any = ("M", item)
    for part in path:
        kind, content = value
        if kind != ("M" if isinstance(part, str) else "L") or part not in (
            content if kind == "M" else range(len(content))
        ):
            return None
        value = content[part]
    found: Value = value
    return found


def _evaluate(operand: Any, item: Item) -> Value:
    form, *parts = operand
    if form == "value":
        return value_of(parts[0])
    if form == "path":
        found = find(parts[0], item)
        if found is None:
            raise Refused(MISSING)
        return copy.deepcopy(found)
    if form == "else":
        found = find(parts[0], item)
        return copy.deepcopy(found) if found is not None else _evaluate(parts[1], item)
    problems: list[str] = []
    values = []
    for part in parts:
        try:
            values.append(_evaluate(part, item))
        except Refused as error:
            problems += error.parts
    wanted = "L" if form == "append" else "N"
    problems += [WRONG_TYPE for kind, _ in values if kind != wanted]
    if problems:
        raise Refused(*problems)
    (_, left), (_, right) = values
    if form == "append":
        return "L", left + right
    return "N", _number(EXACT.add(left, right) if form == "+" else EXACT.subtract(left, right))


def _number(exact: Decimal) -> Decimal:
    digits = "".join(map(str, exact.as_tuple().digits)).strip("0")
    if exact and exact.adjusted() < -130:
        raise Refused(UNDERFLOW)
    if exact and (exact.adjusted() > 125 or len(digits) > 38):
        raise Refused(OVERFLOW)
    return exact


GAP: Value = ("GAP", None)


def _change(item: Item, before: Item, verb: str, path: Any, value: Value | None) -> None:
    """Changes one place; what is removed from a list leaves a gap, and what comes past its end is put there with its position."""
    parent, old_parent = find(path[:-1], item), find(path[:-1], before)
    last = path[-1]
    if parent is None or old_parent is None or parent[0] != ("L" if isinstance(last, int) else "M"):
        raise Refused(BAD_PATH)
    old = find(path, before)
    new = _new_value(verb, old, value)
    content = parent[1]
    if isinstance(last, str):
        content.pop(last, None)
        if new is not None:
            content[last] = new
    elif last < len(old_parent[1]):
        content[last] = GAP if new is None else new
    elif new is not None:
        content.append(("LATE", (last, new)))


def _new_value(verb: str, old: Value | None, value: Value | None) -> Value | None:
    if verb == "REMOVE" or (verb == "DELETE" and old is None):
        return None
    assert value is not None
    if verb == "SET" or old is None:
        return value
    if old[0] != value[0]:
        raise Refused(WRONG_TYPE)
    if verb == "DELETE":
        return (old[0], old[1] - value[1]) if old[1] - value[1] else None
    return ("N", _number(EXACT.add(old[1], value[1]))) if old[0] == "N" else (old[0], old[1] | value[1])


def _close_gaps(item: Item, path: Any) -> None:
    parent = find(path[:-1], item)
    if parent is None or parent[0] != "L":
        return
    content = parent[1]
    late = sorted((member[1] for member in content if member[0] == "LATE"), key=lambda pair: pair[0])
    content[:] = [member for member in content if member[0] not in ("GAP", "LATE")] + [value for _, value in late]
