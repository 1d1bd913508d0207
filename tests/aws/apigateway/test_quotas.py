"""Quotas of usage plans, enforced by the region's clock, and what keys used of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.aws.apigateway.mock_api import call, mock_api, plan_with_key

EXCEEDED = (429, {"message": "Limit Exceeded"})


@pytest.fixture
def api(own: Any, account: str) -> Any:
    """The API Gateway v1 client of a region whose clock the tests move."""
    return own.client("apigateway", key=account)


def now(own: Any) -> datetime:
    """The region's time."""
    return datetime.fromtimestamp(httpx.get(f"{own.endpoint}/_atoll/clock", trust_env=False).json()["epoch"], UTC)


def set_clock(own: Any, at: datetime) -> None:
    own.atoll("clock", "set", at.strftime("%Y-%m-%dT%H:%M:%SZ"))


def a_new_day(own: Any) -> None:
    """Moves region time to an hour past midnight, so that no day ends amid a test."""
    set_clock(own, (now(own) + timedelta(days=1)).replace(hour=1, minute=0, second=0))


def statuses(own: Any, api_id: str, value: str, count: int) -> list[int]:
    return [call(own, api_id, value).status_code for _ in range(count)]


def test_quota_enforced_by_the_clock_per_day(api: Any, own: Any) -> None:
    a_new_day(own)
    api_id = mock_api(api)
    *_, value = plan_with_key(api, api_id, quota={"limit": 2, "period": "DAY"})
    assert statuses(own, api_id, value, 3) == [200, 200, 429]
    refused = call(own, api_id, value)
    assert (refused.status_code, refused.json()) == EXCEEDED
    assert refused.headers["x-amzn-errortype"] == "LimitExceededException"
    set_clock(own, (now(own) + timedelta(days=1)).replace(hour=0, minute=0, second=1))
    assert statuses(own, api_id, value, 3) == [200, 200, 429]


def test_quota_enforced_by_the_clock_per_week_with_offset(api: Any, own: Any) -> None:
    """Offset 1: weeks begin on Monday."""
    api_id = mock_api(api)
    today = now(own)
    wednesday = today + timedelta(days=(2 - today.weekday()) % 7 + 7)
    set_clock(own, wednesday.replace(hour=12))
    *_, value = plan_with_key(api, api_id, quota={"limit": 1, "period": "WEEK", "offset": 1})
    assert statuses(own, api_id, value, 2) == [200, 429]
    set_clock(own, (wednesday + timedelta(days=4)).replace(hour=23))  # Sunday
    assert statuses(own, api_id, value, 1) == [429]
    set_clock(own, (wednesday + timedelta(days=5)).replace(hour=0, minute=1))  # Monday
    assert statuses(own, api_id, value, 2) == [200, 429]


def test_quota_enforced_by_the_clock_per_month(api: Any, own: Any) -> None:
    api_id = mock_api(api)
    *_, value = plan_with_key(api, api_id, quota={"limit": 1, "period": "MONTH"})
    assert statuses(own, api_id, value, 2) == [200, 429]
    first = (now(own).replace(day=28) + timedelta(days=4)).replace(day=1, hour=0, minute=0, second=0)
    set_clock(own, first - timedelta(minutes=10))
    assert statuses(own, api_id, value, 1) == [429]
    set_clock(own, first + timedelta(seconds=1))
    assert statuses(own, api_id, value, 2) == [200, 429]


def test_usage_shows_what_was_used_and_remains_and_can_be_extended(api: Any, own: Any, aws_error: Any) -> None:
    api_id = mock_api(api)
    plan, key_id, value = plan_with_key(api, api_id, quota={"limit": 3, "period": "MONTH"})
    first = (now(own).replace(day=28) + timedelta(days=4)).replace(day=2, hour=1)
    set_clock(own, first)
    assert statuses(own, api_id, value, 2) == [200, 200]
    set_clock(own, first + timedelta(days=1))
    assert statuses(own, api_id, value, 2) == [200, 429]  # what was refused is not counted

    day, days = (
        first.date(),
        {"startDate": str(first.date() - timedelta(1)), "endDate": str(first.date() + timedelta(1))},
    )
    usage = api.get_usage(usagePlanId=plan, **days)
    assert usage["items"] == {key_id: [[0, 3], [2, 1], [1, 0]]}
    assert (usage["usagePlanId"], usage["startDate"], usage["endDate"]) == (plan, days["startDate"], days["endDate"])
    assert api.get_usage(usagePlanId=plan, keyId=key_id, **days)["items"] == usage["items"]

    patch = [{"op": "replace", "path": "/remaining", "value": "1"}]
    today = str(day + timedelta(1))
    updated = api.update_usage(usagePlanId=plan, keyId=key_id, patchOperations=patch)
    assert (updated["items"], updated["startDate"], updated["endDate"]) == ({key_id: [[1, 1]]}, today, today)
    assert statuses(own, api_id, value, 2) == [200, 429]

    for start, end in (("x", today), (today, str(day)), ("2000-01-01", today), ("0001-01-01", "0001-01-02")):
        code, _, status = aws_error(
            lambda start=start, end=end: api.get_usage(usagePlanId=plan, startDate=start, endDate=end)
        )
        assert (code, status) == ("BadRequestException", 400)
    wrong = [{"op": "replace", "path": "/used", "value": "1"}]
    assert aws_error(lambda: api.update_usage(usagePlanId=plan, keyId=key_id, patchOperations=wrong))[2] == 400
    assert aws_error(lambda: api.update_usage(usagePlanId=plan, keyId="no", patchOperations=patch))[2] == 404


def test_usage_without_a_quota_is_counted_too(api: Any, own: Any) -> None:
    a_new_day(own)
    api_id = mock_api(api)
    plan, key_id, value = plan_with_key(api, api_id)
    assert statuses(own, api_id, value, 3) == [200, 200, 200]
    day = str(now(own).date())
    assert api.get_usage(usagePlanId=plan, startDate=day, endDate=day)["items"][key_id][0][0] == 3


def test_a_crash_forgets_nothing_of_what_was_used(new_region: Callable[..., Any], account: str) -> None:
    region = new_region()
    api = region.client("apigateway", key=account)
    api_id = mock_api(api)
    *_, value = plan_with_key(api, api_id, quota={"limit": 2, "period": "MONTH"})
    assert statuses(region, api_id, value, 2) == [200, 200]
    region.kill()
    region.start()
    assert statuses(region, api_id, value, 1) == [429]


def test_a_quotas_offset_and_period_are_checked(api: Any, aws_error: Any) -> None:
    def create(**quota: Any) -> tuple[str, str, int]:
        error: tuple[str, str, int] = aws_error(lambda: api.create_usage_plan(name="x", quota=quota))
        return error

    day = "Usage Plan quota offset must be zero in the DAY period"
    assert create(limit=1, period="DAY", offset=1) == ("BadRequestException", day, 400)
    week = "Usage Plan quota offset must be between zero and six inclusive in the WEEK period"
    assert create(limit=1, period="WEEK", offset=7) == ("BadRequestException", week, 400)
    month = "Usage Plan quota offset must be between zero and 27 inclusive in the MONTH period"
    assert create(limit=1, period="MONTH", offset=28) == ("BadRequestException", month, 400)
    assert create(limit=1)[0] == "BadRequestException"
