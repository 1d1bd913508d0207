"""What UpdateUsagePlan's patches make of a plan. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html (UpdateUsagePlan)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from atoll.api_runtime.usage_plans import PlanStage, Quota, Throttle, UsagePlan
from atoll.services.apigateway.errors import BadRequestException, NotFoundException
from atoll.services.apigateway.patches import LARGEST, Patch, number, whole

_PATHS = (
    "/apiStages, /apiStages/{apidId:stageName}/throttle, /apiStages/{apidId:stageName}/throttle/{resourcePath}/{httpMethod}/"
    "burstLimit, /apiStages/{apidId:stageName}/throttle/{resourcePath}/{httpMethod}/rateLimit, /description, /name, /productCode, "
    "/quota, /quota/limit, /quota/offset, /quota/period, /throttle, /throttle/burstLimit, /throttle/rateLimit"
)
_OFFSETS = {
    "DAY": (0, "zero"),
    "WEEK": (6, "between zero and six inclusive"),
    "MONTH": (27, "between zero and 27 inclusive"),
}
"""The largest offset of each period, and how AWS says so."""
_LIMITS: Mapping[str, tuple[str, Callable[[str | None], Any]]] = {
    "rateLimit": ("rate", number),
    "burstLimit": ("burst", whole),
}


def changed(plan: UsagePlan, operations: Iterable[Patch]) -> UsagePlan:
    """The plan with the patches done one after the other. Raises BadRequestException, NotFoundException."""
    quota = _quota_members(plan.quota)
    for patch in operations:
        if patch.op not in ("add", "remove", "replace"):
            raise BadRequestException(
                f"Invalid patch path  '{patch.text}' specified for op '{patch.op}'. Please choose supported operations"
            )
        if patch.path[0] == "quota":
            quota = _with_quota(quota, patch)
        else:
            plan = _changed(plan, patch)
    return msgspec.structs.replace(plan, quota=check_quota(quota) if quota else None)


def check_quota(given: Mapping[str, Any]) -> Quota:
    """A request's quota as a record. Raises BadRequestException."""
    period, limit, offset = given.get("period"), given.get("limit"), given.get("offset") or 0
    if period is None or limit is None:
        raise BadRequestException("Usage Plan quota must have a limit and a period")
    if period not in _OFFSETS:
        raise BadRequestException("Invalid Usage Plan quota period specified: must be DAY, WEEK or MONTH")
    if not 0 <= limit <= LARGEST:
        raise BadRequestException(f"Usage Plan quota limit must be between 0 and {LARGEST}")
    largest, words = _OFFSETS[period]
    if not 0 <= offset <= largest:
        raise BadRequestException(f"Usage Plan quota offset must be {words} in the {period} period")
    return Quota(limit, period, offset)


def check_throttle(throttle: Throttle) -> Throttle:
    """The throttle, if its numbers can be. Raises BadRequestException."""
    for name, limit in (("rate", throttle.rate), ("burst", throttle.burst)):
        if limit is not None and not 0 <= limit <= LARGEST:
            raise BadRequestException(f"Usage Plan throttle {name} limit must be between 0 and {LARGEST}")
    return throttle


def _quota_members(quota: Quota | None) -> dict[str, Any]:
    return {} if quota is None else {"limit": quota.limit, "period": quota.period, "offset": quota.offset}


def _with_quota(quota: dict[str, Any], patch: Patch) -> dict[str, Any]:
    if patch.path == ("quota",) and patch.op == "remove":
        return {}
    if len(patch.path) != 2 or patch.path[1] not in ("limit", "offset", "period") or patch.op == "remove":
        raise _invalid(patch)
    member = patch.path[1]
    return quota | {member: patch.value if member == "period" else whole(patch.value)}


def _changed(plan: UsagePlan, patch: Patch) -> UsagePlan:
    first, *rest = patch.path
    if first == "apiStages":
        return _with_stages(plan, patch, rest)
    if first == "throttle":
        return msgspec.structs.replace(plan, throttle=_with_throttle(plan.throttle, patch, rest))
    field = {"name": "name", "description": "description", "productCode": "product_code"}.get(first)
    if field is None or rest:
        raise _invalid(patch)
    if field == "name" and (patch.op == "remove" or not patch.value):
        raise BadRequestException("Usage Plan name cannot be empty")
    return msgspec.structs.replace(plan, **{field: None if patch.op == "remove" else patch.value})


def _with_throttle(throttle: Throttle | None, patch: Patch, rest: Sequence[str]) -> Throttle | None:
    if not rest and patch.op == "remove":
        return None
    if len(rest) != 1 or rest[0] not in _LIMITS:
        raise _invalid(patch)
    field, convert = _LIMITS[rest[0]]
    value = None if patch.op == "remove" else convert(patch.value)
    return check_throttle(msgspec.structs.replace(throttle or Throttle(), **{field: value}))


def _with_stages(plan: UsagePlan, patch: Patch, rest: Sequence[str]) -> UsagePlan:
    api, colon, name = (rest[0] if rest else patch.value or "").partition(":")
    if not (api and colon and name):
        raise BadRequestException("Invalid API Stage specified")
    stage = plan.stage(api, name)
    others = tuple(one for one in plan.stages if one is not stage)
    if not rest and patch.op in ("add", "replace"):
        return msgspec.structs.replace(plan, stages=(*others, stage or PlanStage(api, name)))
    if stage is None:
        raise NotFoundException(f"Invalid API Stage {{api: {api}, stage: {name}}} specified for usageplan {plan.id}")
    if not rest:
        return msgspec.structs.replace(plan, stages=others)
    throttle = _with_method(stage.throttle, patch, rest[1:])
    replaced = tuple(PlanStage(api, name, throttle) if one is stage else one for one in plan.stages)
    return msgspec.structs.replace(plan, stages=replaced)


def _with_method(throttle: dict[str, Throttle], patch: Patch, rest: Sequence[str]) -> dict[str, Throttle]:
    """`throttle`, which only a removal may name as a whole, `throttle/PATH/METHOD`, or one of its limits. The path may come with
    its slashes escaped or not."""
    if not rest or rest[0] != "throttle":
        raise _invalid(patch)
    limit = rest[-1] if rest[-1] in _LIMITS else None
    name = "/".join(rest[1 : -1 if limit else None])
    name = name if name.startswith("/") else f"/{name}"
    if limit:
        changed = _with_throttle(throttle.get(name), patch, [limit])
        return {**throttle, name: changed or Throttle()}
    if patch.op != "remove":
        raise _invalid(patch)
    return {path: one for path, one in throttle.items() if len(rest) > 1 and path != name}


def _invalid(patch: Patch) -> BadRequestException:
    return BadRequestException(
        f"Invalid patch path  '{patch.text}' specified for op '{patch.op}'. Must be one of: [{_PATHS}]"
    )
