"""`/_atoll/audit`: noting for a while what would be denied, instead of denying it.

`{"begin": seconds}` answers the audit's id; `{"renew": id}` lets it last for as long again, and must come before it has ended;
`{"end": id}` answers what was found.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from atoll.admin.answers import Refused, given
from atoll.gateway.audits import Audit, Finding
from atoll.gateway.call import Parts
from atoll.kernel.http import HttpRequest

log = logging.getLogger("atoll.iam")
LONGEST = 60.0
MEMBERS = {"begin": "15", "renew": '"the audit\'s id"', "end": '"the audit\'s id"', "seconds": "15"}


def perform(parts: Parts, request: HttpRequest) -> dict[str, Any]:
    """Does what the body says. Raises Refused."""
    members = given(request, MEMBERS)
    now = parts.kernel.clock.monotonic()
    match members:
        case {"begin": seconds, **others} if not others:
            name = parts.kernel.ids.hex(16)
            parts.audits.begin(name, now, _seconds(seconds))
            log.warning("an audit begins: nothing is denied until it ends")
            return {"audit": name, "seconds": _seconds(seconds)}
        case {"renew": str(name), **others} if others.keys() <= {"seconds"}:
            seconds = _seconds(others.get("seconds", 15))
            return {"audit": name, "lapses": _known(parts.audits.renew(name, now, seconds)).lapses}
        case {"end": str(name), **others} if not others:
            audit = _known(parts.audits.end(name))
            log.warning("an audit ends: %s", "denials are denied again" if parts.auth in ("enforce", "strict") else "")
            return _found(audit)
    raise Refused('Say one of {"begin": 15}, {"renew": "ID", "seconds": 15} and {"end": "ID"}.')


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= LONGEST:
        raise Refused(f"An audit lasts up to {LONGEST:.0f} seconds, and can be renewed.")
    return float(value)


def _known(audit: Audit | None) -> Audit:
    if audit is None:
        raise Refused("There is no such audit; it may have been ended, or the region was started since.", 404)
    return audit


def _found(audit: Audit) -> dict[str, Any]:
    """`findings` by principal, action and resource; `lost` denials that are not among them; `lapses`: how often it had ended early."""
    findings = sorted(audit.findings.items())
    return {"findings": [_told(*found) for found in findings], "lost": audit.lost, "lapses": audit.lapses}


def _told(key: tuple[str, str, str], finding: Finding) -> dict[str, Any]:
    from atoll.auth.policy.explain import explain  # on demand: who never asks does not pay for it

    told = explain(finding.judged)
    principal, action, resource = key
    return {
        "principal": principal,
        "action": action,
        "resource": resource,
        "count": finding.count,
        "decision": told.decision,
        **msgspec.to_builtins(told.remedy),
    }
