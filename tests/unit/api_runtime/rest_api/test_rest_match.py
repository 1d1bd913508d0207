"""REST APIs' order of routes, and that their number does not matter."""

from __future__ import annotations

import time

import pytest
from calls import resource

from atoll.api_runtime.rest_api.match import Router


def found(router: Router, method: str, path: str) -> tuple[str, str, dict[str, str]] | None:
    match = router.match(method, path)
    return match and (match.resource.path, match.method.name, match.parameters)


ROUTER = Router(
    [
        resource("/", "GET"),
        resource("/pets", "POST", "GET"),
        resource("/pets/me", "ANY", "DELETE"),
        resource("/pets/{id}", "GET"),
        resource("/pets/{id}/toys/{toy}", "GET"),
        resource("/files/{path+}", "ANY"),
        resource("/files/{path+}", "ANY"),
        resource("/{proxy+}", "OPTIONS"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", ("/", "GET", {})),
        ("GET", "", ("/", "GET", {})),
        ("GET", "/pets/", ("/pets", "GET", {})),
        ("GET", "/pets/me", ("/pets/me", "ANY", {})),
        ("DELETE", "/pets/me", ("/pets/me", "DELETE", {})),
        ("GET", "/pets/7", ("/pets/{id}", "GET", {"id": "7"})),
        ("GET", "/pets/a%2Fb+c%20d", ("/pets/{id}", "GET", {"id": "a%2Fb+c%20d"})),
        ("GET", "/p%65ts/7/", ("/pets/{id}", "GET", {"id": "7"})),
        ("GET", "/pets/7/toys/8", ("/pets/{id}/toys/{toy}", "GET", {"id": "7", "toy": "8"})),
        ("PUT", "/files/a/b%20c/", ("/files/{path+}", "ANY", {"path": "a/b%20c"})),
        ("OPTIONS", "/pets", ("/{proxy+}", "OPTIONS", {"proxy": "pets"})),
        ("OPTIONS", "/pets/me/x", ("/{proxy+}", "OPTIONS", {"proxy": "pets/me/x"})),
        ("PUT", "/pets/7", None),
        ("GET", "/files", None),
        ("GET", "/pets//toys/8", None),
    ],
)
def test_a_literal_goes_before_a_variable_and_that_before_a_greedy_one(
    method: str, path: str, expected: tuple[str, str, dict[str, str]] | None
) -> None:
    assert found(ROUTER, method, path) == expected


def test_segment_by_segment_unlike_http_apis() -> None:
    router = Router([resource("/a/{rest+}", "GET"), resource("/{x}/b", "GET")])
    assert found(router, "GET", "/a/b") == ("/a/{rest+}", "GET", {"rest": "b"})


def test_a_thousand_resources_route_as_fast_as_ten() -> None:
    def ready(count: int) -> tuple[Router, str]:
        return Router([resource(f"/r{n}/{{id}}", "GET") for n in range(count)]), f"/r{count - 1}/7"

    def seconds(router: Router, path: str) -> float:
        began = time.thread_time()
        for _ in range(1000):
            router.match("GET", path)
        return time.thread_time() - began

    few, many = ready(10), ready(1000)
    of_few, of_many = seconds(*few), seconds(*many)
    for _ in range(300):  # the fastest of many rounds: who else uses the machine only makes single ones slower
        of_few, of_many = min(of_few, seconds(*few)), min(of_many, seconds(*many))
        if of_many < 1.5 * of_few:
            return
    pytest.fail(f"{of_many / of_few:.1f} times as long")


def test_paths_of_many_segments_are_no_burden() -> None:
    assert ROUTER.match("GET", "/pets" * 10_000) is None
