"""The grammar of statements: text to tree, cached by text.

What cannot be read at all is refused at once; what can be read but means nothing to DynamoDB is refused after the whole was read, which is
the order of AWS. Tables and parameters' values play no part here.
"""

from __future__ import annotations

from typing import NamedTuple

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.expressions.kept import Kept
from atoll.services.dynamodb.partiql.expressions import ExpressionParser
from atoll.services.dynamodb.partiql.lexer import malformed
from atoll.services.dynamodb.partiql.tree import (
    Assignment,
    Call,
    Constant,
    Delete,
    Exists,
    Expression,
    Insert,
    Operation,
    Reference,
    Select,
    Source,
    Statement,
    Struct,
    Update,
)

_RETURNED = {
    ("all", "old"): "ALL_OLD",
    ("all", "new"): "ALL_NEW",
    ("modified", "old"): "UPDATED_OLD",
    ("modified", "new"): "UPDATED_NEW",
}
_NODE_NAMES = {
    "Reference": "VariableReference",
    "Constant": "Literal",
    "Collection": "Seq",
    "Operation": "NAry",
    "Call": "NAry",
}
"""What AWS calls the nodes of expressions in messages."""


MAX_TEXT = 8192
"""What the API's model allows a statement. docs: API_ExecuteStatement."""


class Parsed(NamedTuple):
    """A statement and how many parameters it has."""

    statement: Statement
    parameters: int


def parse(text: str) -> Parsed:
    """The tree of a statement. Raises ValidationFailed."""
    found = outcome(text)
    if isinstance(found, str):
        raise ValidationFailed(found)
    return found


@Kept
def outcome(text: str) -> Parsed | str:
    """The tree of a statement, or what is wrong with it, which is found out once as well."""
    try:
        return _read(text)
    except ValidationFailed as error:
        return error.message


def _read(text: str) -> Parsed:
    parser = _StatementParser(text)
    statement = parser.statement()
    parser.accept("symbol", ";")
    if parser.token.kind != "end":
        raise malformed("Unexpected token after expression")
    parser.check_complaints()
    assert statement is not None  # else there was a complaint
    return Parsed(statement, parser.parameters)


def node_name(node: Expression) -> str:
    """What AWS's messages call a kind of node."""
    if isinstance(node, Reference) and len(node.parts) > 1:
        return "Path"
    name = type(node).__name__
    return _NODE_NAMES.get(name, name)


