"""Codec: one service's wire, between HTTP messages and plain mappings. Each protocol's module is one subclass.

Everything about an operation is compiled from its shapes on first use and kept here, as closures: per request no
botocore object is touched.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from botocore.model import OperationModel, ServiceModel

from atoll.kernel.errors import MalformedRequest, ServiceError
from atoll.protocol.constraints import Validator, compile_validator
from atoll.protocol.facts import facts_of
from atoll.protocol.wire import WireRequest, WireResponse

Parser = Callable[[WireRequest], dict[str, Any]]
Serializer = Callable[[Mapping[str, Any], str], WireResponse]


class BodyRules(NamedTuple):
    """What an operation's model says of its body beyond its shape: whether it may come compressed, and with checksums."""

    compressed: bool
    checked: bool


class Codec(ABC):
    """Parses, validates and serializes the operations of one service. Values stand under the API's own member names:
    blobs are bytes, timestamps aware datetimes in UTC, long and integer int, double and float float."""

    name: ClassVar[str]
    syntax: Callable[[bytes], object] | None = None
    """Reads a body for its syntax alone, where services of this protocol look at that before the signature. Raises MalformedRequest."""

    def __init__(self, model: ServiceModel) -> None:
        self.model = model
        self.facts = facts_of(model.service_name)
        self._parsers: dict[str, Parser] = {}
        self._serializers: dict[str, Serializer] = {}
        self._validators: dict[str, Validator | None] = {}
        self._body_rules: dict[str, BodyRules] = {}

    @abstractmethod
    def operation_of(self, request: WireRequest) -> str:
        """The operation that a request names. Raises UnknownOperation."""

    @abstractmethod
    def error(
        self, error: ServiceError, request_id: str, operation: str | None = None, request: WireRequest | None = None
    ) -> WireResponse:
        """The response that says `error` to `request`, as far as it could be read."""

    @abstractmethod
    def compile_parser(self, operation: OperationModel) -> Parser:
        """A function from a request of `operation` to its input."""

    @abstractmethod
    def compile_serializer(self, operation: OperationModel) -> Serializer:
        """A function from an output of `operation` and a request id to a response."""

    def body_rules(self, operation: str) -> BodyRules:
        """The rules for the body of `operation`."""
        rules = self._body_rules.get(operation)
        if rules is None:
            model = self.model.operation_model(operation)
            checked = not {"requestAlgorithmMember", "requestChecksumRequired"}.isdisjoint(model.http_checksum)
            rules = self._body_rules[operation] = BodyRules(model.request_compression is not None, checked)
        return rules

    def is_public(self, operation: str) -> bool:
        """Whether AWS takes requests of `operation` that nobody signed: those of people who sign in, who have tokens and no keys."""
        return self.model.operation_model(operation).auth_type == "none"

    def checked(self, _operation: str, _request: WireRequest) -> dict[str, Any] | None:
        """The input of `operation` as `parse` reads it, where all that `validate` would check could be checked on the way; None
        where those two have to say what is right and what is wrong."""
        return None

    def parse(self, operation: str, request: WireRequest) -> dict[str, Any]:
        """The input of `operation`: members that were not sent, or sent as null, are absent. Raises MalformedRequest
        where the syntax or a value's type is wrong."""
        parser = self._parsers.get(operation)
        if parser is None:
            parser = self._parsers[operation] = self.compile_parser(self.model.operation_model(operation))
        try:
            return parser(request)
        except RecursionError as error:
            raise MalformedRequest from error

    def validate(self, operation: str, params: Mapping[str, Any]) -> None:
        """Checks required members, lengths, ranges, patterns and enumerations. Raises ValidationFailed that counts and
        lists what is broken."""
        if operation not in self._validators:
            self._validators[operation] = compile_validator(self.model.operation_model(operation), self.facts)
        validator = self._validators[operation]
        if validator is not None:
            validator(params)

    def serialize(self, operation: str, output: Mapping[str, Any], request_id: str) -> WireResponse:
        """The response that carries `output`. Timestamps may be datetimes or seconds since 1970; None members are left
        out. A streaming blob may be an async iterator of bytes; an event stream is an async generator of events, each
        `{member: structure}`, which ends with an error by raising it."""
        serializer = self._serializers.get(operation)
        if serializer is None:
            serializer = self._serializers[operation] = self.compile_serializer(self.model.operation_model(operation))
        return serializer(output, request_id)
