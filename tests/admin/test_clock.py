"""`POST /_atoll/clock`: region time moves forward, and whatever that makes due is done before the answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from atoll.admin.moments import amount, instant

if TYPE_CHECKING:
    from tests.conftest import Region

    from .conftest import Owner

Post = Callable[..., httpx.Response]
HOUR = 3600.0
WHO_AM_I = """
import boto3, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    sts = boto3.client("sts")
    before = sts.get_caller_identity()["Arn"]
    time.sleep(event.get("seconds", 0))
    return {"calls": calls, "before": before, "after": sts.get_caller_identity()["Arn"]}
"""


def shown(region: Region) -> dict[str, Any]:
    return dict(httpx.get(f"{region.endpoint}/_atoll/clock").json())


def running(region: Region) -> list[str]:
    """The environments of functions."""
    return list(httpx.get(f"{region.endpoint}/_atoll/status").json()["running"]["lambda"])


def test_the_clock_is_shown(own: Region) -> None:
    facts = shown(own)
    assert datetime.fromisoformat(facts["region_time"]).timestamp() == pytest.approx(facts["epoch"], abs=0.01)
    assert facts["epoch"] - datetime.fromisoformat(facts["wall_time"]).timestamp() == pytest.approx(
        facts["offset"], abs=0.1
    )


@pytest.mark.parametrize(
    ("by", "seconds"),
    [(90, 90), (0.5, 0.5), ("90m", 5400), ("1h30m", 5400), ("PT1H30M", 5400), ("2d", 172_800), (0, 0)],
)
def test_advance(own: Region, post: Post, by: object, seconds: float) -> None:
    before = shown(own)["epoch"]
    answer = post("clock", {"advance": by})
    assert answer.status_code == 200
    assert seconds <= answer.json()["epoch"] - before < seconds + 5


def test_set(own: Region, post: Post) -> None:
    target = datetime.fromtimestamp(shown(own)["epoch"] + HOUR, UTC)
    assert 0 <= post("clock", {"set": target.isoformat()}).json()["epoch"] - target.timestamp() < 5
    later = target.timestamp() + HOUR
    assert 0 <= post("clock", {"set": later}).json()["epoch"] - later < 5


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"advance": -1}, "Region time never goes backward"),
        ({"set": "2020-01-01"}, "Region time never goes backward: it is "),
        ({"set": 0}, "Region time never goes backward: it is "),
        ({"advance": "soon"}, "'soon' is no amount of time; write seconds, or 90m"),
        ({"set": "tomorrow"}, "'tomorrow' is no time; write 2027-01-01"),
        ({"advance": "1h", "set": 1}, "Say one of"),
        ({}, "Say one of"),
        ({"foo": 1}, "There is no member 'foo' here."),
        ([1], "The body is a JSON object"),
        ({"advance": True}, "True is no amount of time"),
        ({"advance": 1e300}, "Region time ends with the year 9999."),
        ({"advance": 10**400}, "Region time ends with the year 9999."),
        ({"set": "9999-12-31T23:59:59.5Z"}, "Region time ends with the year 9999."),
    ],
)
def test_what_makes_no_sense_is_refused_and_moves_nothing(own: Region, post: Post, body: object, message: str) -> None:
    before = shown(own)["epoch"]
    answer = post("clock", body)
    assert (answer.status_code, answer.json()["message"][: len(message)]) == (400, message)
    assert shown(own)["epoch"] - before < 5


def test_two_advances_add_up(own: Region, post: Post) -> None:
    before = shown(own)["epoch"]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: post("clock", {"advance": HOUR}).json()["epoch"], range(4)))
    assert len({round(answer / HOUR) for answer in answers}) == 4
    assert 4 * HOUR <= max(answers) - before < 4 * HOUR + 10


@pytest.mark.parametrize("durability", ["process", "fsync"])
def test_it_survives_kill_9(new_region: Callable[..., Region], durability: str) -> None:
    region = new_region("--durability", durability)
    moved = httpx.post(f"{region.endpoint}/_atoll/clock", json={"advance": "30d"}).json()["epoch"]
    region.kill()
    assert shown(region.start())["epoch"] >= moved


def test_stored_tasks_run_to_their_end_before_the_answer(owner: Owner, post: Post) -> None:
    """Deleting a table and a log group unlinks them; what they held is removed by tasks."""
    owner.table("users", items=50)
    logs = owner.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    for n in range(200):
        event = {"timestamp": int(shown(owner.region)["epoch"] * 1000), "message": str(n)}
        logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])
    owner.client("dynamodb").delete_table(TableName="users")
    logs.delete_log_group(logGroupName="g")
    assert post("clock", {"advance": 0}).status_code == 200
    assert owner.held() == {}


def test_sessions_expire_with_region_time(owner: Owner, post: Post, aws_error: Any) -> None:
    given = owner.client("sts").assume_role(RoleArn=owner.role(), RoleSessionName="me", DurationSeconds=900)
    key = given["Credentials"]
    session = owner.region.client("sts", key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])
    post("clock", {"advance": 890})
    session.get_caller_identity()
    post("clock", {"advance": 20})
    assert aws_error(session.get_caller_identity)[0] == "ExpiredToken"


def test_a_warm_function_stays_warm_and_has_valid_credentials_after_13_hours(owner: Owner, post: Post) -> None:
    owner.function("who", WHO_AM_I, owner.role())
    assert owner.invoke("who")["calls"] == 1
    for _ in range(2):
        post("clock", {"advance": "13h"})
    answer = owner.invoke("who")
    assert (answer["calls"], answer["after"].rsplit("/", 2)[1]) == (2, "fn-role")


def test_a_busy_function_keeps_valid_credentials_while_the_clock_moves(owner: Owner, post: Post) -> None:
    owner.function("who", WHO_AM_I, owner.role())
    owner.invoke("who")
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(lambda: owner.client("lambda").invoke(FunctionName="who", Payload=b'{"seconds": 6}'))
        while not any("BUSY" in line.upper() for line in running(owner.region)):
            time.sleep(0.02)
        assert post("clock", {"advance": "13h"}).status_code == 200
        assert not busy.done()  # nobody waits for what no timer began
        answer = busy.result()
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_moving_time_costs_no_session_that_was_deleted(owner: Owner, post: Post) -> None:
    """A renewed key of a deleted role does nothing, and renewing goes on when a session is gone."""
    owner.function("who", WHO_AM_I, owner.role())
    owner.invoke("who")
    post("reset", {"account": owner.account})
    assert post("clock", {"advance": "13h"}).status_code == 200


def test_amounts_and_instants() -> None:
    assert [amount(text) for text in ("90", " 5s ", "1.5h", "P1DT2H", "pt3s", "1d1h1m1s")] == [
        90, 5, 5400, 93_600, 3, 90_061,
    ]  # fmt: skip
    for text in ("", "h", "1x", "P", "PT", "1m1h", "١h", None, [1]):
        with pytest.raises(ValueError, match="is no amount of time"):
            amount(text)
    assert instant("1970-01-02") == instant("1970-01-02T01:00:00+01:00") == instant("86400") == 86_400
    for bad in ("", "x", None, {}):
        with pytest.raises(ValueError, match="is no time"):
            instant(bad)
