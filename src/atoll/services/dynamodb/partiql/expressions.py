"""The grammar of expressions: one loop over an explicit stack (operator precedence), so that no input nests it deeper than the
interpreter allows and each costs work linear in its length. Errors are worded as PartiQL's reference parser does.
"""

from __future__ import annotations

from typing import Any

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.partiql.lexer import Span, malformed
from atoll.services.dynamodb.partiql.reader import TokenReader
from atoll.services.dynamodb.partiql.tree import (
    Call,
    Collection,
    Constant,
    Expression,
    IsType,
    Operation,
    Parameter,
    Star,
    Struct,
)

_PRECEDENCE = {
    **dict.fromkeys(["OR"], 1),
    **dict.fromkeys(["AND"], 2),
    **dict.fromkeys(["NOT"], 3),
    **dict.fromkeys(["=", "<>", "IN", "NOT IN"], 4),
    **dict.fromkeys(["<", "<=", ">", ">=", "BETWEEN", "NOT BETWEEN", "AND THEN", "LIKE", "NOT LIKE"], 5),
    **dict.fromkeys(["+", "-", "||"], 6),
    **dict.fromkeys(["*", "/", "%"], 7),
    **dict.fromkeys(["sign +", "sign -"], 8),
}
"""`AND THEN` is the AND of a BETWEEN whose second bound is being read, `sign` a prefix."""
_PREFIXES = frozenset({"NOT", "sign +", "sign -"})
_INFIX_SYMBOLS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">=", "+", "-", "||", "*", "/", "%"})
_INFIX_WORDS = frozenset({"and", "or", "in", "between", "like", "not"})
_OPERATOR_WORDS = _INFIX_WORDS | {"is", "union", "except", "intersect"}
_FUNCTIONS = """
exists count avg max min sum substring char_length character_length octet_length bit_length upper lower size sexp list bag coalesce
nullif cast trim extract date_add date_diff position translate convert
"""
_FUNCTION_KEYWORDS = frozenset(_FUNCTIONS.split())
"""Keywords that are calls where a parenthesis follows."""
_AGGREGATES = frozenset({"count", "avg", "max", "min", "sum"})
_TYPE_NAMES = """
missing null boolean bool smallint integer2 int2 integer4 int4 integer8 int8 bigint integer int float real decimal dec numeric double
timestamp date time character char varchar string symbol clob blob struct tuple list sexp bag any
"""
_TYPES = frozenset(_TYPE_NAMES.split())
"""What may follow IS; `double` with `precision`, `character` with or without `varying`."""
_CLOSERS = {
    "(": (")", "RIGHT_PAREN"),
    "in": (")", "RIGHT_PAREN"),
    "call": (")", "RIGHT_PAREN"),
    "[": ("]", "RIGHT_BRACKET"),
    "<<": (">>", "RIGHT_DOUBLE_ANGLE_BRACKET"),
    "{": ("}", "RIGHT_CURLY"),
}


class _Frame:
    """An open bracket, or the whole expression (kind ""). `operands` and `operators` are the two stacks of operator precedence; `items`
    are the finished members before a comma; `key` is that of a struct's member whose value is being read."""

    __slots__ = ("items", "key", "kind", "name", "operands", "operators", "span")

    def __init__(self, kind: str, span: Span, name: str = "") -> None:
        self.kind = kind
        self.span = span
        self.name = name
        self.items: list[Any] = []
        self.key: Expression | None = None
        self.operands: list[Any] = []
        self.operators: list[tuple[str, Span]] = []


