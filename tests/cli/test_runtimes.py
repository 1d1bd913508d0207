"""`atoll runtimes`: what runs what, and what is installed beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from atoll.lambda_runtime.runtimes import node_sdk

if TYPE_CHECKING:
    from tests.conftest import Region


@pytest.fixture
def nowhere(new_region: Callable[..., Region]) -> Region:
    """A user without regions."""
    return new_region(start=False)


def test_the_list_names_a_program_for_each_runtime(nowhere: Region, need: Callable[[object, str], None]) -> None:
    need(shutil.which("node"), "node")
    lines = nowhere.atoll("runtimes", "list").stdout.splitlines()
    shown = {line.split()[1]: line for line in lines}
    assert {"python3.11", "nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x", "nodejs", "provided.*"} <= set(shown)
    assert shown["nodejs20.x"].rpartition("/")[2].startswith("node")


def test_installing_without_npm_is_one_clear_error(nowhere: Region, tmp_path: Path) -> None:
    done = nowhere.atoll("runtimes", "install", "nodejs", check=False, PATH="/nowhere", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == "error: npm is not installed; it comes with Node.js (https://nodejs.org).\n"


def test_what_is_there_is_not_installed_again(nowhere: Region, tmp_path: Path) -> None:
    there = node_sdk.place(tmp_path / "atoll" / "runtimes")
    there.mkdir(parents=True)
    done = nowhere.atoll("runtimes", "install", "nodejs", PATH="/nowhere", XDG_CACHE_HOME=str(tmp_path))
    assert done.stdout == f"The AWS SDK for JavaScript is installed: {there}\n"


def test_other_languages_need_nothing(nowhere: Region) -> None:
    done = nowhere.atoll("runtimes", "install", "python", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: There is nothing to install for python.\nFor Node.js there is: ")
    assert "atoll runtimes install nodejs" in done.stderr
