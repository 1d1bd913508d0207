"""Codes of virtual MFA devices: RFC 6238's, for one step either way, once."""

from __future__ import annotations

import pytest

from atoll.auth.mfa import RESYNC, STEP, Device, WrongCode, code, spend, synchronize

SEED = b"12345678901234567890"
NOW = 2_000_000_000.0
DEVICE = Device(serial="arn:aws:iam::111122223333:mfa/phone", seed=SEED)


def at(steps: int) -> str:
    return code(SEED, int(NOW) // STEP + steps)


@pytest.mark.parametrize(
    ("time", "digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_the_rfcs(time: int, digits: str) -> None:
    """RFC 6238, appendix B, whose codes have eight digits."""
    assert code(SEED, time // STEP) == digits[2:]


def test_a_step_either_way() -> None:
    for steps in (-1, 0, 1):
        assert spend(DEVICE, at(steps), NOW).offset == steps
    for steps in (-2, 2):
        with pytest.raises(WrongCode):
            spend(DEVICE, at(steps), NOW)


def test_no_code_twice_nor_an_earlier_one() -> None:
    spent = spend(DEVICE, at(0), NOW)
    for steps in (0, -1):
        with pytest.raises(WrongCode):
            spend(spent, at(steps), NOW)
    assert spend(spent, at(1), NOW)


def test_two_in_a_row() -> None:
    assert synchronize(DEVICE, at(-1), at(0), NOW).offset == 0
    assert synchronize(DEVICE, at(RESYNC - 1), at(RESYNC), NOW, RESYNC).offset == RESYNC
    for first, second in ((0, -1), (0, 0), (-2, 0), (2, 3)):
        with pytest.raises(WrongCode):
            synchronize(DEVICE, at(first), at(second), NOW)
    with pytest.raises(WrongCode):
        synchronize(synchronize(DEVICE, at(-1), at(0), NOW), at(0), at(1), NOW)
