"""The protocols that Atoll speaks, by botocore's names. A new protocol is one module and one entry here."""

from __future__ import annotations

from botocore.model import ServiceModel

from atoll.protocol.cbor import CborCodec
from atoll.protocol.codec import Codec
from atoll.protocol.ec2 import Ec2Codec
from atoll.protocol.json_rpc import JsonCodec
from atoll.protocol.query import QueryCodec
from atoll.protocol.query_json import QueryJsonCodec
from atoll.protocol.rest_json import RestJsonCodec
from atoll.protocol.rest_xml import RestXmlCodec
from atoll.protocol.s3 import S3Codec

CODECS: dict[str, type[Codec]] = {
    codec.name: codec for codec in (CborCodec, Ec2Codec, JsonCodec, QueryCodec, RestJsonCodec, RestXmlCodec)
}
_OF_SERVICE: dict[str, type[Codec]] = {"s3": S3Codec}


def codec_for(model: ServiceModel, protocol: str, *, in_json: bool = False) -> Codec:
    """The codec of a service in one of its protocols; `in_json` is how a query service may be asked to answer."""
    if in_json:
        return QueryJsonCodec(model)
    return _OF_SERVICE.get(model.service_name, CODECS[protocol])(model)
