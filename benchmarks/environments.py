"""Virtual environments of peers and tools, apart from Atoll's own: `.cache/bench/<name>`, made when first needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rich.console import Console

from benchmarks.machine import CACHE

REQUIREMENTS = Path(__file__).with_name("requirements")


def program(name: str, executable: str, console: Console) -> Path:
    """The path of a program of the environment `name`, which holds what `requirements/<name>.txt` pins."""
    home, wanted = CACHE / name, REQUIREMENTS / f"{name}.txt"
    installed = home / "installed.txt"
    if not installed.exists() or installed.read_text() != wanted.read_text():
        with console.status(f"Setting up {name} (once, about half a minute) …"):
            subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
            pip: list[str | Path] = [home / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
            if subprocess.run([*pip, "install", "--requirement", wanted], check=False).returncode:
                raise RuntimeError(f"{wanted.name} cannot be installed (--no-peers goes without)")
            installed.write_text(wanted.read_text())
    return home / "bin" / executable


def version(name: str) -> str:
    """What is pinned, as in `moto 5.2.5`."""
    first = (REQUIREMENTS / f"{name}.txt").read_text().split()[0]
    package, _, number = first.partition("==")
    return f"{package.partition('[')[0]} {number}"
