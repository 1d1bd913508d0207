"""What SRP computes with, against Python's own power."""

from __future__ import annotations

import asyncio
import random

import pytest

from atoll.services.cognito_idp.users.passwords import G, N, power

SOURCE = random.Random(7)
BASES = (1, G, N - 1, SOURCE.getrandbits(3072) % N)
EXPONENTS = (0, 1, 15, 16, 2**256 - 1, SOURCE.getrandbits(256), SOURCE.getrandbits(3072))


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("base", BASES)
def test_powers_are_right(base: int, exponent: int) -> None:
    assert asyncio.run(power(base, exponent)) == pow(base, exponent, N)


def test_a_power_lets_others_have_their_turn_again_and_again() -> None:
    async def main() -> int:
        turns = 0
        computing = asyncio.create_task(power(N - 2, 2**256 - 1))
        while not computing.done():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(main()) > 6
