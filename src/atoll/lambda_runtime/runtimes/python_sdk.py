"""The SDK that Python functions find under /var/runtime: Atoll's own boto3 and what it needs, and nothing else of Atoll's packages."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

DISTRIBUTIONS = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six")
BOOTSTRAP = Path(__file__).parents[1] / "bootstraps" / "python"


@dataclass(frozen=True, slots=True)
class Sdk:
    """`files` maps names under /var/runtime to where they are; `version` changes when any package does; `directory` shows the
    same as links, for interpreters that are not in a sandbox; `cache` is for what only depends on these packages."""

    files: dict[str, Path]
    version: str
    directory: Path
    cache: Path


def locate(cache_dir: Path) -> Sdk:
    """Finds the packages in Atoll's own environment and links them in a directory of `cache_dir` that is theirs.

    The user's regions share it: what an interpreter has compiled once need not be compiled for each. It takes tens of milliseconds.
    """
    import importlib.metadata  # not at start: it takes 10 ms

    files = {"_atoll": BOOTSTRAP / "_atoll"}
    versions = []
    for name in DISTRIBUTIONS:
        distribution = importlib.metadata.distribution(name)
        versions.append(f"{name}-{distribution.version}")
        for top in {Path(str(file)).parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            files[top] = Path(str(distribution.locate_file(top))).resolve()
    version = " ".join(versions)
    place = hashlib.sha256("\n".join([version, *map(str, sorted(files.values()))]).encode()).hexdigest()[:16]
    cache = cache_dir.resolve() / place
    directory = cache / "sdk"
    directory.mkdir(parents=True, exist_ok=True)
    for name, source in files.items():
        with contextlib.suppress(FileExistsError):
            (directory / name).symlink_to(source)
    return Sdk(files, version, directory, cache)
