"""Reading and checking in one go (`json_types.py`) never lets through what `constraints.py` would refuse, and reads the same."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest
from tests.protocol.samples import Samples

from atoll.protocol.models import Models
from atoll.protocol.wire import WireRequest

SERVICES = ["dynamodb", "logs"]
MODELS = Models(SERVICES)
ODD: dict[type, list[Any]] = {
    str: ["", "a", "x" * 70_000, "\n"],
    bool: [False],
    int: [-1, 0, 10**9],
    float: [-1.0, 0.0, 1e300],
    list: [[]],
    dict: [{}],
}


def plain(value: Any) -> Any:
    """A sample as it stands in JSON."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, datetime):
        return value.timestamp()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def broken(value: Any, draw: random.Random) -> Any:
    """The value with something in it left out, or replaced by something of its type that may not be allowed."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        name = draw.choice(list(value))
        rest = {other: member for other, member in value.items() if other != name}
        return rest if draw.random() < 0.2 else {**rest, name: broken(value[name], draw)}
    if isinstance(value, list) and value and draw.random() < 0.7:
        return [*value[1:], broken(value[0], draw)] if draw.random() < 0.8 else value * 60
    return draw.choice(ODD[type(value)])


def requests(service: str) -> Iterator[tuple[str, WireRequest]]:
    model = MODELS.codec(service).model
    for name in model.operation_names:
        draw = random.Random(name)
        for full in (False, True):
            document = plain(Samples(name, full=full).structure(model.operation_model(name).input_shape))
            for number in range(12):
                changed = broken(document, draw) if number else document
                yield name, WireRequest("POST", "/", "", {}, msgspec.json.encode(changed))


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_read_checked_keeps_all_constraints(service: str) -> None:
    codec = MODELS.codec(service)
    read = 0
    for operation, request in requests(service):
        params = codec.checked(operation, request)
        if params is not None:
            read += 1
            assert params == codec.parse(operation, request)
            codec.validate(operation, params)
    assert read > 100


@pytest.mark.parametrize("operation", ["PutItem", "GetItem", "UpdateItem", "DeleteItem", "BatchWriteItem"])
def test_requests_on_items_are_read_checked(operation: str) -> None:
    codec = MODELS.codec("dynamodb")
    sample = plain(Samples(operation, full=False).structure(codec.model.operation_model(operation).input_shape))
    assert codec.checked(operation, WireRequest("POST", "/", "", {}, msgspec.json.encode(sample))) is not None
