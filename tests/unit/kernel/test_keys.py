"""Keys: packed keys sort as their tuples do, and come back as they were."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from atoll.kernel.keys import Key, Range, between, pack, packed, under, unpack

scalars = st.one_of(
    st.none(),
    st.binary(max_size=6),
    st.lists(st.sampled_from([b"\x00", b"\xff", b"\x01", b"a"]), max_size=5).map(b"".join),
    st.text(max_size=6),
    st.text(alphabet="\x00\x01a\xff\uffff\U00010000\U0010ffff", max_size=5),
    st.integers(),
    st.integers(min_value=-300, max_value=300),
    st.integers(min_value=60, max_value=140).flatmap(
        lambda bits: st.sampled_from([1 << bits, -(1 << bits), (1 << bits) - 1])
    ),
    st.sampled_from(
        [sign * ((1 << bits) + step) for sign in (1, -1) for bits in (8, 16, 63, 64, 2039) for step in (-1, 0, 1)]
    ),
    st.floats(allow_nan=False),
    st.booleans(),
)
elements = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=6)
keys = st.lists(elements, max_size=4).map(tuple)
packed_bytes = st.lists(
    st.sampled_from([b"\x00", b"\x01", b"\x02", b"\x05", b"\x14", b"\x1d", b"\x21", b"\xff", b"a"]), max_size=8
).map(b"".join)

RANKS = {type(None): 0, bytes: 1, str: 2, tuple: 3, int: 4, float: 5, bool: 6}


def order(element: Any) -> tuple[Any, ...]:
    """A Python value that sorts as the key element is documented to."""
    rank = RANKS[type(element)]
    if isinstance(element, tuple):
        return (rank, tuple(order(child) for child in element))
    if isinstance(element, str):
        return (rank, [ord(character) for character in element])
    return (rank,) if element is None else (rank, element)


def normal(element: Any) -> Any:
    """What a round trip keeps: all but the sign of zero."""
    if isinstance(element, tuple):
        return tuple(normal(child) for child in element)
    return element + 0.0 if isinstance(element, float) else element


@settings(max_examples=600)
@given(keys, keys)
@example((None,), ((),))
@example(((),), ((None,),))
@example(((), 1), ((None,), 0))
@example(("a",), ("a\x00",))
@example(("a", None), ("a\x00b",))
@example((b"\x00",), (b"\x00\xff",))
@example((-0.0,), (0.0,))
@example((float("-inf"),), (-1.5,))
@example((-(1 << 64),), (-(1 << 64) + 1,))
def test_packed_keys_sort_as_their_tuples(left: Key, right: Key) -> None:
    expected = (order(left) > order(right)) - (order(left) < order(right))
    assert (pack(left) > pack(right)) - (pack(left) < pack(right)) == expected


@settings(max_examples=600)
@given(keys)
def test_a_key_comes_back_with_its_types(key: Key) -> None:
    again = unpack(pack(key))
    assert repr(again) == repr(normal(key))  # repr tells 1, 1.0 and True apart


@given(keys, keys.filter(bool), keys)
def test_under_holds_exactly_the_longer_keys_of_a_prefix(prefix: Key, rest: Key, other: Key) -> None:
    span = under(prefix)
    assert inside(span, (*prefix, *rest))
    assert not inside(span, prefix)
    begins = normal(other[: len(prefix)]) == normal(prefix) and repr(normal(other[: len(prefix)])) == repr(
        normal(prefix)
    )
    assert inside(span, other) == (begins and len(other) > len(prefix))


@given(keys, keys, keys)
def test_between_includes_its_start_and_not_its_end(start: Key, end: Key, key: Key) -> None:
    assert inside(between(start, end), key) == (order(start) <= order(key) < order(end))


@given(keys, keys, keys, keys)
def test_pages_go_on_strictly_past_or_before_a_key(start: Key, end: Key, at: Key, key: Key) -> None:
    span = between(start, end)
    assert inside(span.past(at), key) == (inside(span, key) and order(key) > order(at))
    assert inside(span.before(at), key) == (inside(span, key) and order(key) < order(at))


@given(packed_bytes | st.binary(max_size=12))
def test_what_is_no_packed_key_is_refused(data: bytes) -> None:
    try:
        key = unpack(data)
    except ValueError:
        return
    assert isinstance(key, tuple)


@given(keys.filter(bool), st.data())
def test_a_truncated_key_is_refused_or_another_key(key: Key, data: st.DataObject) -> None:
    whole = pack(key)
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with contextlib.suppress(ValueError):
        assert repr(unpack(part)) != repr(normal(key))


@pytest.mark.parametrize("bad", [math.nan, 1 << 2040, -(1 << 2040), "\ud800"])
def test_values_without_an_order_are_refused(bad: Any) -> None:
    with pytest.raises(ValueError):
        pack((bad,))


@pytest.mark.parametrize("bad", [[], {}, set(), bytearray(b"a"), object(), 1j])
def test_types_without_an_encoding_are_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match=type(bad).__name__):
        pack(("a", (bad,)))


def inside(span: Range, key: Key) -> bool:
    return span.start <= pack(key) < span.end


@given(st.lists(st.text(max_size=50), max_size=4), keys)
def test_names_packed_beforehand_stand_for_themselves(names: list[str], rest: Key) -> None:
    assert pack((packed(*names), *rest)) == pack((*names, *rest))
