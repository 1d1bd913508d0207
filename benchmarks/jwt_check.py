"""What a JWT authorizer costs per request with its issuer's keys in hand: `python -m benchmarks.jwt_check`. The aim is 60 µs for RS256.

In one process, without a server: nothing but `JwtAuthorizers.admit` is measured, the same token again and again, as clients send it.

Nearly all that ES256 takes is the arithmetic of its curve: where `openssl speed ecdsap256 rsa2048` verified 16,600 and 60,400 signatures a
second (60 and 17 µs), a check took 84 and 36 µs, of which `cryptography`'s own call was 62 and 20. The keys are read once, not per token.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from types import SimpleNamespace
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from atoll.api_runtime import serving
from atoll.api_runtime.authorize.jwt import JwtAuthorizers
from atoll.api_runtime.integrate.http_client import HttpClient
from atoll.api_runtime.visit import Visit
from atoll.kernel.clock import Clock
from atoll.kernel.connection import Outgoing
from atoll.kernel.http import HttpRequest

CALLS, ROUNDS = 2_000, 9
ISSUER = "https://issuer.example"
AUTHORIZER = serving.Authorizer(
    "a", "a", "JWT", identity=("$request.header.Authorization",), issuer=ISSUER, audience=("app",)
)


def visit_with(token: str, clock: Clock) -> Visit:
    """A request that carries the token."""
    request = HttpRequest("GET", "/", "", [("host", "x"), ("authorization", f"Bearer {token}")])
    settings, ctx = serving.Stage(), SimpleNamespace(clock=clock)
    members: dict[str, Any] = {
        "ctx": ctx, "request": request, "api_id": "a", "api": serving.Api("1", "r", {}), "stage": "$default",
        "settings": settings, "path": "/", "domain": "", "request_id": "", "extended_id": "", "trace_id": "", "time": 0.0,
        "began": 0.0,
    }  # fmt: skip
    return Visit(**members)


async def microseconds(algorithm: str, private: Any, public: str) -> float:
    """CPU time per request: the median of the rounds."""
    keys = json.dumps({"keys": [{**json.loads(public), "kid": "one"}]}).encode()

    async def resolver(_ctx: Any, _issuer: str) -> bytes:
        return keys

    clock = Clock()
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "app", "sub": "alice", "iat": now, "exp": now + 3600, "scope": "read write"}
    visit = visit_with(jwt.encode(claims, private, algorithm, {"kid": "one"}), clock)
    authorizers = JwtAuthorizers(clock, HttpClient(Outgoing()), resolver)
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CALLS):
            await authorizers.admit(visit, AUTHORIZER, ("read",))
        rounds.append((time.process_time() - began) / CALLS * 1e6)
    return statistics.median(rounds)


async def main() -> None:
    """Prints a line for each kind of key."""
    rsa_key = rsa.generate_private_key(65537, 2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    print(f"RS256: {await microseconds('RS256', rsa_key, RSAAlgorithm.to_jwk(rsa_key.public_key())):.1f} µs")
    print(f"ES256: {await microseconds('ES256', ec_key, ECAlgorithm.to_jwk(ec_key.public_key())):.1f} µs")


if __name__ == "__main__":
    asyncio.run(main())
