"""How a function's output becomes log events."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.lambda_runtime.logs import EVENT_LIMIT, FRAME, Piece, Splitter


def frame(text: str, milliseconds: int = 7, kind: int = 3) -> bytes:
    return (
        FRAME
        + bytes([kind])
        + len(text.encode()).to_bytes(4, "big")
        + (milliseconds * 1000).to_bytes(8, "big")
        + text.encode()
    )


def texts(found: list[Piece]) -> list[str]:
    return [piece.text for piece in found]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_lines_and_frames_come_out_in_order_however_the_bytes_are_cut(size: int) -> None:
    data = b"one\n" + frame("[ERROR] x\nTraceback\n\u00a0line") + b"two\nthree" + frame("four\n") + b"five"
    splitter = Splitter()
    found = [event for at in range(0, len(data), size) for event in splitter.feed(data[at : at + size])]
    found += splitter.flush()
    merged = "".join(texts(found))
    assert merged == "one\n[ERROR] x\nTraceback\n\u00a0linetwo\nthreefour\nfive"
    assert "[ERROR] x\nTraceback\n\u00a0line" in texts(found)
    assert Piece("four\n", 7) in found


def test_a_line_longer_than_an_event_may_be_is_split() -> None:
    found = texts(Splitter().feed(b"x" * (EVENT_LIMIT + 10) + b"\n"))
    assert [len(text) for text in found] == [EVENT_LIMIT, 11]


def test_bytes_that_are_no_text_do_not_get_lost() -> None:
    assert texts(Splitter().feed(b"a\xffb\n")) == ["a\ufffdb\n"]


def test_frames_tell_level_and_time() -> None:
    assert Splitter().feed(frame("a", 5, kind=0x16) + frame("", 6) + frame("b", 7, kind=0x0B)) == [
        Piece("a", 5, 5),
        Piece("b", 7, 2),
    ]


def test_a_frame_longer_than_an_event_may_be_is_split_between_characters() -> None:
    found = Splitter().feed(frame("ü" * EVENT_LIMIT))
    assert "".join(texts(found)) == "ü" * EVENT_LIMIT
    assert all(len(text.encode()) <= EVENT_LIMIT for text in texts(found))


def test_a_frame_that_claims_to_be_endless_is_not_kept_whole() -> None:
    splitter = Splitter()
    splitter.feed(FRAME + b"\x03" + b"\xff" * 4 + bytes(8))
    found = [piece for _ in range(64) for piece in splitter.feed(b"x" * 65536)]
    assert len(found) >= 3


def test_what_a_frame_lacks_when_its_writer_dies() -> None:
    splitter = Splitter()
    assert splitter.feed(frame("cut off")[:-3]) == []
    assert texts(splitter.flush()) == ["cut "]
    assert splitter.feed(frame("x")[:10]) == []
    assert splitter.flush() == []
    assert texts(splitter.feed(b"next\n")) == ["next\n"]


def test_bytes_like_a_frames_that_are_none() -> None:
    assert texts(Splitter().feed(FRAME + b"\x99 a\n" + b"b" + FRAME + b"c\n")) == [
        "\ufffdZ\x00\ufffd a\n",
        "b\ufffdZ\x00c\n",
    ]


@given(
    st.lists(st.sampled_from([b"\xa5", b"\x5a", b"\x00", FRAME, frame("f\n"), b"\xff", b"\n", b"a"])), st.integers(1, 5)
)
def test_cuts_change_nothing(parts: list[bytes], size: int) -> None:
    data, whole, cut = b"".join(parts), Splitter(), Splitter()
    pieces = [piece for at in range(0, len(data), size) for piece in cut.feed(data[at : at + size])]
    assert pieces + cut.flush() == whole.feed(data) + whole.flush()


def test_a_long_line_is_looked_through_once() -> None:
    """Of bytes that nearly begin frames: the loop waits meanwhile, and with it everybody."""
    splitter, data = Splitter(), (FRAME + b"\xff") * (EVENT_LIMIT // 4)
    began = time.process_time()
    found = [piece for at in range(0, len(data), 4096) for piece in splitter.feed(data[at : at + 4096])]
    assert time.process_time() - began < 2
    assert (found, len(splitter.flush())) == ([], 1)
