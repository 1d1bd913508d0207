"""The pages for users (docs/functions.md and its like): their examples run, one after the other, and answer what the page says."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Region

DOCS = Path(__file__).parents[2] / "docs"
MARK = "-- next --"


def examples(page: str) -> Iterator[tuple[str, str]]:
    """Every command of the page with the answer that it shows, "" where it shows none."""
    text = (DOCS / page).read_text().replace("localhost:9000", f"localhost:{(port := free_port())}")
    text = text.replace("http.server 9000", f"http.server {port}")
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            count = lines.index("END") + 1 if lines[0].endswith("<<'END'") else 1
            while count < len(lines) and lines[count].startswith("    "):
                count += 1
            yield "\n".join(lines[:count]), "\n".join(lines[count:])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", ["functions.md", "apis.md", "permissions.md", "users.md"])
def test_the_examples_answer_what_the_page_says(
    page: str, new_region: Callable[[], Region], need: Callable[..., None], tmp_path: Path
) -> None:
    for program in ("aws", "zip", "curl"):
        need(shutil.which(program), program)
    for program, called in (("atoll", f"{sys.executable} -m atoll"), ("python3", sys.executable)):
        (tmp_path / program).write_text(f'#!/bin/sh\nexec {called} "$@"\n')
        (tmp_path / program).chmod(0o755)
    shown = [
        (command, answer) for command, answer in examples(page) if "runtimes install" not in command
    ]  # from the network
    script = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "".join(
        f"{command}\necho\necho '{MARK}'\n" for command, _ in shown
    )
    region = new_region()
    environment = region.env(PATH=f"{tmp_path}:{region.env()['PATH']}")
    ran = subprocess.run(["bash", "-e"], input=script, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for (command, answer), output in zip(shown, ran.stdout.split(MARK), strict=False):
        if "…" in answer:
            assert answer.strip("… ") in output, command
        elif answer:
            assert output.strip() == answer, command
