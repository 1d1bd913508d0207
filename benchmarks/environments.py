"""Environments of peers and tools, apart from Atoll's own: `.cache/bench/<name>`, made when first needed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks.machine import CACHE

REQUIREMENTS = Path(__file__).with_name("requirements")


def program(name: str, executable: str, console: Console) -> Path:
    """The path of a program of the environment `name`, which holds what `requirements/<name>.txt` pins."""
    wanted = REQUIREMENTS / f"{name}.txt"

    def install(home: Path) -> list[str | Path]:
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        pip: list[str | Path] = [home / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
        return [*pip, "install", "--requirement", wanted]

    return _made(name, wanted, install, console) / "bin" / executable


def node_program(name: str, executable: str, console: Console) -> Path:
    """The same of an npm package, which `requirements/<name>/package-lock.json` pins with all that it needs."""
    wanted = REQUIREMENTS / name / "package-lock.json"

    def install(home: Path) -> list[str | Path]:
        if not (npm := shutil.which("npm")):
            raise RuntimeError(f"{name} needs node and npm (--no-peers goes without)")
        shutil.copytree(wanted.parent, home, dirs_exist_ok=True)
        return [npm, "ci", "--prefix", home, "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]

    return _made(name, wanted, install, console) / "node_modules" / ".bin" / executable


def _made(name: str, wanted: Path, install: Callable[[Path], list[str | Path]], console: Console) -> Path:
    """The folder of an environment, made anew where what it holds is not what is wanted. `install` prepares it and gives the command
    that fills it."""
    home = CACHE / name
    installed = home / "installed.txt"
    if not installed.exists() or installed.read_text() != wanted.read_text():
        with console.status(f"Setting up {name} (once, about half a minute) …"):
            if subprocess.run(install(home), check=False).returncode:
                raise RuntimeError(f"{wanted.name} of {name} cannot be installed (--no-peers goes without)")
            installed.write_text(wanted.read_text())
    return home


def version(name: str) -> str:
    """What is pinned, as in `moto 5.2.5`."""
    if (package_json := REQUIREMENTS / name / "package.json").exists():
        return f"{name} {json.loads(package_json.read_text())['dependencies'][name]}"
    first = (REQUIREMENTS / f"{name}.txt").read_text().split()[0]
    package, _, number = first.partition("==")
    return f"{package.partition('[')[0]} {number}"
