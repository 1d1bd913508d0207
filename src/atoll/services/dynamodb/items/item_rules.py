"""What an item may be: the rules for attribute values, their sizes, and key attributes. Pure; the texts are AWS's.

Docs: Developer Guide, "Constraints in Amazon DynamoDB", "DynamoDB item sizes and formats". Whether the item fits what is
stored (conditions, collections) is not decided here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb import numbers
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.expressions.nodes import Path
from atoll.services.dynamodb.store import Attribute, Index, Item, Table

MAX_ITEM = 400 * 1024
MAX_NESTING = 32
MAX_PARTITION_KEY, MAX_SORT_KEY = 2048, 1024

UPDATE_TOO_LARGE = "Item size to update has exceeded the maximum allowed size"
KEY_MISMATCH = "The provided key element does not match the schema"
_NONE_SET = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
_MANY_SET = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
_TOO_DEEP = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)


def check_item(item: Mapping[str, Mapping[str, Any]]) -> tuple[Item, int]:
    """The item with its numbers normalised, and its size in bytes. Raises ValidationFailed where it breaks a rule."""
    checked, size = check_values(item)
    check_size(size)
    return checked, size


def check_values(item: Mapping[str, Mapping[str, Any]]) -> tuple[Item, int]:
    """As `check_item`, but the size is not judged: in a request, other members come between."""
    checked: Item = {}
    total = 0
    for name, value in item.items():  # the hot path of all writes: `utf8_length` stands in its place
        total += len(name) if name.isascii() else len(name.encode())
        text = value.get("S")
        if text is not None and len(value) == 1:
            checked[name] = value  # type: ignore[assignment]  # nothing about a string changes
            total += len(text) if text.isascii() else len(text.encode())
        else:
            checked[name], size = check_value(value)
            total += size
    return checked, total


def check_size(size: int) -> None:
    """Refuses an item that is too large."""
    if size > MAX_ITEM:
        raise ValidationFailed("Item size has exceeded the maximum allowed size")


def check_value(value: Mapping[str, Any], depth: int = 0) -> tuple[dict[str, Any], int]:
    """One attribute value with its numbers normalised, and its size without the attribute's name."""
    if len(value) != 1:
        for kind, content in value.items():
            check_value({kind: content}, depth)  # what is wrong with one of several is said first
        raise ValidationFailed(_MANY_SET if value else _NONE_SET)
    ((kind, content),) = value.items()
    if kind == "S":
        return value, utf8_length(content)  # type: ignore[return-value]
    if kind == "N":
        text = numbers.normalise(content)
        return {"N": text}, numbers.size(text)
    if kind == "B":
        return value, len(content)  # type: ignore[return-value]
    if kind == "BOOL":
        return value, 1  # type: ignore[return-value]
    if kind == "NULL":
        if not content:
            raise invalid("Null attribute value types must have the value of true")
        return value, 1  # type: ignore[return-value]
    if kind in ("M", "L"):
        return _check_document(kind, content, depth + 1)
    return _check_set(kind, content)


def utf8_length(text: str) -> int:
    """Bytes of the text in UTF-8, which is how AWS counts it."""
    return len(text) if text.isascii() else len(text.encode())


def attribute_size(name: str, value: Mapping[str, Any] | None) -> int:
    """The size of an attribute whose value is checked already, or of none."""
    return 0 if value is None else utf8_length(name) + check_value(value)[1]


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The size of an item whose values are checked already."""
    return sum(attribute_size(name, value) for name, value in item.items())


def check_item_keys(table: Table, item: Item) -> None:
    """Refuses an item that lacks a key attribute of the table or breaks a rule for one (also of its indexes)."""
    _check_present(table.partition, item, MAX_PARTITION_KEY)
    if table.sort is not None:
        _check_present(table.sort, item, MAX_SORT_KEY)
    for index in table.active_indexes if table.indexes else ():
        _check_index_keys(index, item)


def check_key(table: Table, key: Item) -> None:
    """Refuses a `Key` that is not exactly the table's primary key."""
    if len(key) != (1 if table.sort is None else 2):
        raise ValidationFailed(KEY_MISMATCH)
    check_matches(table.partition, key, MAX_PARTITION_KEY)
    if table.sort is not None:
        check_matches(table.sort, key, MAX_SORT_KEY)


def check_scalar_keys(table: Table, paths: Iterable[Path]) -> None:
    """Refuses document paths that lead into a key attribute of the table or of an index: keys are scalars."""
    nested = {path.parts[0] for path in paths if len(path.parts) > 1}
    if not nested:
        return
    keys = [("Key", attribute) for attribute in (table.partition, table.sort) if attribute is not None]
    keys += [("IndexKey", attribute) for index in table.active_indexes for attribute in (*index.partition, *index.sort)]
    for what, attribute in keys:
        if attribute.name in nested:
            raise ValidationFailed(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                f"{what}: {attribute.name}"
            )


def index_type_mismatch(index: Index, attribute: Attribute, actual: str) -> ValidationFailed:
    """The refusal of a value that an index cannot take as its key."""
    return invalid(
        f"Type mismatch for Index Key {attribute.name} Expected: {attribute.type} Actual: {actual} IndexName: {index.name}"
    )


