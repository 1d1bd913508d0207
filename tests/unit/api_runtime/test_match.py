"""Routes are chosen in AWS's order, however many there are."""

from __future__ import annotations

import re
import time
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.api_runtime.match import Router


def router(*keys: str) -> Router[str]:
    return Router((key, key) for key in keys)


DOCUMENTED = router("GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default")
"""The example of "Routing API requests" in the developer guide."""


@pytest.mark.parametrize(
    ("method", "path", "route", "parameters"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("POST", "/pets/dog/1", "ANY /{proxy+}", {"proxy": "pets/dog/1"}),
    ],
)
def test_the_documented_example(method: str, path: str, route: str, parameters: dict[str, str]) -> None:
    assert DOCUMENTED.match(method, path) == (route, parameters)


@pytest.mark.parametrize(
    ("keys", "method", "path", "expected"),
    [
        # a named method before ANY; neither stands for the other
        (("ANY /a", "GET /a"), "GET", "/a", ("GET /a", {})),
        (("ANY /a", "GET /a"), "HEAD", "/a", ("ANY /a", {})),
        (("GET /a",), "HEAD", "/a", None),
        (("GET /a",), "OPTIONS", "/a", None),
        # a literal before a variable, at each segment
        (("GET /{x}/b", "GET /a/{y}"), "GET", "/a/b", ("GET /a/{y}", {"y": "b"})),
        (("GET /{x}/c", "GET /a/{y}"), "GET", "/z/c", ("GET /{x}/c", {"x": "z"})),
        # the literal that leads nowhere is left again
        (("GET /a/x/1", "GET /{v}/x/2"), "GET", "/a/x/2", ("GET /{v}/x/2", {"v": "a"})),
        (("GET /a", "POST /{v}"), "POST", "/a", ("POST /{v}", {"v": "a"})),
        # a full match before a greedy one, even where the greedy one has more literals
        (("GET /a/{p+}", "GET /{x}/{y}"), "GET", "/a/b", ("GET /{x}/{y}", {"x": "a", "y": "b"})),
        (("GET /{p+}", "GET /a/{q+}"), "GET", "/a/b/c", ("GET /a/{q+}", {"q": "b/c"})),
        (("GET /{x}/y/{p+}",), "GET", "/1/y/2/3", ("GET /{x}/y/{p+}", {"x": "1", "p": "2/3"})),
        # trailing slashes are not the same path; a greedy variable takes the empty rest
        (("GET /a",), "GET", "/a/", None),
        (("GET /a/{p+}",), "GET", "/a/", ("GET /a/{p+}", {"p": ""})),
        (("GET /a/{p+}",), "GET", "/a", None),
        (("ANY /{p+}",), "GET", "/", ("ANY /{p+}", {"p": ""})),
        (("GET /{x}",), "GET", "/", None),
        (("GET /", "GET /{p+}"), "GET", "/", ("GET /", {})),
        (("GET /a",), "GET", "//a", None),
        # split first, decoded afterwards
        (("GET /{x}",), "GET", "/a%2Fb", ("GET /{x}", {"x": "a/b"})),
        (("GET /{x}/{y}", "GET /{x}"), "GET", "/a%2Fb", ("GET /{x}", {"x": "a/b"})),
        (("GET /{x}",), "GET", "/a+b%20c", ("GET /{x}", {"x": "a+b c"})),
        (("GET /caf\xe9",), "GET", "/caf%C3%A9", ("GET /caf\xe9", {})),
        (("GET /{x}",), "GET", "/100%", ("GET /{x}", {"x": "100%"})),
        # $default takes what is left, without parameters
        (("GET /a", "$default"), "DELETE", "/a", ("$default", {})),
        (("$default",), "GET", "/", ("$default", {})),
        ((), "GET", "/", None),
    ],
)
def test_priorities(keys: tuple[str, ...], method: str, path: str, expected: tuple[str, dict[str, str]] | None) -> None:
    assert router(*keys).match(method, path) == expected


def reference(keys: list[str], method: str, path: str) -> str | None:
    """The same rules said differently: all routes that match, sorted by how specific they are."""
    segments = path.split("/")[1:]
    found = []
    for position, key in enumerate(keys):
        if key == "$default":
            continue
        wanted, pattern = key.split(" ", 1)
        if wanted not in (method, "ANY"):
            continue
        parts = pattern.split("/")[1:]
        greedy = parts[-1].endswith("+}")
        regex = "".join(
            "/" + ("(?:.*)" if part.endswith("+}") else "[^/]+" if part.startswith("{") else re.escape(part))
            for part in parts
        )
        if not re.fullmatch(regex, path, re.DOTALL):
            continue
        kinds = [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in parts]
        padded = kinds + [3] * (len(segments) - len(kinds))
        found.append((greedy, padded, wanted == "ANY", position, key))
    if found:
        return min(found)[-1]
    return "$default" if "$default" in keys else None


SEGMENT = st.sampled_from(["a", "b", "c", "{v}", ""])
PATHS = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), min_size=1, max_size=4).map(lambda p: "/" + "/".join(p))


@st.composite
def route_keys(draw: st.DrawFn) -> str:
    if draw(st.integers(0, 9)) == 0:
        return "$default"
    segments = draw(st.lists(st.sampled_from(["a", "b", "c", "{v}"]), max_size=3))
    parts = [f"{{v{i}}}" if part == "{v}" else part for i, part in enumerate(segments)]
    if draw(st.booleans()):
        parts.append("{rest+}")
    return f"{draw(st.sampled_from(['GET', 'POST', 'ANY']))} /{'/'.join(parts)}"


@given(st.lists(route_keys(), unique=True, max_size=12), st.sampled_from(["GET", "POST", "PUT"]), PATHS)
def test_agrees_with_the_reference(keys: list[str], method: str, path: str) -> None:
    found = router(*keys).match(method, path)
    assert (found.route if found else None) == reference(keys, method, path)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_any_path_finds_its_way_or_none(path: str) -> None:
    match = router("GET /{a}/{b}", "ANY /x/{rest+}").match("GET", "/" + path)
    if match and match.route == "GET /{a}/{b}":
        first, second = path.split("/")
        assert match.parameters == {"a": unquote(first), "b": unquote(second)}


def test_a_thousand_routes_are_as_fast_as_ten() -> None:
    few, many = (router(*(f"GET /service{i}/{{id}}/items/{{item}}" for i in range(count))) for count in (10, 1000))
    of_few, of_many = _timed(few, 10), _timed(many, 1000)
    for _ in range(300):  # the fastest of many rounds: who else uses the machine only makes single ones slower
        of_few, of_many = min(of_few, _timed(few, 10)), min(of_many, _timed(many, 1000))
        if of_many < 3 * of_few:
            return
    pytest.fail(f"{of_many / of_few:.1f} times as long")


def _timed(matcher: Router[str], count: int) -> float:
    started = time.thread_time()
    for i in range(200):
        assert matcher.match("GET", f"/service{i % count}/7/items/8")
    return time.thread_time() - started
