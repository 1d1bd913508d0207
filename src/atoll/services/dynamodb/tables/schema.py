"""Key schemas and indexes as CreateTable and UpdateTable give them: AWS's checks, in its order, and the records they lead to.

Docs: API_CreateTable, API_KeySchemaElement, API_Projection; Developer Guide, "Service, account, and table quotas".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.errors import detected, invalid
from atoll.services.dynamodb.store import PAY_PER_REQUEST, PROVISIONED, Attribute, Index, Throughput
from atoll.services.dynamodb.tables import throughput

MAX_LOCAL, MAX_GLOBAL = 5, 20
MAX_PROJECTED = 100
MAX_KEY_PARTS = 4
"""Attributes in each half of a global index's key. docs: "Multi-attribute keys" of global secondary indexes."""

Given = Mapping[str, Any]
Known = Mapping[str, Attribute]
IndexKey = tuple[tuple[Attribute, ...], tuple[Attribute, ...]]
"""Partition and sort attributes."""


def check_given(request: Given) -> None:
    """Refuses a request without a schema: the model makes it optional, for replicas of other tables, which are not here."""
    absent = [name for name in ("attributeDefinitions", "keySchema") if request.get(name[0].upper() + name[1:]) is None]
    if absent:
        raise detected(
            *(f"Value null at '{name}' failed to satisfy constraint: Member must not be null" for name in absent)
        )


def definitions(request: Given) -> tuple[Attribute, ...]:
    """The AttributeDefinitions. Raises ValidationFailed for one defined twice."""
    found: dict[str, Attribute] = {}
    for definition in request["AttributeDefinitions"]:
        name = definition["AttributeName"]
        if name in found:
            raise ValidationFailed(f"Attribute Name is duplicated: {name}")
        found[name] = Attribute(name, definition["AttributeType"])
    return tuple(found.values())


def by_name(defined: tuple[Attribute, ...]) -> Known:
    """The definitions by the attributes' names."""
    return {attribute.name: attribute for attribute in defined}