def check_updated_keys(table: Table, item: Item) -> None:
    """Refuses what an update would make of the keys of indexes."""
    for index in table.active_indexes:
        for attributes, limit in ((index.partition, MAX_PARTITION_KEY), (index.sort, MAX_SORT_KEY)):
            for attribute in attributes:
                value = item.get(attribute.name)
                if value is not None:
                    _check_updated_key(attribute, value.get(attribute.type), limit)


def _check_updated_key(attribute: Attribute, content: Any, limit: int) -> None:
    if content is None:
        raise ValidationFailed("The update expression attempted to update the secondary index key to unsupported type")
    if attribute.type == "N":
        return
    if not content:
        raise ValidationFailed(
            "One or more parameter values are not valid. The update expression attempted to update a secondary index "
            "key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty "
            f"{_word(attribute)} value."
        )
    if _length(attribute, content) > limit:
        raise ValidationFailed(
            "The update expression attempted to update the secondary index key beyond allowed size limits"
        )


def _length(attribute: Attribute, content: Any) -> int:
    return utf8_length(content) if attribute.type == "S" else len(content)


def _word(attribute: Attribute) -> str:
    return "string" if attribute.type == "S" else "binary"


def _check_document(kind: str, content: Any, depth: int) -> tuple[dict[str, Any], int]:
    if content and depth >= MAX_NESTING:  # what is in it would be one level deeper
        raise ValidationFailed(_TOO_DEEP)
    size = 3
    if kind == "L":
        members = []
        for member in content:
            checked, length = check_value(member, depth)
            members.append(checked)
            size += 1 + length
        return {"L": members}, size
    entries = {}
    for name, member in content.items():
        entries[name], length = check_value(member, depth)
        size += 1 + utf8_length(name) + length
    return {"M": entries}, size


def ordered(kind: str, members: Iterable[Any]) -> list[Any]:
    """The members of a set as DynamoDB keeps them and gives them back: numbers by value, the others by their bytes."""
    return sorted(members, key=Decimal if kind == "NS" else None)  # text by code points is text by its UTF-8


def _check_set(kind: str, content: list[Any]) -> tuple[dict[str, Any], int]:
    if kind == "NS":
        if not content:
            raise invalid("An number set  may not be empty")
        texts = [numbers.normalise(text) for text in content]
        if len(set(texts)) != len(texts):
            raise ValidationFailed("Input collection contains duplicates")
        return {"NS": ordered(kind, texts)}, sum(map(numbers.size, texts))
    if kind == "SS":
        if not content:
            raise invalid("An string set  may not be empty")
        if len(set(content)) != len(content):
            raise invalid(f"Input collection [{', '.join(content)}] contains duplicates.")
        return {"SS": ordered(kind, content)}, sum(map(utf8_length, content))
    if not content:
        raise invalid("Binary sets should not be empty")
    if len(set(content)) != len(content):
        shown = ", ".join(base64.b64encode(member).decode() for member in content)
        raise invalid(f"Input collection [{shown}]of type BS contains duplicates.")
    return {"BS": ordered(kind, content)}, sum(map(len, content))


def _check_present(attribute: Attribute, item: Item, limit: int) -> None:
    value = item.get(attribute.name)
    if value is None:
        raise invalid(f"Missing the key {attribute.name} in the item")
    content = value.get(attribute.type)
    if content is None:
        raise invalid(
            f"Type mismatch for key {attribute.name} expected: {attribute.type} actual: {next(iter(value), 'NULL')}"
        )
    check_length(attribute, content, limit)


def check_matches(attribute: Attribute, key: Item, limit: int) -> None:
    """Refuses a key in which this key attribute is missing, or of another type, or empty, or too long."""
    value = key.get(attribute.name)
    content = value.get(attribute.type) if value is not None else None
    if content is None:
        raise ValidationFailed(KEY_MISMATCH)
    check_length(attribute, content, limit)


def check_length(attribute: Attribute, content: Any, limit: int) -> None:
    """Refuses an empty or too long value of a key attribute."""
    if attribute.type == "N":
        return
    if not content:
        raise ValidationFailed(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            f"empty {_word(attribute)} value. Key: {attribute.name}"
        )
    if _length(attribute, content) > limit:
        if limit == MAX_PARTITION_KEY:
            raise invalid("Size of hashkey has exceeded the maximum size limit of2048 bytes")
        raise invalid("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")


def _check_index_keys(index: Index, item: Item) -> None:
    for attributes, limit in ((index.partition, MAX_PARTITION_KEY), (index.sort, MAX_SORT_KEY)):
        for attribute in attributes:
            value = item.get(attribute.name)
            if value is None:
                continue
            content = value.get(attribute.type)
            if content is None:
                raise index_type_mismatch(index, attribute, next(iter(value)))
            if attribute.type != "N" and not content:
                raise ValidationFailed(
                    "One or more parameter values are not valid. A value specified for a secondary index key is not "
                    "supported. The AttributeValue for a key attribute cannot contain an empty "
                    f"{_word(attribute)} value. IndexName: {index.name}, "
                    f"IndexKey: {attribute.name}"
                )
            check_length(attribute, content, limit)
