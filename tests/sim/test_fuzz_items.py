"""Random writes of items against a model of a table: what a region answers, refuses and keeps is what the model says.

ATOLL_FUZZ_ITEMS asks for another number of histories; `make soak` runs more.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sim import item_model
from tests.sim.item_model import Item, Refused, item_of

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.expressions.bindings import Bindings
from atoll.services.dynamodb.expressions.update import updated
from atoll.services.dynamodb.items.item_rules import check_item, check_updated_keys
from atoll.services.dynamodb.items.update_item import check_targets
from atoll.services.dynamodb.store import Attribute, Index, Table

if TYPE_CHECKING:
    from tests.conftest import Region

HISTORIES = int(os.environ.get("ATOLL_FUZZ_ITEMS", "25"))
SOAK = int(os.environ.get("ATOLL_FUZZ_ITEMS", "3000"))
TABLE: dict[str, Any] = {
    "TableName": "fuzz",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "N"},
        {"AttributeName": item_model.INDEX_KEY, "AttributeType": "S"},
    ],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-gg",
            "KeySchema": [{"AttributeName": item_model.INDEX_KEY, "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["nn"]},
        }
    ],
}

NUMBERS = st.sampled_from(
    [
        "0",
        "-0.0",
        "1",
        "2",
        "-1",
        "1.50",
        "1E2",
        "99999999999999999999999999999999999999",
        "9.9E125",
        "1E-130",
        "-1.1E-130",
    ]
)
SCALARS = st.one_of(
    st.sampled_from(["", "a", "b", "ünï😀"]).map(lambda text: {"S": text}),
    NUMBERS.map(lambda number: {"N": number}),
    st.binary(max_size=2).map(lambda data: {"B": data}),
    st.booleans().map(lambda flag: {"BOOL": flag}),
    st.just({"NULL": True}),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).map(lambda members: {"SS": members}),
    st.lists(st.sampled_from(["1", "2.0", "3"]), min_size=1, max_size=3, unique=True).map(
        lambda members: {"NS": members}
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda members: {"L": members}),
        st.dictionaries(st.sampled_from("xy"), inner, max_size=2).map(lambda entries: {"M": entries}),
    ),
    max_leaves=6,
)
BROKEN = st.sampled_from(
    [{}, {"N": "x"}, {"N": ""}, {"N": "1E126"}, {"N": "1" * 39}, {"SS": []}, {"SS": ["a", "a"]}, {"NS": ["1", "1.0"]}, {"BS": []},
     {"S": "a", "N": "1"}, {"L": [{}]}, {"M": {"a": {"NULL": False}}}, {"S": "x" * 410_000}]
)  # fmt: skip
TOP = ("aa", "mm", "ll", "nn", "ss", "gg")
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "aa": VALUES,
        "mm": st.dictionaries(st.sampled_from("xy"), VALUES, max_size=2).map(lambda entries: {"M": entries}),
        "ll": st.lists(VALUES, max_size=4).map(lambda members: {"L": members}),
        "nn": NUMBERS.map(lambda number: {"N": number}),
        "ss": st.just({"SS": ["a", "b"]}),
        "gg": st.sampled_from(["p", "q"]).map(lambda text: {"S": text}),
    },
)
PATHS = st.one_of(
    st.sampled_from(TOP).map(lambda name: (name,)),
    st.sampled_from(
        [
            ("mm", "x"),
            ("mm", "y"),
            ("ll", 0),
            ("ll", 1),
            ("ll", 3),
            ("ll", 9),
            ("aa", "x"),
            ("aa", 0),
            ("mm", "x", 0),
            ("ll", 1, "x"),
        ]
    ),
)
ODD_PATHS = st.sampled_from([("id",), ("sk",), ("id", "x"), ("gg", 0)])
OPERANDS = st.recursive(
    st.one_of(VALUES.map(lambda value: ("value", value)), PATHS.map(lambda path: ("path", path))),
    lambda inner: st.tuples(st.just("else"), PATHS, inner),
    max_leaves=3,
)
SET_VALUES = st.one_of(
    OPERANDS, st.tuples(st.sampled_from("+-"), OPERANDS, OPERANDS), st.tuples(st.just("append"), OPERANDS, OPERANDS)
)
ADDENDS = st.one_of(
    NUMBERS.map(lambda number: ("value", {"N": number})),
    st.sampled_from([{"SS": ["b", "c"]}, {"NS": ["2", "3"]}]).map(lambda members: ("value", members)),
    VALUES.map(lambda value: ("value", value)),
)
TARGETS = st.one_of(PATHS, PATHS, PATHS, PATHS, ODD_PATHS)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("SET"), TARGETS, SET_VALUES),
        st.tuples(st.just("SET"), TARGETS, SET_VALUES),
        st.tuples(st.just("REMOVE"), TARGETS, st.none()),
        st.tuples(st.just("ADD"), TARGETS, ADDENDS),
        st.tuples(st.just("DELETE"), TARGETS, ADDENDS),
    ),
    max_size=4,
    unique_by=lambda action: action[1],
)
CONDITIONS = st.sampled_from([None, None, None, "attribute_exists(id)", "attribute_not_exists(nn)"])
KEYS = st.tuples(st.sampled_from("ab"), st.sampled_from(["0", "1.0"]))
PIECES = st.tuples(st.integers(0, 200), st.sampled_from(["", "(", ",", " SET ", "=", "#", "."]))
MANY = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, ITEMS, CONDITIONS),
        st.tuples(st.just("delete"), KEYS, st.none(), CONDITIONS),
        st.tuples(st.just("update"), KEYS, ACTIONS.filter(bool), CONDITIONS),
        st.tuples(st.just("check"), KEYS, st.none(), CONDITIONS.filter(bool)),
    ),
    min_size=1,
    max_size=4,
)
"""Writes for one transaction, or (puts and deletes, whatever their conditions) for one batch; now and then two of one item."""
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS, ITEMS, CONDITIONS),
    st.tuples(st.just("put broken"), KEYS, BROKEN, st.none()),
    st.tuples(st.just("delete"), KEYS, st.none(), CONDITIONS),
    *[st.tuples(st.just("update"), KEYS, ACTIONS, CONDITIONS)] * 4,
    st.tuples(st.just("update broken"), KEYS, BROKEN, st.none()),
    st.tuples(st.just("update garbled"), KEYS, ACTIONS, PIECES),
    st.tuples(st.just("transaction"), st.none(), MANY, st.none()),
    st.tuples(st.just("batch"), st.none(), MANY, st.none() | BROKEN),
)  # fmt: skip


def expression(actions: list[Any]) -> tuple[str, dict[str, Any]]:
    """The actions as an UpdateExpression and its values."""
    values: dict[str, Any] = {}

    def path_text(path: Any) -> str:
        return path[0] + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[1:])

    def text(operand: Any) -> str:
        form, *parts = operand
        if form == "value":
            values[f":v{len(values)}"] = parts[0]
            return f":v{len(values) - 1}"
        if form == "path":
            return path_text(parts[0])
        if form == "else":
            return f"if_not_exists({path_text(parts[0])}, {text(parts[1])})"
        if form == "append":
            return f"list_append({text(parts[0])}, {text(parts[1])})"
        return f"{text(parts[0])} {form} {text(parts[1])}"

    sections: dict[str, list[str]] = {}
    for verb, path, operand in actions:
        place = path_text(path)
        if verb == "SET":
            place += f" = {text(operand)}"
        elif operand is not None:
            place += f" {text(operand)}"
        sections.setdefault(verb, []).append(place)
    return " ".join(f"{verb} {', '.join(places)}" for verb, places in sections.items()), values


class History:
    """Steps taken on items of their own, in the region and in the model."""

    def __init__(self, client: Any, number: int) -> None:
        self.client = client
        self.number = number
        self.model: dict[Any, Item] = {}

    def take(self, kind: str, key: Any, what: Any, condition: Any) -> None:
        if kind in ("transaction", "batch"):
            self._many(kind, what, condition)
            return
        wire_key = self._wire_key(key)
        old = self.model.get(key)
        if kind in ("put broken", "update broken"):
            call = self._broken(kind, wire_key, what)
            with pytest.raises(ClientError) as caught:
                call()
            assert caught.value.response["Error"]["Code"] == "ValidationException"
        elif kind == "update garbled":
            self._garbled(key, wire_key, what, condition)
        else:
            self._write(kind, key, what, condition)
        self._check(key, wire_key)
        if kind not in ("put", "update", "delete", "update garbled"):
            assert self.model.get(key) == old

    def _wire_key(self, key: Any) -> dict[str, Any]:
        return {"id": {"S": f"{self.number}-{key[0]}"}, "sk": {"N": key[1]}}

    def _many(self, kind: str, writes: list[Any], broken: Any) -> None:
        """All of them, or none: also where it is the last of a batch that is broken, or two are about one item."""
        if kind == "batch":
            writes = [write for write in writes if write[0] in ("put", "delete")] or [
                ("delete", ("a", "0"), None, None)
            ]
        refused = len({key for _, key, _, _ in writes}) < len(writes) or broken is not None
        after = dict(self.model)
        parts: list[dict[str, Any]] = []
        for verb, key, what, condition in writes:
            request, new, holds, refusal = self._expected(verb, key, what, condition if kind == "transaction" else None)
            refused = refused or bool(refusal) or not holds
            if verb != "check":
                after[key] = new
            parts.append({"ConditionCheck" if verb == "check" else verb.capitalize(): {"TableName": "fuzz", **request}})
        if kind == "transaction":
            call = lambda: self.client.transact_write_items(TransactItems=parts)  # noqa: E731
        else:
            requests = [{f"{verb}Request": self._bare(part)} for one in parts for verb, part in one.items()]
            if broken is not None:
                requests.append({"PutRequest": {"Item": {**self._wire_key(("c", "0")), "aa": broken}}})
            call = lambda: self.client.batch_write_item(RequestItems={"fuzz": requests})  # noqa: E731
        code = ""
        try:
            call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
        if refused:
            assert code in ("ValidationException", "TransactionCanceledException"), parts
        else:
            assert not code, parts
            self.model = {key: item for key, item in after.items() if item is not None}
        for _, key, _, _ in writes:
            self._check(key, self._wire_key(key))

    @staticmethod
    def _bare(part: dict[str, Any]) -> dict[str, Any]:
        return {name: part[name] for name in ("Item", "Key") if name in part}

    def _write(self, kind: str, key: Any, what: Any, condition: str | None) -> None:
        request, new, holds, refusal = self._expected(kind, key, what, condition)
        request |= {"TableName": "fuzz", "ReturnValues": "ALL_OLD"}
        self._expect(kind, request, key, new, holds, refusal)

    def _expected(
        self, kind: str, key: Any, what: Any, condition: str | None
    ) -> tuple[dict[str, Any], Item | None, bool, tuple[str, ...]]:
        """The request of a write, the item that it leaves, whether its condition holds, and as what it may be refused if not at all."""
        wire_key, old = self._wire_key(key), self.model.get(key)
        request: dict[str, Any] = {} if condition is None else {"ConditionExpression": condition}
        holds = {
            None: True, "attribute_exists(id)": old is not None, "attribute_not_exists(nn)": "nn" not in (old or {}),
        }[condition]  # fmt: skip
        refusal: tuple[str, ...] = ()
        new: Item | None = None
        if kind == "put":
            request["Item"] = {**wire_key, **what}
            new = item_of(request["Item"])
        else:
            request["Key"] = wire_key
        if kind == "update":
            if what:
                request["UpdateExpression"], values = expression(what)
                if values:
                    request["ExpressionAttributeValues"] = values
            try:
                new = item_model.updated(old, item_of(wire_key), what)
            except Refused as error:
                refusal = error.parts
        return request, new, holds, refusal

    def _expect(
        self, kind: str, request: dict[str, Any], key: Any, new: Item | None, holds: bool, refusal: tuple[str, ...]
    ) -> None:
        old = self.model.get(key)
        try:
            answer = getattr(self.client, f"{kind}_item")(**request)
        except ClientError as error:
            said = error.response["Error"]
            if said["Code"] == "ConditionalCheckFailedException":
                assert not holds, request
            else:
                assert said["Code"] == "ValidationException", (said, request)
                assert any(part in said["Message"] for part in refusal), (said, refusal, request)
            return
        assert holds and not refusal, (refusal, request)  # noqa: PT018
        assert (item_of(answer["Attributes"]) if "Attributes" in answer else None) == old
        if new is None:
            self.model.pop(key, None)
        else:
            self.model[key] = new

    def _broken(self, kind: str, wire_key: dict[str, Any], value: dict[str, Any]) -> Callable[[], Any]:
        if kind == "put broken":
            return lambda: self.client.put_item(TableName="fuzz", Item={**wire_key, "aa": value})
        values = {"ExpressionAttributeValues": {":v": value}}
        return lambda: self.client.update_item(TableName="fuzz", Key=wire_key, UpdateExpression="SET aa = :v", **values)

    def _garbled(self, key: Any, wire_key: dict[str, Any], actions: Any, how: tuple[int, str]) -> None:
        """An expression with a piece too many or too few: refused, or another expression, whose outcome is taken as it is."""
        text, values = expression(actions or [("REMOVE", ("aa",), None)])
        at, piece = how[0] % len(text), how[1]
        request = {
            "TableName": "fuzz",
            "Key": wire_key,
            "UpdateExpression": text[:at] + piece + text[at + (not piece) :],
        }
        with contextlib.suppress(ClientError):
            self.client.update_item(**request, **({"ExpressionAttributeValues": values} if values else {}))
        answer = self.client.get_item(TableName="fuzz", Key=wire_key)
        self.model.pop(key, None)
        if "Item" in answer:
            self.model[key] = item_of(answer["Item"])
            assert item_of(wire_key).items() <= self.model[key].items()

    def _check(self, key: Any, wire_key: dict[str, Any]) -> None:
        answer = self.client.get_item(TableName="fuzz", Key=wire_key)
        assert (item_of(answer["Item"]) if "Item" in answer else None) == self.model.get(key)

    def query(self) -> None:
        """Both partitions, whole and filtered, forward and backward, item by item."""
        for partition in "ab":
            there = [
                self.model[key] for key in sorted(self.model, key=lambda key: float(key[1])) if key[0] == partition
            ]
            filters: list[tuple[dict[str, Any], Callable[[Item], bool]]] = [
                ({}, lambda _: True),
                ({"FilterExpression": "attribute_exists(nn)"}, lambda item: "nn" in item),
                ({"FilterExpression": "NOT attribute_type(aa, :aa)"}, lambda item: item.get("aa", " ")[0] != "S"),
            ]
            for filtered, wanted in filters:
                values = {":id": {"S": f"{self.number}-{partition}"}}
                if ":aa" in filtered.get("FilterExpression", ""):
                    values[":aa"] = {"S": "S"}
                for forward in (True, False):
                    pages = self.client.get_paginator("query").paginate(
                        TableName="fuzz", KeyConditionExpression="id = :id", ExpressionAttributeValues=values,
                        ScanIndexForward=forward, PaginationConfig={"PageSize": 1}, **filtered,
                    )  # fmt: skip
                    found = [item_of(item) for page in pages for item in page["Items"]]
                    assert found == [item for item in there[:: 1 if forward else -1] if wanted(item)]


ID, SORT, INDEX_KEY = Attribute("id", "S"), Attribute("sk", "N"), Attribute(item_model.INDEX_KEY, "S")
SCHEMA = Table("fuzz", "", "", 0.0, (), ID, SORT, (Index("by-gg", "", False, (INDEX_KEY,), (), "ALL"),))


@settings(max_examples=150, deadline=None)
@given(st.none() | ITEMS, ACTIONS.filter(bool))
def test_updates_make_what_the_model_makes(rest: dict[str, Any] | None, actions: list[Any]) -> None:
    """The same as over the wire, but a hundred times as fast: what an update makes of an item, and which are refused."""
    key = {"id": {"S": "1"}, "sk": {"N": "1"}}
    old = {**key, **(rest or {})}
    refusal: tuple[str, ...] = ()
    wanted: Item | None = None
    try:
        wanted = item_model.updated(None if rest is None else item_of(old), item_of(key), actions)
    except Refused as error:
        refusal = error.parts
    text, values = expression(actions)
    said, new = "", None
    try:
        bound = Bindings({"ExpressionAttributeValues": values or None}).update(text)
        check_targets(SCHEMA, bound)
        new = updated(check_item(old)[0], bound)
        check_updated_keys(SCHEMA, new)
    except ValidationFailed as error:
        said = error.message
    only_takes = rest is None and all(
        verb in ("REMOVE", "DELETE") for verb, _, _ in actions
    )  # then there is no item to change
    if said:
        assert any(part in said for part in refusal) or only_takes, (said, refusal, text, values)
    else:
        assert not refusal, (refusal, text, values)
        assert only_takes or item_of(new or {}) == wanted, (text, values, old)


def run(region: Region, account: str, histories: int) -> None:
    client = region.client("dynamodb", account)
    client.create_table(**TABLE)
    numbers = iter(range(10**9))
    kept: dict[Any, Item] = {}

    @settings(max_examples=histories, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, min_size=3, max_size=25))
    def one(steps: list[Any]) -> None:
        history = History(client, next(numbers))
        for step in steps:
            history.take(*step)
        history.query()
        kept.update({(item["id"], item["sk"]): item for item in history.model.values()})

    one()
    table = client.describe_table(TableName="fuzz")["Table"]
    assert table["ItemCount"] == len(kept)
    assert table["GlobalSecondaryIndexes"][0]["ItemCount"] == sum("gg" in item for item in kept.values())
    assert scanned(client) == kept
    projection = (*item_model.KEYS, item_model.INDEX_KEY, "nn")
    entries = {
        key: {name: item[name] for name in projection if name in item} for key, item in kept.items() if "gg" in item
    }
    assert scanned(client, IndexName="by-gg") == entries
    assert scanned(client, IndexName="by-gg", FilterExpression="nn > :one OR size(gg) = :one", **ONE) == entries
    assert scanned(client, FilterExpression="attribute_exists(nn) AND nn <= :one", **ONE) == {
        key: item for key, item in kept.items() if item.get("nn", ("NULL", True))[0] == "N" and item["nn"][1] <= 1
    }


ONE: dict[str, Any] = {"ExpressionAttributeValues": {":one": {"N": "1"}}}


def scanned(client: Any, **request: Any) -> dict[Any, Item]:
    """What a Scan finds, in several pages."""
    pages = client.get_paginator("scan").paginate(TableName="fuzz", **request, PaginationConfig={"PageSize": 100})
    found = [item_of(item) for page in pages for item in page["Items"]]
    by_key = {(item["id"], item["sk"]): item for item in found}
    assert len(by_key) == len(found)
    return by_key


def test_writes_do_what_the_model_says(region: Region, account: str) -> None:
    run(region, account, HISTORIES)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_writes_do_what_the_model_says(own: Region, account: str) -> None:
    run(own, account, SOAK)
