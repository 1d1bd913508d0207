"""What follows a batch: pure decisions, and that whatever a function answers each record is in the end done or given up, in order."""

from __future__ import annotations

import json
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.services.lambda_.event_sources.batches import (
    MOST_BYTES,
    Answer,
    Batch,
    Policy,
    Record,
    backoff,
    failures,
    fitting,
    follow,
    lane_of,
    payload,
    too_old,
)

FOREVER = Policy(-1, -1, bisect=False, partial=False)
FAILED = Answer(b"{}", "Unhandled")


def records(count: int, size: int = 10) -> list[Record]:
    return [Record(str(100 + n), 1000.0 + n, b"x" * size) for n in range(count)]


def reported(*numbers: object) -> Answer:
    return Answer(json.dumps({"batchItemFailures": [{"itemIdentifier": n} for n in numbers]}).encode(), None)


def test_a_success_is_done() -> None:
    assert follow(Batch(records(3)), Answer(b"null", None), FOREVER) == (3, (), False)


def test_retries() -> None:
    policy = FOREVER._replace(retries=1)
    first = follow(Batch(records(2)), FAILED, policy)
    assert first == (0, [Batch(records(2), invocations=1)], False)
    assert follow(first.again[0], FAILED, policy) == (0, [Batch(records(2), invocations=2)], True)


def test_halves_use_up_no_retry() -> None:
    policy = FOREVER._replace(retries=0, bisect=True)
    halves = follow(Batch(records(3)), FAILED, policy)
    assert [len(half.records) for half in halves.again] == [2, 1]
    alone = follow(halves.again[1], FAILED, policy)
    assert alone.given_up
    assert alone.again[0].invocations == 2


@pytest.mark.parametrize(
    ("answer", "done"),
    [
        (reported("101"), 1),
        (reported("102", "101"), 1),
        (reported("100"), 0),
        (reported(), 3),
        (reported(""), 0),
        (reported(None), 0),
        (reported("7"), 0),
        (reported("101", "7"), 0),
        (Answer(b'{"batchItemFailures": [{"foo": "101"}]}', None), 0),
        (Answer(b'{"batchItemFailures": [{"foo": null}]}', None), 0),
        (Answer(b'{"batchItemFailures": "101"}', None), 0),
        (Answer(b'"text"', None), 0),
        (Answer(b"not json", None), 0),
        (Answer(b"", None), 3),
        (Answer(b"null", None), 3),
        (Answer(b"[]", None), 3),
        (Answer(b"{}", None), 3),
        (Answer(b'{"batchItemFailures": null}', None), 3),
    ],
)
def test_reports(answer: Answer, done: int) -> None:
    """docs: "Configuring partial batch response with DynamoDB and Lambda", success and failure conditions."""
    assert follow(Batch(records(3)), answer, FOREVER._replace(partial=True)).done == done


def test_age() -> None:
    assert too_old(records(3), FOREVER, 1000.0 + 24 * 3600) == 0
    assert too_old(records(3), FOREVER, 1001.5 + 24 * 3600) == 2
    assert too_old(records(3), FOREVER._replace(age=60), 1061.5) == 2
    assert too_old(records(3), FOREVER._replace(age=604_800), 1500.0 + 24 * 3600) == 3


def test_backoff_grows_to_a_minute() -> None:
    assert [backoff(n) for n in (1, 2, 3, 20)] == [0.5, 1.0, 2.0, 60.0]


def test_six_megabytes() -> None:
    assert fitting(records(20, 390_000), 100) == 16
    assert fitting(records(2, 7_000_000), 100) == 1
    assert fitting(records(20), 7) == 7


@given(st.lists(st.integers(1, 3_000_000), min_size=1, max_size=8), st.integers(1, 8))
def test_a_payload_fits(sizes: list[int], most: int) -> None:
    given = [Record(str(n), 0.0, b"1" * size) for n, size in enumerate(sizes)]
    count = fitting(given, most)
    assert 1 <= count <= most
    assert count == 1 or len(payload(given[:count])) <= MOST_BYTES


def test_a_payload_is_json() -> None:
    event = payload([Record("1", 0.0, b'{"a":1}')] * 2, {"state": {"n": 1}})
    assert json.loads(event) == {"Records": [{"a": 1}] * 2, "state": {"n": 1}}
    assert json.loads(payload([])) == {"Records": []}


@given(st.text(), st.integers(1, 10))
def test_a_key_has_one_lane(key: str, lanes: int) -> None:
    assert 0 <= lane_of({"S": key}, lanes) < lanes
    assert lane_of({"S": key}, lanes) == lane_of({"S": key}, lanes)


@given(st.binary(max_size=40))
def test_any_answer_is_understood_or_not(answer: bytes) -> None:
    found = failures(answer)
    assert found is None or all(found)


answers = st.one_of(
    st.just(FAILED),
    st.just(Answer(b"null", None)),
    st.lists(st.sampled_from(["100", "101", "102", "103", "9"]), max_size=3).map(lambda named: reported(*named)),
)


@given(st.integers(1, 4), st.lists(answers, max_size=30), st.integers(0, 3), st.booleans(), st.booleans())
def test_each_record_is_done_or_given_up_in_order(
    count: int, given: list[Answer], retries: int, bisect: bool, partial: bool
) -> None:
    policy = Policy(retries, -1, bisect=bisect, partial=partial)
    todo, ended, script = deque([Batch(records(count))]), [], iter(given)
    for _ in range(1000):
        if not todo:
            break
        batch = todo.popleft()
        following = follow(batch, next(script, FAILED), policy)
        ended += [record.number for record in batch.records[: following.done]]
        if following.given_up:
            ended += [record.number for record in batch.records[following.done :]]
            assert following.again[0].records == batch.records[following.done :]
        else:
            todo.extendleft(reversed(following.again))
    assert ended == [record.number for record in records(count)]