class ExpressionParser(TokenReader):
    """Reads expressions from where it stands in a statement."""

    def expression(self) -> Expression:
        """The longest expression at the current token."""
        stack = [_Frame("", self.token.span)]
        while True:
            if not self._term(stack):
                continue
            while True:
                frame = stack[-1]
                if self._is_type(frame):
                    continue
                if self._infix(frame, stack):
                    break
                if not frame.kind:
                    self._reduce(frame, 1)
                    return frame.operands[0]  # type: ignore[no-any-return]
                if self._separator(frame):
                    break
                self._close(frame, stack)

    def _term(self, stack: list[_Frame]) -> bool:
        """Reads what may stand where an operand must; True once one is complete, False if a prefix or bracket was read."""
        frame, token = stack[-1], self.token
        kind, value = token.kind, token.value
        if kind in ("word", "quoted"):
            if self.tokens[self.at + 1].value == "(" and self.tokens[self.at + 1].kind == "symbol":
                return self._call(stack)
            frame.operands.append(self.path(simple=False))
            return True
        if kind == "keyword":
            return self._keyword_term(frame, stack)
        if kind == "symbol":
            return self._symbol_term(frame, stack)
        if kind == "end":
            raise malformed("Unexpected term")
        self.at += 1
        frame.operands.append(Constant({"string": "S", "number": "N", "ion": "ION"}[kind], value, token.span))
        return True

    def _keyword_term(self, frame: _Frame, stack: list[_Frame]) -> bool:
        word, span = self.token.value, self.token.span
        if word == "not":
            self.at += 1
            frame.operators.append(("NOT", span))
            return False
        if word in _OPERATOR_WORDS:
            raise malformed("Unexpected operator")
        if word in ("true", "false", "null", "missing"):
            self.at += 1
            kind = "BOOL" if word in ("true", "false") else word.upper()
            frame.operands.append(Constant(kind, word == "true", span))
            return True
        if word == "from":
            raise malformed("Expected data manipulation")
        if word == "select":
            raise ValidationFailed("Unsupported operation: Select")
        if word in _FUNCTION_KEYWORDS and self.tokens[self.at + 1].value == "(":
            return self._call(stack)
        raise malformed("Unexpected keyword")

    def _symbol_term(self, frame: _Frame, stack: list[_Frame]) -> bool:
        symbol, span = self.token.value, self.token.span
        if symbol == "?":
            self.at += 1
            frame.operands.append(Parameter(self.parameters, span))
            self.parameters += 1
            return True
        if symbol in ("+", "-"):
            self.at += 1
            frame.operators.append((f"sign {symbol}", span))
            return False
        if symbol in ("(", "[", "<<", "{"):
            self.at += 1
            opened = _Frame(symbol, span)
            stack.append(opened)
            if symbol == "(" and self.token.value == ")" and self.token.kind == "symbol":
                raise malformed("Expression group cannot be empty")
            return self._closed_empty(opened, stack)
        raise malformed(
            "Unexpected operator" if symbol in _INFIX_SYMBOLS - {"*"} or symbol == "@" else "Unexpected term"
        )

    def _call(self, stack: list[_Frame]) -> bool:
        token = self.token
        self.at += 2
        opened = _Frame("call", token.span, token.value.lower())
        stack.append(opened)
        if opened.name in _AGGREGATES and self.token.kind == "symbol" and self.token.value == "*":
            opened.items.append(Star(self.token.span))
            self.at += 1
            if not self._closed_empty(opened, stack):
                raise malformed("Expected RIGHT_PAREN")
            return True
        return self._closed_empty(opened, stack)

    def _closed_empty(self, frame: _Frame, stack: list[_Frame]) -> bool:
        """Steps over the bracket that closes the frame at once, if it is next."""
        if not self.accept("symbol", _CLOSERS[frame.kind][0]):
            return False
        stack.pop()
        stack[-1].operands.append(_closed(frame))
        return True

    def _infix(self, frame: _Frame, stack: list[_Frame]) -> bool:
        """Reads an operator after an operand, where there is one; True if an operand must follow."""
        token = self.token
        if token.kind == "symbol" and token.value in _INFIX_SYMBOLS:
            self._operator(frame, "<>" if token.value == "!=" else token.value, 1)
            return True
        if token.kind != "keyword" or token.value not in _INFIX_WORDS:
            return False
        word, words = token.value.upper(), 1
        if word == "NOT":
            following = self.tokens[self.at + 1]
            if following.kind != "keyword" or following.value not in ("in", "between", "like"):
                return False
            word, words = f"NOT {following.value.upper()}", 2
        if word == "AND":
            self._reduce(frame, 5)
            if frame.operators and frame.operators[-1][0] in ("BETWEEN", "NOT BETWEEN"):
                if self.tokens[self.at + 1].kind == "end":
                    raise malformed("Expected expression after AND")
                self._push(frame, "AND THEN", 1)
                return True
        self._operator(frame, word, words)
        if word.endswith("IN") and self.token.kind == "symbol" and self.token.value == "(":
            stack.append(_Frame("in", self.token.span))
            self.at += 1
        return True

    def _operator(self, frame: _Frame, operator: str, words: int) -> None:
        if self.tokens[min(self.at + words, len(self.tokens) - 1)].kind == "end":
            raise malformed("Missing right-hand side expression of infix operator")
        self._reduce(frame, _PRECEDENCE[operator])
        self._push(frame, operator, words)

    def _push(self, frame: _Frame, operator: str, words: int) -> None:
        frame.operators.append((operator, self.token.span))
        self.at += words

    def _is_type(self, frame: _Frame) -> bool:
        """Reads `IS [NOT] type` after an operand; an operator may follow again."""
        span = self.token.span
        if not self.keyword("is"):
            return False
        negated = self.keyword("not")
        self._reduce(frame, 4)
        token = self.token
        if token.kind != "keyword" or token.value not in _TYPES:
            raise malformed("Expected type name")
        name = token.value
        self.at += 1
        if name == "double":
            if not self.keyword("precision"):
                raise malformed("Expected type name")
            name = "double precision"
        elif name == "character" and self.keyword("varying"):
            name = "character varying"
        test: Expression = IsType(frame.operands.pop(), name.upper(), span)
        frame.operands.append(Operation("NOT", [test], span) if negated else test)
        return True

    def _separator(self, frame: _Frame) -> bool:
        """Reads a comma or colon between the members of a bracket; True if an operand must follow."""
        if frame.kind == "{" and frame.key is None:
            if not self.accept("symbol", ":"):
                raise malformed("Expected COLON")
            self._reduce(frame, 1)
            frame.key = frame.operands.pop()
            return True
        if not self.accept("symbol", ","):
            return False
        self._finish(frame)
        return True

    def _close(self, frame: _Frame, stack: list[_Frame]) -> None:
        closer, name = _CLOSERS[frame.kind]
        if not self.accept("symbol", closer):
            raise malformed(f"Expected {name}")
        self._finish(frame)
        stack.pop()
        stack[-1].operands.append(_closed(frame))

    def _finish(self, frame: _Frame) -> None:
        """What was read since the last comma becomes a member."""
        self._reduce(frame, 1)
        value = frame.operands.pop()
        frame.items.append(value if frame.kind != "{" else (frame.key, value))
        frame.key = None

    def _reduce(self, frame: _Frame, precedence: int) -> None:
        """Operators that bind at least this tightly become nodes."""
        operators, operands = frame.operators, frame.operands
        while operators and _PRECEDENCE[operators[-1][0]] >= precedence:
            operator, span = operators[-1]
            if operator in ("BETWEEN", "NOT BETWEEN"):
                if precedence == 5 and self.token.kind == "keyword" and self.token.value == "and":
                    return
                raise malformed("Expected AND keyword")
            operators.pop()
            right = operands.pop()
            if operator in _PREFIXES:
                operands.append(_prefixed(operator, right, span))
            elif operator == "AND THEN":
                between, span = operators.pop()
                low, subject = operands.pop(), operands.pop()
                operands.append(_negatable(between, [subject, low, right], span))
            elif operator in ("AND", "OR"):
                operands.append(_joined(operator, operands.pop(), right, span))
            else:
                operands.append(_negatable(operator, [operands.pop(), right], span))


