"""Constraints of shapes (required, length, range, pattern, enum), compiled to one function per operation.

It reports every broken constraint in AWS's words, as `N validation errors detected: …`. What a value means is no business
of this module. docs: "Value '…' at '…' failed to satisfy constraint" as AWS answered it (recorded by the LocalStack project).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from atoll.kernel.errors import MalformedRequest, ValidationFailed
from atoll.protocol.facts import Facts
from atoll.protocol.patterns import matcher

Validator = Callable[[Mapping[str, Any]], None]
Failures = list[tuple[str, Any, str]]
"""Path of the member (from the value that was checked), its value, the constraint that it breaks."""
Check = Callable[[Any], Failures]
"""Paths are put together on the way back from what is broken, so that proper requests cost none."""
Rule = Callable[[Any], str | None]
"""Gives the text of the constraint that a value breaks, or None."""

_MOST_LISTED = 10
"""So many broken constraints of one request DynamoDB tells."""
_LONGEST_FOR_PATTERN = 16_384
"""Above this a value is not matched against its pattern: AWS's engine is another, and some patterns backtrack."""


def compile_validator(operation: OperationModel, facts: Facts) -> Validator | None:
    """A function that raises ValidationFailed where an input of `operation` breaks a constraint; None where it has none."""
    shape = operation.input_shape
    check = _Checks(facts).structure(shape) if shape is not None else None
    if shape is None or check is None:
        return None
    body = f"{_shown(operation.name)}Input"
    in_body = (
        {_shown(n) for n, m in shape.members.items() if "location" not in m.serialization} if facts.names_body else ()
    )

    bare = facts.bare.get(operation.name, {})
    sentences = {_pattern_text(pattern): sentence for pattern, sentence in facts.sentences.items()}

    def validate(params: Mapping[str, Any]) -> None:
        try:
            failures = check(params)
        except RecursionError as error:
            raise MalformedRequest from error
        if failures:
            if sentences:
                failures = _without_own(failures, sentences)
            if facts.hash_ordered:
                del failures[_MOST_LISTED:]
            failures = [
                (f"{body}.{p}" if p.partition(".")[0] in in_body else p, value, text) for p, value, text in failures
            ]
            failures = [(bare[p], _HIDDEN, text) if p in bare else (p, value, text) for p, value, text in failures]
            raise ValidationFailed(describe(failures, hide=facts.hides_values))

    return validate


def _without_own(failures: Failures, sentences: Mapping[str, str]) -> Failures:
    """The failures that are listed. Patterns of which a service speaks in own `sentences` are checked after all other constraints.

    Raises ValidationFailed for the first of them if nothing else is wrong.
    """
    listed = [failure for failure in failures if failure[2] not in sentences]
    if not listed:
        path, _, text = failures[0]
        raise ValidationFailed(f"The specified value for {path} is invalid. {sentences[text]}")
    return listed


def describe(failures: Failures, *, hide: bool = False) -> str:
    """AWS's sentence for broken constraints; `hide` leaves the values out."""
    parts = [
        f"{_value(value, hide)} at '{path}' failed to satisfy constraint: {text}" for path, value, text in failures
    ]
    return f"{len(parts)} validation error{'s' if len(parts) > 1 else ''} detected: {'; '.join(parts)}"


_HIDDEN = object()
"""Stands for a value that a message leaves out."""


def _value(value: Any, hide: bool) -> str:
    if value is None:
        return "Value null"
    return "Value" if hide or value is _HIDDEN else f"Value '{_java(value)}'"


