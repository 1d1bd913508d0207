"""What a run found: sections with tables, comparisons with peers, verdicts on the targets of design §8."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

OURS, PEERS, ECHO = "Atoll", ("moto", "MiniStack", "dynalite", "DynamoDB Local"), "echo"


class Target(NamedTuple):
    """A target: its words, and whether a figure meets it, given all the figures of its row."""

    text: str
    met: Callable[[Any, Mapping[str, Any]], bool]


@dataclass
class Section:
    """A part of the report. Rows may end early; `notes` are what cells refer to by number."""

    title: str
    text: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> str:
        """Adds a note, once, and returns the reference to it."""
        if text not in self.notes:
            self.notes.append(text)
        return f"[{self.notes.index(text) + 1}]"

    def markdown(self) -> str:
        """The section as it stands in RESULTS.md."""
        width = len(self.columns)
        table = [self.columns, ["---"] * width, *([*row, *[""] * (width - len(row))] for row in self.rows)]
        blocks = [f"## {self.title}", self.text, "\n".join(f"| {' | '.join(row)} |" for row in table)]
        blocks += [f"[{number}] {note}" for number, note in enumerate(self.notes, 1)]
        return "\n\n".join(block for block in blocks if block)


class Comparison(Section):
    """A section with a column for each server, for the ratios, and for the targets."""

    def __init__(self, title: str, text: str, columns: Sequence[str]) -> None:
        shares = ["of echo"] if ECHO in columns else []
        super().__init__(title, text, ["", *columns, *shares, "times best peer", "target", "met"])
        self._servers = columns

    def compare(
        self,
        what: str,
        figures: Mapping[str, Any],
        show: Callable[[Any], str],
        worth: Callable[[Any], float],
        targets: Sequence[Target] = (),
    ) -> None:
        """Adds a row. A figure that is an exception says why a server has none; a missing one leaves its cell empty.

        `worth` is how good a figure is: twice as much is twice as good.
        """
        cells = [self._cell(figures.get(column), show) for column in self._servers]
        measured = {column: figure for column, figure in figures.items() if not isinstance(figure, Exception)}
        ours = measured.get(OURS)
        peers = [worth(measured[column]) for column in PEERS if column in measured]
        if ECHO in self._servers:
            cells.append(f"{worth(ours) / worth(measured[ECHO]):.0%}" if ours and ECHO in measured else "")
        cells.append(f"{worth(ours) / max(peers):.2g}" if ours and peers else "")
        failed = [target.text for target in targets if ours is None or not target.met(ours, measured)]
        met = ("**no**: " + ", ".join(failed) if failed else "yes") if targets else ""
        self.rows.append([what, *cells, ", ".join(target.text for target in targets), met])

    def _cell(self, figure: Any, show: Callable[[Any], str]) -> str:
        if isinstance(figure, Exception):
            return f"no {self.note(str(figure))}"
        return "" if figure is None else show(figure)
