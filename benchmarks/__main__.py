"""The command: measures everything, or the named parts, and writes RESULTS.md."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from benchmarks import environments
from benchmarks.machine import CACHE, facts
from benchmarks.plan import Plan

PARTS = ("start", "items", "queries", "million", "functions", "apis", "identity", "cold", "idle", "store", "profile")
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=f"of {', '.join(PARTS)} (all)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one round of a second each, 1,000 distinct requests: is everything in order?",
    )
    parser.add_argument("--seconds", type=int, help="of load for each figure in each round (3)")
    parser.add_argument("--rounds", type=int, help="whose median counts (3)")
    parser.add_argument("--no-peers", action="store_true", help="measure Atoll alone")
    parser.add_argument("--out", type=Path, help="where the report goes (RESULTS.md, if the run is a whole one)")
    options = parser.parse_args()
    whole = not (options.parts or options.quick or options.no_peers)
    console = Console(width=None if sys.stdout.isatty() else 170)
    plan = Plan(
        seconds=options.seconds or (1 if options.quick else 3),
        rounds=options.rounds or (1 if options.quick else 3),
        distinct=1_000 if options.quick else 10_000,
        starts=2 if options.quick else 5,
        cold_starts=2 if options.quick else 10,
        idle=10 if options.quick else 100,
        with_peers=not options.no_peers,
        console=console,
    )
    os.environ["no_proxy"] = "127.0.0.1"  # nothing stands between clients and servers
    CACHE.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    versions = ", ".join(map(environments.version, ("moto", "ministack", "dynalite")))
    peers = f", beside {versions}" * plan.with_peers
    blocks = ["# Results", f"`make bench`, {facts()}{peers}."]
    for part in options.parts or PARTS:
        try:
            blocks.append(import_module(f"benchmarks.measures.{part}").measure(plan).markdown())
        except RuntimeError as error:  # what the other parts found is worth keeping
            failed.append(part)
            blocks.append(f"## {part}\n\nFailed: {error}")
        console.print(Markdown(blocks[-1]))
    if out := options.out or (RESULTS if whole else None):
        out.write_text("\n\n".join(blocks) + "\n")
        console.print(f"Written to {out}")
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
