"""CreateCodeSigningConfig, GetCodeSigningConfig, UpdateCodeSigningConfig, ListCodeSigningConfigs, DeleteCodeSigningConfig.

Atoll knows no Signer, so no code is signed: where a configuration enforces signatures, code is refused as AWS refuses unsigned code.
docs: API_CreateCodeSigningConfig and the like; shapes and messages as AWS answered (recorded by the LocalStack project).

    …, "code-signing", ID             CodeSigningConfig
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.service import NO_CONDITIONS, Access, ValuesOf, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.lambda_.errors import (
    CodeSigningConfigNotFoundException,
    CodeVerificationFailedException,
    ResourceConflictException,
    ResourceNotFoundException,
    without_type,
)
from atoll.services.lambda_.moments import moment
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.paging import next_marker, page_of
from atoll.services.lambda_.store import FUNCTIONS, key

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        CreateCodeSigningConfigRequestTypeDef,
        DeleteCodeSigningConfigRequestTypeDef,
        GetCodeSigningConfigRequestTypeDef,
        ListCodeSigningConfigsRequestTypeDef,
        UpdateCodeSigningConfigRequestTypeDef,
    )


class CodeSigningConfig(msgspec.Struct, frozen=True):
    """A code signing configuration. `publishers` are ARNs of signing profile versions, `policy` is "Warn" or "Enforce", `modified` region
    time in seconds."""

    id: str
    publishers: list[str]
    policy: str
    modified: float
    description: str = ""
    tags: dict[str, str] = {}


CONFIGS = Codec(CodeSigningConfig)


def named_arn(_ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares for operations on a configuration."""
    return str(request.get("CodeSigningConfigArn") or request.get("Resource", ""))


async def _tags(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, str] | None:
    found = await ctx.store.read(lambda tx: find(tx, named_arn(ctx, request)))
    return found.tags if found else None


def permission(action: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS) -> Access:
    """The permission for an action on a configuration. `conditions` are those beside its tags."""
    return Access(f"lambda:{action}", resource=named_arn, conditions={"aws:ResourceTag/${TagKey}": _tags, **conditions})


def _to_be_tagged(ctx: Context, request: Mapping[str, Any]) -> list[str]:
    """Whoever makes one with tags must be allowed to tag it; its id is not known yet."""
    return [ctx.arn("code-signing-config:*")] if request.get("Tags") else []


@operation(
    "CreateCodeSigningConfig",
    access=[
        Access("lambda:CreateCodeSigningConfig", conditions=adds_tags()),
        Access("lambda:TagResource", resource=_to_be_tagged, conditions=adds_tags()),
    ],
)
async def create_code_signing_config(ctx: Context, request: CreateCodeSigningConfigRequestTypeDef) -> dict[str, Any]:
    """Publishers are kept as data: Atoll has no Signer."""
    made = CodeSigningConfig(
        id=f"csc-{ctx.ids.hex(17)}", publishers=list(request["AllowedPublishers"]["SigningProfileVersionArns"]),
        policy=request.get("CodeSigningPolicies", {}).get("UntrustedArtifactOnDeployment", "Warn"),
        modified=ctx.clock.now(), description=request.get("Description", ""), tags=dict(request.get("Tags", {})),
    )  # fmt: skip
    arn = ctx.arn(f"code-signing-config:{made.id}")
    await ctx.store.transact(lambda tx: put(tx, arn, made))
    return {"CodeSigningConfig": _described(arn, made)}


