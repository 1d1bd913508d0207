"""What is kept of passwords: scrypt's hash, to compare, and SRP's verifier, for clients that never send them.

SRP 6a as Cognito's clients speak it: the 3072-bit group of RFC 5054, SHA-256, and `{pool id after "_"}{user name}:{password}` as the
identity.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac

from atoll.services.cognito_idp.store import Password

COST = 1 << 14
"""scrypt's N, with r = 8 and p = 1: 16 MB and some 50 ms, as OWASP's list has it with p = 5; a region is one person's."""
SALT = 16
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


def padded(number: int) -> bytes:
    """A number as SRP's clients hash it: big-endian, with a zero byte before where the first bit is set."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


async def power(base: int, exponent: int) -> int:
    """base ** exponent mod N, in steps that do not hold the loop: Python computes such a power with the GIL held for 5 ms."""
    step, result = 48, 1
    for at in range(-(-exponent.bit_length() // step) - 1, -1, -1):
        digits = (exponent >> (at * step)) & ((1 << step) - 1)
        result = pow(result, 1 << step, N) * pow(base, digits, N) % N
        await asyncio.sleep(0)  # noqa: TID251  no time passes: others have their turn
    return result


async def kept(pool_id: str, name: str, password: str, salt: bytes, srp_salt: bytes) -> Password:
    """What to keep of a password. The salts are SALT random bytes each, drawn by the caller."""
    digest = await _scrypt(password, salt, COST)
    identity = f"{pool_id.partition('_')[2]}{name}:{password}".encode()
    inner = hashlib.sha256(identity).digest()
    x = int.from_bytes(hashlib.sha256(padded(int.from_bytes(srp_salt, "big")) + inner).digest(), "big")
    verifier = await power(G, x)
    return Password(salt, digest, COST, srp_salt, verifier.to_bytes(384, "big"))


async def matches(password: str, known: Password) -> bool:
    """Whether it is this password. Takes as long whatever the answer."""
    return hmac.compare_digest(await _scrypt(password, known.salt, known.cost), known.hash)


async def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    data = password.encode(errors="surrogatepass")
    return await asyncio.to_thread(hashlib.scrypt, data, salt=salt, n=cost, r=8, p=1, maxmem=cost * 2048, dklen=32)
