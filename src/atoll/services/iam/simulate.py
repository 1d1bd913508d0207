"""SimulateCustomPolicy and SimulatePrincipalPolicy: what is asked, checked. What is answered is in `simulation.py`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atoll.auth.policy.conditions import date, number
from atoll.auth.policy.context_keys import context_keys
from atoll.auth.policy.parse import Kind, PolicySyntaxError, parse
from atoll.auth.policy.positions import statement_spans
from atoll.kernel.context import Context, Principal
from atoll.kernel.service import Access, operation
from atoll.services.iam import paging
from atoll.services.iam.errors import InvalidInputException
from atoll.services.iam.resources import on_simulated
from atoll.services.iam.simulation import Compiled, Simulation
from atoll.services.iam.sources import Source, owner_of, sources_of

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import SimulateCustomPolicyRequestTypeDef, SimulatePrincipalPolicyRequestTypeDef

_OWNER = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):.+", re.ASCII)
_RESOURCE = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+", re.DOTALL)
_SCENARIOS = frozenset(
    f"EC2-{scenario}"
    for scenario in (
        "Classic-InstanceStore", "Classic-EBS", "VPC-InstanceStore", "VPC-InstanceStore-Subnet", "VPC-EBS", "VPC-EBS-Subnet",
    )
)  # fmt: skip
_READERS: dict[str, Callable[[str], object]] = {
    "boolean": lambda text: text if text.lower() in ("true", "false") else None,
    "date": date,
    "numeric": number,
}
NOBODY = "STUB_PRINCIPAL_FOR_POLICY_SIMULATOR"
"""The `aws:userid` of a simulation without a caller, as AWS was seen to have it."""


@operation("SimulateCustomPolicy", access=[Access("iam:SimulateCustomPolicy")])
async def simulate_custom_policy(ctx: Context, request: SimulateCustomPolicyRequestTypeDef) -> dict[str, Any]:
    """docs: API_SimulateCustomPolicy."""
    return await _simulate(ctx, request, [], None, request.get("CallerArn"))


@operation("SimulatePrincipalPolicy", access=on_simulated("SimulatePrincipalPolicy"))
async def simulate_principal_policy(ctx: Context, request: SimulatePrincipalPolicyRequestTypeDef) -> dict[str, Any]:
    """docs: API_SimulatePrincipalPolicy."""
    owner = owner_of(request["PolicySourceArn"])
    held, boundary = await ctx.store.read(lambda tx: sources_of(tx, owner))
    caller = request.get("CallerArn") or (owner.arn if owner.kind == "user" else None)
    return await _simulate(ctx, request, held, boundary, caller)


async def _simulate(
    ctx: Context, request: Mapping[str, Any], held: Sequence[Source], boundary: Source | None, caller: str | None
) -> dict[str, Any]:
    resources = _resources(request)
    _check_actions(ctx, request, resources)

    def simulate() -> dict[str, Any]:
        simulation = _compile(ctx, request, held, boundary, caller)
        actions, more = paging.page(request, paging.listed(request["ActionNames"]))
        return {"EvaluationResults": [simulation.result(action, resources) for action in actions], **more}

    # Policies of 128 KB, many resources: others have their turn meanwhile.
    return await asyncio.to_thread(simulate)


def _compile(
    ctx: Context, request: Mapping[str, Any], held: Sequence[Source], boundary: Source | None, caller: str | None
) -> Simulation:
    given = [Source(f"PolicyInputList.{n}", text) for n, text in enumerate(request.get("PolicyInputList", ()), 1)]
    limits = request.get("PermissionsBoundaryPolicyInputList", ())
    if len(limits) > 1:
        raise InvalidInputException("The list of Permissions Boundary policies cannot exceed 1 items.")
    if limits:
        boundary = Source("PermissionsBoundaryPolicyInputList.1", limits[0])
    text = request.get("ResourcePolicy")
    if text is not None and caller is None:
        raise InvalidInputException("Invalid caller - Caller cannot be null or empty.")
    resource = Source("ResourcePolicy", text) if text is not None else None
    principal, context = _caller(ctx, caller)
    trust = all(action.lower().startswith("sts:assumerole") for action in request["ActionNames"])
    sources = [*held, *given, *(one for one in (boundary, resource) if one)]
    return Simulation(
        identity=[_compiled(source) for source in (*held, *given)],
        boundary=_compiled(boundary) if boundary else None,
        resource=_compiled(resource, "trust" if trust else "resource") if resource else None,
        principal=principal,
        owner=_owner(request) or principal.account,
        context=context | _entries(request),
        keys=context_keys(source.text for source in sources),
    )


def _compiled(source: Source, kind: Kind = "identity") -> Compiled:
    try:
        policy = parse(source.text, kind, source.id)
    except PolicySyntaxError as error:
        raise InvalidInputException(error.message) from None
    spans = zip(policy.statements, statement_spans(source.text), strict=True)
    return Compiled(source, policy, {id(statement): span for statement, span in spans})


def _caller(ctx: Context, arn: str | None) -> tuple[Principal, dict[str, Sequence[str]]]:
    """Who is simulated, and what conditions then know of it: nobody in particular has no name."""
    if arn is None:
        unknown = dict.fromkeys(("aws:username", "aws:principalarn", "aws:principaltype"), ())
        return Principal("user", ctx.account, "", NOBODY), dict(unknown)
    try:
        owner = owner_of(arn)
    except InvalidInputException:
        raise InvalidInputException(
            "Invalid caller - Caller must be an IAM user, role or group in this context."
        ) from None
    if owner.kind == "role":
        return Principal("role", owner.account, arn, arn, role_arn=arn), {}
    return Principal("user", owner.account, arn, arn), {} if owner.kind == "user" else {"aws:username": ()}


def _owner(request: Mapping[str, Any]) -> str:
    owner = request.get("ResourceOwner")
    if owner is None:
        return ""
    match = _OWNER.fullmatch(owner)
    if match is None:
        raise InvalidInputException(f"'{owner}' is not a valid as a Resource Owner.")
    return match[1]


def _resources(request: Mapping[str, Any]) -> list[str]:
    """The resources that are named, [] for all."""
    resources: list[str] = request.get("ResourceArns") or ["*"]
    if resources == ["*"]:
        return []
    for resource in resources:
        if not _RESOURCE.fullmatch(resource):
            raise InvalidInputException(f"ResourceNames are not in a valid ARN format: {resource}.")
    return resources


def _check_actions(ctx: Context, request: Mapping[str, Any], resources: Sequence[str]) -> None:
    for action in request["ActionNames"]:
        if ":" not in action:
            raise InvalidInputException("The action is invalid since it is missing names")
        if "*" in action or "?" in action:
            raise InvalidInputException(f"Invalid Input Actions: [{action}] must not contain wildcards.")
    option = request.get("ResourceHandlingOption")
    if option is None:
        return
    if option not in _SCENARIOS:
        raise InvalidInputException(f"Invalid input resource handling options: {option}.")
    for action in request["ActionNames"] if resources else ():
        if action.lower() != "ec2:runinstances":
            raise InvalidInputException(
                f"Invalid input resource handling options. Action does not support resource handling options: {action}."
            )
    ctx.warn(
        "ResourceHandlingOption",
        "every resource is judged by itself; that all of a scenario's are named is not checked",
    )


def _entries(request: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """The context as given. Raises InvalidInputException for values that are not of their type."""
    found: dict[str, Sequence[str]] = {}
    for entry in request.get("ContextEntries", ()):
        name, kind = entry.get("ContextKeyName", ""), entry.get("ContextKeyType", "string")
        values = entry.get("ContextKeyValues", [])
        if len(values) > 1 and not kind.endswith("List"):
            raise InvalidInputException(f"Context key {name} of type {kind} must have a single value.")
        reader = _READERS.get(kind.removesuffix("List"))
        for value in values if reader else ():
            if reader and reader(value) is None:
                raise InvalidInputException(f"Context key {name} has an invalid value for type {kind}: {value}")
        found[name.lower()] = values
    return found
