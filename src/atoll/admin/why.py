"""`/_atoll/why/REQUEST`: what IAM decided about a request, from which policies, and what would have allowed what it denied.

Everything comes from the request's trace (`kernel/tracing.py`), which holds the policies as they were; it is put into words here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from atoll.admin.answers import Refused
from atoll.auth.policy.evaluate import PRINCIPAL_KEYS
from atoll.gateway.call import Parts
from atoll.gateway.facts import REQUEST_KEYS
from atoll.kernel.tracing import Span

NOTHING_JUDGED = {
    "off": "IAM is off in this region (--auth off): nothing is judged.",
    "": "No permission was asked for: the operation needs none, or the request failed before.",
}
BY_OPERATION = "No policy denied it: the operation itself has this rule."
KEYS = {key.lower(): key for key in (*PRINCIPAL_KEYS, *REQUEST_KEYS, "aws:ResourceAccount")}
"""Condition keys as AWS writes them: the engine knows them in lower case."""


def denials(parts: Parts) -> dict[str, Any]:
    """A line about each request of late in which something was denied, the latest first, like those of /_atoll/trace."""
    return {"denied": [_line(span) for span in parts.kernel.tracer.denied()]}


def why(parts: Parts, request_id: str) -> dict[str, Any]:
    """Every decision about the request and what it led to inside the region. Raises Refused where its trace is not kept.

    Shape: id, name, status, seconds_ago, error, decisions [an `Explanation`, with `step` and `audited`], note where there is none.
    """
    tracer = parts.kernel.tracer
    span = tracer.find_request(request_id)
    if span is None:
        raise Refused(
            f"No request {request_id!r} is remembered. The last {tracer.size} requests are, and the last {tracer.denied_size} in which "
            "something was denied, as long as the region runs. Those: /_atoll/why, and all: /_atoll/trace.",
            404,
        )
    found = [_explained(step, judged) for step in steps(span) for judged in step.judged or ()]
    answer = {**span.summary(), "id": request_id, "decisions": found}
    if "AccessDenied" in (answer.get("error") or "") and all(told["allowed"] for told in found):
        answer["note"] = BY_OPERATION
    elif not found:
        answer["note"] = NOTHING_JUDGED["off" if parts.auth == "off" and not parts.audits else ""]
    return answer


def steps(span: Span) -> Iterator[Span]:
    """The span and all inside it, in their order."""
    yield span
    for child in span.children or ():
        yield from steps(child)


def _explained(step: Span, judged: Any) -> dict[str, Any]:
    from atoll.auth.policy.explain import explain  # on demand: who never asks does not pay for it

    told: dict[str, Any] = {"step": step.name, **msgspec.to_builtins(explain(judged))}
    told["context"] = {KEYS.get(key, key): values for key, values in told["context"].items()}
    if not judged.decision.allowed and "iam audit" in (step.attributes or {}):
        told["audited"] = True
    return told


def _line(span: Span) -> dict[str, Any]:
    line = span.summary()
    return {**line, "denied": list(_denied(span)) or [line.get("error", "")]}


def _denied(span: Span) -> Iterator[str]:
    for step in steps(span):
        for judged in step.judged or ():
            if not str(judged).startswith("allowed"):
                yield f"{judged.title.removeprefix('iam ')}: {judged}"
