"""What templates are made of, and how each part is written and worked out. Made by `parse.py`, never changed.

A part's `write` writes it, or returns an iterator that does so in steps: each pause is a chance for others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from atoll.api_runtime.templates import methods
from atoll.api_runtime.templates.budget import SIZE, Budget, TemplateError
from atoll.api_runtime.templates.values import Vector, items, text, truth

LOOPS = 1_000
"""Iterations of a #foreach; it ends there. docs: API Gateway quotas, "Number of iterations in a #foreach … #end loop"."""
MACROS = 20
"""How deep macros may call each other: Velocity's own bound."""


class Stop(Exception):
    """#stop."""


class Break(Exception):
    """#break."""


class Run:
    """One rendering: names, what has been written, what may still be spent."""

    __slots__ = ("budget", "depth", "macros", "names", "parts", "size")

    def __init__(self, names: dict[str, Any], macros: Mapping[str, Macro], budget: Budget) -> None:
        self.names = names
        self.macros = macros
        self.budget = budget
        self.parts: list[str] = []
        self.size = 0
        self.depth = 0

    def put(self, written: str) -> None:
        """Writes."""
        self.parts.append(written)
        self.size += len(written)
        if self.size > SIZE:
            raise TemplateError("the output is longer than 10 MB")

    def captured(self, block: Block) -> str:
        """What a block writes, as a value."""
        outer, size = self.parts, self.size
        self.parts, self.size = [], 0
        try:
            for _ in block.write(self):
                pass
            written = "".join(self.parts)
        finally:
            self.parts, self.size = outer, size
        self.budget.spend(1, len(written))
        return written


class Part(Protocol):
    """Something that is written."""

    def write(self, run: Run) -> Iterator[None] | None: ...


class Expression(Protocol):
    """Something that has a value."""

    def value(self, run: Run) -> Any: ...


@dataclass(frozen=True, slots=True)
class Text:
    """Written as it stands."""

    text: str

    def write(self, run: Run) -> None:
        run.put(self.text)


@dataclass(frozen=True, slots=True)
class Block:
    """Parts, one after the other."""

    parts: Sequence[Part]

    def write(self, run: Run) -> Iterator[None]:
        budget = run.budget
        for part in self.parts:
            budget.spend(1)
            pending = part.write(run)
            if pending is not None:
                yield from pending
            if budget.due():
                yield


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a truth value, null, or a text in single quotes."""

    literal: Any

    def value(self, run: Run) -> Any:
        return self.literal


@dataclass(frozen=True, slots=True)
class Interpolated:
    """A text in double quotes with something to work out in it."""

    block: Block

    def value(self, run: Run) -> str:
        return run.captured(self.block)


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[1, $a]`."""

    members: Sequence[Expression]

    def value(self, run: Run) -> Vector:
        run.budget.spend(len(self.members))
        return Vector(member.value(run) for member in self.members)


