"""The protocols that Atoll speaks, by botocore's names. A new protocol is one module and one entry here."""

from __future__ import annotations

from atoll.protocol.codec import Codec
from atoll.protocol.json_rpc import JsonCodec
from atoll.protocol.query import QueryCodec
from atoll.protocol.rest_json import RestJsonCodec

CODECS: dict[str, type[Codec]] = {codec.name: codec for codec in (JsonCodec, QueryCodec, RestJsonCodec)}
