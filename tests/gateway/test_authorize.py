"""The stage `authorize`: what it costs, and what it decides in each of its modes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.authorize import measure

MICROSECONDS = 15


async def test_authorised_calls_cost_less_than_15_microseconds_extra(tmp_path: Path) -> None:
    """The best of the rounds: what the stage takes where nothing else has the processor."""
    on, off = await measure(tmp_path / "region")
    assert min(on) - min(off) < MICROSECONDS
