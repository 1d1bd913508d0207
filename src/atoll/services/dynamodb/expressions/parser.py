"""The grammar of condition and projection expressions: text to tree, cached by text.

Parsing is one loop over an explicit stack (operator precedence), so that no input can nest it deeper than the interpreter allows
and each costs work linear in its length. Errors that the text alone decides are raised here, in AWS's order: syntax, redundant
parentheses, unknown functions, misused functions, reserved words. What depends on names and values is `bindings`' and `condition`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from atoll.services.dynamodb.expressions.kept import Kept
from atoll.services.dynamodb.expressions.lexer import ExpressionError, Token, tokenize
from atoll.services.dynamodb.expressions.nodes import (
    Between,
    Compare,
    Condition,
    Function,
    In,
    Logical,
    Not,
    Path,
    Placeholder,
)
from atoll.services.dynamodb.expressions.reader import FUNCTIONS, Reader, check_operators

MAX_IN = 100
_COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_COUNTED = frozenset({"AND", "OR", "NOT", "IN"}) | _COMPARATORS | frozenset(FUNCTIONS)
"""What counts as an operator; that of BETWEEN is its AND."""
_PRECEDENCE = {"OR": 1, "AND": 2, "NOT": 3}
_CONDITIONS = (Compare, Between, In, Not, Logical)


@Kept
def parse_condition(text: str) -> Condition:
    """The tree of a condition (or filter) expression. Raises ExpressionError."""
    tokens = tokenize(text)
    check_operators(sum(token.keyword in _COUNTED or token.text in _COUNTED for token in tokens))
    parser = _Parser(text, tokens)
    tree = parser.condition()
    parser.check_text()
    return tree


@Kept
def parse_projection(text: str) -> tuple[Path, ...]:
    """The paths of a projection expression. Raises ExpressionError."""
    parser = _Parser(text, tokenize(text))
    paths = [parser.path()]
    while parser.accept(","):
        paths.append(parser.path())
    if parser.token.kind != "end":
        parser.fail()
    parser.check_text()
    return tuple(paths)


class _Frame:
    """An open parenthesis: of a group, of a function's operands, or of IN's choices; or the whole expression.

    `operands` and `operators` are the two stacks of operator precedence; `items` are the finished operands before a comma.
    """

    __slots__ = ("items", "kind", "name", "operands", "operators", "simple", "subject")

    def __init__(self, kind: str, name: str = "", subject: Any = None) -> None:
        self.kind = kind
        self.name = name
        self.subject = subject
        self.items: list[Any] = []
        self.operands: list[Any] = []
        self.operators: list[str] = []
        self.simple = False
        """Whether all that is inside so far is one group: then another pair of parentheses around it is redundant."""


class _Parser(Reader):
    def __init__(self, text: str, tokens: list[Token]) -> None:
        super().__init__(text, tokens)
        self.redundant = False
        self.misused: list[str] = []

    def check_text(self) -> None:
        """Raises what the text alone makes wrong, in AWS's order."""
        if self.redundant:
            raise ExpressionError("The expression has redundant parentheses;")
        self.check_functions(FUNCTIONS, "a condition expression")
        if self.misused:
            raise ExpressionError(
                f"The function is not allowed to be used this way in an expression; function: {self.misused[0]}"
            )
        self.check_reserved()

    def condition(self) -> Condition:
        """The whole text as a condition."""
        stack = [_Frame("all")]
        while True:
            frame = stack[-1]
            if not self._operand_follows(frame, stack):
                continue
            frame = stack[-1]
            while self._closes(frame, stack):
                frame = stack[-1]
            if frame.kind == "all" and self.token.kind == "end":
                return cast(Condition, self._finished(frame, condition=True))
            self._operator(frame, stack)

    def _operand_follows(self, frame: _Frame, stack: list[_Frame]) -> bool:
        """Reads what may stand where an operand must; True once one is complete, False if a prefix or parenthesis was opened."""
        token = self.token
        if token.keyword == "NOT" and frame.kind in ("all", "group") and self._condition_may_follow(frame):
            frame.operators.append("NOT")
            self.at += 1
            return False
        if self.accept("("):
            stack.append(_Frame("group"))
            return False
        if token.kind == "value":
            self.at += 1
            frame.operands.append(Placeholder(token.text))
        elif token.kind == "word" and self.tokens[self.at + 1].text == "(":
            self.at += 2
            self.functions.append(token.text)
            stack.append(_Frame("call", token.text))
            return False
        else:
            frame.operands.append(self.path())
        frame.simple = False
        return True

    def _closes(self, frame: _Frame, stack: list[_Frame]) -> bool:
        """Steps over a ")" that ends the innermost parenthesis."""
        if frame.kind == "all" or not self.accept(")"):
            return False
        self.at -= 1  # what is unfinished is reported at the parenthesis
        node = self._finished(frame, condition=False)
        self.at += 1
        stack.pop()
        outer = stack[-1]
        if frame.kind == "group":
            self.redundant |= frame.simple
            outer.simple = not outer.operands and not outer.operators
        elif frame.kind == "call":
            node = Function(frame.name, (*self._operands(frame.items), self._operand(node)))
            outer.simple = False
        else:
            node = self._in(frame, node)
            outer.simple = False
        outer.operands.append(node)
        return True

    def _operator(self, frame: _Frame, stack: list[_Frame]) -> None:
        """Reads the operator after an operand; complete subexpressions that bind tighter become nodes first."""
        token = self.token
        frame.simple = False
        if token.text == "," and token.kind == "symbol" and frame.kind in ("call", "in"):
            frame.items.append(self._finished(frame, condition=False))
            frame.operands.clear()
        elif token.keyword == "AND" and frame.operators and frame.operators[-1] == "BETWEEN":
            frame.operators[-1] = "BETWEEN AND"
        elif token.keyword in ("AND", "OR"):
            if frame.kind in ("call", "in"):
                self.fail()
            self._reduce(frame, _PRECEDENCE[token.keyword])
            self._require_condition(frame.operands[-1])
            frame.operators.append(token.keyword)
        elif token.kind == "symbol" and token.text in _COMPARATORS:
            self._begin_comparison(frame)
            frame.operators.append(token.text)
        elif token.keyword == "BETWEEN":
            self._begin_comparison(frame)
            frame.operators.append("BETWEEN")
        elif token.keyword == "IN" and self.tokens[self.at + 1].text == "(":
            self._begin_comparison(frame)
            self.at += 1
            stack.append(_Frame("in", subject=frame.operands.pop()))
        else:
            self.fail()
        self.at += 1

    def _condition_may_follow(self, frame: _Frame) -> bool:
        return not frame.operators or frame.operators[-1] in ("AND", "OR")

    def _begin_comparison(self, frame: _Frame) -> None:
        """A comparison begins after an operand, at the start of a condition, and not inside a function's parentheses."""
        comparing = frame.operators and frame.operators[-1] not in _PRECEDENCE
        if comparing or frame.kind in ("call", "in") or isinstance(frame.operands[-1], _CONDITIONS):
            self.fail()

    def _finished(self, frame: _Frame, *, condition: bool) -> Any:
        """The one node that the frame comes to. Raises a syntax error at the current token where it is incomplete."""
        self._reduce(frame, 1)
        node = frame.operands[-1]
        if condition:
            self._require_condition(node)
        return node

    def _reduce(self, frame: _Frame, precedence: int) -> None:
        operators, operands = frame.operators, frame.operands
        while operators and _PRECEDENCE.get(operators[-1], 4) >= precedence:
            operator = operators.pop()
            right = operands.pop()
            if operator == "BETWEEN":
                self.fail()
            elif operator == "NOT":
                self._require_condition(right)
                operands.append(Not(right))
            elif operator in ("AND", "OR"):
                self._require_condition(right)
                operands.append(_joined(operator, operands.pop(), right))
            elif operator == "BETWEEN AND":
                low, subject = operands.pop(), operands.pop()
                operands.append(Between(self._operand(subject), self._operand(low), self._operand(right)))
            else:
                operands.append(Compare(operator, self._operand(operands.pop()), self._operand(right)))

    def _in(self, frame: _Frame, last: Any) -> In:
        choices = (*self._operands(frame.items), self._operand(last))
        if len(choices) > MAX_IN:
            raise ExpressionError(
                f"The IN operator is provided with too many operands; number of operands: {len(choices)}"
            )
        return In(self._operand(frame.subject), tuple(dict.fromkeys(choices)))  # one may be a path to half an item

    def _operands(self, nodes: list[Any]) -> Iterator[Any]:
        return (self._operand(node) for node in nodes)

    def _operand(self, node: Any) -> Any:
        """A node where an operand must stand: not a condition."""
        if isinstance(node, _CONDITIONS):
            self.fail()
        if isinstance(node, Function) and node.name != "size":
            self.misused.append(node.name)
        return node

    def _require_condition(self, node: Any) -> None:
        """A node where a condition must stand."""
        if isinstance(node, Function):
            if node.name == "size":
                self.misused.append(node.name)
        elif not isinstance(node, _CONDITIONS):
            self.fail()


def _joined(operator: str, left: Any, right: Any) -> Logical:
    before = left.conditions if isinstance(left, Logical) and left.operator == operator else (left,)
    return Logical(operator, (*before, right))
