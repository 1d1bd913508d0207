"""Keys: tuples, encoded so that bytes compare as the tuples do.

The encoding is that of FoundationDB's tuple layer (apple/foundationdb, design/tuple.md): one type byte, then the value in an
order-preserving form. Types order as None < bytes < str < tuple < int < float < bool; within a type, by value
(str by its UTF-8 bytes, which is code point order).
"""

from __future__ import annotations

import struct
import sys
from functools import lru_cache
from typing import NamedTuple, TypeAlias

Element: TypeAlias = "None | bytes | str | int | float | bool | tuple[Element, ...]"
Key: TypeAlias = tuple[Element, ...]

NULL, BYTES, STRING, NESTED = 0x00, 0x01, 0x02, 0x05
INT_ZERO = 0x14  # 0x0C-0x13 negative by length, 0x15-0x1C positive by length
NEG_BIG, POS_BIG = 0x0B, 0x1D  # longer than 8 bytes: one length byte follows
DOUBLE, FALSE, TRUE = 0x21, 0x26, 0x27

_LIMITS = tuple((1 << (8 * n)) - 1 for n in range(9))
_MAX_INT_BYTES = 255
_SIGN = 1 << 63
NAME = 40
"""Characters up to which a string's encoding is worth remembering."""


class Packed(bytes):
    """Elements that are encoded already: as an element of a key that is packed it stands for them. Not for ranges, whose scans give
    out the elements of their prefix as they are."""


def pack(key: Key) -> bytes:
    """Encodes a key. Raises TypeError for a type without an encoding, ValueError for NaN, a lone surrogate or an integer past 255 bytes."""
    if len(key) == 1 and isinstance(whole := key[0], Packed):
        return whole
    return b"".join(
        [
            e if e.__class__ is Packed else _encode_name(e) if e.__class__ is str and len(e) <= NAME else _encode(e)
            for e in key
        ]
    )


@lru_cache(maxsize=4096)
def packed(*names: str) -> Packed:
    """Names that many keys begin with, encoded once: `pack((packed(a, b), c)) == pack((a, b, c))`."""
    return Packed(pack(names))


def unpack(data: bytes, prefix: Key = (), skip: int = 0) -> Key:
    """The key that `pack` made `data` from; its first `skip` bytes are known to be those of `prefix`.

    Raises ValueError where `data` is no packed key.
    """
    elements: list[Element] = [*prefix]
    position = skip
    while position < len(data):
        element, position = _decode(data, position)
        elements.append(element)
    return tuple(elements)


class Range(NamedTuple):
    """Packed keys from `start` (included) to `end` (excluded).

    All begin with `prefix`, whose packed form is `skip` bytes long: a scan need not decode it again for each key.
    """

    start: bytes
    end: bytes
    prefix: Key = ()
    skip: int = 0

    def past(self, key: Key) -> Range:
        """The part of this range after `key`: where the next page of a forward scan begins."""
        return self._replace(start=max(self.start, pack(key) + b"\x00"))

    def before(self, key: Key) -> Range:
        """The part of this range before `key`: where the next page of a reverse scan begins."""
        return self._replace(end=min(self.end, pack(key)))

    def values(self) -> Range:
        """This range for who wants its values alone: a scan gives `()` for every key, and decodes none."""
        return self._replace(prefix=(), skip=sys.maxsize)


def under(prefix: Key) -> Range:
    """All keys that begin with the elements of `prefix` and have at least one more."""
    packed = pack(prefix)
    return Range(packed + b"\x00", packed + b"\xff", prefix, len(packed))


def between(start: Key, end: Key) -> Range:
    """All keys k with start <= k < end."""
    return Range(pack(start), pack(end))


@lru_cache(maxsize=8192)
def _encode_name(name: str) -> bytes:
    """Accounts, regions, services and nouns begin every key: they are encoded once."""
    return _encode(name)


