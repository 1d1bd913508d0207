"""Chains of invocations, in trace headers."""

from __future__ import annotations

from urllib.parse import quote

from atoll.services.lambda_.invocation.lineage import MOST, header, is_loop

FRESH = "Root=1-00000001-{0};Parent=aa;Sampled=0;Lineage=1:00000000:0"
A, B = "arn:aws:lambda:us-east-1:123456789012:function:a", "arn:aws:lambda:us-east-1:123456789012:function:b"


def test_a_chain_begins_anew_where_none_came() -> None:
    for came in ("", "Root=1-5-5", "junk", ";;;", "Lineage", "Root=1-5-5;Sampled=1"):
        made = header(came, FRESH, A)
        assert made.startswith("Root=1-00000001-{0};Parent=aa;Sampled=0;Lineage=1:")
        assert made.endswith(":0")
        assert not is_loop(made, A)


def test_16_invocations_of_a_function_in_a_chain() -> None:
    """Of each function by itself; the root is the first's."""
    first = trace = header("", FRESH.replace("{0}", "first"), A)
    for n in range(1, MOST):
        trace = header(quote(header(trace, FRESH, B), safe="=;:"), FRESH, A)
        assert trace.startswith("Root=1-00000001-first;")
        assert not is_loop(trace, A), n
    assert is_loop(header(trace, FRESH, A), A)
    assert not is_loop(first, A)


def test_what_makes_no_sense_counts_nothing() -> None:
    for lineage in ("x", "1:zz:3", "1:00000000:99999999999999", "|||", "2:00000000:1"):
        assert not is_loop(f"Root=1;Lineage={lineage}", A)
        assert header(f"Root=1;Lineage={lineage}", FRESH, A).count("Lineage=") == 1


def test_what_no_header_could_hold_goes_no_further() -> None:
    for hidden in ("%00", "%0d%0a", "%0aREPORT", "%20", "%7f", "%ff"):
        made = header(f"Root=1-2-3{hidden}x;Lineage=1:00000000:1", FRESH, A)
        assert made.startswith("Root=1-2-3;Parent=aa;"), made
