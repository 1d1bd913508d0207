"""How often functions have been invoked in one chain of requests, as the trace header carries it. Pure.

docs: Lambda developer guide, "Use Lambda recursive loop detection to prevent infinite loops". SDKs pass the header on from inside
functions; its Lineage is `1:FUNCTION:COUNT`, one after the other between bars, FUNCTION being eight digits of a hash.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote

MOST = 16
"""Invocations of a function in one chain, after which the next is stopped."""
MOST_FUNCTIONS = 32
_LINEAGE = re.compile(r";?Lineage=([^;]*)")
_ROOT = re.compile(r"Root=[!-:<-~]*")
"""What came was quoted: it may hide what no header can hold, nor a variable or a line of a log."""
_EACH = re.compile(r"1:([0-9a-f]{8}):(\d{1,5})")


def header(came: str, fresh: str, arn: str) -> str:
    """The trace header of an invocation of the function `arn` by a request that `came` with one (or ""). `fresh` is a new one."""
    came = unquote(came)
    counts = _counts(came)
    own = _short(arn)
    counts = {own: counts.pop(own, -1) + 1, **counts}
    root = _ROOT.search(came)
    begun = _ROOT.sub(lambda _: root[0], fresh) if root and _LINEAGE.search(came) else fresh
    lineage = "|".join(f"1:{name}:{count}" for name, count in list(counts.items())[:MOST_FUNCTIONS])
    return f"{_LINEAGE.sub('', begun)};Lineage={lineage}"


def is_loop(trace: str, arn: str) -> bool:
    """Whether an invocation of the function `arn` with this header is one too many."""
    return _counts(trace).get(_short(arn), 0) >= MOST


def _counts(trace: str) -> dict[str, int]:
    found = _LINEAGE.search(trace)
    return {name: int(count) for name, count in _EACH.findall(found[1])} if found else {}


def _short(arn: str) -> str:
    return hashlib.sha256(arn.encode()).hexdigest()[:8]
