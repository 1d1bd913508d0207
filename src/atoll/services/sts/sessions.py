"""Issuing sessions: temporary credentials as AssumeRole, GetSessionToken and the others hand them out, and what limits them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from atoll.auth.credentials import AccessKey, open_session
from atoll.auth.policy.parse import PolicySyntaxError, parse
from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import ValidationFailed
from atoll.services.sts.errors import MalformedPolicyDocumentException, PackedPolicyTooLargeException

TOKEN_LENGTH = 256
POLICY_SIZE = 2_048
"""Characters: how long a session's policy may be, and what stands here for the room of all that is packed."""
MOST_POLICY_ARNS = 10


async def issue(ctx: Context, principal: Principal, seconds: int) -> dict[str, Any]:
    """Stores a session of `principal` that ends in `seconds` of region time. Returns the member Credentials."""
    now = ctx.clock.now()
    session = AccessKey(
        secret=ctx.ids.secret(),
        principal=dataclasses.replace(principal, access_key=ctx.ids.iam("ASIA"), issued=int(now)),
        created=int(now),
        token=ctx.ids.secret(TOKEN_LENGTH),
        expires=float(int(now) + seconds),
    )
    await ctx.store.transact(lambda tx: open_session(tx, session, now))
    return {
        "AccessKeyId": session.principal.access_key,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expires,
    }


async def session_policies(ctx: Context, account: str, request: Mapping[str, Any]) -> tuple[str, ...]:
    """The documents that limit a session: the one given and, as they are now, the managed ones of `account` that are named."""
    found = []
    text = request.get("Policy")
    if text is not None:
        if len(text) > POLICY_SIZE:
            raise PackedPolicyTooLargeException(
                f"Packed policy consumes {_percent(len(text))}% of allotted space, please use smaller policy."
            )
        try:
            parse(text)
        except PolicySyntaxError as error:
            raise MalformedPolicyDocumentException(error.message) from None
        found.append(text)
    arns = [one["arn"] for one in request.get("PolicyArns", ())]
    if len(arns) > MOST_POLICY_ARNS:
        raise ValidationFailed(
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length "
            f"less than or equal to {MOST_POLICY_ARNS}"
        )
    root = Principal.root(account)
    for arn in arns:
        policy = (await ctx.call("iam", "GetPolicy", {"PolicyArn": arn}, principal=root))["Policy"]
        wanted = {"PolicyArn": arn, "VersionId": policy["DefaultVersionId"]}
        version = (await ctx.call("iam", "GetPolicyVersion", wanted, principal=root))["PolicyVersion"]
        found.append(unquote(version["Document"]))
    return tuple(found)


def packed_size(request: Mapping[str, Any], tags: Sequence[tuple[str, str]]) -> int:
    """How much, in percent, of a session's room its policies and tags take. AWS packs them first, in a way of its own.

    Raises PackedPolicyTooLargeException.
    """
    policies = len(request.get("Policy", "")) + sum(len(one["arn"]) for one in request.get("PolicyArns", ()))
    percent = _percent(policies + sum(len(key) + len(value) for key, value in tags))
    if percent > 100:
        what = "session policies and session tags" if policies else "session tags"
        raise PackedPolicyTooLargeException(f"Packed size of {what} consumes {percent}% of allotted space.")
    return percent


def _percent(characters: int) -> int:
    return -(-characters * 100 // POLICY_SIZE)
