"""Real terraform with the real AWS provider, against a region of the test's own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from tests.conftest import Region

ROOT = Path(__file__).parents[2]
MIRROR = ROOT.parent / "shared" / "tools" / "terraform-mirror"


@dataclass(frozen=True)
class Plugins:
    """Where `terraform init` finds its providers: options for it, and environment for every run."""

    options: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Stack:
    """A working copy of an example, and terraform in it."""

    directory: Path
    region: Region
    plugins: Plugins

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`atoll terraform …` in the stack's directory."""
        result = self.region.atoll(
            "terraform", f"-chdir={self.directory}", *arguments, check=False, timeout=1200, **self.plugins.environment
        )
        assert not check or result.returncode == 0, f"terraform {arguments} failed:\n{result.stdout}\n{result.stderr}"
        return result

    def init(self) -> None:
        self.run("init", "-input=false", "-no-color", *self.plugins.options)
        # Terraform hashes the provider, 700 MB, in every command if it wrote down what the hash should be.
        lock = self.directory / ".terraform.lock.hcl"
        lock.write_text(re.sub(r"  hashes = \[.*?\]\n", "", lock.read_text(), flags=re.DOTALL))

    def apply(self, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("apply", "-auto-approve", "-input=false", "-no-color", check=check)

    def changed(self) -> list[str]:
        """Applies, and names the attributes that its plan changed: so drift is seen without a plan of its own."""
        return re.findall(r"^ +~ (\w+) += ", self.apply().stdout, re.MULTILINE)

    def destroy(self) -> None:
        self.run("destroy", "-auto-approve", "-input=false", "-no-color")

    def plan_is_empty(self) -> bool:
        result = self.run("plan", "-detailed-exitcode", "-input=false", "-no-color", check=False)
        assert result.returncode in (0, 2), result.stdout + result.stderr
        if result.returncode == 2:
            print(result.stdout)
        return result.returncode == 0

    def edit(self, file: str, old: str, new: str) -> None:
        """Replaces text that must be there."""
        path = self.directory / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture(scope="session")
def terraform_plugins(tmp_path_factory: pytest.TempPathFactory, need: Callable[[object, str], None]) -> Plugins:
    """Terraform's registry where it answers, else a mirror of what lies on this machine."""
    need(shutil.which("terraform"), "terraform")
    shared = tmp_path_factory.getbasetemp().parent
    with FileLock(shared / "terraform.lock"):
        chosen = shared / "terraform-plugins"
        if not chosen.exists():
            cache = _reachable(tmp_path_factory.mktemp("probe"), shared / "terraform-cache")
            chosen.write_text(f"cache {cache}" if cache else _mirror(shared / "terraform-mirror"))
    kind, _, directory = chosen.read_text().partition(" ")
    need(directory, "Terraform's registry, or a mirror of it")
    return (
        Plugins((f"-plugin-dir={directory}",)) if kind == "mirror" else Plugins((), {"TF_PLUGIN_CACHE_DIR": directory})
    )


def _reachable(directory: Path, cache: Path) -> str:
    """Fills the plugin cache from the registry, if it answers (it says no within a second where it cannot be reached)."""
    cache.mkdir()
    shutil.copy(ROOT / "examples" / "users-terraform" / "main.tf", directory)
    environment = os.environ | {"TF_PLUGIN_CACHE_DIR": str(cache)}
    environment.pop("TF_CLI_CONFIG_FILE", None)
    probe = subprocess.run(
        ["terraform", f"-chdir={directory}", "init"], env=environment, capture_output=True, check=False
    )
    return str(cache) if probe.returncode == 0 else ""


def _mirror(directory: Path) -> str:
    if not MIRROR.exists():
        return ""
    made = subprocess.run([MIRROR, directory], capture_output=True, check=False)
    return f"mirror {directory}" if made.returncode == 0 else ""


@pytest.fixture
def stack(tmp_path: Path, new_region: Callable[..., Region], terraform_plugins: Plugins) -> Callable[[str], Stack]:
    """`stack("users-terraform")`: an initialised working copy of an example, or of a stack beside this file, and a region for it."""

    def make(example: str) -> Stack:
        directory, own = tmp_path / example, Path(__file__).parent / example
        ignored = shutil.ignore_patterns(".terraform*", "terraform.tfstate*", "*.zip")
        shutil.copytree(own if own.exists() else ROOT / "examples" / example, directory, ignore=ignored)
        made = Stack(directory, new_region(), terraform_plugins)
        made.init()
        return made

    return make


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Terraform spends its time waiting: its tests begin first, beside everything else. On a busy machine one takes over five minutes."""
    for item in items:
        if "stacks" in item.nodeid:
            item.add_marker(pytest.mark.timeout(1800))
    items.sort(key=lambda item: "stacks" not in item.nodeid)
