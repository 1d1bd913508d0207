"""Tokens of PartiQL statements, the words it reserves, and where in a statement something stands. The grammar is `parser`'s."""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from atoll.kernel.errors import ValidationFailed

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n\f\v]+|--[^\r\n]*|/\*.*?\*/)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_$.]))
    |(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
    |(?P<quoted>"(?:[^"]|"")*+")
    |(?P<string>'(?:[^']|'')*+')
    |(?P<ion>`[^`]*`)
    |(?P<symbol><<|>>|<>|<=|>=|!=|\|\||/(?!\*)|[-+*%=<>()\[\]{},.:;?@])
    |(?P<wrong>.)""",
    re.DOTALL | re.VERBOSE,
)
_KEYWORDS = """
absolute action add all allocate alter and any are as asc assertion at authorization avg bag begin between bigint bit
bit_length blob bool boolean by can_cast can_lossless_cast cascade cascaded case cast catalog char char_length character
character_length check clob close coalesce collate collation column commit conflict connect connection constraint
constraints continue convert corresponding count create cross current current_date current_time current_timestamp
current_user cursor date date_add date_diff deallocate dec decimal declare default deferrable deferred delete desc
describe descriptor diagnostics disconnect distinct do domain double drop else end escape except exception exec execute
exists external extract false fetch first float for foreign found from full get global go goto grant group having
identity immediate in index indicator initially inner input insensitive insert int int2 int4 int8 integer integer2
integer4 integer8 intersect interval into is isolation join key language last left let level like limit list local lower
match max min missing modified module names national natural nchar new next no not nothing null nullif numeric
octet_length of offset old on only open option or order outer output overlaps pad partial pivot position precision
prepare preserve primary prior privileges procedure public read real references relative remove restrict returning
revoke right rollback rows schema scroll section select session session_user set sexp size smallint some space sql
sqlcode sqlerror sqlstate string struct substring sum symbol system_user table temporary then time timestamp to
transaction translate translation trim true tuple union unique unknown unpivot update upper usage user using value
values varchar varying view when whenever where with work write zone
"""
KEYWORDS = frozenset(_KEYWORDS.split())
"""Words that are no names unless quoted: SQL-92's and PartiQL's own."""

_INT_MAX = (1 << 31) - 1


class Span(NamedTuple):
    """A part of a statement: offset of its first character, and its length."""

    start: int
    length: int


class Token(NamedTuple):
    """`kind` is number, word, keyword, quoted, string, ion, symbol or end. `value` is what it stands for: a name or string without
    its quotes, a keyword in lower case, else the text."""

    kind: str
    value: str
    span: Span


def malformed(detail: str = "") -> ValidationFailed:
    """The error of a statement that is none."""
    return ValidationFailed(f"Statement wasn't well formed, can't be processed: {detail}")


def located(message: str, text: str, span: Span) -> NoReturn:
    """Raises an error that says where in the statement: line, column (both from 1) and length."""
    line = text.count("\n", 0, span.start) + 1
    column = span.start - text.rfind("\n", 0, span.start)
    raise ValidationFailed(f"{message} at {line}:{column}:{span.length}")


def tokenize(text: str) -> list[Token]:
    """The tokens of a statement, and one of kind "end" after them. Raises ValidationFailed."""
    tokens = []
    for match in _TOKEN.finditer(text):
        kind, value = match.lastgroup or "", match[0]
        if kind == "space":
            continue
        if kind in ("quoted", "string"):
            value = value[1:-1].replace(value[0] * 2, value[0])
        elif kind == "word" and value.lower() in KEYWORDS:
            kind, value = "keyword", value.lower()
        elif kind == "wrong" or (kind == "number" and not _fits(value)):
            raise malformed()
        tokens.append(Token(kind, value, Span(match.start(), len(match[0]))))
    tokens.append(Token("end", "", Span(len(text), 0)))
    return tokens


def _fits(number: str) -> bool:
    """Whether exponent and scale are 32-bit integers, as they must be to be read at all."""
    mantissa, _, exponent = number.lower().partition("e")
    shift = exponent.lstrip("+-").lstrip("0")
    if len(shift) > 10:
        return False
    power = int(shift or "0") * (-1 if exponent[:1] == "-" else 1)
    scale = len(mantissa.partition(".")[2]) - power
    return -_INT_MAX - 1 <= power <= _INT_MAX and -_INT_MAX - 1 <= scale <= _INT_MAX
