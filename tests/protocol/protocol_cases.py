"""botocore's protocol cases (tests/data/protocols, Apache-2.0) and how their values compare. No tests live here."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from atoll.protocol.codec import Codec
from atoll.protocol.codecs import CODECS
from atoll.protocol.timestamps import read_timestamp

DATA = Path(__file__).parent.parent / "data" / "protocols"
FILES = (
    "ec2",
    "json",
    "json_1_0",
    "json_1_0-query-compatible",
    "query",
    "rest-json",
    "rest-xml",
    "smithy-rpc-v2-cbor",
    "smithy-rpc-v2-cbor-non-query-compatible",
    "smithy-rpc-v2-cbor-query-compatible",
)


@dataclass(frozen=True)
class Case:
    """One case: `data` is as botocore wrote it."""

    id: str
    model: ServiceModel
    operation: OperationModel
    data: dict[str, Any]

    @property
    def protocol(self) -> str:
        return str(self.model.metadata["protocol"])

    @property
    def codec(self) -> Codec:
        return CODECS[self.protocol](self.model)


def load(direction: str) -> Iterator[Case]:
    """The cases of a direction, "input" or "output"."""
    for file in FILES:
        for suite in json.loads((DATA / direction / f"{file}.json").read_text()):
            for case in suite["cases"]:
                given = case["given"]
                description = {
                    "metadata": {"endpointPrefix": "example", **suite["metadata"]},
                    "operations": {given["name"]: given},
                    "shapes": suite["shapes"],
                }
                model = ServiceModel(description, "example")
                yield Case(f"{file}-{case['id']}", model, model.operation_model(given["name"]), case)


def typed(shape: Shape | None, value: Any) -> Any:
    """A case's value as Atoll's values are: blobs as bytes, timestamps as datetimes, without nulls."""
    if value is None or shape is None or getattr(shape, "is_document_type", False):
        return value
    if shape.serialization.get("jsonvalue"):
        return json.loads(value) if isinstance(value, str) else value
    if isinstance(shape, StructureShape):
        return {k: typed(shape.members[k], v) for k, v in value.items() if v is not None and k in shape.members}
    if isinstance(shape, ListShape):
        return [typed(shape.member, item) for item in value if item is not None]
    if isinstance(shape, MapShape):
        return {k: typed(shape.value, v) for k, v in value.items() if v is not None}
    if shape.type_name == "timestamp":
        return read_timestamp(value) if isinstance(value, (int, float, str)) else value
    if shape.type_name == "blob":
        return value.encode() if isinstance(value, str) else value
    if shape.type_name in ("float", "double"):
        return "NaN" if math.isnan(float(value)) else float(value)
    return value
