"""Identifiers have AWS's forms and come from one source; traces are trees in a bounded ring."""

from __future__ import annotations

import random
import re

import pytest

from atoll.kernel.ids import Ids
from atoll.kernel.tracing import Tracer


def test_identifiers_have_their_forms() -> None:
    ids = Ids()
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", ids.uuid())
    assert re.fullmatch(r"[0-9a-f]{24}", ids.hex(24))
    assert re.fullmatch(r"[a-z0-9]{10}", ids.lower(10))
    assert re.fullmatch(r"[A-Z0-9]{14}", ids.upper(14))
    assert re.fullmatch(r"AROA[A-Z2-7]{17}", ids.iam("AROA"))
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", ids.iam("AKIA"))
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", ids.secret())
    assert len({ids.uuid() for _ in range(1000)}) == 1000


def test_a_seed_repeats_them() -> None:
    def draw() -> list[str]:
        ids = Ids(random.Random(7))
        return [ids.uuid(), ids.hex(8), ids.lower(10), ids.iam("AIDA"), ids.secret()]

    assert draw() == draw()


def test_a_trace_is_a_tree_with_times_and_errors() -> None:
    root = Tracer().begin("t", "request")
    with root.child("authorize", decision="allow"):
        pass
    with pytest.raises(KeyError), root.child("run") as run, run.child("store"):
        raise KeyError("gone")
    root.end()
    tree = root.export()
    assert [child["name"] for child in tree["children"]] == ["authorize", "run"]
    assert tree["children"][0]["attributes"] == {"decision": "allow"}
    assert tree["children"][1]["attributes"] == {"error": "KeyError: 'gone'"}
    assert tree["start"] == 0 <= tree["children"][0]["start"] <= tree["children"][1]["start"] <= tree["ms"] + 0.01


def test_the_ring_keeps_the_latest_traces() -> None:
    tracer = Tracer(size=3)
    spans = [tracer.begin(str(n), "request") for n in range(5)]
    assert [tracer.find(str(n)) for n in range(5)] == [None, None, *spans[2:]]


class Judged(str):
    """What was decided of a permission, as a trace sees it."""

    title = "iam a:B on c"


def test_traces_with_denials_are_kept_for_longer() -> None:
    tracer = Tracer(size=3, denied=2)
    for n in range(6):
        tracer.begin(str(n), "request")
        if n < 3:
            tracer.keep_denied(str(n))
            tracer.keep_denied(str(n))
    assert [span.trace_id for span in tracer.denied()] == ["2", "1"]
    assert [tracer.find(str(n)) is not None for n in range(6)] == [False, True, True, True, True, True]
    tracer.keep_denied("gone")
    assert len(tracer.denied()) == 2


def test_a_trace_is_found_by_the_id_of_a_request_inside_it() -> None:
    tracer = Tracer()
    root = tracer.begin("t", "request")
    with root.child("step"), root.child("request to s3", request_id="inner"):
        pass
    assert tracer.find_request("inner") is tracer.find_request("t") is root
    assert tracer.find_request("other") is None


def test_of_very_many_decisions_the_first_and_the_last_are_kept() -> None:
    root = Tracer().begin("t", "request")
    for n in range(500):
        root.judge(Judged(n))
    assert root.judged is not None
    assert [str(one) for one in root.judged] == [*map(str, range(99)), "499"]
    assert root.export()["attributes"] == {"iam a:B on c": "499"}


def test_values_that_rules_forbid_are_left_out() -> None:
    span, rest = Tracer().begin("t", "test"), "Value at 'session' failed to …"
    span.note(error=f"X: 2 validation errors detected: Value '1'2 3' at 'code' failed to …; {rest}")
    assert span.attributes == {"error": f"X: 2 validation errors detected: Value at 'code' failed to …; {rest}"}
    span.note(error="Value '" + "secret" * 10_000 + "' at 'code' failed to satisfy")
    assert span.attributes == {"error": "Value…"}
