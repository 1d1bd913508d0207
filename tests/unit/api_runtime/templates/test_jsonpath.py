"""JSONPath as Jayway's library reads it."""

from __future__ import annotations

from typing import Any

import pytest

from atoll.api_runtime.templates.budget import Budget, TemplateError
from atoll.api_runtime.templates.jsonpath import MISSING, compile_path

STORE: dict[str, Any] = {
    "store": {
        "book": [
            {"title": "A", "price": 8.95, "category": "reference"},
            {"title": "B", "price": 12.99, "category": "fiction", "isbn": "1"},
            {"title": "C", "price": 8, "category": "fiction", "isbn": None},
        ],
        "a key": {"x.y": 1},
    },
    "max": 10,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", STORE),
        ("$.max", 10),
        ("max", 10),
        ("$.store.book[0].title", "A"),
        ("$['store']['a key'][\"x.y\"]", 1),
        ("$.store.book[-1].title", "C"),
        ("$.store.book[9]", MISSING),
        ("$.nothing.more", MISSING),
        ("$.store.book[*].title", ["A", "B", "C"]),
        ("$.store.book[0,2].title", ["A", "C"]),
        ("$.store.book[0:2].title", ["A", "B"]),
        ("$.store.book[-2:].title", ["B", "C"]),
        ("$.store.book[0]['title','price']", ["A", 8.95]),
        ("$..title", ["A", "B", "C"]),
        ("$..book[0].title", ["A"]),
        ("$.nothing[*]", []),
        ("$.store.book.length()", 3),
        ("$.store.book[?(@.price < 10)].title", ["A", "C"]),
        ("$.store.book[?(@.isbn)].title", ["B", "C"]),
        ("$.store.book[?(!@.isbn)].title", ["A"]),
        ("$.store.book[?(@.category == 'fiction' && @.price > 10)].title", ["B"]),
        ("$.store.book[?(@.title == 'A' || @['title'] == 'C')].title", ["A", "C"]),
        ("$.store.book[?(@.title in ['A', 'B'])].title", ["A", "B"]),
        ("$.store.book[?(@.category =~ /FIC.*/i)].title", ["B", "C"]),
        ("$.store.book[?(@.isbn == null)].title", ["C"]),
    ],
)
def test_paths(path: str, found: Any) -> None:
    assert compile_path(path).read(STORE, Budget()) == found


@pytest.mark.parametrize(
    "path",
    [
        "$.",
        "$[",
        "$[abc]",
        "$.a[?(",
        "$.a[?(@.b ==)]",
        "$.a b",
        "$[::0]",
        "$.a..",
        "$()",
        "$.a[?((((@.b]",
        "$.a[?(@.b < $.c)]",
    ],
)
def test_bad_paths(path: str) -> None:
    with pytest.raises(TemplateError):
        compile_path(path)
