"""Models: finds the service that a request is for, and keeps each service's model and codec.

Nothing is loaded before it is needed, and never more than is needed: which services exist is the list of botocore's
folders, and what a request's service is called is in the first lines of a model's file. botocore itself (and the codecs,
which use it) is imported with the first request, because that takes about as long as everything else at start.
"""

from __future__ import annotations

import gc
import gzip
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.errors import MalformedRequest, UnknownOperation
from atoll.kernel.service import WireForm
from atoll.protocol import overlays
from atoll.protocol.wire import WireRequest

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    from atoll.protocol.codec import Codec

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_RPC_PATH = re.compile(r"/service/([^/]+)/operation/[^/]+$")
_S3_HOST = re.compile(r"(?:^|\.)s3[.-]")
_HEAD_BYTES = 4096
_METADATA = re.compile(rb'"metadata"\s*:\s*(\{.*?\n  \})', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Head:
    """What names a service on the wire."""

    names: frozenset[str]
    """By which a signature's scope may call it."""
    target_prefix: str
    protocols: tuple[str, ...]
    api_version: str


class Models:
    """The models of one region. `implemented` are botocore's names of its services; they are looked at first."""

    def __init__(self, implemented: Sequence[str] = ()) -> None:
        self._implemented = tuple(implemented)
        self._models: dict[str, ServiceModel] = {}
        self._codecs: dict[tuple[str, str], Codec] = {}
        self._only: dict[str, Codec] = {}
        """The codecs of services that speak one protocol in one way."""
        self._heads: dict[str, Head] = {}
        self._names: tuple[str, ...] | None = None
        self._by_target: dict[tuple[str | None, str], str] = {}
        """The services of the X-Amz-Targets that were found: operations of models, so that there are only so many."""

    @cached_property
    def _loader(self) -> Loader:
        from botocore.loaders import Loader

        return Loader()

    def names(self) -> tuple[str, ...]:
        """Every service that botocore knows."""
        if self._names is None:
            self._names = tuple(self._loader.list_available_services("service-2"))
        return self._names

    def service(self, name: str) -> ServiceModel:
        """The model of a service by botocore's name. Raises botocore's UnknownServiceError."""
        model = self._models.get(name)
        if model is None:
            from botocore.model import ServiceModel

            model = self._models[name] = ServiceModel(self._description(name), name)
            gc.freeze()  # a model stays, and is so large that looking at it again costs more than all other garbage collection
        return model

    def _description(self, name: str) -> Mapping[str, Any]:
        return overlays.completed(name, self._loader.load_service_model(name, "service-2"))

    def codec(self, name: str, request: WireRequest | None = None) -> Codec:
        """The codec of a service: in the protocol that `request` is in, where the service speaks it, else in the one that its current
        SDKs speak."""
        codec = self._only.get(name)
        if codec is not None:
            return codec
        protocols = _protocols(self.service(name).metadata)
        asked = _asked(request) if request is not None else ""
        protocol = asked if asked in protocols else protocols[0]
        in_json = protocol == "query" and request is not None and request.headers.get("accept") == _JSON
        key = (name, f"{protocol} in JSON" if in_json else protocol)
        codec = self._codecs.get(key)
        if codec is None:
            codec = self._codecs[key] = self._made(name, protocol, in_json=in_json)
        if protocols != ("query",) and len(protocols) == 1:
            self._only[name] = codec
        return codec

    def _made(self, name: str, protocol: str, *, in_json: bool) -> Codec:
        from botocore.model import ServiceModel

        from atoll.protocol.codecs import codec_for

        overlaid = overlays.in_protocol(name, self._description(name), protocol)
        model = self.service(name) if overlaid is None else ServiceModel(overlaid, name)
        return codec_for(model, protocol, in_json=in_json)

    def signing_names(self) -> set[str]:
        """Every name by which signatures call an implemented service."""
        return {known for name in self._implemented for known in self._head(name).names}

    def called(self, signing_name: str) -> list[str]:
        """The implemented services that signatures call so."""
        return [name for name in self._implemented if signing_name in self._head(name).names]

    def takes_forms(self, signing_name: str | None) -> bool:
        """Whether a service that goes by this name reads forms. Where none that is implemented goes by it, one may."""
        heads = [self._head(name) for name in self.called(signing_name)] if signing_name is not None else []
        return not heads or any(not {"query", "ec2"}.isdisjoint(head.protocols) for head in heads)

    def wire_form(self, signing_name: str, operation: str) -> WireForm | None:
        """How requests name an operation of an implemented service that goes by the name; None where there is none."""
        for name in self._implemented:
            head = self._head(name)
            if signing_name in head.names and operation in self.service(name).operation_names:
                if "query" in head.protocols:
                    return WireForm(version=head.api_version)
                if "json" not in head.protocols:
                    return WireForm()
                version = self.service(name).metadata["jsonVersion"]
                return WireForm(f"{head.target_prefix}.{operation}", f"application/x-amz-json-{version}")
        return None

    def find(self, request: WireRequest, signing_name: str | None = None) -> str | None:
        """The service that a request is for, None where AWS has none such.

        `signing_name` is the service in the credential scope; without it the X-Amz-Target, the path of Smithy's RPC, the query
        protocol's Version, a host of S3 (whose requests may be anyone's) or the path of an implemented service decides. Where
        several services share one name (apigateway and apigatewayv2), the one that knows the request's operation is meant.
        """
        named = (signing_name, request.headers.get("x-amz-target", ""))
        found = self._by_target.get(named)
        if found is None:
            found = self._find(request, signing_name)
            if found is not None and self._has_target(found, named[1]):
                self._by_target[named] = found
        return found

    def _has_target(self, name: str, target: str) -> bool:
        """Whether an X-Amz-Target names an operation of the service. REST requests may carry any, which says nothing of them."""
        prefix, _, operation = target.rpartition(".")
        return (
            bool(prefix)
            and prefix == self._head(name).target_prefix
            and operation in self.service(name).operation_names
        )

    def _find(self, request: WireRequest, signing_name: str | None) -> str | None:
        target = _target(request)
        if signing_name is None and not target and not (version := _version(request)):
            return "s3" if _S3_HOST.search(request.headers.get("host", "")) else self._by_path(request)

        def named(name: str) -> bool:
            head = self._head(name)
            if signing_name is not None:
                return signing_name in head.names
            if target:
                return head.target_prefix == target
            return "query" in head.protocols and head.api_version == version

        if (found := self._best(filter(named, self._implemented), request)) is not None:
            return found
        if signing_name in self.names() and self._knows(signing_name, request):
            return signing_name
        every = [name for name in self.names() if named(name)]
        return (
            self._best(every, request)
            or next((n for n in every if n in self._implemented), None)
            or next(iter(every), None)
        )

    def _by_path(self, request: WireRequest) -> str | None:
        """The implemented REST service that has the path, of a request that nothing else says anything about."""
        return self._best((name for name in self._implemented if self._head(name).protocols[0] == "rest-json"), request)

    def _best(self, names: Iterable[str], request: WireRequest) -> str | None:
        return next((name for name in names if self._knows(name, request)), None)

    def _knows(self, name: str, request: WireRequest) -> bool:
        try:
            self.codec(name, request).operation_of(request)
        except UnknownOperation:
            return False
        except MalformedRequest:
            return True  # it is this service's to say what is wrong, in its own protocol
        return True

    def _head(self, name: str) -> Head:
        head = self._heads.get(name)
        if head is None:
            head = self._heads[name] = _head_of(name, self._metadata(name))
        return head

    def _metadata(self, name: str) -> Mapping[str, Any]:
        """The metadata of a model, from the beginning of its file where it stands there (it does, in all of them)."""
        version = self._loader.determine_latest_version(name, "service-2")
        for root in self._loader.search_paths:
            file = Path(root, name, version, "service-2.json.gz")
            if file.exists():
                with gzip.open(file) as stream:
                    found = _METADATA.search(stream.read(_HEAD_BYTES))
                if found:
                    return overlays.spoken(name, msgspec.json.decode(found[1]))
        return self.service(name).metadata


def _head_of(name: str, metadata: Mapping[str, Any]) -> Head:
    prefix = metadata["endpointPrefix"]
    return Head(
        names=frozenset({name, prefix, metadata.get("signingName", prefix)}),
        target_prefix=metadata.get("targetPrefix", ""),
        protocols=_protocols(metadata),
        api_version=metadata["apiVersion"],
    )


def _protocols(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([metadata["protocol"], *metadata.get("protocols", ())]))


def _asked(request: WireRequest) -> str:
    """The protocol that a request is in, of those that one service may speak side by side."""
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    if "x-amz-target" in request.headers:
        return "json"
    return (
        "query"
        if request.headers.get("content-type", "").startswith(_FORM) or "Action=" in request.query_string
        else ""
    )


def _target(request: WireRequest) -> str:
    """The service as RPC protocols name it: before the operation, in a header or in the path."""
    if (header := request.headers.get("x-amz-target")) is not None:
        return header.rpartition(".")[0]
    found = _RPC_PATH.search(request.raw_path)
    return found[1] if found is not None else ""


def _version(request: WireRequest) -> str:
    from atoll.protocol.form_values import decode_form

    try:
        return dict(decode_form(f"{request.query_string}&{request.body.decode()}")).get("Version", "")
    except (MalformedRequest, UnicodeDecodeError):
        return ""
