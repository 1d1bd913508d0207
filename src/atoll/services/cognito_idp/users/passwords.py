"""What is kept of passwords: scrypt's hash, to compare, and SRP's verifier, for clients that never send them.

SRP 6a as Cognito's clients speak it: the 3072-bit group of RFC 5054, SHA-256, and `{pool id after "_"}{user name}:{password}` as the
identity.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac

from atoll.auth.passwords import COST, hashed
from atoll.services.cognito_idp.store import Password

N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D"
    "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 2
"""The group of RFC 5054, appendix A, 3072 bits."""
TURN = 10
"""Steps of `power` between which others have their turn: a millisecond."""


def padded(number: int) -> bytes:
    """A number as SRP's clients hash it: big-endian, with a zero byte before where the first bit is set."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


async def power(base: int, exponent: int) -> int:
    """base ** exponent mod N, four bits at a time, and so that the loop is not held: Python holds the GIL in `pow`, here for 5 ms."""
    powers = [1]
    for _ in range(15):
        powers.append(powers[-1] * base % N)
    result, digits = 1, f"{exponent:x}"
    for at, digit in enumerate(digits):
        if at % TURN == 0:
            await asyncio.sleep(0)  # noqa: TID251  no time passes: others have their turn
        result = pow(result, 16, N) * powers[int(digit, 16)] % N
    return result


async def kept(pool_id: str, name: str, password: str, salt: bytes, srp_salt: bytes) -> Password:
    """What to keep of a password. The salts are SALT random bytes each, drawn by the caller."""
    digest = await hashed(password, salt)
    identity = f"{pool_id.partition('_')[2]}{name}:{password}".encode()
    inner = hashlib.sha256(identity).digest()
    x = int.from_bytes(hashlib.sha256(padded(int.from_bytes(srp_salt, "big")) + inner).digest(), "big")
    verifier = await power(G, x)
    return Password(salt, digest, COST, srp_salt, verifier.to_bytes(384, "big"))


async def matches(password: str, known: Password) -> bool:
    """Whether it is this password. Takes as long whatever the answer."""
    return hmac.compare_digest(await hashed(password, known.salt, known.cost), known.hash)