def _closed(frame: _Frame) -> Expression:
    """What a bracket comes to."""
    if frame.kind == "call":
        return Call(frame.name, frame.items, frame.span)
    if frame.kind == "{":
        return Struct(frame.items, frame.span)
    if frame.kind == "(" and len(frame.items) == 1:
        return frame.items[0]  # type: ignore[no-any-return]
    return Collection("bag" if frame.kind == "<<" else "list", frame.items, frame.span)


def _prefixed(operator: str, operand: Expression, span: Span) -> Expression:
    if operator == "NOT":
        return Operation("NOT", [operand], span)
    if isinstance(operand, Constant) and operand.kind == "N":
        if operator == "sign -":
            content = str(operand.content)
            operand.content = content[1:] if content.startswith("-") else f"-{content}"
        return operand
    return Operation(operator[-1], [operand], span)


def _negatable(operator: str, operands: list[Expression], span: Span) -> Operation:
    positive = operator.removeprefix("NOT ")
    node = Operation(positive, operands, span)
    return node if positive == operator else Operation("NOT", [node], span)


def _joined(operator: str, left: Expression, right: Expression, span: Span) -> Operation:
    """A chain of one operator is one node, so that depth is bounded by parentheses alone."""
    if isinstance(left, Operation) and left.operator == operator:
        left.operands.append(right)
        return left
    return Operation(operator, [left, right], span)
