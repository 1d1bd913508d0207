"""The models of a snapshot. What is wrong with a document is said by `schemas.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Models:
    """JSON schemas by name, each made ready when a document is first held against it."""

    def __init__(self, schemas: Mapping[str, str]) -> None:
        self._schemas = schemas
        self._validators: dict[str, Any] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._schemas

    def errors(self, name: str, document: Any) -> list[str]:
        """What is wrong with a document that is to be of a model, nothing for one that is."""
        from atoll.api_runtime import schemas  # lazy: jsonschema is slow to import

        if name not in self._validators:
            self._validators[name] = schemas.validator(name, self._schemas)
        return schemas.errors(self._validators[name], document)
