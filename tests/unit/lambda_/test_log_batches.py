"""How log events become batches that PutLogEvents takes."""

from __future__ import annotations

from atoll.kernel.log_events import MAX_BYTES, MAX_SPAN, OVERHEAD, LogEvent, batches


def test_batches_are_in_order_and_within_a_day() -> None:
    events = [LogEvent(MAX_SPAN, "c"), LogEvent(0, "a"), LogEvent(5, ""), LogEvent(5, "b"), LogEvent(2 * MAX_SPAN, "d")]
    assert [[event.message for event in batch] for batch in batches(events)] == [["a", "b"], ["c"], ["d"]]


def test_an_event_may_be_as_large_as_a_batch() -> None:
    largest = "x" * (MAX_BYTES - OVERHEAD)
    assert [len(batch) for batch in batches([LogEvent(0, largest), LogEvent(0, "y"), LogEvent(0, "z")])] == [1, 2]


def test_an_event_that_grew_beyond_that_is_split() -> None:
    text = "\ufffd" * MAX_BYTES
    found = [event for batch in batches([LogEvent(7, text)]) for event in batch]
    assert "".join(event.message for event in found) == text
    assert all(len(event.message.encode()) <= MAX_BYTES - OVERHEAD for event in found)
    assert {event.timestamp for event in found} == {7}
