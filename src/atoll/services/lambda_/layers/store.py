"""Where layers lie in the store.

    …, "layer", NAME                  the number of the version that was published last, also when it was deleted: none comes twice
    …, "layer-version", NAME, NUMBER  LayerVersion

A layer version owns a link to the blob of its content.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from atoll.kernel.keys import Element, Key
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader
from atoll.services.lambda_.errors import ResourceNotFoundException
from atoll.services.lambda_.layers.names import Layer
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.store import key


class LayerVersion(msgspec.Struct, frozen=True):
    """A layer version. `code` is the SHA-256 of its content in hex, `size` the bytes of that, `unzipped` those of its files; `created`
    region time in seconds. `license`, `runtimes` and `architectures` are None where the caller gave none. `statements` and `revision`
    are its policy's."""

    version: int
    code: str
    size: int
    unzipped: int
    created: float
    description: str = ""
    license: str | None = None
    runtimes: Sequence[str] | None = None
    architectures: Sequence[str] | None = None
    statements: list[dict[str, Any]] = []
    revision: str = ""


LAYER_VERSIONS = Codec(LayerVersion)


def layer_key(layer: Layer, kind: str, *rest: Element) -> Key:
    """The key of a thing of `kind` in the layer's account and region."""
    return key(Target(layer.account, layer.region, layer.name), kind, *rest)


def version_key(layer: Layer) -> Key:
    """Where a layer version lies; also the owner of its blob's link."""
    return layer_key(layer, "layer-version", layer.name, layer.version)


def find(tx: Reader, layer: Layer) -> LayerVersion | None:
    """The layer version, if it is there."""
    raw = tx.get(version_key(layer))
    return LAYER_VERSIONS.decode(raw) if raw else None


def get(tx: Reader, layer: Layer) -> LayerVersion:
    """The layer version. Raises ResourceNotFoundException that names it."""
    found = find(tx, layer)
    if found is None:
        raise ResourceNotFoundException(f"Layer version {layer.version_arn} does not exist.")
    return found
