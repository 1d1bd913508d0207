"""GlobalSecondaryIndexUpdates of an UpdateTable: what AWS refuses of them, and the indexes that they lead to. Pure.

docs: API_GlobalSecondaryIndexUpdate; Developer Guide, "Managing global secondary indexes".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.errors import (
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    invalid,
)
from atoll.services.dynamodb.items.keys import key_attributes
from atoll.services.dynamodb.store import PAY_PER_REQUEST, Attribute, Index, Table
from atoll.services.dynamodb.tables import schema, throughput

Given = Mapping[str, Any]
IN_USE = "Attempt to change a resource which is still in use: "


class Updates(NamedTuple):
    """The updates of one request, by what they do; those of existing indexes by name."""

    update: dict[str, Given]
    create: list[Given]
    delete: list[str]

    @property
    def online(self) -> int:
        """How many indexes come or go: AWS does one at a time."""
        return len(self.create) + len(self.delete)


def read_updates(given: Sequence[Given] | None) -> Updates:
    """Raises ValidationFailed for what is wrong whatever the table is."""
    updates, seen = Updates({}, [], []), set[str]()
    for name, action, content in _actions(given or ()):
        if name in seen:
            raise invalid(f"Only one global secondary index update per index is allowed simultaneously. Index: {name}")
        seen.add(name)
        if action == "Update":
            updates.update[name] = content
        elif action == "Create":
            updates.create.append(content)
        else:
            updates.delete.append(name)
    return updates


def check_free(table: Table, updates: Updates, *, iops: bool, maximum: bool) -> None:
    """Refuses what an index that comes or goes stands in the way of. `iops`: the table's units or billing change; `maximum`: its
    OnDemandThroughput does. Raises ResourceNotFoundException, ValidationFailed, ResourceInUseException."""
    for name in updates.update:
        _check_named(table, name, "update")
    for name in updates.delete:
        _check_named(table, name, "delete")
    for state, doing, noun in (("CREATING", "created", "creation"), ("DELETING", "deleted", "deletion")):
        names = ", ".join(index.name for index in table.indexes if index.state == state)
        if names and iops:
            raise ResourceInUseException(
                f"{IN_USE}Can't change table IOPS when an index is being {doing}. Table: {table.name} Indexes: [{names}]"
            )
        if names and maximum:
            raise ResourceInUseException(
                f"{IN_USE}OnDemandThroughput cannot be updated while index {noun} is in progress for indexes: [{names}]"
            )


def applied(
    ctx: Context,
    table: Table,
    updates: Updates,
    definitions: Sequence[Given] | None,
    billing_mode: str,
    index_id: str,
    now: float,
) -> dict[str, Any]:
    """The changes of the table's indexes and definitions; `index_id` is a fresh one. `check_free` has passed.

    Raises ValidationFailed, ResourceInUseException, LimitExceededException.
    """
    if updates.online > 1:
        raise _one_at_a_time()
    indexes = tuple(
        _updated(ctx, table, index, updates.update.get(index.name), billing_mode, now) for index in table.indexes
    )
    defined = table.definitions
    for given in updates.create:
        _check_name_free(table, given["IndexName"])
        key_names = [element["AttributeName"] for element in given["KeySchema"]]
        defined = _defined_with(table, given["IndexName"], key_names, definitions)
        made = schema.added_index(ctx, given, defined, billing_mode, index_id)
        defined = _used(defined, (*table.indexes, made), table)
        indexes = (*indexes, made)
    under_way = [index for index in table.indexes if index.filling or index.state == "DELETING"]
    if updates.online and any(index.name not in updates.delete for index in under_way):
        raise _one_at_a_time()
    if sum(not index.local for index in indexes) > schema.MAX_GLOBAL:
        raise LimitExceededException(
            f"Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of {schema.MAX_GLOBAL}"
        )
    schema.check_projected(indexes)
    return {"definitions": defined, "indexes": tuple(_going(index, updates.delete) for index in indexes)}


def without(table: Table, index_id: str) -> Table:
    """The table once this index is gone, with the definitions that are still used."""
    indexes = tuple(index for index in table.indexes if index.id != index_id)
    return msgspec.structs.replace(table, indexes=indexes, definitions=_used(table.definitions, indexes, table))


def _actions(given: Sequence[Given]) -> Iterator[tuple[str, str, Given]]:
    for update in given:
        actions = [action for action in ("Update", "Create", "Delete") if update.get(action)]
        if not actions:
            raise invalid(
                "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        if len(actions) > 1:
            raise invalid("Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object")
        yield update[actions[0]]["IndexName"], actions[0], update[actions[0]]


def _check_named(table: Table, name: str, verb: str) -> None:
    index = next((index for index in table.indexes if index.name == name), None)
    if index is None:
        raise ResourceNotFoundException(f"Requested resource not found: Index {name} for table {table.name}")
    if index.local:
        raise ValidationFailed(f"Cannot {verb} an index that is not a GlobalSecondaryIndex: {name}")
    if index.state == "CREATING":
        what = (
            "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. "
            if verb == "delete"
            else "Index is being created but is not backfilling yet.  "
        )
        raise ResourceInUseException(f"{IN_USE}{what}Table: {table.name} Index: {name}")
    if index.state == "DELETING":
        raise _busy(table, index)


def _check_name_free(table: Table, name: str) -> None:
    for index in table.indexes:
        if index.name == name and (index.filling or index.state == "DELETING"):
            raise _busy(table, index)
        if index.name == name:
            raise ValidationFailed("Attempting to create an index which already exists")


def _busy(table: Table, index: Index) -> ResourceInUseException:
    doing = "created" if index.filling else "deleted"
    return ResourceInUseException(f"{IN_USE}Index is being {doing}.  Table: {table.name} Index: {index.name}")


def _one_at_a_time() -> LimitExceededException:
    return LimitExceededException(
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
    )


def _updated(ctx: Context, table: Table, index: Index, given: Given | None, billing_mode: str, now: float) -> Index:
    """The index with other throughput; a change of the billing mode takes its units and its maximum away."""
    if index.local:
        return index
    switched = billing_mode != table.billing_mode
    change = throughput.switched(index, table.billing_mode) if switched else {}
    if given is None:
        if switched and billing_mode != PAY_PER_REQUEST:
            raise invalid(f"ProvisionedThroughput must be specified for index: {index.name}")
        return msgspec.structs.replace(index, **change)
    units = given.get("ProvisionedThroughput")
    if units and billing_mode == PAY_PER_REQUEST:
        raise invalid(
            f"Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: {index.name} when BillingMode is "
            "PAY_PER_REQUEST"
            if switched
            else f"The only Updates for index: {index.name} when TableThroughputMode is PAY_PER_REQUEST can be to "
            "OnDemandThroughput, WarmThroughput"
        )
    if units:
        wanted = throughput.units(ctx, units, index.name)
        change |= {"provisioned": wanted} if switched else throughput.reprovisioned(index, wanted, now, index.name)
        change.setdefault("warm", throughput.warm_now(index, table.billing_mode))
    elif switched and billing_mode != PAY_PER_REQUEST:
        raise invalid(f"ProvisionedThroughput must be specified for index: {index.name}")
    if given.get("OnDemandThroughput"):
        change["on_demand"] = throughput.on_demand(
            ctx, given["OnDemandThroughput"], billing_mode, change.get("on_demand", index.on_demand), index.name
        )
    if given.get("WarmThroughput"):
        change["warm"] = throughput.warmed(ctx, given["WarmThroughput"], billing_mode, index, index.name)
    return msgspec.structs.replace(index, **change)


def _going(index: Index, deleted: Sequence[str]) -> Index:
    return msgspec.structs.replace(index, state="DELETING") if index.name in deleted else index


def _defined_with(
    table: Table, index: str, names: Sequence[str], definitions: Sequence[Given] | None
) -> tuple[Attribute, ...]:
    """The table's definitions with those that the request adds. One that the index's key uses may not change its type; others that
    are known are not looked at, as on AWS."""
    if definitions is None:
        raise invalid(f"AttributeDefinitions is not specified for index: {index}")
    found = {attribute.name: attribute for attribute in table.definitions}
    for given in definitions:
        name, kind = given["AttributeName"], given["AttributeType"]
        before = found.setdefault(name, Attribute(name, kind))
        if name in names and before.type != kind:
            role = "HASH" if name == names[0] else "RANGE"
            raise invalid(
                "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. "
                f"Existing schema: Schema:[SchemaElement: key{{{name}:{before.type}:{role}}}] "
                f"New schema: Schema:[SchemaElement: key{{{name}:{kind}:{role}}}]"
            )
    return tuple(found.values())


def _used(defined: Sequence[Attribute], indexes: Sequence[Index], table: Table) -> tuple[Attribute, ...]:
    names = {attribute.name for attribute in key_attributes(table)}
    names.update(attribute.name for index in indexes for attribute in (*index.partition, *index.sort))
    return tuple(attribute for attribute in defined if attribute.name in names)
