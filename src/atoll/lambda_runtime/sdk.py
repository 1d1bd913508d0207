"""The SDK that Python functions find under /var/runtime: Atoll's own boto3 and what it needs, and nothing else of Atoll's packages."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

DISTRIBUTIONS = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six")
BOOTSTRAP = Path(__file__).parent / "bootstraps" / "python"


@dataclass(frozen=True, slots=True)
class Sdk:
    """`files` maps names under /var/runtime to where they are; `version` changes when any package does; `directory` shows the
    same as links, for interpreters that are not in a sandbox."""

    files: dict[str, Path]
    version: str
    directory: Path


def locate(work_dir: Path) -> Sdk:
    """Finds the packages in Atoll's own environment and links them in `work_dir`/sdk."""
    files = {"_atoll": BOOTSTRAP / "_atoll"}
    versions = []
    for name in DISTRIBUTIONS:
        distribution = importlib.metadata.distribution(name)
        versions.append(f"{name}-{distribution.version}")
        for top in {Path(str(file)).parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            files[top] = Path(str(distribution.locate_file(top))).resolve()
    directory = work_dir / "sdk"
    directory.mkdir(parents=True, exist_ok=True)
    for stale in directory.iterdir():
        if stale.name not in files:
            stale.unlink()
    for name, source in files.items():
        link = directory / name
        if not (link.is_symlink() and link.readlink() == source):
            link.unlink(missing_ok=True)
            link.symlink_to(source)
    return Sdk(files, " ".join(versions), directory)
