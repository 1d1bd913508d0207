"""Records: how values are laid down in the store (MessagePack of msgspec structs), and decoding that is never stale.

Decoded metadata (tables, functions, routes, policies) is memoised by its raw stored bytes: equal bytes mean an equal record, so
there is nothing to invalidate, on one node or many.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
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
        self._record = record
        self._memo = memo

    @cached_property
    def _decode(self) -> Callable[[bytes], R]:
        """Made with the first record: reading the struct's annotations takes up to a millisecond, and there are many structs."""
        return lru_cache(maxsize=self._memo)(msgspec.msgpack.Decoder(self._record).decode)

    def decode(self, raw: bytes) -> R:
        """The record that `raw` holds."""
        return self._decode(raw)

    def encode(self, record: R) -> bytes:
        """`record` as bytes."""
        return encode(record)


def decode(raw: bytes) -> Any:
    """What `encode` made `raw` from, as plain Python values. For values that have no struct."""
    return msgspec.msgpack.decode(raw)
