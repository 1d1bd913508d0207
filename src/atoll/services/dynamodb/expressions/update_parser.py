"""The grammar of update expressions: text to actions, cached by text.

Like `parser`, one loop over an explicit stack, linear in the text. Errors that the text alone decides are raised here, in AWS's order:
syntax, reserved words, unknown functions, misused functions, redundant parentheses, repeated sections.
"""

from __future__ import annotations

from typing import cast

from atoll.services.dynamodb.expressions.kept import Kept
from atoll.services.dynamodb.expressions.lexer import ExpressionError, Token, tokenize
from atoll.services.dynamodb.expressions.nodes import Action, Arithmetic, Function, Operand, Placeholder, Value, Verb
from atoll.services.dynamodb.expressions.reader import UPDATE_FUNCTIONS, Reader, check_operators

_SECTIONS = frozenset({"SET", "REMOVE", "ADD", "DELETE"})


@Kept
def parse_update(text: str) -> tuple[Action, ...]:
    """The actions of an update expression, in their order. Raises ExpressionError."""
    tokens = [
        token._replace(kind="keyword") if token.kind == "word" and token.text.upper() in _SECTIONS else token
        for token in tokenize(text, sized=False)
    ]
    check_operators(sum(token.text in ("+", "-") or token.text in UPDATE_FUNCTIONS for token in tokens))
    parser = _Parser(text, tokens)
    actions = parser.actions()
    parser.check_text()
    return actions


class _Frame:
    """The value of a SET, or a group or a function's operands in one.

    `whole` says whether it may come to a sum: what lies beside an operator or among a function's operands may not.
    """

    __slots__ = ("items", "kind", "left", "name", "node", "operator", "simple", "whole")

    def __init__(self, kind: str, name: str = "", *, whole: bool = False) -> None:
        self.kind = kind
        self.name = name
        self.whole = whole
        self.items: list[Operand] = []
        self.left: Operand | None = None
        self.operator = ""
        self.node: Value | None = None
        self.simple = False
        """Whether all that is inside so far is one group: then another pair of parentheses around it is redundant."""

    def finished(self) -> Value:
        """What the frame comes to, its last operand being complete."""
        if self.operator:
            return Arithmetic(self.operator, cast(Operand, self.left), cast(Operand, self.node))
        return cast(Value, self.node)


class _Parser(Reader):
    def __init__(self, text: str, tokens: list[Token]) -> None:
        super().__init__(text, tokens)
        self.sections: set[str] = set()
        self.repeated = ""
        self.misused: list[str] = []
        self.redundant = False

    def check_text(self) -> None:
        """Raises what the text alone makes wrong, in AWS's order."""
        self.check_reserved()
        self.check_functions(UPDATE_FUNCTIONS, "an update expression")
        if self.misused:
            raise ExpressionError(
                f"The function is not allowed to be used this way in an expression; function: {self.misused[0]}"
            )
        if self.redundant:
            raise ExpressionError("The expression has redundant parentheses;")
        if self.repeated:
            raise ExpressionError(f'The "{self.repeated}" section can only be used once in an update expression;')

    def actions(self) -> tuple[Action, ...]:
        """The whole text as actions."""
        found = []
        while True:
            verb = self._section()
            found.append(self._action(verb))
            while self.accept(","):
                found.append(self._action(verb))
            if self.token.kind == "end":
                return tuple(found)

    def _section(self) -> Verb:
        keyword = self.token.keyword
        if keyword not in _SECTIONS:
            self.fail()
        self.at += 1
        if keyword in self.sections:
            self.repeated = self.repeated or keyword
        self.sections.add(keyword)
        return cast(Verb, keyword)

    def _action(self, verb: Verb) -> Action:
        path = self.path()
        if verb == "REMOVE":
            return Action(verb, path)
        if verb == "SET":
            if not self.accept("="):
                self.fail()
            return Action(verb, path, self._value())
        token = self.token
        if token.kind != "value":
            self.fail()
        self.at += 1
        return Action(verb, path, Placeholder(token.text))

    def _value(self) -> Value:
        """The value of a SET; what follows it is the caller's."""
        stack = [_Frame("value", whole=True)]
        while True:
            self._operand(stack)
            while self.token.text == ")" and self.token.kind == "symbol" and len(stack) > 1:
                self._close(stack)
            frame, token = stack[-1], self.token
            if token.kind == "symbol" and token.text in ("+", "-"):
                if not frame.whole or frame.operator or isinstance(frame.node, Arithmetic):
                    self.fail()
                frame.left, frame.operator, frame.simple = frame.node, token.text, False
            elif token.kind == "symbol" and token.text == "," and frame.kind == "call":
                frame.items.append(cast(Operand, frame.node))
            elif len(stack) == 1:
                return frame.finished()
            else:
                self.fail()
            self.at += 1

    def _operand(self, stack: list[_Frame]) -> None:
        """Reads an operand, with the parentheses and functions that it begins with."""
        while True:
            frame, token = stack[-1], self.token
            if self.accept("("):
                stack.append(_Frame("group", whole=frame.whole and not frame.operator))
            elif token.kind == "word" and self.tokens[self.at + 1].text == "(":
                self.at += 2
                self.functions.append(token.text)
                stack.append(_Frame("call", token.text))
            elif token.kind == "value":
                self.at += 1
                frame.node = Placeholder(token.text)
                return
            else:
                frame.node = self.path()
                return

    def _close(self, stack: list[_Frame]) -> None:
        """Steps over a ")" that ends the innermost parenthesis."""
        frame = stack.pop()
        outer = stack[-1]
        self.at += 1
        if frame.kind == "group":
            self.redundant |= frame.simple
            outer.simple = outer.kind == "group" and not outer.operator
            outer.node = frame.finished()
            return
        arguments = (*frame.items, cast(Operand, frame.node))
        self.misused += [
            argument.name for argument in arguments if isinstance(argument, Function) and argument.name == "list_append"
        ]
        outer.node = Function(frame.name, arguments)
