"""API keys from a CSV file. docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-key-file-format.html"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from atoll.api_runtime.usage_plans import ApiKey
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.apigateway import key_records
from atoll.services.apigateway.access import access
from atoll.services.apigateway.api_keys import check_description, check_name, check_value
from atoll.services.apigateway.errors import BadRequestException, ConflictException, NotFoundException

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import ImportApiKeysRequestTypeDef


class _Row(NamedTuple):
    line: int
    key: ApiKey
    plans: tuple[str, ...]


@operation("ImportApiKeys", access=access("POST", "/apikeys"))
async def import_api_keys(ctx: Context, request: ImportApiKeysRequestTypeDef) -> dict[str, Any]:
    """Makes or overwrites API keys, and puts them into the usage plans that the file names. All of them or none: with
    `failOnWarnings` the first row that cannot be taken is an error, without it such rows are left out and told of."""
    if request["format"] != "csv":
        raise BadRequestException(f"Invalid format specified: {request['format']}")
    body: Any = request["body"]
    rows, problems = _rows(ctx, body)
    strict = request.get("failOnWarnings", False)

    def write(tx: Transaction) -> dict[str, Any]:
        ids: list[str] = []
        warnings = list(problems)
        for row in rows:
            key = _taken(tx, ctx, row.key)
            ids.append(key.id)
            warnings += [f"Line {row.line}: {text}" for text in _join(tx, ctx, key, row.plans)]
        if strict and warnings:
            raise BadRequestException("; ".join(warnings))
        return {"ids": ids, "warnings": warnings}

    return await ctx.store.transact(write)


def _rows(ctx: Context, body: bytes) -> tuple[list[_Row], list[str]]:
    """The file's rows as keys, and what is wrong with the others. Raises BadRequestException for a file that is none."""
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig")), strict=True)
        columns = [name.strip().lower() for name in next(lines, [])]
        if not {"name", "key"} <= set(columns):
            raise BadRequestException("API key file must have the columns Name and Key")
        rows, problems = [], []
        for cells in lines:
            try:
                if any(cells):
                    rows.append(_row(ctx, lines.line_num, dict(zip(columns, map(_plain, cells), strict=False))))
            except BadRequestException as error:
                problems.append(f"Line {lines.line_num}: {error.message}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadRequestException(f"API key file is not in CSV format: {error}") from error
    return rows, problems


def _plain(cell: str) -> str:
    """A cell without blanks and without single quotes around it."""
    cell = cell.strip()
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == "'" else cell


def _row(ctx: Context, line: int, cells: Mapping[str, str]) -> _Row:
    now = ctx.clock.now()
    key = ApiKey(
        id=ctx.ids.lower(10),
        value=check_value(cells.get("key", "")),
        created=now,
        updated=now,
        enabled=cells.get("enabled", "").lower() in ("", "true"),
        name=check_name(cells.get("name")),
        description=check_description(cells.get("description") or None),
    )
    plans = tuple(plan.strip() for plan in cells.get("usageplanids", "").split(",") if plan.strip())
    return _Row(line, key, plans)


def _taken(tx: Transaction, ctx: Context, key: ApiKey) -> ApiKey:
    """Stores a key; one that has its value already keeps its id, its age and its tags."""
    known = tx.get(key_records.place(ctx).value(key.value))
    if known is not None:
        old = key_records.key(tx, ctx, known.decode())
        key = msgspec.structs.replace(key, id=old.id, created=old.created, customer=old.customer, tags=old.tags)
    key_records.put_key(tx, ctx, key)
    return key


def _join(tx: Transaction, ctx: Context, key: ApiKey, plans: tuple[str, ...]) -> list[str]:
    """Puts a key into plans; what is wrong with those that it cannot be put into."""
    wrong = []
    for plan_id in plans:
        try:
            key_records.check_one_plan(tx, ctx, key_records.plan(tx, ctx, plan_id), key.id)
            key_records.join(tx, ctx, plan_id, key.id)
        except (NotFoundException, ConflictException) as error:
            wrong.append(f"{error.message}: {plan_id}")
    return wrong
