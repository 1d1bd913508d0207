"""PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig, ListProvisionedConcurrencyConfigs,
DeleteProvisionedConcurrencyConfig. `running.py` sees to the environments, after the answer.

docs: API_PutProvisionedConcurrencyConfig; messages as AWS's users report them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.concurrency.limits import CONCURRENCY, UNRESERVED_MINIMUM
from atoll.services.lambda_.concurrency.provisioning import (
    UNPUBLISHED,
    Provisioned,
    configurations,
    find_provisioned,
    provisioned_key,
    provisioned_sums,
    put_provisioned,
    refuse_overlap,
    shares,
)
from atoll.services.lambda_.errors import InvalidParameterValueException, ProvisionedConcurrencyConfigNotFoundException
from atoll.services.lambda_.moments import moment
from atoll.services.lambda_.names import LATEST, Target, function_arn, latest, target
from atoll.services.lambda_.paging import next_marker, page_of
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.running import Running
from atoll.services.lambda_.store import Function, get, get_version, put_version, reserved_in_all
from atoll.services.lambda_.versions.resolve import get_alias, names_alias, resolve

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        DeleteProvisionedConcurrencyConfigRequestTypeDef,
        GetProvisionedConcurrencyConfigRequestTypeDef,
        ListProvisionedConcurrencyConfigsRequestTypeDef,
        PutProvisionedConcurrencyConfigRequestTypeDef,
    )

NO_VERSION = "The function resource provided must be an alias or a published version."


@operation("PutProvisionedConcurrencyConfig", access=[permission("PutProvisionedConcurrencyConfig")])
async def put_provisioned_concurrency_config(
    ctx: Context, request: PutProvisionedConcurrencyConfigRequestTypeDef
) -> dict[str, Any]:
    """Raises ResourceNotFoundException, InvalidParameterValueException, ResourceConflictException."""
    place = _place(ctx, request, UNPUBLISHED)
    config, revision = Provisioned(request["ProvisionedConcurrentExecutions"], ctx.clock.now()), ctx.ids.uuid()

    def put(tx: Transaction) -> dict[str, int]:
        _check_qualifier(tx, place)
        _check_sums(tx, place, get(tx, place), config.requested)
        refuse_overlap(tx, place)
        put_provisioned(tx, place, config)
        version = resolve(tx, place)
        put_version(tx, place, msgspec.structs.replace(version, revision=revision))  # its state changes, on AWS too
        return shares(tx, place, config.requested)

    wanted = await ctx.store.transact(put)
    running: Running = ctx.runtime
    running.provision(place)
    return {**_described(running, place, config, wanted), "Status": "IN_PROGRESS", "StatusReason": None}


@operation("GetProvisionedConcurrencyConfig", access=[permission("GetProvisionedConcurrencyConfig")])
async def get_provisioned_concurrency_config(
    ctx: Context, request: GetProvisionedConcurrencyConfigRequestTypeDef
) -> dict[str, Any]:
    """docs: API_GetProvisionedConcurrencyConfig. Raises ResourceNotFoundException, ProvisionedConcurrencyConfigNotFoundException,
    InvalidParameterValueException."""
    place = _place(ctx, request, NO_VERSION)

    def read(tx: Reader) -> tuple[Provisioned, dict[str, int]]:
        _check_qualifier(tx, place)
        config = find_provisioned(tx, place)
        if config is None:
            raise ProvisionedConcurrencyConfigNotFoundException(
                "No Provisioned Concurrency Config found for this function"
            )
        return config, shares(tx, place, config.requested)

    config, wanted = await ctx.store.read(read)
    return _described(ctx.runtime, place, config, wanted)


@operation(
    "ListProvisionedConcurrencyConfigs",
    access=[permission("ListProvisionedConcurrencyConfigs", resource=function_arn)],
)
async def list_provisioned_concurrency_configs(
    ctx: Context, request: ListProvisionedConcurrencyConfigsRequestTypeDef
) -> dict[str, Any]:
    """docs: API_ListProvisionedConcurrencyConfigs. By qualifier, at most 50 per page. Raises ResourceNotFoundException."""
    place = latest(ctx, request)
    limit, after = page_of(request)

    def read(tx: Reader) -> list[tuple[Target, Provisioned, dict[str, int]]]:
        get(tx, place)
        found = configurations(tx, place, after)
        return [(each, config, shares(tx, each, config.requested)) for each, config in found]

    page = await ctx.store.read(read)
    return {
        "ProvisionedConcurrencyConfigs": [
            {"FunctionArn": each.qualified_arn, **_described(ctx.runtime, each, config, wanted)}
            for each, config, wanted in page[:limit]
        ],
        "NextMarker": next_marker(page, limit, lambda one: str(one[0].qualifier)),
    }


@operation("DeleteProvisionedConcurrencyConfig", access=[permission("DeleteProvisionedConcurrencyConfig")])
async def delete_provisioned_concurrency_config(
    ctx: Context, request: DeleteProvisionedConcurrencyConfigRequestTypeDef
) -> None:
    """docs: API_DeleteProvisionedConcurrencyConfig. Nothing happens where there is none. Raises ResourceNotFoundException,
    InvalidParameterValueException."""
    place = _place(ctx, request, NO_VERSION)

    def delete(tx: Transaction) -> None:
        _check_qualifier(tx, place)
        tx.delete(provisioned_key(place))

    await ctx.store.transact(delete)
    running: Running = ctx.runtime
    running.provision(place)


def _place(ctx: Context, request: Any, complaint: str) -> Target:
    """The version or alias that a request names. Raises InvalidParameterValueException with `complaint` for $LATEST."""
    place = target(ctx, request)
    if place.qualifier in (None, "", LATEST):
        raise InvalidParameterValueException(complaint)
    return place


def _check_qualifier(tx: Reader, place: Target) -> None:
    """Raises ResourceNotFoundException where the version or alias is not there."""
    if names_alias(place.qualifier):
        get_alias(tx, place)
    else:
        get_version(tx, place)


def _check_sums(tx: Reader, place: Target, function: Function, requested: int) -> None:
    """Raises InvalidParameterValueException where the function or its account does not have that much."""
    sums = provisioned_sums(tx, place)
    before = find_provisioned(tx, place)
    others = sums.pop(place.name, 0) - (before.requested if before else 0)
    if function.reserved is not None:
        if others + requested > function.reserved:
            raise InvalidParameterValueException(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
            )
        return
    if requested > CONCURRENCY:
        raise InvalidParameterValueException(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
            f"[{CONCURRENCY}]."
        )
    taken = sum(
        count for name, count in sums.items() if get(tx, Target(place.account, place.region, name)).reserved is None
    )
    if CONCURRENCY - reserved_in_all(tx, place) - taken - others - requested < UNRESERVED_MINIMUM:
        raise InvalidParameterValueException(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
            f"minimum value of [{UNRESERVED_MINIMUM}]."
        )


def _described(running: Running, place: Target, config: Provisioned, wanted: dict[str, int]) -> dict[str, Any]:
    """`wanted` says how many environments of which version that means."""
    found = {version: running.pool.provisioned.allocation(place.arn, version) for version in wanted}
    ready = sum(min(count, found[version].ready) for version, count in wanted.items())
    shown = min(config.requested, ready + running.pool.provisioned.leaving(place.arn))
    failure = next((each.failure for each in found.values() if each.failure), None)
    return {
        "RequestedProvisionedConcurrentExecutions": config.requested,
        "AvailableProvisionedConcurrentExecutions": shown,
        "AllocatedProvisionedConcurrentExecutions": shown,
        "Status": "READY" if ready >= config.requested else "FAILED" if failure else "IN_PROGRESS",
        "StatusReason": failure if ready < config.requested else None,
        "LastModified": moment(config.modified),
    }