@dataclass(frozen=True, slots=True)
class Range:
    """`[1..$n]`, which may count down."""

    first: Expression
    last: Expression

    def value(self, run: Run) -> Any:
        first, last = self.first.value(run), self.last.value(run)
        if not (isinstance(first, int) and isinstance(last, int)):
            return None
        run.budget.spend(min(abs(last - first), 10**9))
        return Vector(range(first, last + 1) if first <= last else range(first, last - 1, -1))


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{"a": 1}`."""

    members: Sequence[tuple[Expression, Expression]]

    def value(self, run: Run) -> dict[str, Any]:
        run.budget.spend(len(self.members))
        return {text(key.value(run), run.budget): member.value(run) for key, member in self.members}


@dataclass(frozen=True, slots=True)
class Property:
    """`.name`."""

    name: str

    def of(self, subject: Any, run: Run) -> Any:
        return methods.member(subject, self.name)


@dataclass(frozen=True, slots=True)
class Index:
    """`[expression]`."""

    index: Expression

    def of(self, subject: Any, run: Run) -> Any:
        return methods.indexed(subject, self.index.value(run), run.budget)


@dataclass(frozen=True, slots=True)
class Call:
    """`.name(arguments)`."""

    name: str
    arguments: Sequence[Expression]

    def of(self, subject: Any, run: Run) -> Any:
        arguments = [argument.value(run) for argument in self.arguments]
        return methods.call(subject, self.name, arguments, run.budget)


Step = Property | Index | Call


@dataclass(frozen=True, slots=True)
class Reference:
    """`$name.steps`. `escapes` backslashes stand in front of it, and `source` is how it was written.

    API Gateway writes nothing for what is not there, as if all references were quiet.
    """

    name: str
    steps: Sequence[Step] = ()
    alternative: Expression | None = None
    escapes: int = 0
    source: str = ""

    def value(self, run: Run) -> Any:
        found = self._found(run)
        return run.captured(found) if isinstance(found, Block) else found

    def _found(self, run: Run) -> Any:
        value = run.names.get(self.name)
        for step in self.steps:
            if value is None:
                break
            run.budget.spend(1)
            value = step.of(value, run)
        if value is None and self.alternative is not None:
            return self.alternative.value(run)
        return value

    def write(self, run: Run) -> Iterator[None] | None:
        found = self._found(run)
        if self.escapes:
            if found is None:
                run.put("\\" * self.escapes + self.source)
                return None
            run.put("\\" * (self.escapes // 2))
            if self.escapes % 2:
                run.put(self.source)
                return None
        if isinstance(found, Block):
            return nested(found, run)
        run.put(text(found, run.budget))
        return None


def nested(block: Block, run: Run) -> Iterator[None]:
    """A block that may lead to itself."""
    if run.depth >= MACROS:
        raise TemplateError("macros call each other too deep")
    run.depth += 1
    try:
        yield from block.write(run)
    finally:
        run.depth -= 1


@dataclass(frozen=True, slots=True)
class Set:
    """`#set($name.steps = expression)`. The way to what is set must be there, but for its end."""

    target: Reference
    expression: Expression

    def write(self, run: Run) -> None:
        value = self.expression.value(run)
        if not self.target.steps:
            run.names[self.target.name] = value
            return
        *way, end = self.target.steps
        subject = Reference(self.target.name, way).value(run)
        if isinstance(end, Property):
            methods.assign(subject, end.name, value, run.budget)
        elif isinstance(end, Index):
            methods.assign(subject, end.index.value(run), value, run.budget)
        else:
            raise TemplateError("#set cannot set what a method returns")


@dataclass(frozen=True, slots=True)
class If:
    """#if with its #elseifs, and #else."""

    branches: Sequence[tuple[Expression, Block]]
    otherwise: Block | None

    def write(self, run: Run) -> Iterator[None] | None:
        for condition, block in self.branches:
            if truth(condition.value(run)):
                return block.write(run)
        return self.otherwise.write(run) if self.otherwise else None


@dataclass(frozen=True, slots=True)
class Foreach:
    """`#foreach($name in expression)`."""

    name: str
    expression: Expression
    block: Block

    def write(self, run: Run) -> Iterator[None]:
        value = self.expression.value(run)
        members = items(value)
        if members is None:
            return
        names = run.names
        saved = {name: names.get(name) for name in (self.name, "foreach", "velocityCount", "velocityHasNext")}
        total = len(value)
        try:
            for index, member in zip(range(LOOPS), members, strict=False):
                more = index + 1 < total
                names[self.name] = member
                names["velocityCount"], names["velocityHasNext"] = index + 1, more
                names["foreach"] = {
                    "index": index, "count": index + 1, "hasNext": more, "first": index == 0, "last": not more,
                    "parent": saved["foreach"],
                }  # fmt: skip
                yield from self.block.write(run)
        except Break:
            pass
        finally:
            names.update(saved)


@dataclass(frozen=True, slots=True)
class Macro:
    """`#macro(name $parameters)`."""

    parameters: Sequence[str]
    block: Block


@dataclass(frozen=True, slots=True)
class MacroCall:
    """`#name(arguments)`; its own text where no macro has the name."""

    name: str
    arguments: Sequence[Expression]
    source: str

    def write(self, run: Run) -> Iterator[None] | None:
        macro = run.macros.get(self.name)
        if macro is None:
            run.put(self.source)
            return None
        return self._expand(macro, run)

    def _expand(self, macro: Macro, run: Run) -> Iterator[None]:
        given = [argument.value(run) for argument in self.arguments]
        given += [None] * (len(macro.parameters) - len(given))
        saved = {name: run.names.get(name) for name in macro.parameters}
        run.names.update(zip(macro.parameters, given, strict=False))
        try:
            yield from nested(macro.block, run)
        finally:
            run.names.update(saved)


@dataclass(frozen=True, slots=True)
class Define:
    """`#define($name)`: a block under a name, written wherever the name is."""

    name: str
    block: Block

    def write(self, run: Run) -> None:
        run.names[self.name] = self.block


@dataclass(frozen=True, slots=True)
class Leave:
    """#stop, #break."""

    how: type[Exception]

    def write(self, run: Run) -> None:
        raise self.how


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template."""

    block: Block
    macros: Mapping[str, Macro] = field(default_factory=dict)
