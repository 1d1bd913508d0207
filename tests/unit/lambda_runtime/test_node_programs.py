"""Which Node.js runs which runtime, and the SDK that its functions find."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.runtimes import node_sdk
from atoll.lambda_runtime.runtimes.node_programs import NodeProgram, NodePrograms, best


@pytest.mark.parametrize(
    ("wanted", "there", "used"),
    [(20, [20, 22], 20), (18, [24, 20, 22], 20), (22, [18, 20], 20), (24, [18], 18), (20, [22, 20, 20], 20)],
)
def test_the_same_major_version_else_the_nearest_newer_else_the_newest(
    wanted: int, there: list[int], used: int
) -> None:
    programs = [NodeProgram(f"/{number}", major, []) for number, major in enumerate(there)]
    assert best(wanted, programs) == next(program for program in programs if program.major == used)


def program(directory: Path, version: str) -> str:
    """A search path with a `node` that says it is of this version."""
    answer = json.dumps({"version": version, "options": ["--experimental-require-module"]})
    directory.mkdir()
    (directory / "node").write_text(f"#!/bin/sh\necho run >> {directory}/runs\necho '{answer}'\n")
    (directory / "node").chmod(0o755)
    return str(directory)


async def test_a_program_is_judged_once(tmp_path: Path) -> None:
    search = program(tmp_path / "bin", "22.9.0")
    for _ in range(2):
        used, warning = await NodePrograms(tmp_path / "cache", search).choose("nodejs20.x")
        assert (used.name, used.options) == ("node22", ["--expose-gc", "--no-experimental-require-module"])
        assert warning == "nodejs20.x functions run on Node.js 22, because Node.js 20 is not installed."
    assert (tmp_path / "bin" / "runs").read_text() == "run\n"
    assert (await NodePrograms(tmp_path / "cache", search).choose("nodejs22.x"))[1] is None


async def test_without_a_program_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailable) as caught:
        await NodePrograms(tmp_path, str(tmp_path)).choose("nodejs22.x")
    text = "No Node.js on this machine can run nodejs22.x functions; install Node.js 22 or newer."
    assert str(caught.value) == text
    search = program(tmp_path / "bin", "16.20.0")
    with pytest.raises(RuntimeUnavailable, match=r"or newer \(.*/bin/node: is Node.js 16.20.0, too old\)\.$"):
        await NodePrograms(tmp_path, search).choose("nodejs22.x")


async def test_a_broken_program_is_passed_over(tmp_path: Path) -> None:
    search = program(tmp_path / "bin", "20.1.0")
    (tmp_path / "bin" / "node").write_text("#!/bin/sh\necho 'no such library' >&2\nexit 1\n")
    with pytest.raises(RuntimeUnavailable, match="node: no such library"):
        await NodePrograms(tmp_path, search).choose("nodejs20.x")


def test_the_lock_file_pins_every_package_and_names_no_registry() -> None:
    lock = json.loads((node_sdk.LIST / "package-lock.json").read_text())
    wanted = json.loads((node_sdk.LIST / "package.json").read_text())["dependencies"]
    packages = {path: entry for path, entry in lock["packages"].items() if path}
    assert {f"node_modules/{name}" for name in wanted} <= set(packages)
    assert not any("resolved" in entry for entry in packages.values())
    assert all(entry["version"] and entry["integrity"] for entry in packages.values())


def test_what_is_not_complete_is_not_installed(tmp_path: Path) -> None:
    assert node_sdk.installed(tmp_path) is None
    (tmp_path / "nodejs-sdk-abcdef").mkdir()
    assert node_sdk.installed(tmp_path) is None
    node_sdk.place(tmp_path).mkdir(parents=True)
    assert node_sdk.installed(tmp_path) == node_sdk.place(tmp_path)