def _java(value: Any) -> str:
    """A value as Java's toString shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (bytes, bytearray)):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}={_java(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_java, value)) + "]"
    return str(value)


_NOT_NULL = "Member must not be null"


def _shown(name: str) -> str:
    """A member's name as AWS's messages show it."""
    return name[0].lower() + name[1:]


class _Checks:
    """Compiles checks, each structure once; a shape tree without constraints compiles to None and is never walked."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._structures: dict[str, Check] = {}
        self._concerned: dict[str, Mapping[str, object]] = {}
        """By structure, the members that alone can be wrong, where none is required: few attribute values of DynamoDB have any."""
        self._constrained: dict[str, bool] = {}

    def of(self, shape: Shape) -> Check | None:
        if getattr(shape, "is_document_type", False) or not self._is_constrained(shape, frozenset()):
            return None
        if isinstance(shape, StructureShape):
            return self.structure(shape)
        if isinstance(shape, ListShape):
            return self._list(shape)
        check = self._map(shape) if isinstance(shape, MapShape) else _ruled(self._rules(shape))
        return _hiding(check) if shape.metadata.get("sensitive") else check

    def structure(self, shape: StructureShape) -> Check | None:
        if shape.name in self._structures:
            return self._structures[shape.name]
        if not self._is_constrained(shape, frozenset()):
            return None
        required = [(name, _shown(name)) for name in shape.required_members]
        slots = _slots([_shown(name) for name in shape.members]) if self._facts.hash_ordered else None
        members: dict[str, tuple[str, Check]] = {}

        def check(value: Mapping[str, Any]) -> Failures:
            failures: Failures = []
            for name, shown in required:
                if value.get(name) is None:
                    failures.append((shown, None, _NOT_NULL))
            for name, item in value.items():
                if item is not None and (member := members.get(name)) is not None and (broken := member[1](item)):
                    failures += _under(member[0], broken)
            if slots is not None and len(failures) > 1:
                failures.sort(key=lambda failure: slots[failure[0].partition(".")[0]])
            return failures

        self._structures[shape.name] = check
        if not required:
            self._concerned[shape.name] = members
        for name, member in shape.members.items():
            if (member_check := self.of(member)) is not None:
                members[name] = (_shown(name), member_check)
        return check

    def _list(self, shape: ListShape, *, own_rules: bool = True) -> Check:
        own = _ruled(self._rules(shape) if own_rules else [])
        if isinstance(shape.member, (StructureShape, ListShape, MapShape)):
            inner = self.of(shape.member)

            def check(value: Sequence[Any]) -> Failures:
                failures = own(value)
                if inner is not None:
                    for index, item in enumerate(value, 1):
                        if broken := inner(item):
                            failures += _under(f"{index}.member", broken)
                return failures

            return check
        each = self._rules(shape.member)
        broken = _breaks(each)
        described = self._bracketed(shape, "Member must satisfy constraint", each)

        def check_scalars(value: Sequence[Any]) -> Failures:
            failures = own(value)
            if broken is not None and any(map(broken, value)):
                failures.append(("", value, described))
            return failures

        return check_scalars

    def _map(self, shape: MapShape) -> Check:
        own, keys, values = _ruled(self._rules(shape)), self._rules(shape.key), self._rules(shape.value)
        keys_text = self._bracketed(shape, "Map keys must satisfy constraint", keys)
        values_text = self._bracketed(shape, "Map value must satisfy constraint", values)
        bad_key, bad_value = _breaks(keys), _breaks(values)
        inner: Check | None = None
        if isinstance(shape.value, ListShape):  # how long such a list may be is said of the map
            inner = self._list(shape.value, own_rules=False)
        elif isinstance(shape.value, (StructureShape, MapShape)):
            inner, bad_value = self.of(shape.value), None
        concerned = self._concerned.get(shape.value.name)

        def check(value: Mapping[str, Any]) -> Failures:
            failures = own(value)
            if bad_key is not None and any(map(bad_key, value)):
                failures.append(("", value, keys_text))
            if inner is not None:
                for key, item in value.items():
                    if (concerned is None or not concerned.keys().isdisjoint(item)) and (broken := inner(item)):
                        failures += _under(f"{key}.member", broken)
            if bad_value is not None and any(map(bad_value, value.values())):
                failures.append(("", value, values_text))
            return failures

        return check

    def _rules(self, shape: Shape) -> list[tuple[str, Rule]]:
        """The constraints of one shape itself, in the order in which AWS lists them."""
        metadata = shape.metadata
        rules: list[tuple[str, Rule]] = []
        if shape.type_name == "string":
            if (pattern := self._facts.patterns.get(shape.name) or metadata.get("pattern")) and (
                match := matcher(pattern)
            ):
                rules.append(_pattern_rule(pattern, match))
            free = not self._facts.enums or shape.name in self._facts.free_enums
            if (values := metadata.get("enum")) and not free:
                listed = self._facts.enum_orders.get(shape.name, values)
                rules.append(_enum_rule(listed, hide=self._facts.hides_values))
        numeric = shape.type_name in ("integer", "long", "float", "double")
        sized = numeric or shape.type_name in ("string", "list", "map", "blob")
        if sized and shape.name not in self._facts.own_lengths:
            rules += _bounds(metadata.get("min"), metadata.get("max"), numeric)
        return rules

    def _bracketed(self, shape: Shape, prefix: str, rules: list[tuple[str, Rule]]) -> str:
        """What is to hold for all items, keys or values of a shape: bounds stand first there."""
        texts = sorted((text for text, _ in rules), key=lambda text: not text.startswith("Member must have"))
        if self._facts.items_not_null and not shape.metadata.get("sensitive"):
            texts.append(_NOT_NULL)
        return f"{prefix}: [{', '.join(texts)}]"

    def _is_constrained(self, shape: Shape, seen: frozenset[str]) -> bool:
        known = self._constrained.get(shape.name)
        if known is not None or shape.name in seen:
            return bool(known)
        below = seen | {shape.name}
        found = bool(self._rules(shape))
        if isinstance(shape, StructureShape):
            found = bool(shape.required_members) or any(self._is_constrained(m, below) for m in shape.members.values())
        elif isinstance(shape, ListShape):
            found = found or self._is_constrained(shape.member, below)
        elif isinstance(shape, MapShape):
            found = found or self._is_constrained(shape.key, below) or self._is_constrained(shape.value, below)
        if found or not seen:  # a negative answer found inside a cycle is not final
            self._constrained[shape.name] = found
        return found