def _encode(element: Element) -> bytes:
    if isinstance(element, str):
        return b"\x02" + element.encode().replace(b"\x00", b"\x00\xff") + b"\x00"
    if isinstance(element, bool):  # before int, of which bool is a subclass
        return b"\x27" if element else b"\x26"
    if isinstance(element, int):
        return _encode_int(element)
    if isinstance(element, bytes):
        return b"\x01" + element.replace(b"\x00", b"\x00\xff") + b"\x00"
    if element is None:
        return b"\x00"
    if isinstance(element, float):
        return _encode_float(element)
    if isinstance(element, tuple):
        # Inside a tuple None is escaped: a bare zero byte ends it.
        return b"\x05" + b"".join([b"\x00\xff" if child is None else _encode(child) for child in element]) + b"\x00"
    raise TypeError(f"a key cannot hold {type(element).__name__}")


def _encode_int(value: int) -> bytes:
    if 0xFF < value <= 0xFFFF:  # the bucket of an item
        return b"\x16%c%c" % (value >> 8, value & 0xFF)
    magnitude = abs(value)
    length = (magnitude.bit_length() + 7) // 8
    if length > _MAX_INT_BYTES:
        raise ValueError("integer too large for a key")
    # Below zero the ones' complement, so that bytes still grow with the value.
    digits = (value if value >= 0 else value + (1 << (8 * length)) - 1).to_bytes(length, "big")
    if length <= 8:
        return bytes((INT_ZERO + (length if value >= 0 else -length),)) + digits
    return bytes((POS_BIG, length) if value > 0 else (NEG_BIG, length ^ 0xFF)) + digits


def _encode_float(value: float) -> bytes:
    if value != value:
        raise ValueError("NaN has no order")
    (bits,) = struct.unpack(">Q", struct.pack(">d", value + 0.0))  # + 0.0 turns -0.0 into 0.0, which it equals
    ordered = ~bits & ((1 << 64) - 1) if bits & _SIGN else bits | _SIGN
    return bytes((DOUBLE,)) + int.to_bytes(ordered, 8, "big")


def _decode(data: bytes, at: int) -> tuple[Element, int]:
    code = data[at]
    if code in (STRING, BYTES):
        raw, end = _terminated(data, at + 1)
        return (raw.decode() if code == STRING else raw), end
    if INT_ZERO - 8 <= code <= INT_ZERO + 8:
        length = abs(code - INT_ZERO)
        value = int.from_bytes(_slice(data, at + 1, length), "big")
        return (value if code >= INT_ZERO else value - _LIMITS[length]), at + 1 + length
    if code == NULL:
        return None, at + 1
    if code == NESTED:
        return _decode_nested(data, at + 1)
    if code == DOUBLE:
        bits = int.from_bytes(_slice(data, at + 1, 8), "big")
        bits = bits ^ _SIGN if bits & _SIGN else ~bits & ((1 << 64) - 1)
        return struct.unpack(">d", bits.to_bytes(8, "big"))[0], at + 9
    if code in (TRUE, FALSE):
        return code == TRUE, at + 1
    if code in (POS_BIG, NEG_BIG):
        length = _slice(data, at + 1, 1)[0] ^ (0xFF if code == NEG_BIG else 0)
        value = int.from_bytes(_slice(data, at + 2, length), "big")
        return (value if code == POS_BIG else value - (1 << (8 * length)) + 1), at + 2 + length
    raise ValueError(f"unknown type byte {code:#x} in a key")


def _decode_nested(data: bytes, at: int) -> tuple[tuple[Element, ...], int]:
    children: list[Element] = []
    while True:
        byte = _slice(data, at, 1)[0]
        if byte == 0:
            if data[at + 1 : at + 2] != b"\xff":
                return tuple(children), at + 1
            children.append(None)
            at += 2
        else:
            child, at = _decode(data, at)
            children.append(child)


def _terminated(data: bytes, at: int) -> tuple[bytes, int]:
    """The escaped bytes from `at` to their terminator, unescaped, and the position after it."""
    end = data.find(b"\x00", at)
    while end >= 0 and data[end + 1 : end + 2] == b"\xff":
        end = data.find(b"\x00", end + 2)
    if end < 0:
        raise ValueError("key ends inside a string")
    return data[at:end].replace(b"\x00\xff", b"\x00"), end + 1


def _slice(data: bytes, at: int, length: int) -> bytes:
    part = data[at : at + length]
    if len(part) != length:
        raise ValueError("key ends inside a value")
    return part
