"""What is noted of signed requests: the first in a quarter of an hour, so that signing costs nothing more."""

from __future__ import annotations

from atoll.kernel.context import Principal
from atoll.services.iam.uses import MEMO, SPAN, LatestUses

ANN = Principal("user", "123456789012", "arn:aws:iam::123456789012:user/ann", "AIDA1", "AKIA1")


def session(number: int) -> Principal:
    return Principal("role", "123456789012", "arn:aws:sts::123456789012:assumed-role/r/s", "AROA1:s", f"ASIA{number}")


def test_the_first_use_in_a_span_is_noted() -> None:
    uses = LatestUses()
    assert uses.note(ANN, "sts", "us-east-1", 1000.0) is not None
    assert uses.note(ANN, "sts", "eu-west-1", 1000.0 + SPAN - 1) is None
    assert uses.note(ANN, "sts", "eu-west-1", 1000.0 + SPAN) is not None


def test_each_service_is_noted() -> None:
    uses = LatestUses()
    assert uses.note(ANN, "sts", "us-east-1", 1000.0) is not None
    assert uses.note(ANN, "iam", "us-east-1", 1000.0) is not None


def test_sessions_of_one_role_are_one() -> None:
    uses = LatestUses()
    assert uses.note(session(1), "sts", "us-east-1", 1000.0) is not None
    assert uses.note(session(2), "sts", "us-east-1", 1000.0) is None


def test_what_is_remembered_is_bounded() -> None:
    uses = LatestUses()
    for number in range(3 * MEMO):
        uses.note(ANN, f"s{number}", "us-east-1", 1000.0)
    assert len(uses._seen) <= MEMO
