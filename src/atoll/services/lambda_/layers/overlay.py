"""What functions find at /opt: their layers laid over each other, under the data directory's work/layers/DIGEST.

The list of a function's layers is a blob, one digest of content a line; its own digest names the directory. So a function links the list
like its package, and a directory goes when no function has that list any more. Files are hard links to the unpacked layers.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from atoll.kernel.blobs import Blobs
from atoll.services.lambda_.functions.package import Packages, Unpacked


class Overlays:
    """The directories for /opt of a region."""

    def __init__(self, directory: Path, blobs: Blobs, packages: Packages) -> None:
        self._blobs = blobs
        self._packages = packages
        self.unpacked = Unpacked(directory, blobs, self._make)

    async def store(self, layers: Sequence[str]) -> str:
        """Keeps a list of layers, given by their digests from the lowest to the highest, and makes its directory; returns the
        list's digest. The caller links the blob, and those of the layers."""
        digest = await self._blobs.put("\n".join(layers).encode())
        await self.directory(digest)
        return digest

    async def directory(self, digest: str) -> Path:
        """Where the layers of a list lie over each other."""
        path = self.unpacked.path(digest)
        if path.exists():
            return path
        for layer in (await self._blobs.get(digest)).decode().split():
            await self._packages.unpacked.directory(layer)
        return await self.unpacked.directory(digest)

    def _make(self, digest: str, into: Path) -> None:
        for layer in self._blobs.path(digest).read_text().split():
            lay_over(self._packages.unpacked.path(layer), into)


def lay_over(layer: Path, into: Path) -> None:
    """Puts a layer's files over what lies in `into`: directories become one, of anything else the layer's counts."""
    for directory, folders, files in os.walk(layer):
        place = into / Path(directory).relative_to(layer)
        if not place.is_dir() or place.is_symlink():
            _clear(place)
            place.mkdir()
            place.chmod(0o755)
        for name in [*files, *(folder for folder in folders if Path(directory, folder).is_symlink())]:
            _clear(place / name)
            os.link(Path(directory, name), place / name, follow_symlinks=False)


def _clear(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
