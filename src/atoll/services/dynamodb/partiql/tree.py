"""The trees of statements, as parsed: parameters are numbered, nothing is known of tables. Spans say where nodes stand in the text."""

from __future__ import annotations

import msgspec

from atoll.services.dynamodb.partiql.lexer import Span


class Constant(msgspec.Struct):
    """A literal. `kind` is S, N, BOOL, NULL, MISSING or ION; `content` is a text, but for BOOL."""

    kind: str
    content: str | bool
    span: Span


class Parameter(msgspec.Struct):
    """`?`; `index` counts from 0."""

    index: int
    span: Span


class Reference(msgspec.Struct):
    """A document path. A list position is an int; `spans` are those of its parts. The part "*" of a wildcard is None."""

    parts: tuple[str | int | None, ...]
    spans: tuple[Span, ...]

    @property
    def span(self) -> Span:
        """Where it begins: its first name."""
        return self.spans[0]


class Collection(msgspec.Struct):
    """`[…]` ("list") or `<<…>>` ("bag")."""

    kind: str
    members: list[Expression]
    span: Span


class Struct(msgspec.Struct):
    """`{key: value, …}`."""

    members: list[tuple[Expression, Expression]]
    span: Span


class Call(msgspec.Struct):
    """A function call; the name in lower case, at `span`. The argument of `count(*)` is a Star."""

    name: str
    arguments: list[Expression]
    span: Span


class Operation(msgspec.Struct):
    """An operator and its operands: AND and OR have two or more, BETWEEN three, NOT and signs ("+", "-") one; else two."""

    operator: str
    operands: list[Expression]
    span: Span


class IsType(msgspec.Struct):
    """`subject IS type`; the type in upper case."""

    subject: Expression
    type: str
    span: Span


class Star(msgspec.Struct):
    """`*` as a projection."""

    span: Span


Expression = Constant | Parameter | Reference | Collection | Struct | Call | Operation | IsType | Star


class Source(msgspec.Struct):
    """What FROM, INTO or UPDATE names: a table, and maybe an index of it. At least one component."""

    components: tuple[str, ...]

    @property
    def table(self) -> str:
        """The table's name."""
        return self.components[0]

    @property
    def index(self) -> str | None:
        """The index's name."""
        return self.components[1] if len(self.components) > 1 else None


class Select(msgspec.Struct):
    """SELECT. `items` are the projection, None for `*`; `order` are the attributes of ORDER BY, each with whether it ascends."""

    source: Source
    items: tuple[Reference, ...] | None
    where: Expression | None
    order: tuple[tuple[str, bool], ...]


class Exists(msgspec.Struct):
    """EXISTS(SELECT …), the condition check of transactions."""

    select: Select

    @property
    def source(self) -> Source:
        """What it checks."""
        return self.select.source

    @property
    def where(self) -> Expression | None:
        """Which item, and what must be true of it."""
        return self.select.where


class Insert(msgspec.Struct):
    """INSERT INTO … VALUE {…}; `members` are the attributes in the order given."""

    source: Source
    members: tuple[tuple[str, Expression], ...]


class Assignment(msgspec.Struct):
    """`SET path = value`, or `REMOVE path` where there is no value."""

    path: Reference
    value: Expression | None


class Update(msgspec.Struct):
    """UPDATE. `returning` is as the API calls it: ALL_OLD, UPDATED_NEW …, or None."""

    source: Source
    assignments: tuple[Assignment, ...]
    where: Expression | None
    returning: str | None


class Delete(msgspec.Struct):
    """DELETE. `returning` is ALL_OLD or None."""

    source: Source
    where: Expression | None
    returning: str | None


Statement = Select | Exists | Insert | Update | Delete
