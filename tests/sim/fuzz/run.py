"""Fuzzes one target by coverage: `python run.py TARGET CORPUS_FOLDER [libFuzzer's options]`. Needs atheris, which Atoll does not.

An input that fails is written beside the corpus and printed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))
with atheris.instrument_imports(include=["atoll", "xml", "urllib", "email", "csv", "ipaddress"]):
    from targets import TARGETS


def main() -> None:
    """Runs until libFuzzer's limits, or the first failure."""
    _, name, folder, *options = sys.argv
    target, corpus = TARGETS[name], Path(folder)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), f"-artifact_prefix={corpus}-", *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
