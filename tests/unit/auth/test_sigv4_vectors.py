"""AWS's Signature Version 4 test suite, case by case. Data: tests/data/sigv4 (Apache-2.0; LICENSE and NOTICE beside it)."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from atoll.auth import sigv4
from atoll.auth.claims import check_scope_and_date
from atoll.kernel.http import HttpRequest

SUITE = Path(__file__).parents[2] / "data" / "sigv4"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = 1440938160.0  # 2015-08-30T12:36:00Z
CASES = sorted(path.parent for path in SUITE.rglob("*.req"))


def wire(case: Path) -> tuple[str, str, str, list[tuple[str, str]], str]:
    """The request of a case as a server sees it: method, raw path, query string, headers, body."""
    text = next(case.glob("*.sreq")).read_bytes().decode("latin-1").replace("\r\n", "\n")
    head, _, body = text.partition("\n\n")
    first, *lines = head.split("\n")
    method, target = first.removesuffix(" HTTP/1.1").split(" ", 1)
    path, _, query = target.partition("?")
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith(" "):  # a folded line continues the value before it
            name, value = headers.pop()
            headers.append((name, f"{value} {line}"))
        else:
            name, _, value = line.partition(":")
            headers.append((name.lower(), value))
    return method, path, query, headers, body


def expected(case: Path, suffix: str) -> str:
    return next(case.glob(f"*.{suffix}")).read_text("utf-8").replace("\r\n", "\n")


def test_the_whole_suite_is_here() -> None:
    assert len(CASES) == 34


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_vector(case: Path) -> None:
    method, path, query, headers, body = wire(case)
    authorization = sigv4.parse_authorization(expected(case, "authz").strip())
    body_hash = sha256(body.encode("latin-1")).hexdigest()
    fields = HttpRequest(method, path, query, headers, b"").fields
    request = sigv4.canonical_request(authorization, method, path, query, fields, body_hash)
    assert request.decode() == expected(case, "creq")
    timestamp = check_scope_and_date(authorization, fields, NOW, service="service", region="us-east-1")
    text = sigv4.string_to_sign(authorization, timestamp, request)
    assert text.decode() == expected(case, "sts")
    sigv4.verify_signature(
        authorization,
        secret=SECRET,
        method=method,
        raw_path=path,
        query_string=query,
        fields=fields,
        payload=body_hash,
        timestamp=timestamp,
        signing_keys=sigv4.SigningKeys(),
    )
