"""What API Gateway accepts as a stage's settings, by the kind of API. Raises AWS's errors.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from atoll.api_runtime.serving import Kind
from atoll.kernel.context import Context, Principal
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.rules import one_of

_LEVEL = one_of("logging level", "OFF", "ERROR", "INFO")
_VARIABLE = re.compile(r"[A-Za-z0-9_]+")
_VALUE = re.compile(r"[A-Za-z0-9 ._:/?&=,-]*")
_LOG_GROUP = re.compile(r"arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group:(?P<name>[A-Za-z0-9_./#-]{1,512})(?::\*)?")
_REQUEST_ID = re.compile(r"\$context\.(?:requestId|extendedRequestId)\b")


def merged_variables(before: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Stage variables with those that a request names; one that is set to "" goes. Raises BadRequestException."""
    for name, value in given.items():
        if not _VARIABLE.fullmatch(name):
            raise BadRequestException(
                f"Invalid stage variable name: {name}. Please use alphanumeric characters and underscores."
            )
        if not _VALUE.fullmatch(value):
            raise BadRequestException(
                f"Invalid stage variable value of key {name}.  Please use values with alphanumeric characters and the "
                "symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
            )
    return {name: value for name, value in {**before, **given}.items() if value}


def merged_log(before: Mapping[str, str] | None, given: Mapping[str, str]) -> dict[str, str] | None:
    """The access log with what a request names; an empty one is none. Raises BadRequestException."""
    if not given:
        return None
    log = {**(before or {}), **given}
    destination = log.get("DestinationArn", "")
    if not _LOG_GROUP.fullmatch(destination):
        name = destination.split(":", 5)[-1]
        raise BadRequestException(
            f"Access log destination must only contain characters a-z, A-Z, 0-9, '_', '-', '/', '.': '{name}'"
        )
    if not _REQUEST_ID.search(log.get("Format", "")):
        raise BadRequestException(
            "Access Log format must include either $context.requestId or $context.extendedRequestId"
        )
    return {"DestinationArn": destination.removesuffix(":*"), "Format": log["Format"]}


def merged_settings(
    before: Mapping[str, Mapping[str, Any]], given: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Settings by route key, each with what a request names of it."""
    merged = {key: dict(value) for key, value in before.items()}
    for key, value in given.items():
        merged[key] = {**merged.get(key, {}), **value}
    return merged


async def check(ctx: Context, kind: Kind, request: Mapping[str, Any]) -> None:
    """Raises BadRequestException for settings that the kind of API does not have or that are out of range; reports those without
    effect here."""
    named = {f"RouteSettings.{key}": value for key, value in request.get("RouteSettings", {}).items()}
    logs = kind == "WEBSOCKET" and bool(request.get("AccessLogSettings"))
    for place, settings in {"DefaultRouteSettings": request.get("DefaultRouteSettings", {}), **named}.items():
        _check_throttling(settings)
        _LEVEL(settings.get("LoggingLevel", "OFF"))
        if settings.get("DataTraceEnabled") or settings.get("LoggingLevel", "OFF") != "OFF":
            if kind == "HTTP":
                raise BadRequestException("Execution logs are not supported on protocolType HTTP")
            logs = True
        if settings.get("DetailedMetricsEnabled") and not ctx.offers("cloudwatch", "GetMetricData"):
            ctx.warn(f"{place}.DetailedMetricsEnabled", "metrics are not recorded yet")
    if logs:
        await _check_account(ctx)
    if request.get("ClientCertificateId"):
        await _check_certificate(ctx, kind, request["ClientCertificateId"])


def _check_throttling(settings: Mapping[str, Any]) -> None:
    if settings.get("ThrottlingBurstLimit", 0) < 0:
        raise BadRequestException("Throttling burst limit must be greater than or equal to 0")
    rate = settings.get("ThrottlingRateLimit", 0)
    if not 0 <= rate < float("inf"):
        raise BadRequestException("Throttling rate limit must be greater than or equal to 0")


async def _check_certificate(ctx: Context, kind: Kind, certificate: str) -> None:
    if kind == "HTTP":
        ctx.warn("ClientCertificateId", "AWS has it for WebSocket APIs only")
        return
    named = {"clientCertificateId": certificate}
    await ctx.call("apigateway", "GetClientCertificate", named, principal=Principal.root(ctx.account))
    ctx.warn("ClientCertificateId", "integrations are called without a client certificate")


async def _check_account(ctx: Context) -> None:
    """WebSocket APIs log as the role in the account's settings."""
    account = await ctx.call("apigateway", "GetAccount", {}, principal=Principal.root(ctx.account))
    if not account.get("cloudwatchRoleArn"):
        raise BadRequestException("CloudWatch Logs role ARN must be set in account settings to enable logging")
