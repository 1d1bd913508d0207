"""Last accessed information: GenerateServiceLastAccessedDetails, GetServiceLastAccessedDetails, …WithEntities, and
ListPoliciesGrantingServiceAccess. What was used when is noted in `uses.py`, by service and not by action.

A job is only what was asked for: its answer is worked out when it is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import attachments, paging, policies, uses
from atoll.services.iam.errors import InvalidInputException, NoSuchEntityException
from atoll.services.iam.granted import granted, name_of
from atoll.services.iam.resources import on_account, on_arn
from atoll.services.iam.store import GROUPS, ROLES, USERS, Entity, Kind, User, members_prefix
from atoll.services.iam.uses import Use

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        GenerateServiceLastAccessedDetailsRequestTypeDef,
        GetServiceLastAccessedDetailsRequestTypeDef,
        GetServiceLastAccessedDetailsWithEntitiesRequestTypeDef,
        ListPoliciesGrantingServiceAccessRequestTypeDef,
    )

GOOD_FOR = 7 * 86_400
"""Seconds for which a job can be fetched."""
KINDS: dict[str, Kind[Any]] = {kind.word: kind for kind in (USERS, ROLES, GROUPS)}


class Job(msgspec.Struct, frozen=True):
    """What was asked for: about what, and when (whole seconds)."""

    arn: str
    created: int


JOBS = Codec(Job)


class Granting(NamedTuple):
    """A policy, whose it is, and its document. `arn` is a managed policy's."""

    name: str
    arn: str
    kind: str
    holder: str
    text: str

    def shown(self) -> dict[str, Any]:
        """As ListPoliciesGrantingServiceAccess shows it: of inline policies whose they are."""
        if self.arn:
            return {"PolicyName": self.name, "PolicyType": "MANAGED", "PolicyArn": self.arn}
        entity = {"EntityType": self.kind.upper(), "EntityName": self.holder}
        return {"PolicyName": self.name, "PolicyType": "INLINE", **entity}


class Subject(NamedTuple):
    """What a report is about: the policies that give access, and the users and roles to whom they do."""

    policies: Sequence[Granting]
    holders: Sequence[tuple[str, Entity]]


def _jobs(account: str) -> Key:
    return (account, "", "iam", "access-jobs")


def _policies(tx: Reader, account: str, kind: str, entity: Entity) -> Iterator[Granting]:
    """An entity's policies, and a user's by its groups."""
    for arn in entity.attached:
        yield _managed(tx, account, arn)
    for name in sorted(entity.inline):
        yield Granting(name, "", kind, entity.name, entity.inline[name])
    if isinstance(entity, User):
        for group in entity.groups:
            yield from _policies(tx, account, GROUPS.word, GROUPS.get(tx, account, group))


def _managed(tx: Reader, account: str, arn: str) -> Granting:
    policy = policies.get(tx, account, arn)
    return Granting(policy.name, arn, "", "", policies.document(tx, account, arn, policy.default))


def _members(tx: Reader, account: str, group: str) -> Iterator[tuple[str, Entity]]:
    for key, _ in tx.scan(under(members_prefix(account, group))):
        yield USERS.word, USERS.get(tx, account, str(key[-1]))


def _subject(tx: Reader, account: str, arn: str) -> Subject:
    """What an ARN names. Raises InvalidInputException, NoSuchEntityException."""
    word, _, path = arn.rpartition(":")[2].partition("/")
    if word == "policy":
        return Subject([_managed(tx, account, arn)], list(_holders(tx, account, arn)))
    kind = KINDS.get(word)
    if kind is None or not arn.startswith(f"arn:aws:iam::{account}:"):
        raise InvalidInputException(f"Invalid ARN: {arn}")
    entity = kind.get(tx, account, path.rpartition("/")[2])
    if kind.arn(account, entity) != arn:
        raise NoSuchEntityException(f"The {word} with name {path} cannot be found.")
    members = _members(tx, account, entity.name) if word == "group" else ((word, entity),)
    return Subject(list(_policies(tx, account, word, entity)), list(members))


def _holders(tx: Reader, account: str, arn: str) -> Iterator[tuple[str, Entity]]:
    """The users and roles that have a managed policy, by themselves or by their groups; each once."""
    seen: set[str] = set()
    for word, entity in attachments.having(tx, account, arn):
        having: Iterable[tuple[str, Entity]] = ((word, entity),)
        if word == GROUPS.word:
            having = _members(tx, account, entity.name)
        for one in having:
            if one[1].id not in seen:
                seen.add(one[1].id)
                yield one


def _latest(tx: Reader, account: str, subject: Subject) -> Mapping[str, list[tuple[Use, str, Entity]]]:
    """By namespace: the last use by each holder, the latest first."""
    found: dict[str, list[tuple[Use, str, Entity]]] = {}
    for word, entity in subject.holders:
        for use in uses.by(tx, account, entity.id):
            found.setdefault(use.service, []).append((use, word, entity))
    return {name: sorted(having, key=lambda one: -one[0].time) for name, having in found.items()}


