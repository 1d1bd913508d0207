"""Tracing: one tree of spans per incoming request, in a bounded ring.

A span costs two clock readings and one small object; nothing is written or sent. The console and the admin API read the ring.
"""

from __future__ import annotations

import itertools
import re
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Protocol

_now = time.perf_counter_ns

LONGEST = 2048
_VALUE = re.compile(r"Value '.*?(?:'( at '[^']+' failed)|\Z)", re.DOTALL)
"""What AWS's validation messages quote of a request: it may be a code or a token, of which its models know nothing."""
DENIED_KEPT = 200
MOST_JUDGED = 100


class Judged(Protocol):
    """What was decided of a permission; its text is the decision."""

    @property
    def title(self) -> str:
        """What the attribute that shows it is called."""


class Span:
    """A timed step of a request. Use as a context manager; an exception that leaves it is noted under "error"."""

    __slots__ = ("attributes", "children", "ended", "judged", "laps", "name", "started", "status", "trace_id")

    def __init__(self, name: str, trace_id: str, attributes: dict[str, Any] | None = None) -> None:
        self.name = name
        self.trace_id = trace_id
        self.started = _now()
        self.ended = 0
        self.status = 0
        """The HTTP status of the answer, 0 for what answers nobody."""
        self.attributes = attributes
        self.children: list[Span] | None = None
        self.judged: list[Judged] | None = None
        self.laps: list[Any] = []
        """Names of steps, each followed by when it ended: flat, because a thousand spans are kept."""

    def child(self, name: str, **attributes: Any) -> Span:
        """Begins a step inside this one."""
        span = Span(name, self.trace_id, attributes or None)
        if self.children is None:
            self.children = [span]
        else:
            self.children.append(span)
        return span

    def lap(self, name: str) -> None:
        """Notes that the step `name` has just ended; it began when the span or the step before it did. Cheaper than a child."""
        self.laps += (name, _now())

    def note(self, **attributes: Any) -> None:
        """Adds facts to the span, of texts their first LONGEST characters: they quote requests, and are kept. A value that AWS's rules
        forbid is left out."""
        if self.attributes is None:
            self.attributes = {}
        for name, fact in attributes.items():
            self.attributes[name[:LONGEST]] = _quoting_no_value(fact[:LONGEST]) if type(fact) is str else fact

    def judge(self, judged: Judged) -> None:
        """Keeps what was decided: a reference, which is put into words when somebody asks. Of very many the first, and the last."""
        if self.judged is None:
            self.judged = [judged]
        elif len(self.judged) < MOST_JUDGED:
            self.judged.append(judged)
        else:
            self.judged[-1] = judged

    def end(self) -> None:
        """Stops the span's time."""
        self.ended = _now()

    def __enter__(self) -> Span:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        if error is not None:
            self.note(error=f"{type(error).__name__}: {error}")
        self.end()

    @property
    def milliseconds(self) -> float:
        """How long the span took, or has taken so far."""
        return ((self.ended or _now()) - self.started) / 1e6

    def summary(self) -> dict[str, Any]:
        """A line about the span: id, name, status (of what answered somebody), ms, how many seconds ago it began, error if any."""
        line: dict[str, Any] = {"id": self.trace_id, "name": self.name}
        if self.status:
            line["status"] = self.status
        line |= {"ms": round(self.milliseconds, 3), "seconds_ago": round((_now() - self.started) / 1e9, 1)}
        if self.attributes and "error" in self.attributes:
            line["error"] = str(self.attributes["error"])
        return line

    def export(self, origin: int | None = None) -> dict[str, Any]:
        """The tree as plain values: name, start (ms after the root's), ms, status, attributes, steps (ms each), children."""
        origin = self.started if origin is None else origin
        tree: dict[str, Any] = {
            "name": self.name,
            "start": round((self.started - origin) / 1e6, 3),
            "ms": round(self.milliseconds, 3),
        }
        if self.status:
            tree["status"] = self.status
        attributes = {judged.title[:LONGEST]: str(judged) for judged in self.judged or ()}
        attributes |= {key: str(value) for key, value in (self.attributes or {}).items()}
        if attributes:
            tree["attributes"] = attributes
        began = self.started
        for name, ended in zip(self.laps[::2], self.laps[1::2], strict=True):
            steps = tree.setdefault("steps", {})
            steps[name] = round((ended - began) / 1e6, 3)
            began = ended
        if self.children:
            tree["children"] = [child.export(origin) for child in self.children]
        return tree


def _quoting_no_value(text: str) -> str:
    return _VALUE.sub(lambda found: f"Value{found[1] or '…'}", text) if "Value '" in text else text


class Tracer:
    """Keeps the last `size` traces by id, and of those in which something was denied the last `denied`, however many came since."""

    def __init__(self, size: int = 1000, denied: int = DENIED_KEPT) -> None:
        self.size, self.denied_size = size, denied
        self._ring: deque[Span] = deque(maxlen=size)
        self._denied: deque[Span] = deque(maxlen=denied)

    def begin(self, trace_id: str, name: str) -> Span:
        """The root span of a new trace."""
        span = Span(name, trace_id)
        self._ring.append(span)
        return span

    def latest(self, limit: int) -> list[Span]:
        """The root spans of the last `limit` traces, the latest first."""
        return list(itertools.islice(reversed(self._ring), limit))

    def find(self, trace_id: str) -> Span | None:
        """The trace's root span, if it is still kept."""
        return next((span for span in self._kept() if span.trace_id == trace_id), None)

    def find_request(self, request_id: str) -> Span | None:
        """The root span of the trace in which a request had this id: its own, or one that a step of it notes as `request_id`."""
        return self.find(request_id) or next((span for span in self._kept() if _notes(span, request_id)), None)

    def keep_denied(self, trace_id: str) -> None:
        """Keeps the trace for longer: something was denied in it."""
        span = self.find(trace_id)
        if span is not None and span not in self._denied:
            self._denied.append(span)

    def denied(self) -> list[Span]:
        """The traces in which something was denied, the latest first."""
        return list(reversed(self._denied))

    def _kept(self) -> Iterator[Span]:
        return itertools.chain(reversed(self._ring), reversed(self._denied))


def _notes(span: Span, request_id: str) -> bool:
    """Whether the span, or a step inside it, notes that a request had this id."""
    if span.attributes and span.attributes.get("request_id") == request_id:
        return True
    return any(_notes(child, request_id) for child in span.children or ())
