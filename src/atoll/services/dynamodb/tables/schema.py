"""Key schemas and indexes of a CreateTable request: AWS's checks, in its order, and the records they lead to. Pure.

Docs: API_CreateTable, API_KeySchemaElement, API_Projection; Developer Guide, "Service, account, and table quotas".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.store import PAY_PER_REQUEST, Attribute, Index, Throughput
from atoll.services.dynamodb.tables.throughput import units

MAX_LOCAL, MAX_GLOBAL = 5, 20
MAX_KEY_PARTS = 4
"""Attributes in each half of a global index's key. docs: "Multi-attribute keys" of global secondary indexes."""

Given = Mapping[str, Any]


def check_given(request: Given) -> None:
    """Refuses a request without a schema: the model makes it optional, for replicas of other tables, which are not here."""
    absent = [name for name in ("attributeDefinitions", "keySchema") if request.get(name[0].upper() + name[1:]) is None]
    if absent:
        broken = (f"Value null at '{name}' failed to satisfy constraint: Member must not be null" for name in absent)
        raise ValidationFailed(
            f"{len(absent)} validation error{'s' if len(absent) > 1 else ''} detected: {'; '.join(broken)}"
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


def table_schema(request: Given, defined: tuple[Attribute, ...]) -> tuple[Attribute, Attribute | None]:
    """The partition key and the sort key of the table."""
    schema = request["KeySchema"]
    if len(schema) > 2:
        raise ValidationFailed(
            f"1 validation error detected: Value '{_shown(schema)}' at 'keySchema' failed to satisfy constraint: "
            "Member must have length less than or equal to 2"
        )
    names = [element["AttributeName"] for element in schema]
    if len(names) > len(defined):
        raise ValidationFailed("Invalid KeySchema: Some index key attribute have no definition")
    by_name = _defined(names, defined)
    _check_pair(schema)
    partition = by_name[names[0]]
    sort = by_name[names[1]] if len(names) == 2 else None
    indexed = request.get("LocalSecondaryIndexes") is not None or request.get("GlobalSecondaryIndexes") is not None
    if not indexed and len(names) != len(defined):
        raise invalid(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    return partition, sort


def indexes(
    request: Given, defined: tuple[Attribute, ...], partition: Attribute, sort: Attribute | None, ids: Sequence[str]
) -> tuple[Index, ...]:
    """The secondary indexes, local ones first; `ids` are fresh ids, one for each. Every defined attribute must be in a key."""
    made = listed(request, defined, partition, sort, ids)
    _check_all_used(
        defined, [partition, *([sort] if sort else ()), *(a for i in made for a in (*i.partition, *i.sort))]
    )
    return made


def listed(
    request: Given, defined: tuple[Attribute, ...], partition: Attribute, sort: Attribute | None, ids: Sequence[str]
) -> tuple[Index, ...]:
    """The secondary indexes that a request lists."""
    local, global_ = request.get("LocalSecondaryIndexes"), request.get("GlobalSecondaryIndexes")
    made: list[Index] = []
    fresh = iter(ids)
    if local is not None:
        if not local:
            raise invalid("List of LocalSecondaryIndexes is empty")
        if sort is None:
            raise invalid(
                "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
            )
        made += [_local(given, defined, partition, next(fresh)) for given in local]
        _check_names(made)
        if len(local) > MAX_LOCAL:
            raise invalid(f"Number of LocalSecondaryIndexes exceeds per-table limit of {MAX_LOCAL}")
    if global_ is not None:
        if not global_:
            raise invalid("List of GlobalSecondaryIndexes is empty")
        made += [_global(given, defined, request.get("BillingMode"), next(fresh)) for given in global_]
        _check_names(made)
        if len(global_) > MAX_GLOBAL:
            raise invalid(f"GlobalSecondaryIndex count exceeds the per-table limit of {MAX_GLOBAL}")
    return tuple(made)


def _local(given: Given, defined: tuple[Attribute, ...], partition: Attribute, index_id: str) -> Index:
    name, schema = given["IndexName"], given["KeySchema"]
    names = [element["AttributeName"] for element in schema]
    by_name = _defined(names, defined)
    _check_pair(schema)
    if len(schema) != 2:
        raise invalid(f"Index KeySchema does not have a range key for index: {name}")
    if names[0] != partition.name:
        raise invalid(
            f"Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. "
            f"index hash key: {names[0]}, table hash key: {partition.name}"
        )
    kind, projected = _projection(given["Projection"])
    return Index(name, index_id, True, (partition,), (by_name[names[1]],), kind, projected)


def _global(given: Given, defined: tuple[Attribute, ...], billing_mode: str | None, index_id: str) -> Index:
    name, schema = given["IndexName"], given["KeySchema"]
    names = [element["AttributeName"] for element in schema]
    by_name = _defined(names, defined)
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
    projection, projected = _projection(given["Projection"])
    provisioned = given.get("ProvisionedThroughput")
    if billing_mode == PAY_PER_REQUEST and provisioned:
        raise invalid(
            f"ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        )
    if billing_mode != PAY_PER_REQUEST and not provisioned:
        raise invalid(f"ProvisionedThroughput is not specified for index: {name}")
    split = kinds.count("HASH")
    keys = [by_name[key] for key in names]
    return Index(
        name, index_id, False, tuple(keys[:split]), tuple(keys[split:]), projection, projected,
        units(provisioned, name) if provisioned else Throughput(),
        on_demand(given.get("OnDemandThroughput")), warm(given.get("WarmThroughput")),
    )  # fmt: skip


def on_demand(given: Given | None) -> Throughput | None:
    """OnDemandThroughput: the most requests per second; -1 where a half is not limited."""
    if not given:
        return None
    return Throughput(given.get("MaxReadRequestUnits", -1), given.get("MaxWriteRequestUnits", -1))


def warm(given: Given | None) -> Throughput | None:
    """WarmThroughput as asked for."""
    if not given:
        return None
    return Throughput(given.get("ReadUnitsPerSecond", 0), given.get("WriteUnitsPerSecond", 0))


def _defined(names: Sequence[str], defined: tuple[Attribute, ...]) -> dict[str, Attribute]:
    by_name = {attribute.name: attribute for attribute in defined}
    if any(name not in by_name for name in names):
        raise invalid(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(names)}], AttributeDefinitions: [{', '.join(by_name)}]"
        )
    return by_name


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


def _check_names(made: Sequence[Index]) -> None:
    seen: set[str] = set()
    for index in made:
        if index.name in seen:
            raise invalid(f"Duplicate index name: {index.name}")
        seen.add(index.name)


def _check_all_used(defined: tuple[Attribute, ...], used: Sequence[Attribute]) -> None:
    names = list(dict.fromkeys(attribute.name for attribute in used))
    if any(attribute.name not in names for attribute in defined):
        raise invalid(
            "Some AttributeDefinitions are not used. "
            f"AttributeDefinitions: [{', '.join(a.name for a in defined)}], keys used: [{', '.join(names)}]"
        )


def _shown(schema: Sequence[Given]) -> str:
    elements = (f"KeySchemaElement(attributeName={e['AttributeName']}, keyType={e['KeyType']})" for e in schema)
    return f"[{', '.join(elements)}]"
