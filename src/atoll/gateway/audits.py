"""Audits: spans of time in which nothing is denied, and all that would have been is noted (`atoll iam audit`).

An audit lasts as long as whoever began it says so again: where they die, the region denies as before within seconds, with nothing to
put right. Findings stay a while, for whoever comes late.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from atoll.auth.policy.judgement import Judgement

MOST_FINDINGS = 5_000
MOST_AUDITS = 8


@dataclass(slots=True)
class Finding:
    """A permission that was missing, as it first was, and how often."""

    judged: Judgement
    count: int = 0


@dataclass(slots=True)
class Audit:
    """One audit. `until` is a reading of the monotonic clock; `lost` counts denials that found no room; `lapses` how often it lapsed."""

    until: float
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)
    lost: int = 0
    lapses: int = 0

    def note(self, judged: Judgement) -> None:
        """Counts a denial, by who (a session by its role), what and on what."""
        who = judged.principal.role_arn or judged.principal.arn
        key = (who, judged.action, judged.resource)
        found = self.findings.get(key)
        if found is None:
            if len(self.findings) >= MOST_FINDINGS:
                self.lost += 1
                return
            found = self.findings[key] = Finding(judged)
        found.count += 1


class Audits:
    """Those that run, and the last that did. `now` is a reading of the monotonic clock."""

    def __init__(self) -> None:
        self._audits: dict[str, Audit] = {}

    def begin(self, name: str, now: float, seconds: float) -> None:
        """Begins one that lasts so long unless it is renewed. The oldest is forgotten where there are many."""
        if len(self._audits) >= MOST_AUDITS:
            del self._audits[next(iter(self._audits))]
        self._audits[name] = Audit(now + seconds)

    def renew(self, name: str, now: float, seconds: float) -> Audit | None:
        """Lets it last on from now; None where there is no such audit."""
        audit = self._audits.get(name)
        if audit is not None:
            audit.lapses += audit.until < now
            audit.until = now + seconds
        return audit

    def end(self, name: str) -> Audit | None:
        """Ends it; None where there is no such audit."""
        return self._audits.pop(name, None)

    def running(self, now: float) -> int:
        """How many run."""
        return sum(audit.until >= now for audit in self._audits.values())

    def note(self, judged: Judgement, now: float) -> bool:
        """Tells those that run of a denial. Whether one runs, and the request is to go on."""
        noted = False
        for audit in self._audits.values():
            if audit.until >= now:
                audit.note(judged)
                noted = True
        return noted

    def __bool__(self) -> bool:
        """Whether one may be running."""
        return bool(self._audits)
