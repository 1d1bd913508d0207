"""How batches are cut and judged: pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from atoll.kernel.log_events import MAX_BYTES, MAX_EVENTS, LogEvent, batches
from atoll.services.logs.put_log_events import SPAN, sift, split

LINES = st.lists(st.tuples(st.integers(0, 10_000), st.text(max_size=5)), min_size=1).map(
    lambda lines: sorted(lines, key=lambda line: line[0])
)


@given(LINES)
def test_chunks_hold_every_line_once_within_their_span(lines: list[tuple[int, str]]) -> None:
    chunks = split(lines)
    assert [line for chunk in chunks for line in chunk] == lines
    assert all(chunk and chunk[-1][0] - chunk[0][0] <= SPAN for chunk in chunks)


def test_large_chunks_are_cut() -> None:
    chunks = split([(0, "x" * 20_000)] * 4)
    assert [len(chunk) for chunk in chunks] == [2, 2]


def test_rejected_indexes() -> None:
    day, now = 86_400_000, 100 * 86_400_000
    lines = [(now - 15 * day, "too old"), (now - 10 * day, "expired"), (now, "kept"), (now + day, "too new")]
    accepted, rejected = sift(lines, now, now - 7 * day)
    assert accepted == lines[2:3]
    assert rejected == {
        "tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2, "tooNewLogEventStartIndex": 3,
    }  # fmt: skip


@given(st.lists(st.builds(LogEvent, st.integers(0, 10), st.text(max_size=3))))
def test_function_logs_are_put_in_order(events: list[LogEvent]) -> None:
    given_back = [event for batch in batches(events) for event in batch]
    assert given_back == sorted((event for event in events if event.message), key=lambda event: event.timestamp)


def test_function_logs_keep_the_limits_of_a_batch() -> None:
    assert [len(batch) for batch in batches([LogEvent(0, "x")] * (MAX_EVENTS + 1))] == [MAX_EVENTS, 1]
    assert [len(batch) for batch in batches([LogEvent(0, "x" * (MAX_BYTES // 2))] * 3)] == [1, 1, 1]