@operation("GetCodeSigningConfig", access=[permission("GetCodeSigningConfig")])
async def get_code_signing_config(ctx: Context, request: GetCodeSigningConfigRequestTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException."""
    arn = request["CodeSigningConfigArn"]
    return {"CodeSigningConfig": _described(arn, await ctx.store.read(lambda tx: get(tx, arn)))}


@operation("UpdateCodeSigningConfig", access=[permission("UpdateCodeSigningConfig")])
async def update_code_signing_config(ctx: Context, request: UpdateCodeSigningConfigRequestTypeDef) -> dict[str, Any]:
    """What the request does not mention stays. Raises ResourceNotFoundException."""
    arn, now = request["CodeSigningConfigArn"], ctx.clock.now()

    def update(tx: Transaction) -> CodeSigningConfig:
        before = get(tx, arn)
        given = request.get("AllowedPublishers")
        publishers = given["SigningProfileVersionArns"] if given else before.publishers
        policy = request.get("CodeSigningPolicies", {}).get("UntrustedArtifactOnDeployment", before.policy)
        after = msgspec.structs.replace(
            before,
            description=request.get("Description", before.description),
            publishers=list(publishers),
            policy=policy,
        )
        if after != before:
            after = msgspec.structs.replace(after, modified=now)
            put(tx, arn, after)
        return after

    return {"CodeSigningConfig": _described(arn, await ctx.store.transact(update))}


@operation("ListCodeSigningConfigs", access=[Access("lambda:ListCodeSigningConfigs")])
async def list_code_signing_configs(ctx: Context, request: ListCodeSigningConfigsRequestTypeDef) -> dict[str, Any]:
    """By id, at most 50 per page."""
    limit, after = page_of(request)

    def read(tx: Reader) -> list[CodeSigningConfig]:
        span = under(_key(ctx.arn("code-signing-config:"))[:-1])
        if after is not None:
            span = span.past(_key(ctx.arn(f"code-signing-config:{after}")))
        return [CONFIGS.decode(raw) for _, raw in tx.scan(span, limit=limit + 1)]

    page = await ctx.store.read(read)
    return {
        "CodeSigningConfigs": [_described(ctx.arn(f"code-signing-config:{one.id}"), one) for one in page[:limit]],
        "NextMarker": next_marker(page, limit, lambda one: one.id),
    }


@operation("DeleteCodeSigningConfig", access=[permission("DeleteCodeSigningConfig")])
async def delete_code_signing_config(ctx: Context, request: DeleteCodeSigningConfigRequestTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, and ResourceConflictException while functions have it."""
    arn = request["CodeSigningConfigArn"]

    def delete(tx: Transaction) -> None:
        get(tx, arn)
        if any(True for _ in users(tx, ctx, arn)):
            raise ResourceConflictException(
                f"The Lambda code signing configuration {arn} is used by functions and cannot be deleted."
            )
        tx.delete(_key(arn))

    await ctx.store.transact(delete)
    return {}


def users(tx: Reader, ctx: Context, arn: str) -> Iterator[str]:
    """The names of the functions that have the configuration."""
    for _, raw in tx.scan(under(key(Target(ctx.account, ctx.region, ""), "function"))):
        function = FUNCTIONS.decode(raw)
        if function.signing == arn:
            yield function.name


def find(tx: Reader, arn: str) -> CodeSigningConfig | None:
    """The configuration, if it is there: under no other name than its own, for IAM compares the one that a request has."""
    raw = tx.get(_key(arn)) if arn.count(":") == 6 and arn.startswith("arn:aws:lambda:") else None
    return CONFIGS.decode(raw) if raw else None


def get(tx: Reader, arn: str) -> CodeSigningConfig:
    """The configuration. Raises ResourceNotFoundException."""
    found = find(tx, arn)
    if found is None:
        raise without_type(ResourceNotFoundException(f"The Lambda code signing configuration {arn} can not be found."))
    return found


def needed(tx: Reader, arn: str) -> CodeSigningConfig:
    """The configuration that a function shall have. Raises CodeSigningConfigNotFoundException."""
    found = find(tx, arn)
    if found is None:
        raise CodeSigningConfigNotFoundException(
            "The code signing configuration cannot be found. Check that the provided configuration is not deleted: "
            f"{arn}."
        )
    return found


def verify(tx: Reader, arn: str, *artifacts: str) -> None:
    """Lets unsigned artifacts, by their names, pass for a function whose configuration is `arn` ("" for none), or raises
    CodeVerificationFailedException; CodeSigningConfigNotFoundException if it is not there."""
    if arn and needed(tx, arn).policy == "Enforce" and artifacts:
        raise CodeVerificationFailedException(
            "Lambda cannot deploy the function. The function or layer might be signed using a signature that the client "
            f"is not configured to accept. Check the provided signature for {artifacts[0]}."
        )


def put(tx: Transaction, arn: str, config: CodeSigningConfig) -> None:
    """Stores a configuration."""
    tx.set(_key(arn), CONFIGS.encode(config))


def _key(arn: str) -> Key:
    _, _, _, region, account, _, config = arn.split(":")
    return key(Target(account, region, ""), "code-signing", config)


def _described(arn: str, config: CodeSigningConfig) -> dict[str, Any]:
    return {
        "CodeSigningConfigId": config.id,
        "CodeSigningConfigArn": arn,
        "Description": config.description,
        "AllowedPublishers": {"SigningProfileVersionArns": config.publishers},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": config.policy},
        "LastModified": moment(config.modified),
    }