def table_schema(request: Given, defined: tuple[Attribute, ...]) -> tuple[Attribute, Attribute | None]:
    """The partition key and the sort key of the table."""
    schema = request["KeySchema"]
    _check_length(schema, "keySchema")
    names = [element["AttributeName"] for element in schema]
    known = by_name(defined)
    if len(names) > len(known) or (len(names) == 2 and not known.keys() >= {*names}):
        raise ValidationFailed("Invalid KeySchema: Some index key attribute have no definition")
    _check_defined(names, known)
    _check_pair(schema)
    partition = known[names[0]]
    sort = known[names[1]] if len(names) == 2 else None
    indexed = request.get("LocalSecondaryIndexes") is not None or request.get("GlobalSecondaryIndexes") is not None
    if not indexed and len(names) != len(defined):
        raise invalid(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    return partition, sort


def indexes(
    ctx: Context,
    request: Given,
    defined: tuple[Attribute, ...],
    partition: Attribute,
    sort: Attribute | None,
    *,
    some: bool = False,
) -> tuple[Index, ...]:
    """The secondary indexes, local ones first. Every defined attribute must be in a key, but for a restore, of `some` indexes."""
    local, global_ = request.get("LocalSecondaryIndexes"), request.get("GlobalSecondaryIndexes")
    for at, given in enumerate(local or (), 1):
        _check_length(given["KeySchema"], f"localSecondaryIndexes.{at}.member.keySchema")
    for kind, given_ones in (("LocalSecondaryIndexes", local), ("GlobalSecondaryIndexes", global_)):
        if given_ones is not None and not given_ones:
            raise invalid(f"List of {kind} is empty")
    if local and sort is None:
        raise invalid(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        )
    known = by_name(defined)
    keys = [_local_key(given, known, partition) for given in local or ()]
    keys += [_global_key(given, known) for given in global_ or ()]
    if not some:
        used = [partition, *([sort] if sort else ()), *(a for key in keys for part in key for a in part)]
        _check_all_used(defined, used)
    made: dict[str, Index] = {}
    for at, (given, key) in enumerate(zip((*(local or ()), *(global_ or ())), keys, strict=True)):
        name, is_local = given["IndexName"], at < len(local or ())
        kind, projected = _projection(given["Projection"])
        if name in made:
            raise invalid(f"Duplicate index name: {name}")
        capacity = {} if is_local else _capacity(ctx, request, given)
        made[name] = Index(name, ctx.ids.lower(8), is_local, *key, kind, projected, **capacity)
    if len(local or ()) > MAX_LOCAL:
        raise invalid(f"Number of LocalSecondaryIndexes exceeds per-table limit of {MAX_LOCAL}")
    if len(global_ or ()) > MAX_GLOBAL:
        raise invalid(f"GlobalSecondaryIndex count exceeds the per-table limit of {MAX_GLOBAL}")
    check_projected(made.values())
    return tuple(made.values())


def added_index(ctx: Context, given: Given, defined: tuple[Attribute, ...], billing_mode: str, index_id: str) -> Index:
    """The global index that UpdateTable creates. Raises ValidationFailed, LimitExceededException."""
    name, key = given["IndexName"], _global_key(given, by_name(defined))
    kind, projected = _projection(given["Projection"])
    units = given.get("ProvisionedThroughput")
    if billing_mode == PAY_PER_REQUEST and units:
        raise invalid(
            f"Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: {name} "
            "when BillingMode is PAY_PER_REQUEST"
        )
    if billing_mode != PAY_PER_REQUEST and not units:
        raise invalid(f"Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {name}")
    return Index(
        name, index_id, False, *key, kind, projected, "CREATING", **_units(ctx, given, billing_mode, units, name)
    )


def check_projected(made: Iterable[Index]) -> None:
    """Refuses more projected attributes than the indexes of a table may have together. (The words are Atoll's.)"""
    if sum(len(index.projected) for index in made) > MAX_PROJECTED:
        raise invalid(f"Number of NonKeyAttributes of all indexes exceeds the per-table limit of {MAX_PROJECTED}")


def _local_key(given: Given, known: Known, partition: Attribute) -> IndexKey:
    name, schema = given["IndexName"], given["KeySchema"]
    names = [element["AttributeName"] for element in schema]
    _check_defined(names, known)
    _check_pair(schema)
    if len(schema) != 2:
        raise invalid(f"Index KeySchema does not have a range key for index: {name}")
    if names[0] != partition.name:
        raise invalid(
            f"Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. "
            f"index hash key: {names[0]}, table hash key: {partition.name}"
        )
    return (partition,), (known[names[1]],)


def _global_key(given: Given, known: Known) -> IndexKey:
    schema = given["KeySchema"]
    names = [element["AttributeName"] for element in schema]
    _check_defined(names, known)
    if len(set(names)) != len(names):
        if len(names) == 2:
            raise ValidationFailed("Both the Hash Key and the Range Key element in the KeySchema have the same name")
        raise ValidationFailed("The KeySchema contains multiple key attributes with the same name")
    kinds = [element["KeyType"] for element in schema]
    if kinds[0] != "HASH":
        raise ValidationFailed("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if kinds != sorted(kinds):  # HASH sorts before RANGE
        raise invalid("All HASH key attributes must precede RANGE key attributes in the KeySchema")
    for kind in ("HASH", "RANGE"):
        if kinds.count(kind) > MAX_KEY_PARTS:
            raise invalid(f"The KeySchema exceeds the maximum allowed number of {kind} key attributes")
    split = kinds.count("HASH")
    keys = [known[name] for name in names]
    return tuple(keys[:split]), tuple(keys[split:])


def _capacity(ctx: Context, request: Given, given: Given) -> dict[str, Any]:
    """The throughput of a global index that CreateTable makes."""
    name, billing_mode, units = given["IndexName"], request.get("BillingMode"), given.get("ProvisionedThroughput")
    if billing_mode == PAY_PER_REQUEST and units:
        raise invalid(
            f"ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        )
    if billing_mode != PAY_PER_REQUEST and not units:
        raise invalid(f"ProvisionedThroughput is not specified for index: {name}")
    return _units(ctx, given, billing_mode or PROVISIONED, units, name)


def _units(ctx: Context, given: Given, billing_mode: str, units: Given | None, name: str) -> dict[str, Any]:
    provisioned = throughput.units(ctx, units, name) if units else Throughput()
    return {
        "provisioned": provisioned,
        "on_demand": throughput.on_demand(
            ctx, given.get("OnDemandThroughput"), billing_mode, index=name, creating=True
        ),
        "warm": throughput.initially_warm(ctx, given.get("WarmThroughput"), billing_mode, provisioned, name),
    }


def _check_defined(names: Sequence[str], known: Known) -> None:
    if any(name not in known for name in names):
        raise invalid(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(names)}], AttributeDefinitions: [{', '.join(known)}]"
        )


def _check_length(schema: Sequence[Given], where: str) -> None:
    """The model allows the four and four of global indexes everywhere."""
    if len(schema) > 2:
        raise detected(
            f"Value '{_shown(schema)}' at '{where}' failed to satisfy constraint: "
            "Member must have length less than or equal to 2"
        )


def _check_pair(schema: Sequence[Given]) -> None:
    """A key of one HASH attribute and at most one RANGE attribute."""
    if len(schema) == 2 and schema[0]["AttributeName"] == schema[1]["AttributeName"]:
        raise ValidationFailed("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if schema[0]["KeyType"] != "HASH":
        raise ValidationFailed("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(schema) == 2 and schema[1]["KeyType"] != "RANGE":
        raise ValidationFailed("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def _projection(given: Given) -> tuple[str, tuple[str, ...]]:
    kind, given_names = given.get("ProjectionType"), given.get("NonKeyAttributes")
    if kind is None:
        raise invalid("Unknown ProjectionType: null")
    if given_names is not None and kind != "INCLUDE":
        raise invalid(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    if kind == "INCLUDE" and given_names is None:
        raise invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    names: list[str] = given_names or []
    for at, name in enumerate(names):
        if name in names[:at]:
            raise invalid(f"Duplicate element in NonKeyAttributes: {name}")
    return kind, tuple(names)


def _check_all_used(defined: tuple[Attribute, ...], used: Sequence[Attribute]) -> None:
    names = dict.fromkeys(attribute.name for attribute in used)
    if any(attribute.name not in names for attribute in defined):
        raise invalid(
            "Some AttributeDefinitions are not used. "
            f"AttributeDefinitions: [{', '.join(a.name for a in defined)}], keys used: [{', '.join(names)}]"
        )


def _shown(schema: Sequence[Given]) -> str:
    elements = (f"KeySchemaElement(attributeName={e['AttributeName']}, keyType={e['KeyType']})" for e in schema)
    return f"[{', '.join(elements)}]"
