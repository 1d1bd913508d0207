"""Every service that botocore knows has a codec that compiles for each operation, and finds each operation by its request."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.model import OperationModel

from atoll.kernel.errors import NotImplementedByAtoll
from atoll.protocol.models import Models
from atoll.protocol.wire import WireRequest

MODELS = Models()
SAME_REQUEST = {
    "s3": {
        "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
        "GetBucketNotification": "GetBucketNotificationConfiguration",
        "ListDirectoryBuckets": "ListBuckets",
        "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
        "PutBucketNotification": "PutBucketNotificationConfiguration",
    },
}
"""Operations whose requests nothing in method, path and query tells from another's (S3's directory buckets have a host of their own)."""


def plain_request(operation: OperationModel, protocol: str) -> WireRequest:
    """A request that names the operation, with "x" wherever its input must have something outside the body."""
    metadata, name = operation.service_model.metadata, operation.name
    target = metadata.get("targetPrefix", "")
    if protocol == "json":
        return WireRequest("POST", "/", "", {"x-amz-target": f"{target}.{name}"}, b"{}")
    if protocol == "smithy-rpc-v2-cbor":
        path = f"/service/{target}/operation/{name}"
        return WireRequest("POST", path, "", {"smithy-protocol": "rpc-v2-cbor"}, b"")
    if protocol in ("query", "ec2"):
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        return WireRequest("POST", "/", "", headers, f"Action={name}&Version={metadata['apiVersion']}".encode())
    path, _, query = operation.http["requestUri"].partition("?")
    shape = operation.input_shape
    required = [shape.members[n].serialization | {"member": n} for n in shape.required_members] if shape else []
    queried = [
        f"{place.get('name', place['member'])}=x" for place in required if place.get("location") == "querystring"
    ]
    headers = {place["name"].lower(): "x" for place in required if place.get("location") == "header"}
    query = "&".join([*([query] if query else []), *queried])
    return WireRequest(operation.http["method"], re.sub(r"\{[^}]*\}", "x", path), query, headers, b"")


@pytest.mark.parametrize("service", MODELS.names())
def test_every_operation_compiles_and_is_refused_by_name_in_its_own_protocol(service: str) -> None:
    model = MODELS.service(service)
    for protocol in dict.fromkeys([model.metadata["protocol"], *model.metadata.get("protocols", ())]):
        missed: dict[str, Any] = {}
        for name in model.operation_names:
            operation = model.operation_model(name)
            request = plain_request(operation, protocol)
            codec = MODELS.codec(service, request)
            assert codec.name == protocol
            codec.compile_parser(operation)
            codec.compile_serializer(operation)
            if (found := codec.operation_of(request)) != name:
                missed[name] = found
            refused = NotImplementedByAtoll(f"Atoll does not implement {service}:{name}.")
            response = codec.error(refused, "request-id", name, request)
            assert response.status == 501
            shown = response.body if request.method != "HEAD" else name.encode()
            assert isinstance(shown, bytes)
            assert name.encode() in shown
        assert missed == SAME_REQUEST.get(service, {})
