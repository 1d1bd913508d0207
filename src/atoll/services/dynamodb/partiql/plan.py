"""What a SELECT reads: ranges of partitions where its WHERE clause says which, else all of the table or index. Pure.

docs: Developer Guide, "PartiQL select statements for DynamoDB": a condition with = or IN on the partition key avoids the full scan.
AWS decomposes the condition into reads by key, one for each way in which its ORs and INs can be met, at most 50; none may overlap
another, unless it excludes values of the sort key. What is read is held against the whole condition: the ranges need only be wide enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from typing import Any, NamedTuple

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.expressions.key_condition import KeyCondition
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
    paths_in,
)
from atoll.services.dynamodb.items.item_rules import MAX_PARTITION_KEY, MAX_SORT_KEY, check_length
from atoll.services.dynamodb.items.ranges import Bounds, bounds
from atoll.services.dynamodb.store import Attribute

MAX_READS = 50
_OVERLAPPING = "Overlapping conditions with range keys are not supported in where clause"
_REVERSED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

Value = Mapping[str, Any]


class KeySchema(NamedTuple):
    """The key of a table, or of an index with one attribute for each part."""

    partition: Attribute
    sort: Attribute | None


class Sought(NamedTuple):
    """A range to read: a partition, and bounds of the sort key where there are some. `filters` are what else its branch of the
    condition asks."""

    partition: Value
    sort: Bounds | None
    filters: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class _Branch:
    """One way in which the condition can be met. `excludes`: it excludes values of the sort key."""

    partitions: tuple[Value, ...] = ()
    sort: tuple[KeyCondition, ...] = ()
    filters: tuple[Condition, ...] = ()
    excludes: bool = False


def decompose(condition: Condition | None, schema: KeySchema) -> list[Sought] | None:
    """The ranges to read, in the order of the statement; None where all must be read. Raises ValidationFailed."""
    if condition is None or not _pins(condition, schema):
        return None
    if _count(condition, schema) > MAX_READS:
        raise ValidationFailed("Too many decomposed read operations for a given query.")
    groups: dict[tuple[str, Any], list[tuple[_Branch, Bounds | None]]] = {}
    for branch in _branches(condition, schema):
        _check_types(branch, schema)
        if any(value != branch.partitions[0] for value in branch.partitions):
            return None  # AWS does not see that nothing can meet it, and scans
        ((kind, content),) = branch.partitions[0].items()
        groups.setdefault((kind, content), []).append((branch, _bounds(branch, schema)))
    return [sought for group in groups.values() for sought in _disjoint(group)]


def exact_key(condition: Condition | None, schema: KeySchema) -> dict[str, Value] | None:
    """The primary key that a condition consists of: nothing else, and each attribute by one value; or None."""
    if condition is None or not _pins(condition, schema):
        return None
    key: dict[str, Value] = {}
    for node in conjuncts(condition):
        found = _key_condition(node, schema)
        if found is None or found[1].operator not in ("=", "IN") or len(found[1].values) > 1:
            return None
        attribute, asked = found
        if key.setdefault(attribute.name, asked.values[0]) != asked.values[0]:
            return None
    return key if len(key) == (1 if schema.sort is None else 2) else None


def equalities(condition: Condition | None, schema: KeySchema) -> tuple[dict[str, list[Value]], list[Condition]]:
    """The values that a condition equates key attributes with, and what else it consists of."""
    values: dict[str, list[Value]] = {}
    rest: list[Condition] = []
    for node in conjuncts(condition):
        found = _key_condition(node, schema)
        if found is not None and found[1].operator == "=":
            values.setdefault(found[0].name, []).append(found[1].values[0])
        else:
            rest.append(node)
    return values, rest


def conjuncts(condition: Condition | None) -> Iterator[Condition]:
    """The conditions that AND joins, however they are grouped."""
    pending = [] if condition is None else [condition]
    while pending:
        node = pending.pop()
        if isinstance(node, Logical) and node.operator == "AND":
            pending += reversed(node.conditions)
        else:
            yield node


def check_key_type(attribute: Attribute, value: Value) -> None:
    """Refuses a value that the key attribute cannot have."""
    (kind,) = value
    if kind not in ("S", "N", "B"):
        raise ValidationFailed(f"Key value must be of type S, N, or B. Key name: {attribute.name}, Key type: {kind}")
    if kind != attribute.type:
        raise ValidationFailed(
            f"Key attribute's data type should match its data type in table's schema: Key {attribute.name}"
        )


def _pins(node: Condition, schema: KeySchema) -> bool:
    """Whether the partition is known in every way to meet the condition."""
    if isinstance(node, Logical):
        return (any if node.operator == "AND" else all)(_pins(one, schema) for one in node.conditions)
    found = _key_condition(node, schema)
    return found is not None and found[0] == schema.partition


def _is_key(node: Condition, schema: KeySchema) -> bool:
    """Whether a condition must be taken apart: something in it, but under no NOT, is asked of a key attribute."""
    if isinstance(node, Logical):
        return any(_is_key(one, schema) for one in node.conditions)
    return _key_condition(node, schema) is not None


def _count(node: Condition, schema: KeySchema) -> int:
    """In how many ways a condition can be met, as `_branches` takes it apart."""
    if isinstance(node, Logical) and _is_key(node, schema):
        counts = [_count(one, schema) for one in node.conditions]
        return prod(counts) if node.operator == "AND" else sum(counts)
    found = _key_condition(node, schema)
    return len(found[1].values) if found is not None and found[1].operator == "IN" else 1


def _branches(node: Condition, schema: KeySchema) -> list[_Branch]:
    if isinstance(node, Logical) and _is_key(node, schema):
        parts = [_branches(one, schema) for one in node.conditions]
        if node.operator == "OR":
            return [branch for part in parts for branch in part]
        return [_joined(branches) for branches in product(*parts)]
    found = _key_condition(node, schema)
    if found is None:
        return [_Branch(filters=(node,), excludes=_excludes(node, schema))]
    attribute, asked = found
    each = [KeyCondition("=", (value,)) for value in asked.values] if asked.operator == "IN" else [asked]
    if attribute == schema.partition:
        return [_Branch(partitions=one.values) for one in each]
    return [_Branch(sort=(one,)) for one in each]


def _joined(branches: Sequence[_Branch]) -> _Branch:
    return _Branch(
        tuple(value for branch in branches for value in branch.partitions),
        tuple(asked for branch in branches for asked in branch.sort),
        tuple(one for branch in branches for one in branch.filters),
        any(branch.excludes for branch in branches),
    )


def _excludes(node: Condition, schema: KeySchema) -> bool:
    """Whether a filter excludes values of the sort key: by NOT or <>."""
    negative = isinstance(node, Not) or (isinstance(node, Compare) and node.operator == "<>")
    return negative and schema.sort is not None and any(path.parts == (schema.sort.name,) for path in paths_in(node))


def _key_condition(node: Condition, schema: KeySchema) -> tuple[Attribute, KeyCondition] | None:
    """The condition on a key attribute that a range can be sought by; on the partition key, = or IN."""
    operator, operands = _parts(node)
    attribute = _attribute(operands[0], schema) if operands else None
    if attribute is None and operator in _REVERSED:
        operator, operands = _REVERSED[operator], operands[::-1]
        attribute = _attribute(operands[0], schema)
    values = tuple(one.value for one in operands[1:] if isinstance(one, Literal))
    if attribute is None or len(values) < len(operands) - 1:
        return None
    if attribute == schema.partition and operator not in ("=", "IN"):
        return None
    return attribute, KeyCondition(operator, values)


def _parts(node: Condition) -> tuple[str, tuple[Operand, ...]]:
    if isinstance(node, Compare) and node.operator in _REVERSED:
        return node.operator, (node.left, node.right)
    if isinstance(node, Between):
        return "BETWEEN", (node.subject, node.low, node.high)
    if isinstance(node, In):
        return "IN", (node.subject, *node.choices)
    if isinstance(node, Function) and node.name == "begins_with":
        return node.name, node.arguments
    return "", ()


def _attribute(operand: Operand, schema: KeySchema) -> Attribute | None:
    if not isinstance(operand, Path) or len(operand.parts) > 1:
        return None
    return next((one for one in schema if one is not None and one.name == operand.parts[0]), None)


def _check_types(branch: _Branch, schema: KeySchema) -> None:
    for value in branch.partitions:
        check_key_type(schema.partition, value)
        check_length(schema.partition, value[schema.partition.type], MAX_PARTITION_KEY)
    for asked in branch.sort:
        assert schema.sort is not None
        for value in asked.values:
            check_key_type(schema.sort, value)
            check_length(schema.sort, value[schema.sort.type], MAX_SORT_KEY)


def _bounds(branch: _Branch, schema: KeySchema) -> Bounds | None:
    """Between what the sort key lies; None for anywhere."""
    if schema.sort is None or not branch.sort:
        return None
    all_bounds = [bounds(schema.sort, asked) for asked in branch.sort]
    low = max(low for low, _ in all_bounds)
    return low, max(low, min(high for _, high in all_bounds))


def _disjoint(group: Sequence[tuple[_Branch, Bounds | None]]) -> list[Sought]:
    """The ranges of one partition. Raises ValidationFailed where two overlap; where some exclude values, the partition is one range."""
    including = [limits for branch, limits in group if not branch.excludes]
    if any(_overlap(one, other) for one, other in combinations(including, 2)):
        raise ValidationFailed(_OVERLAPPING)
    if len(group) > len(including) and len(group) > 1:
        filters = tuple(one for branch, _ in group for one in branch.filters)
        return [Sought(group[0][0].partitions[0], None, filters)]
    return [Sought(branch.partitions[0], limits, branch.filters) for branch, limits in group]


def _overlap(one: Bounds | None, other: Bounds | None) -> bool:
    return one is None or other is None or (one[0] < other[1] and other[0] < one[1])