def _service(account: str, namespace: str, having: Sequence[tuple[Use, str, Entity]]) -> dict[str, Any]:
    shown: dict[str, Any] = {"ServiceName": name_of(namespace), "ServiceNamespace": namespace}
    if having:
        use, word, entity = having[0]
        shown |= {
            "LastAuthenticated": use.time,
            "LastAuthenticatedEntity": KINDS[word].arn(account, entity),
            "LastAuthenticatedRegion": use.region,
        }
    return shown | {"TotalAuthenticatedEntities": len(having)}


def _job(tx: Reader, ctx: Context, job_id: str) -> Job:
    raw = tx.get((*_jobs(ctx.account), job_id))
    job = JOBS.decode(raw) if raw else None
    if job is None or ctx.clock.now() - job.created >= GOOD_FOR:
        raise NoSuchEntityException(f"The job with id {job_id} cannot be found.")
    return job


def _state(job: Job) -> dict[str, Any]:
    return {"JobStatus": "COMPLETED", "JobCreationDate": job.created, "JobCompletionDate": job.created}


@operation("GenerateServiceLastAccessedDetails", access=on_arn("GenerateServiceLastAccessedDetails"))
async def generate_service_last_accessed_details(
    ctx: Context, request: GenerateServiceLastAccessedDetailsRequestTypeDef
) -> dict[str, Any]:
    """docs: API_GenerateServiceLastAccessedDetails."""
    if request.get("Granularity") == "ACTION_LEVEL":
        raise NotImplementedByAtoll("iam: last accessed information about actions. About services there is.")
    arn, now, job_id = request["Arn"], int(ctx.clock.now()), ctx.ids.uuid()

    def generate(tx: Transaction) -> None:
        _subject(tx, ctx.account, arn)
        for key, raw in list(tx.scan(under(_jobs(ctx.account)))):
            if now - JOBS.decode(raw).created >= GOOD_FOR:
                tx.delete(key)
        tx.set((*_jobs(ctx.account), job_id), JOBS.encode(Job(arn, now)))

    await ctx.store.transact(generate)
    return {"JobId": job_id}


@operation("GetServiceLastAccessedDetails", access=on_account("GetServiceLastAccessedDetails"))
async def get_service_last_accessed_details(
    ctx: Context, request: GetServiceLastAccessedDetailsRequestTypeDef
) -> dict[str, Any]:
    """The services that the policies grant, by namespace. docs: API_GetServiceLastAccessedDetails."""

    def read(tx: Reader) -> dict[str, Any]:
        job = _job(tx, ctx, request["JobId"])
        subject = _subject(tx, ctx.account, job.arn)
        latest = _latest(tx, ctx.account, subject)
        namespaces = sorted({name for policy in subject.policies for name in granted(policy.text)})
        found, more = paging.page(request, paging.listed(namespaces))
        shown = [_service(ctx.account, namespace, latest.get(namespace, ())) for namespace in found]
        return {**_state(job), "JobType": "SERVICE_LEVEL", "ServicesLastAccessed": shown, **more}

    return await ctx.store.read(read)


@operation("GetServiceLastAccessedDetailsWithEntities", access=on_account("GetServiceLastAccessedDetailsWithEntities"))
async def get_service_last_accessed_details_with_entities(
    ctx: Context, request: GetServiceLastAccessedDetailsWithEntitiesRequestTypeDef
) -> dict[str, Any]:
    """Those who used the service, the latest first, then those who did not. docs: API_GetServiceLastAccessedDetailsWithEntities."""

    def read(tx: Reader) -> dict[str, Any]:
        job = _job(tx, ctx, request["JobId"])
        subject = _subject(tx, ctx.account, job.arn)
        used = _latest(tx, ctx.account, subject).get(request["ServiceNamespace"], [])
        ids = {entity.id for _, _, entity in used}
        every = [
            *((word, entity, use.time) for use, word, entity in used),
            *((word, entity, None) for word, entity in subject.holders if entity.id not in ids),
        ]
        found, more = paging.page(request, paging.listed(every))
        return {**_state(job), "EntityDetailsList": [_entity(ctx.account, *one) for one in found], **more}

    return await ctx.store.read(read)


def _entity(account: str, word: str, entity: Entity, time: int | None) -> dict[str, Any]:
    return {
        "EntityInfo": {
            "Arn": KINDS[word].arn(account, entity), "Name": entity.name, "Type": word.upper(), "Id": entity.id,
            "Path": entity.path,
        },
        "LastAuthenticated": time,
    }  # fmt: skip


@operation("ListPoliciesGrantingServiceAccess", access=on_arn("ListPoliciesGrantingServiceAccess"))
async def list_policies_granting_service_access(
    ctx: Context, request: ListPoliciesGrantingServiceAccessRequestTypeDef
) -> dict[str, Any]:
    """Boundaries do not matter here. docs: API_ListPoliciesGrantingServiceAccess."""

    def read(tx: Reader) -> dict[str, Any]:
        if request["Arn"].rpartition(":")[2].startswith("policy/"):
            raise InvalidInputException(f"Invalid ARN: {request['Arn']}")
        having = [(policy, granted(policy.text)) for policy in _subject(tx, ctx.account, request["Arn"]).policies]
        found, more = paging.page(request, paging.listed(request["ServiceNamespaces"]))
        shown = [
            {"ServiceNamespace": name, "Policies": [policy.shown() for policy, names in having if name in names]}
            for name in found
        ]
        return {"PoliciesGrantingServiceAccess": shown, **more}

    return await ctx.store.read(read)
