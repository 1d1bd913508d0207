"""Transactions: several reads or writes of items, all or none. TransactGetItems, TransactWriteItems and ExecuteTransaction run here.

docs: Developer Guide, "Amazon DynamoDB Transactions: How it works"; API_TransactionCanceledException.

A transaction is one transaction of the store, which runs them one after the other and answers when they are durable. Two consequences
differ from AWS, whose transactions take time during which others meet them: there is never a TransactionConflict, neither between
transactions nor with a single write (TransactionConflictException), because nothing ever finds another's work unfinished; and a second
request with the token of one under way waits for that and gets its success, not a TransactionInProgressException. What AWS promises of
those who retry holds without retrying.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError, ValidationFailed
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb.errors import TransactionCanceledException
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.capacity import Cost, read_units
from atoll.services.dynamodb.items.get_item import Get
from atoll.services.dynamodb.items.storage import read, stored_size
from atoll.services.dynamodb.items.together import Bill, Place, places
from atoll.services.dynamodb.items.tokens import Token
from atoll.services.dynamodb.items.writes import ItemWrite, Outcome

MAX_SIZE = 4 << 20
TIMES = 2
"""A transaction costs twice what its reads or writes cost alone: it prepares them and commits them."""

_TWICE = "Transaction request cannot include multiple operations on one item"
_TOO_LARGE = "The aggregate size of the items in the transaction exceeds 4 MB"
_AT_ONCE = "One or more parameter values are not valid."
"""So begin the messages about values that no key may have: these are the request's fault before it is the transaction's."""

_CODES = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ItemCollectionSizeLimitExceededException": "ItemCollectionSizeLimitExceeded",
    "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
    "ThrottlingException": "ThrottlingError",
    "ValidationException": "ValidationError",
}
_MESSAGES = {"ItemCollectionSizeLimitExceeded": "Collection size exceeded."}

Reason = dict[str, Any]
Metrics = dict[str, list[dict[str, Any]]]


class Found(NamedTuple):
    """What the reads of a transaction found: the stored items, None for none, in the order of the reads."""

    raws: list[bytes | None]
    consumed: list[dict[str, Any]] | None


def actions(name: str) -> Callable[[Any], Sequence[Mapping[str, Any]]]:
    """Gives the requests for which the actions `name` of a transaction stand, for IAM to judge each."""

    def each(request: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        shared = {"ReturnConsumedCapacity": request.get("ReturnConsumedCapacity")}
        found = [action.get(name) for action in request.get("TransactItems") or () if action]
        return [{**shared, **part} for part in found if part is not None]

    return each


async def run_reads(ctx: Context, gets: Sequence[Get], request: Mapping[str, Any]) -> Found:
    """Reads all at one moment. `request` says whether ConsumedCapacity is wanted.

    Raises ResourceNotFoundException, ValidationFailed, TransactionCanceledException.
    """

    now = ctx.clock.now()

    def run(tx: Reader) -> tuple[list[bytes | None], Bill]:
        raws, reasons, bill = list[bytes | None](), list[Reason](), Bill("Read", now, TIMES)
        size = 0
        for get, place in zip(gets, places(tx, gets, _TWICE), strict=True):
            try:
                raws.append(_read(tx, get.ctx, get.given, place, bill))
                reasons.append({"Code": "None"})
            except ServiceError as error:
                reasons.append(_reason(error))
                continue
            size += stored_size(raws[-1])
            _check_size(size)  # no more is read than may be shown
        require_all(reasons)
        return raws, bill

    raws, bill = await ctx.store.read(run)
    bill.spend()
    return Found(raws, bill.consumed(request.get("ReturnConsumedCapacity"), of_transaction=True))


async def run_transaction(ctx: Context, writes: Sequence[ItemWrite], request: Mapping[str, Any]) -> dict[str, Any]:
    """Applies all writes or none. Returns ConsumedCapacity and ItemCollectionMetrics, where the request asks for them.

    `request` is the whole of the operation's: with a ClientRequestToken it is done once.
    Raises ResourceNotFoundException, ValidationFailed, TransactionCanceledException, IdempotentParameterMismatchException.
    """
    others = dict(request)
    given = others.pop("ClientRequestToken", None)
    token = Token(ctx, given, others) if given is not None else None
    now = ctx.clock.now()

    def run(tx: Transaction) -> tuple[Bill, Metrics]:
        if token is not None and token.is_used(tx):
            return _read_again(tx, writes, now), {}
        bill = Bill("Write", now, TIMES)
        outcomes = _apply(tx, writes, bill)
        if token is not None:
            token.use(tx)
        return bill, collection_metrics(tx, request, writes, outcomes)

    bill, metrics = await ctx.store.transact(run)
    bill.spend()
    return {
        "ConsumedCapacity": bill.consumed(request.get("ReturnConsumedCapacity"), of_transaction=True),
        "ItemCollectionMetrics": metrics or None,
    }


def _apply(tx: Transaction, writes: Sequence[ItemWrite], bill: Bill) -> list[Outcome]:
    """Applies the writes. Goes on where one cannot be applied, for AWS names the reason of each; none stays then."""
    outcomes, reasons = list[Outcome](), list[Reason]()
    for write, place in zip(writes, places(tx, writes, _TWICE), strict=True):
        try:
            if isinstance(place, ValidationFailed):
                raise place
            done = write.apply_at(tx, *place)
            bill.add(write.request["TableName"], write.ctx, place, done.cost)
            outcomes.append(done)
            reasons.append({"Code": "None"})
        except ServiceError as error:
            reasons.append(_reason(error))
    require_all(reasons)
    _check_size(sum(stored_size(done.new.raw) for done in outcomes if done.new is not None))
    return outcomes


def _read(tx: Reader, ctx: Context, given: str, place: Place | ValidationFailed, bill: Bill) -> bytes | None:
    if isinstance(place, ValidationFailed):
        raise place
    raw = read(tx, ctx, *place)
    bill.add(given, ctx, place, Cost(read_units(stored_size(raw), consistent=True)))
    return raw


def _read_again(tx: Reader, writes: Sequence[ItemWrite], now: float) -> Bill:
    """What a request costs that was done already: reading its items."""
    bill = Bill("Read", now, TIMES)
    for write, place in zip(writes, places(tx, writes, _TWICE), strict=True):
        _read(tx, write.ctx, write.request["TableName"], place, bill)
    return bill


def collection_metrics(
    tx: Reader, request: Mapping[str, Any], writes: Sequence[ItemWrite], outcomes: Sequence[Outcome]
) -> Metrics:
    """ItemCollectionMetrics by table, each collection once."""
    if request.get("ReturnItemCollectionMetrics") != "SIZE":
        return {}
    found: dict[tuple[str, Any], tuple[str, dict[str, Any]]] = {}
    for write, done in zip(writes, outcomes, strict=True):
        metrics = requested.collection_metrics(tx, write.ctx, request, done.table, done.key, write.key_item)
        if metrics is not None:
            found.setdefault((done.table.incarnation, done.key[1]), (write.request["TableName"], metrics))
    by_table: Metrics = {}
    for given, metrics in found.values():
        by_table.setdefault(given, []).append(metrics)
    return by_table


def _reason(error: ServiceError) -> Reason:
    """Why an action cancels its transaction. Raises the error where it is the whole request's."""
    code = _CODES.get(error.code)
    if code is None or error.message.startswith(_AT_ONCE):
        raise error
    item = {"Item": error.members["Item"]} if "Item" in error.members else {}
    return {"Code": code, "Message": _MESSAGES.get(code, error.message), **item}


def require_all(reasons: Sequence[Reason]) -> None:
    """Raises TransactionCanceledException where an action has a reason."""
    codes = [reason["Code"] for reason in reasons]
    if any(code != "None" for code in codes):
        raise TransactionCanceledException(
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]",
            CancellationReasons=list(reasons),
        )


def _check_size(size: int) -> None:
    if size > MAX_SIZE:
        raise ValidationFailed(_TOO_LARGE)
