"""What API Gateway accepts of a REST API's stage, what patches do to one, and how answers show it. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from atoll.services.apigateway import store
from atoll.services.apigateway.errors import BadRequestException, NotFoundException
from atoll.services.apigateway.patches import (
    Change,
    Patch,
    clear,
    drop_entry,
    fits,
    flag,
    number,
    put,
    put_entry,
    unsupported,
    whole,
)

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_VARIABLE = re.compile(r"\w+", re.ASCII)
_VALUE = re.compile(r"[A-Za-z0-9 \-._~:/?#&=,@]+", re.ASCII)
_METHODS = ("*", "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_STRATEGIES = ("FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER")
_LEVELS = ("OFF", "ERROR", "INFO")
_NEW_SETTINGS: Mapping[str, Any] = {
    "metricsEnabled": False,
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "cacheDataEncrypted": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}
"""What method settings begin with."""


_SIZES = ("0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237")
LONGEST_TTL = 3600


def _ttl(value: str | None) -> int:
    """Seconds for which answers are cached, 0 for not at all. The text is unrecorded."""
    seconds = whole(value)
    if not 0 <= seconds <= LONGEST_TTL:
        raise BadRequestException(f"Invalid cache TTL specified: {value}. Must be between 0 and {LONGEST_TTL} seconds")
    return seconds


def _one_of(options: tuple[str, ...]) -> Callable[[str | None], str]:
    def convert(value: str | None) -> str:
        if value not in options:
            raise BadRequestException(f"Invalid value specified: {value}. Must be one of: [{', '.join(options)}]")
        return value

    return convert


_SETTINGS: Mapping[str, tuple[str, Callable[[str | None], Any]]] = {
    "metrics/enabled": ("metricsEnabled", flag),
    "logging/dataTrace": ("dataTraceEnabled", flag),
    "logging/loglevel": ("loggingLevel", _one_of(_LEVELS)),
    "throttling/burstLimit": ("throttlingBurstLimit", whole),
    "throttling/rateLimit": ("throttlingRateLimit", number),
    "caching/ttlInSeconds": ("cacheTtlInSeconds", _ttl),
    "caching/enabled": ("cachingEnabled", flag),
    "caching/dataEncrypted": ("cacheDataEncrypted", flag),
    "caching/requireAuthorizationForCacheControl": ("requireAuthorizationForCacheControl", flag),
    "caching/unauthorizedCacheControlHeaderStrategy": (
        "unauthorizedCacheControlHeaderStrategy",
        _one_of(_STRATEGIES),
    ),
}
"""By the end of a patch's path: the setting and how its value is read."""


def check_stage_name(name: str) -> str:
    """The name. Raises BadRequestException."""
    if not _NAME.fullmatch(name):
        raise BadRequestException("Stage name only allows a-zA-Z0-9_")
    return name


def check_variables(variables: Mapping[str, str]) -> None:
    """Raises BadRequestException for characters that names and values of stage variables may not have."""
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name):
            raise BadRequestException(
                f"Invalid stage variable name: {name}.  Please use names with only word characters."
            )
        if not _VALUE.fullmatch(value):
            raise BadRequestException(
                f"Invalid stage variable value: {value}.  Please use values with alphanumeric "
                "characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
            )


def enables_logs(patch: Patch) -> bool:
    """Whether a patch asks for access logs or execution logs, for which the account needs a role."""
    if patch.op == "remove":
        return False
    if patch.path[0] == "accessLogSettings":
        return bool(patch.value)
    return patch.path[-2:] == ("logging", "loglevel") and patch.value != "OFF"


def canary_of(given: Mapping[str, Any], deployment: str) -> store.Canary:
    """The canary that a request's canarySettings describe; it runs `deployment` unless they say otherwise."""
    overrides = given.get("stageVariableOverrides")
    check_variables(overrides or {})
    return store.Canary(
        given.get("deploymentId") or deployment,
        _percent(given.get("percentTraffic", 0.0)),
        dict(overrides) if overrides is not None else None,
        given.get("useStageCache", False),
    )


def _percent(value: float) -> float:
    if not 0 <= value <= 100:
        raise BadRequestException("Percent traffic must be between 0.0 and 100.0")
    return value


def patched(stage: store.Stage, operations: Iterable[Patch]) -> store.Stage:
    """The stage with the operations done one after the other. Raises BadRequestException."""
    for patch in operations:
        stage = _change(patch)(stage, patch)
    return stage


