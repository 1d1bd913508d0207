"""Reading and writing API keys and usage plans, with AWS's errors. The records are `api_runtime/usage_plans.py`'s."""

from __future__ import annotations

from atoll.api_runtime import serving
from atoll.api_runtime.usage_plans import KEYS, PLANS, ApiKey, Place, PlanStage, UsagePlan, plans_of
from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway.errors import ConflictException, NotFoundException

NO_KEY = "Invalid API Key identifier specified"


def place(ctx: Context) -> Place:
    """Where this account's keys and plans lie."""
    return Place(ctx.account, ctx.region)


def key(tx: Reader, ctx: Context, key_id: str) -> ApiKey:
    """An API key. Raises NotFoundException."""
    raw = tx.get(place(ctx).keys(key_id))
    if raw is None:
        raise NotFoundException(NO_KEY)
    return KEYS.decode(raw)


def put_key(tx: Transaction, ctx: Context, record: ApiKey) -> None:
    """Stores an API key, so that it is found by its value."""
    tx.set(place(ctx).keys(record.id), KEYS.encode(record))
    tx.set(place(ctx).value(record.value), record.id.encode())


def delete_key(tx: Transaction, ctx: Context, record: ApiKey) -> None:
    """Removes an API key, also from its plans."""
    where = place(ctx)
    for plan in list(plans_of(tx, where, record.id)):
        leave(tx, ctx, plan.id, record.id)
    tx.delete(where.keys(record.id))
    tx.delete(where.value(record.value))


def plan(tx: Reader, ctx: Context, plan_id: str) -> UsagePlan:
    """A usage plan. Raises NotFoundException."""
    raw = tx.get(place(ctx).plans(plan_id))
    if raw is None:
        raise NotFoundException("Invalid Usage Plan ID specified")
    return PLANS.decode(raw)


def put_plan(tx: Transaction, ctx: Context, record: UsagePlan) -> None:
    """Stores a usage plan."""
    tx.set(place(ctx).plans(record.id), PLANS.encode(record))


def delete_plan(tx: Transaction, ctx: Context, record: UsagePlan) -> None:
    """Removes a usage plan, with what its keys used."""
    where = place(ctx)
    for path, _ in list(tx.scan(under(where.members(record.id)))):
        leave(tx, ctx, record.id, str(path[-1]))
    tx.delete(where.plans(record.id))


def join(tx: Transaction, ctx: Context, plan_id: str, key_id: str) -> None:
    """Puts a key into a plan."""
    tx.set(place(ctx).members(plan_id, key_id), b"")
    tx.set(place(ctx).memberships(key_id, plan_id), b"")


def leave(tx: Transaction, ctx: Context, plan_id: str, key_id: str) -> None:
    """Takes a key out of a plan, and forgets what it used."""
    where = place(ctx)
    tx.delete(where.members(plan_id, key_id))
    tx.delete(where.memberships(key_id, plan_id))
    tx.clear_range(under(where.used(plan_id, key_id)))
    tx.clear_range(under(where.granted(plan_id, key_id)))


def is_member(tx: Reader, ctx: Context, plan_id: str, key_id: str) -> bool:
    """Whether a plan has a key."""
    return tx.get(place(ctx).members(plan_id, key_id)) is not None


def check_one_plan(tx: Reader, ctx: Context, plan: UsagePlan, key_id: str) -> None:
    """Raises ConflictException where a key would have two plans for one stage."""
    for other in plans_of(tx, place(ctx), key_id):
        for stage in other.stages if other.id != plan.id else ():
            if plan.stage(stage.api, stage.stage):
                raise ConflictException(
                    f"Usage Plan {plan.id} cannot be added because API Key cannot reference multiple Usage Plans with the "
                    f"same API stage: {stage.api}:{stage.stage}"
                )


def is_there(tx: Reader, ctx: Context, stage: PlanStage) -> bool:
    """Whether a plan's stage is one of this account's: of a REST or WebSocket API, the kinds that have API keys."""
    raw = tx.get(serving.api_key(stage.api))
    if raw is None:
        return False
    api = serving.APIS.decode(raw)
    return (api.account, api.region) == (ctx.account, ctx.region) and stage.stage in api.stages