def _slots(names: Sequence[str]) -> dict[str, int]:
    """Where a HashMap of Java's has these keys: AWS keeps the constraints of a structure's members in one, and goes through it."""
    size = 16
    while len(names) > size * 3 // 4:
        size *= 2
    slots = {}
    for name in names:
        digest = 0
        for character in name:
            digest = (31 * digest + ord(character)) & 0xFFFFFFFF
        slots[name] = (digest ^ digest >> 16) & (size - 1)
    return slots


def _ruled(rules: list[tuple[str, Rule]]) -> Check:
    functions = [rule for _, rule in rules]
    return lambda value: [("", value, text) for rule in functions if (text := rule(value))]


def _hiding(check: Check) -> Check:
    """For what the model calls sensitive: Lambda's environment variables, Cognito's passwords."""
    return lambda value: [(path, _HIDDEN, text) for path, _, text in check(value)]


def _under(path: str, failures: Failures) -> Failures:
    return [(f"{path}.{inner}" if inner else path, value, text) for inner, value, text in failures]


def _breaks(rules: list[tuple[str, Rule]]) -> Rule | None:
    """One function for several rules: the text of the first that a value breaks."""
    if len(rules) < 2:
        return rules[0][1] if rules else None
    first, *rest = (rule for _, rule in rules)

    def broken(value: Any) -> str | None:
        return first(value) or next((text for rule in rest if (text := rule(value))), None)

    return broken


def _pattern_text(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def _pattern_rule(pattern: str, match: Callable[[str], object]) -> tuple[str, Rule]:
    text = _pattern_text(pattern)
    return text, lambda value: None if len(value) > _LONGEST_FOR_PATTERN or match(value) else text


def _enum_rule(values: Sequence[str], *, hide: bool) -> tuple[str, Rule]:
    text = "Member must satisfy enum value set" + ("" if hide else f": [{', '.join(values)}]")
    allowed = frozenset(values)
    return text, lambda value: None if value in allowed else text


def _bounds(low: Any, high: Any, numeric: bool) -> list[tuple[str, Rule]]:
    what = "value" if numeric else "length"
    rules: list[tuple[str, Rule]] = []
    if high is not None:
        most = f"Member must have {what} less than or equal to {high}"
        rules.append(
            (most, (lambda v: most if v > high else None) if numeric else (lambda v: most if len(v) > high else None))
        )
    if low is not None:
        least = f"Member must have {what} greater than or equal to {low}"
        rules.append(
            (least, (lambda v: least if v < low else None) if numeric else (lambda v: least if len(v) < low else None))
        )
    return rules