def recached(stage: store.Stage, before: store.Stage, cache: str) -> store.Stage:
    """A stage that was changed, with `cache` for its own where that is new or of another size: a new one is empty."""
    if (stage.cache_cluster, size(stage)) == (before.cache_cluster, size(before)):
        return stage
    return msgspec.structs.replace(stage, cache=cache)


def size(stage: store.Stage) -> str | None:
    """A cache's size in gigabytes; None for a stage that names none and has no cache."""
    return stage.cache_size or (_SIZES[0] if stage.cache_cluster else None)


def _change(patch: Patch) -> Change[store.Stage]:
    if patch.op == "copy":
        return _promote
    rules = _RULES.get(patch.op)
    if rules is None:
        raise unsupported(patch)
    for path, change in rules.items():
        if fits(path, patch.path):
            return change
    if patch.op == "replace" and _is_setting(patch.path):
        return _set
    if patch.op == "remove" and len(patch.path) > 1 and any(fits(path, patch.path) for path in _RULES["replace"]):
        raise unsupported(patch)
    if patch.op == "remove" and len(patch.path) > 1:
        return _unset
    if len(patch.path) > 3 and patch.path[-3] in _METHODS:
        setting = "/".join(patch.path[-2:])
        raise BadRequestException(f"Invalid method setting path: {setting}. Must be one of: [{_SETTING_PATHS}]")
    raise BadRequestException(f"Invalid method setting path: {patch.text}. Must be one of: [{_PATHS}]")


def _is_setting(path: Sequence[str]) -> bool:
    """Whether a path is `/{resourcePath}/{httpMethod}/{setting}`; AWS takes resource paths with and without escaped slashes."""
    return len(path) > 3 and path[-3] in _METHODS and "/".join(path[-2:]) in _SETTINGS


def _set(stage: store.Stage, patch: Patch) -> store.Stage:
    """One method setting. Its key is the path as it was given: `/*/*/…`, `/~1pets/GET/…`."""
    key = patch._replace(path=patch.path[:-2]).text[1:]
    name, convert = _SETTINGS["/".join(patch.path[-2:])]
    settings = {**_NEW_SETTINGS, **stage.settings.get(key, {}), name: convert(patch.value)}
    return msgspec.structs.replace(stage, settings={**stage.settings, key: settings})


def _unset(stage: store.Stage, patch: Patch) -> store.Stage:
    """All settings of a method, or one of them, which goes back to what it began with."""
    single = "/".join(patch.path[-2:]) if len(patch.path) > 3 else ""
    key = patch._replace(path=patch.path[:-2] if single in _SETTINGS else patch.path).text[1:]
    if key not in stage.settings:
        raise BadRequestException(
            f"Cannot remove method setting {key} because there is no method setting for this method "
        )
    settings = {name: value for name, value in stage.settings.items() if name != key}
    if single in _SETTINGS:
        name = _SETTINGS[single][0]
        kept = {one: value for one, value in stage.settings[key].items() if one != name}
        settings[key] = {**kept, **({name: _NEW_SETTINGS[name]} if name in _NEW_SETTINGS else {})}
    return msgspec.structs.replace(stage, settings=settings)


def _promote(stage: store.Stage, patch: Patch) -> store.Stage:
    """Makes the canary's deployment, or its variables, those of the stage."""
    copies = {"/deploymentId": "/canarySettings/deploymentId", "/variables": "/canarySettings/stageVariableOverrides"}
    if copies.get(patch.text) != patch.source:
        raise BadRequestException(
            f"Invalid copy operation with path: {patch.text} and from {patch.source}. Valid copy:path are "
            f"[{', '.join(copies)}] and valid copy:from are [{', '.join(copies.values())}]"
        )
    if stage.canary is None:
        raise BadRequestException("Promotion not available. Canary does not exist.")
    if patch.text == "/deploymentId":
        return msgspec.structs.replace(stage, deployment=stage.canary.deployment)
    return msgspec.structs.replace(stage, variables={**stage.variables, **(stage.canary.variables or {})})


def _canary(field: str, convert: Callable[[str | None], Any]) -> Change[store.Stage]:
    """Sets a field of the canary, which begins with it where there is none."""

    def change(stage: store.Stage, patch: Patch) -> store.Stage:
        canary = stage.canary or store.Canary(stage.deployment)
        return msgspec.structs.replace(stage, canary=msgspec.structs.replace(canary, **{field: convert(patch.value)}))

    return change


