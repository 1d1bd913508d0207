"""From a template's text to its parts. Pure, and linear in the text's length.

White space is Velocity 1.7's: a directive takes the rest of its line with it if that is blank, #set also the blanks before it, a ##
comment its line break. docs: https://velocity.apache.org/engine/1.7/vtl-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from atoll.api_runtime.templates import nodes
from atoll.api_runtime.templates.budget import TemplateError
from atoll.api_runtime.templates.expressions import Expressions, Nesting

LENGTH = 300 * 1024
"""Characters of a template. docs: API Gateway quotas, "Size of mapping template"."""
LONG = 4_000
"""Characters of a template whose parsing takes milliseconds."""
_MARK = re.compile(r"[$#]")
_NAME = re.compile(r"\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)")
_LINE_END = re.compile(r"[ \t]*(?:\r\n|\n|\r)")
_COMMENT = re.compile(r"##[^\r\n]*(?:\r\n|\n|\r)?|#\*.*?\*#", re.DOTALL)
_RAW = re.compile(r"#\[\[(.*?)\]\]#", re.DOTALL)
_BLANKS = " \t"
_ENDS = ("end", "else", "elseif")


def parse(text: str) -> nodes.Template:
    """The template; many short ones are kept, few long ones. Raises TemplateError where the text is none."""
    if len(text) > LENGTH:
        raise TemplateError("the template is longer than 300 KB")
    return (_kept if len(text) <= LONG else _kept_long)(text)


def _parsed(text: str) -> nodes.Template:
    parser = _Parser(text, Nesting())
    try:
        return nodes.Template(parser.whole(), parser.macros)
    except RecursionError as error:
        raise TemplateError("the template nests too deep") from error


_kept = lru_cache(maxsize=512)(_parsed)
_kept_long = lru_cache(maxsize=16)(_parsed)


class Evaluate:
    """`#evaluate(expression)`: the value is a template."""

    __slots__ = ("expression",)

    def __init__(self, expression: nodes.Expression) -> None:
        self.expression = expression

    def write(self, run: nodes.Run) -> Iterator[None] | None:
        value = self.expression.value(run)
        return nodes.nested(parse(value).block, run) if isinstance(value, str) else None


class _Parser(Expressions):
    """Reads blocks; expressions and references are `Expressions`' own."""

    def __init__(self, text: str, nesting: Nesting) -> None:
        super().__init__(text, nesting)
        self.macros: dict[str, nodes.Macro] = {}
        self._last = {"#*": text.rfind("*#"), "#[[": text.rfind("]]#")}
        """Where what begins so ends for the last time: behind it nobody need look for an end."""

    def whole(self) -> nodes.Block:
        block, end = self._block()
        if end:
            raise self.error(f"#{end} without a beginning")
        return block

    def interpolated(self, text: str) -> nodes.Block:
        parser = _Parser(text, self.nested)
        with self.nested:
            block = parser.whole()
        self.macros.update(parser.macros)
        return block

    def _block(self) -> tuple[nodes.Block, str]:
        """Parts up to an #end, #else or #elseif, whose word is told, or to the end of the text."""
        parts: list[nodes.Part] = []
        text = self.text
        begin = self.at
        while True:
            found = _MARK.search(text, self.at)
            if not found:
                self.at = len(text)
                _say(parts, text[begin:])
                return nodes.Block(parts), ""
            mark = self.at = found.start()
            escapes = 0
            while mark - escapes > begin and text[mark - escapes - 1] == "\\":
                escapes += 1
            if found[0] == "$":
                reference = self.reference_in_text(escapes)
                if reference is None:
                    self.at = mark + 1
                    continue
                _say(parts, text[begin : mark - escapes])
                parts.append(reference)
            else:
                word = self._directive_word(mark)
                if word is None or (escapes % 2 and not word.startswith(("#", "*", "["))):
                    if word is not None:
                        _say(parts, text[begin : mark - escapes] + "\\" * (escapes // 2))
                        begin = mark
                    self.at = mark + 1
                    continue
                before = text[begin : mark - escapes] + "\\" * (escapes // 2)
                if word == "set":
                    before = before.rstrip(_BLANKS)
                _say(parts, before)
                if word in _ENDS:
                    if word != "elseif":
                        self._end_line()
                    return nodes.Block(parts), word
                part = self._directive(word, mark)
                if part is not None:
                    parts.append(part)
            begin = self.at

    def _directive_word(self, mark: int) -> str | None:
        """What begins at a #, None where it is only text. Leaves `at` behind the word."""
        text = self.text
        for kind, pattern in (("#", _COMMENT), ("[", _RAW)):
            if any(text.startswith(begin, mark) and mark > last for begin, last in self._last.items()):
                break
            if (found := pattern.match(text, mark)) is not None:
                self.at = found.end()
                return kind + found[0]
        name = _NAME.match(text, mark + 1)
        if name is None:
            return None
        self.at = name.end()
        word: str = name[1] or name[2]
        if word in _ENDS or word in ("stop", "break"):
            return word
        self.blanks()
        if not text.startswith("(", self.at):
            if word in _DIRECTIVES:
                raise self.error(f"( expected after #{word}")
            return None
        return word

    def _directive(self, word: str, mark: int) -> nodes.Part | None:
        if word[0] == "#":
            return None
        if word[0] == "[":
            found = _RAW.match(self.text, mark)
            assert found
            return nodes.Text(found[1])
        if word in ("stop", "break"):
            self._end_line()
            return nodes.Leave(nodes.Stop if word == "stop" else nodes.Break)
        self.expect("(")
        with self.nested:
            read = _DIRECTIVES.get(word)
            return read(self) if read else self._macro_call(word, mark)

    def _close(self) -> None:
        self.spaces()
        self.expect(")")
        self._end_line()

    def _end_line(self) -> None:
        if (found := _LINE_END.match(self.text, self.at)) is not None:
            self.at = found.end()

    def _body(self) -> nodes.Block:
        block, end = self._block()
        if end != "end":
            raise self.error("#end expected")
        return block

    def _set(self) -> nodes.Part:
        self.spaces()
        target = self.reference()
        self.spaces()
        self.expect("=")
        expression = self.expression()
        self._close()
        return nodes.Set(target, expression)

    def _if(self) -> nodes.Part:
        branches = []
        otherwise = None
        while True:
            condition = self.expression()
            self._close()
            block, end = self._block()
            branches.append((condition, block))
            if end == "elseif":
                self.blanks()
                self.expect("(")
                continue
            if end == "else":
                otherwise = self._body()
            elif end != "end":
                raise self.error("#end expected")
            return nodes.If(branches, otherwise)

    def _foreach(self) -> nodes.Part:
        self.spaces()
        name = self.plain_reference()
        self.spaces()
        if self.word() != "in":
            raise self.error("in expected")
        expression = self.expression()
        self._close()
        return nodes.Foreach(name, expression, self._body())

    def _macro(self) -> None:
        self.spaces()
        name = self.word()
        parameters = []
        while self.separated(")"):
            parameters.append(self.plain_reference())
        self._close()
        self.macros.setdefault(name, nodes.Macro(parameters, self._body()))

    def _macro_call(self, name: str, mark: int) -> nodes.Part:
        arguments = []
        while self.separated(")"):
            arguments.append(self.primary())
        self.expect(")")
        source = self.text[mark : self.at]
        self._end_line()
        return nodes.MacroCall(name, arguments, source)

    def _define(self) -> nodes.Part:
        self.spaces()
        name = self.plain_reference()
        while self.separated(")"):
            self.primary()  # Velocity reads parameters of a #define, and ignores them
        self._close()
        return nodes.Define(name, self._body())

    def _evaluate(self) -> nodes.Part:
        expression = self.expression()
        self._close()
        return Evaluate(expression)

    def _refuse(self) -> nodes.Part:
        raise self.error("API Gateway has no files to #parse or #include")


_DIRECTIVES = {
    "set": _Parser._set,
    "if": _Parser._if,
    "foreach": _Parser._foreach,
    "macro": _Parser._macro,
    "define": _Parser._define,
    "evaluate": _Parser._evaluate,
    "parse": _Parser._refuse,
    "include": _Parser._refuse,
}


def _say(parts: list[nodes.Part], text: str) -> None:
    if text:
        parts.append(nodes.Text(text))
