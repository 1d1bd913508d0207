"""Resources of REST APIs: the tree's rules, in AWS's words (test_apigateway_api.snapshot.json)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

BAD = "Invalid patch path  '{}' specified for op '{}'. "


class Tree:
    """An API's resources."""

    def __init__(self, rest: Any) -> None:
        self.rest = rest
        made = rest.create_rest_api(name="tree")
        self.api, self.root = made["id"], made["rootResourceId"]

    def add(self, part: str, parent: str | None = None) -> str:
        made = self.rest.create_resource(restApiId=self.api, parentId=parent or self.root, pathPart=part)
        return str(made["id"])

    def patch(self, resource: str, path: str, value: str = "", op: str = "replace") -> Any:
        change = {"op": op, "path": path, "value": value}
        return self.rest.update_resource(restApiId=self.api, resourceId=resource, patchOperations=[change])

    def paths(self) -> list[str]:
        return sorted(one["path"] for one in self.rest.get_resources(restApiId=self.api)["items"])


@pytest.fixture
def tree(client: Callable[..., Any]) -> Tree:
    """A new API."""
    return Tree(client("apigateway"))


def test_resources_are_added_renamed_and_deleted_with_what_is_below(tree: Tree) -> None:
    assert tree.rest.get_resources(restApiId=tree.api)["items"] == [{"id": tree.root, "path": "/"}]
    pets = tree.add("pets")
    sub = tree.rest.create_resource(restApiId=tree.api, parentId=pets, pathPart="subpets")
    sub.pop("ResponseMetadata")
    assert sub == {"id": sub["id"], "parentId": pets, "path": "/pets/subpets", "pathPart": "subpets"}
    renamed = tree.patch(pets, "/pathPart", "dogs")
    renamed.pop("ResponseMetadata")
    assert renamed == {"id": pets, "parentId": tree.root, "path": "/dogs", "pathPart": "dogs"}
    assert tree.paths() == ["/", "/dogs", "/dogs/subpets"]
    answer = tree.rest.delete_resource(restApiId=tree.api, resourceId=pets)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert tree.paths() == ["/"]


def test_what_updates_of_resources_are_refused(tree: Tree, aws_error: Any) -> None:
    pets = tree.add("pets")
    sub = tree.add("subpets", pets)
    child = tree.add("pets", sub)
    for call, want in (
        (
            lambda: tree.patch("unknown", "/pathPart", "x"),
            ("NotFoundException", "Invalid Resource identifier specified"),
        ),
        (
            lambda: tree.patch(pets, "/invalid", "x"),
            BAD.format("/invalid", "replace") + "Must be one of: [/parentId, /pathPart]",
        ),
        (
            lambda: tree.patch(pets, "/parentId", "nobody"),
            ("NotFoundException", "Invalid Resource identifier specified"),
        ),
        (
            lambda: tree.patch(child, "/parentId", tree.root),
            ("ConflictException", "Another resource with the same parent already has this name: pets"),
        ),
        (lambda: tree.patch(pets, "/parentId", sub), "Resources cannot be cyclical."),
        (
            lambda: tree.patch(pets, "/pathPart", op="remove"),
            BAD.format("/pathPart", "remove") + "Please choose supported operations",
        ),
        (
            lambda: tree.patch(pets, "/pathPart", "x", "add"),
            BAD.format("/pathPart", "add") + "Please choose supported operations",
        ),
    ):
        code, message = want if isinstance(want, tuple) else ("BadRequestException", want)
        assert aws_error(call)[:2] == (code, message)
    moved = tree.patch(sub, "/parentId", tree.root)
    assert (moved["path"], moved["parentId"]) == ("/subpets", tree.root)
    assert tree.paths() == ["/", "/pets", "/subpets", "/subpets/pets"]
    assert aws_error(lambda: tree.patch(sub, "/pathPart", "pets"))[0] == "ConflictException"


def test_names_of_resources(tree: Tree, aws_error: Any) -> None:
    same = "Another resource with the same parent already has this name: a"
    tree.add("a")
    assert aws_error(lambda: tree.add("a")) == ("ConflictException", same, 409)
    variable = tree.add("{id}")
    taken = "A sibling ({id}) of this resource already has a variable path part -- only one is allowed"
    assert aws_error(lambda: tree.add("{other}")) == ("BadRequestException", taken, 400)
    assert aws_error(lambda: tree.add("{proxy+}"))[1] == taken
    greedy = tree.add("{proxy+}", variable)
    below = "Cannot create a child of a resource with a greedy path variable: {proxy+}"
    assert aws_error(lambda: tree.add("x", greedy)) == ("BadRequestException", below, 400)
    for wrong in ("a/b", "a b", "{", "{}", "a{b}", "{a}b", "é", "{+}", "a?"):
        code, message, _ = aws_error(lambda: tree.add(wrong))  # noqa: B023
        assert (code, message.split(" only allow")[0]) == ("BadRequestException", "Resource's path part"), wrong
    for right in ("a.b", "a-b_c", "a:b", "$metadata"):
        tree.add(right)


def test_the_root_stays(tree: Tree, aws_error: Any) -> None:
    assert aws_error(lambda: tree.rest.delete_resource(restApiId=tree.api, resourceId=tree.root))[2] == 400
    assert aws_error(lambda: tree.patch(tree.root, "/pathPart", "x"))[2] == 400


def test_pages_of_resources_and_their_methods(tree: Tree) -> None:
    ids = {tree.root, *(tree.add(f"r{number}") for number in range(30))}
    tree.rest.put_method(restApiId=tree.api, resourceId=tree.root, httpMethod="GET", authorizationType="AWS_IAM")
    pager = tree.rest.get_paginator("get_resources")
    pages = list(pager.paginate(restApiId=tree.api, PaginationConfig={"PageSize": 7}))
    assert [len(page["items"]) for page in pages] == [7, 7, 7, 7, 3]
    found = [one for page in pages for one in page["items"]]
    assert {one["id"] for one in found} == ids
    assert [one["resourceMethods"] for one in found if one["path"] == "/"] == [{"GET": {}}]
    embedded = tree.rest.get_resource(restApiId=tree.api, resourceId=tree.root, embed=["methods"])
    assert embedded["resourceMethods"] == {
        "GET": {"apiKeyRequired": False, "authorizationType": "AWS_IAM", "httpMethod": "GET"}
    }
