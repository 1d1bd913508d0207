"""docs/functions.md: its examples run, one after the other, and answer what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Region

PAGE = Path(__file__).parents[2] / "docs" / "functions.md"
MARK = "-- next --"


def examples() -> Iterator[tuple[str, str]]:
    """Every command of the page with the answer that it shows, "" where it shows none."""
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            count = lines.index("END") + 1 if lines[0].endswith("<<'END'") else 1
            while count < len(lines) and lines[count].startswith("    "):
                count += 1
            yield "\n".join(lines[:count]), "\n".join(lines[count:])


def test_the_examples_answer_what_the_page_says(own: Region, need: Callable[..., None], tmp_path: Path) -> None:
    for program in ("aws", "zip", "curl"):
        need(shutil.which(program), program)
    (tmp_path / "atoll").write_text(f'#!/bin/sh\nexec {sys.executable} -m atoll "$@"\n')
    (tmp_path / "atoll").chmod(0o755)
    shown = [
        (command, answer) for command, answer in examples() if "runtimes install" not in command
    ]  # from the network
    script = "".join(f"{command}\necho\necho '{MARK}'\n" for command, _ in shown)
    environment = own.env(PATH=f"{tmp_path}:{own.env()['PATH']}")
    ran = subprocess.run(["bash", "-e"], input=script, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for (command, answer), output in zip(shown, ran.stdout.split(MARK), strict=False):
        if "…" in answer:
            assert answer.strip("… ") in output, command
        elif answer:
            assert output.strip() == answer, command
