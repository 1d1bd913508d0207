"""The wire layer: botocore's service models turned into parsers, validators, serializers and errors.

`models.py` finds services and keeps their codecs; `codec.py` is the interface; one module per protocol implements it
(`json_rpc.py`, `cbor.py`; `query.py` and on it `ec2.py`; on `rest.py` `rest_json.py`, `rest_xml.py` and on that `s3.py`; listed in
`codecs.py`) from shared parts: values in JSON (`json_values.py`, `json_types.py`), CBOR (`cbor_values.py`), forms (`form_values.py`),
XML (`xml_readers.py`, `xml_values.py`), headers and query strings (`http_values.py`) and plain text (`scalars.py`, `timestamps.py`),
event streams (`event_stream.py`), REST routes (`routing.py`), constraints (`constraints.py`, `patterns.py`), errors (`errors.py`).
What differs by service and is not in its model stands in `facts.py`; what models no longer say, in `overlays.py`. No service's behaviour
belongs here.
"""
