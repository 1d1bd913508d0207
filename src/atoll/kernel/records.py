"""Records: how values are laid down in the store (MessagePack of msgspec structs), and decoding that is never stale.

Decoded metadata (tables, functions, routes, policies) is memoised by its raw stored bytes: equal bytes mean an equal record, so
there is nothing to invalidate, on one node or many.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

R = TypeVar("R", bound=msgspec.Struct)

encode = msgspec.msgpack.Encoder().encode
"""A record, dict, list or scalar as bytes."""


class Codec(Generic[R]):
    """Encodes and decodes one frozen struct type; the last `memo` distinct values stay decoded.

    The struct must be frozen (callers share one instance) and change only by added fields with defaults.
    """

    def __init__(self, record: type[R], memo: int = 1024) -> None:
        self._decode = lru_cache(maxsize=memo)(msgspec.msgpack.Decoder(record).decode)

    def decode(self, raw: bytes) -> R:
        """The record that `raw` holds."""
        return self._decode(raw)

    def encode(self, record: R) -> bytes:
        """`record` as bytes."""
        return encode(record)


def decode(raw: bytes) -> Any:
    """What `encode` made `raw` from, as plain Python values. For values that have no struct."""
    return msgspec.msgpack.decode(raw)