def _override(stage: store.Stage, patch: Patch) -> store.Stage:
    canary = stage.canary or store.Canary(stage.deployment)
    variables = dict(canary.variables or {})
    if patch.op == "remove":
        if patch.name not in variables:
            raise NotFoundException("Invalid stage variable name specified")
        del variables[patch.name]
    else:
        variables[patch.name] = patch.value or ""
        check_variables(variables)
    return msgspec.structs.replace(stage, canary=msgspec.structs.replace(canary, variables=variables))


def _access_log(stage: store.Stage, patch: Patch) -> store.Stage:
    value = patch.value or ""
    if patch.name == "destinationArn":
        value = value.removesuffix(":*")  # AWS and Terraform write a log group's ARN without
    return msgspec.structs.replace(stage, access_log={**(stage.access_log or {}), patch.name: value})


_VARIABLES: dict[str, Change[store.Stage]] = {
    "/variables/{variable_name}": put_entry("variables"),
    "/canarySettings/stageVariableOverrides/{variable_name}": _override,
}
_RULES: Mapping[str, Mapping[str, Change[store.Stage]]] = {
    "add": _VARIABLES,
    "remove": {
        "/variables/{variable_name}": drop_entry("variables", "Invalid stage variable name specified"),
        "/canarySettings/stageVariableOverrides/{variable_name}": _override,
        "/canarySettings": clear("canary"),
        "/accessLogSettings": clear("access_log"),
    },
    "replace": {
        "/deploymentId": put("deployment", lambda value: value or ""),
        "/description": put("description"),
        "/cacheClusterEnabled": put("cache_cluster", flag),
        "/cacheClusterSize": put("cache_size", lambda value: _one_of(_SIZES)(value) if value else None),
        "/clientCertificateId": put("client_certificate", lambda value: value or None),
        "/documentationVersion": put("documentation_version", lambda value: value or None),
        "/tracingEnabled": put("tracing", flag),
        "/accessLogSettings/destinationArn": _access_log,
        "/accessLogSettings/format": _access_log,
        "/canarySettings/percentTraffic": _canary("percent", lambda value: _percent(number(value))),
        "/canarySettings/deploymentId": _canary("deployment", lambda value: value or ""),
        "/canarySettings/useStageCache": _canary("use_cache", flag),
        **_VARIABLES,
    },
}
_PATHS = ", ".join(
    (
        "/deploymentId",
        "/description",
        "/cacheClusterEnabled",
        "/cacheClusterSize",
        "/clientCertificateId",
        "/accessLogSettings",
        "/accessLogSettings/destinationArn",
        "/accessLogSettings/format",
        *(f"/{{resourcePath}}/{{httpMethod}}/{path}" for path in _SETTINGS),
        *(f"/*/*/{path}" for path in _SETTINGS),
        "/variables/{variable_name}",
        "/tracingEnabled",
    )
)
for _end in ("burstLimit", "rateLimit"):  # AWS has no commas here
    _PATHS = _PATHS.replace(f"{_end}, /{{", f"{_end}/{{").replace(f"{_end}, /*", f"{_end} /*")

_SETTING_PATHS = (
    ".../metrics/enabled, .../logging/dataTrace, .../logging/loglevel,.../throttling/burstLimit, .../throttling/rateLimit, "
    ".../caching/ttlInSeconds, .../caching/enabled, .../caching/dataEncrypted, .../caching/requireAuthorizationForCacheControl, "
    ".../caching/unauthorizedCacheControlHeaderStrategy"
)
"""As AWS words it, users say (aws/aws-sdk-java#1823)."""


def members(stage: store.Stage) -> dict[str, Any]:
    """A stage under AWS's member names."""
    canary = stage.canary
    return {
        "deploymentId": stage.deployment,
        "clientCertificateId": stage.client_certificate,
        "stageName": stage.name,
        "description": stage.description,
        "cacheClusterEnabled": stage.cache_cluster,
        "cacheClusterSize": size(stage),
        "cacheClusterStatus": "AVAILABLE" if stage.cache_cluster else "NOT_AVAILABLE",
        "methodSettings": stage.settings,
        "variables": stage.variables or None,
        "documentationVersion": stage.documentation_version,
        "accessLogSettings": stage.access_log,
        "canarySettings": canary
        and {
            "percentTraffic": canary.percent,
            "deploymentId": canary.deployment,
            "stageVariableOverrides": canary.variables,
            "useStageCache": canary.use_cache,
        },
        "tracingEnabled": stage.tracing,
        "tags": stage.tags or None,
        "createdDate": int(stage.created),
        "lastUpdatedDate": int(stage.updated),
    }