class _StatementParser(ExpressionParser):
    def statement(self) -> Statement | None:
        """The statement that begins here; None where it is an expression, which is complained of."""
        if self.keyword("select"):
            return self._select()
        if self.keyword("insert", "into"):
            return self._insert()
        if self.keyword("update"):
            return self._update(from_first=False)
        if self.keyword("delete"):
            return self._delete()
        if self.keyword("from"):
            return self._update(from_first=True)
        if self._begins_exists():
            return self._exists()
        self.complain(f"Unsupported operation: {node_name(self.expression())}")
        return None

    def _begins_exists(self) -> bool:
        ahead = [token.value for token in self.tokens[self.at : self.at + 3]]
        return self.token.kind == "keyword" and ahead == ["exists", "(", "select"]

    def _exists(self) -> Exists:
        self.at += 3
        select = self._select()
        if not self.accept("symbol", ")"):
            raise malformed("Expected RIGHT_PAREN")
        return Exists(select)

    def _select(self) -> Select:
        if self.keyword("distinct"):
            self.complain("Unsupported clause: DISTINCT")
        self.keyword("all")
        if self.keyword("value"):
            self.complain("Select projection doesn't support value or pivot keywords")
        items = self._projection()
        if not self.keyword("from"):
            raise malformed("Expected FROM after SELECT list")
        source = self._source()
        where = self.expression() if self.keyword("where") else None
        order = self._order() if self.keyword("order", "by") else ()
        if self.keyword("group"):
            self.keyword("partial")
            if not self.keyword("by"):
                raise malformed("Expected BY")
            self._clause("GROUP BY")
            while self.accept("symbol", ","):
                self.expression()
        if self.keyword("having"):
            self._clause("HAVING")
        if self.keyword("limit"):
            self._clause("LIMIT")
        self._check_boolean(where)
        if order and where is None:
            self.complain("Must have WHERE clause in the statement when using ORDER BY clause.")
        return Select(source, items, where, order)

    def _clause(self, name: str) -> None:
        """Reads and refuses a clause of SQL that DynamoDB has not."""
        span = self.token.span
        self.expression()
        self.complain(f"Unsupported clause: {name}", span)

    def _projection(self) -> tuple[Reference, ...] | None:
        items: list[Expression] = []
        stars = 0
        while True:
            if self.accept("symbol", "*"):
                stars += 1
            else:
                items.append(self.expression())
                self._alias()
            if not self.accept("symbol", ","):
                break
        if stars and (items or stars > 1):
            raise malformed(
                "Other expressions may not be present in the select list when '*' is used without dot notation."
            )
        return None if stars else tuple(self._projected(items))

    def _projected(self, items: list[Expression]) -> list[Reference]:
        paths: list[Reference] = []
        names = set()
        for item in items:
            if not isinstance(item, Reference):
                self.complain("Unexpected path component", item.span)
                continue
            self._check_wildcards(item)
            name = projected_name(item)
            if name in names:
                self.complain(f"Duplicate identifiers in select clause: {name}")
            names.add(name)
            paths.append(item)
        return paths

    def _check_wildcards(self, path: Reference) -> None:
        for part, span in zip(path.parts, path.spans, strict=True):
            if part is None:
                bracketed = self.text[span.start - 1] == "["
                self.complain(
                    "Wildcard path component like a[*].b are not supported"
                    if bracketed
                    else "Unpivot path component like a.*.b are not supported"
                )

    def _alias(self) -> None:
        if self.keyword("as"):
            if self.token.kind not in ("word", "quoted"):
                raise malformed("Expected identifier for AS-alias")
        elif self.token.kind not in ("word", "quoted"):
            return
        self.at += 1
        self.complain("Aliasing is not supported")

    def _source(self) -> Source:
        """What a FROM clause names; it may be any expression to be read, but must be a table or an index to be meant."""
        named = self.expression()
        self._alias()
        while self.accept("symbol", ","):
            self.expression()
            self._alias()
            self.complain("Only select from a single table or index is supported.")
        for words in (
            ("inner",),
            ("left", "outer"),
            ("left",),
            ("right", "outer"),
            ("right",),
            ("full",),
            ("outer",),
            ("cross",),
            (),
        ):
            if self.keyword(*words, "join"):
                self.expression()
                self._alias()
                if self.keyword("on"):
                    self.expression()
                self.complain("Only select from a single table or index is supported.")
        if not isinstance(named, Reference):
            self.complain("Unexpected from source")
            return Source(("",))
        return self._named(named)

    def _named(self, path: Reference) -> Source:
        """The table (and index) that a path names."""
        parts = path.parts
        if not all(isinstance(part, str) for part in parts):
            self.complain("Invalid list expression in source.")
            return Source(("",))
        if len(parts) > 2:
            self.complain("A path may contain at most 2 components in the FROM clause")
        if "" in parts:
            self.complain("Path component cannot be an empty string")
        return Source(tuple(str(part) for part in parts))

    def _order(self) -> tuple[tuple[str, bool], ...]:
        order = []
        while True:
            key = self.expression()
            ascending = not self.keyword("desc")
            if ascending:
                self.keyword("asc")
            if isinstance(key, Reference) and len(key.parts) == 1:
                order.append((str(key.parts[0]), ascending))
            else:
                self.complain(
                    f"Argument to ORDER BY must be of type VariableReference. Type: {node_name(key)}", key.span
                )
            if not self.accept("symbol", ","):
                return tuple(order)

    def _insert(self) -> Insert:
        source = self._written("FROM clause may only contain a single table name in data manipulation statements")
        if not self.keyword("value"):
            if not self.keyword("values"):
                self.expression()
            else:
                self._rows()
            self.complain(
                "Unsupported operation: Inserting multiple items in a single statement is not supported, "
                'use "INSERT INTO tableName VALUE item" instead'
            )
            return Insert(source, ())
        item = self.expression()
        if self.keyword("at"):
            self.expression()
            self.complain("AT is not supported in insert statements.")
        if self.keyword("on", "conflict"):
            raise malformed("invalid ON CONFLICT syntax")
        if self.token.kind == "keyword" and self.token.value == "returning":
            self._returning()
            self.complain("RETURNING is not supported in INSERT")
        if not isinstance(item, Struct):
            self.complain(
                "Unsupported format in item expression. Please use struct format {...} to express item values for insert statement."
            )
            return Insert(source, ())
        return Insert(source, tuple(self._members(item)))

    def _rows(self) -> None:
        """Reads the rows of VALUES, which an INSERT may not have."""
        self.expression()
        while self.accept("symbol", ","):
            self.expression()

    def _members(self, item: Struct) -> list[tuple[str, Expression]]:
        members: dict[str, Expression] = {}
        for key, value in item.members:
            if not isinstance(key, Constant) or key.kind != "S":
                self.complain(f"Tuple keys must be of type String. Actual type: {node_name(key)} under root", key.span)
            elif str(key.content) in members:
                self.complain(f"Duplicate keys in tuple. Key: {key.content} under root", key.span)
            else:
                members[str(key.content)] = value
        return list(members.items())

    def _written(self, on_index: str) -> Source:
        """The table of a write, which is no index."""
        source = self._named(self.simple_path())
        if source.index is not None:
            self.complain(on_index)
        return source

    def _update(self, *, from_first: bool) -> Update:
        source = self._written("This operation is not supported on an index")
        self._alias()
        where = self.expression() if from_first and self.keyword("where") else None
        assignments: list[Assignment] = []
        while self._action(assignments):
            pass
        if not assignments:
            raise malformed("Expected data manipulation")
        if not from_first and self.keyword("where"):
            where = self.expression()
        returning = self._returning()
        self._check_boolean(where)
        return Update(source, tuple(assignments), where, returning)

    def _action(self, assignments: list[Assignment]) -> bool:
        """Reads one SET or REMOVE, if it is next."""
        if self.keyword("remove"):
            assignments.append(Assignment(self._target(), None))
            return True
        if self.token.kind == "keyword" and self.token.value == "insert":
            self.complain("Only SET and REMOVE are supported in update expressions at this time")
        if not self.keyword("set"):
            return False
        while True:
            path = self._target()
            if not self.accept("symbol", "="):
                raise malformed("Expected '='")
            assignments.append(Assignment(path, self.expression()))
            if not self.accept("symbol", ","):
                return True

    def _target(self) -> Reference:
        path = self.simple_path()
        self._check_wildcards(path)
        return path

    def _delete(self) -> Delete:
        if not self.keyword("from"):
            raise malformed("Expected FROM after DELETE")
        source = self._written("This operation is not supported on an index")
        self._alias()
        where = self.expression() if self.keyword("where") else None
        returning = self._returning()
        if returning not in (None, "ALL_OLD"):
            shown = " ".join(next(words for words, name in _RETURNED.items() if name == returning)).upper()
            self.complain(
                f"Invalid returning clause: RETURNING {shown} *. Only RETURNING ALL OLD * is allowed in DELETE statements."
            )
        self._check_boolean(where)
        return Delete(source, where, returning)

    def _returning(self) -> str | None:
        if not self.keyword("returning"):
            return None
        name = next((name for words, name in _RETURNED.items() if self.keyword(*words)), None)
        if name is None:
            raise malformed("Expected ( MODIFIED | ALL ) ( NEW | OLD ) in the returning clause.")
        if not self.accept("symbol", "*"):
            self.expression()
            self.complain("Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in RETURNING clause")
        if self.token.kind == "symbol" and self.token.value == ",":
            raise ValidationFailed("Invalid syntax with multiple returning elements in RETURNING clause")
        return name

    def _check_boolean(self, where: Expression | None) -> None:
        """A WHERE clause must be a condition, whatever the parameters are."""
        if where is not None and not is_condition(where):
            self.complain("WHERE clause must contain an expression that resolves to a boolean")


def is_condition(node: Expression) -> bool:
    """Whether an expression is true or false by its form."""
    if isinstance(node, Operation):
        return node.operator not in ("+", "-", "*", "/", "%", "||")
    return type(node).__name__ == "IsType" or (isinstance(node, Call) and node.name != "size")


def projected_name(path: Reference) -> str:
    """What an item of a result calls what a path names: the last name in it, with the list positions after that."""
    last = max(at for at, part in enumerate(path.parts) if not isinstance(part, int))
    return str(path.parts[last]) + "".join(f"[{part}]" for part in path.parts[last + 1 :])
