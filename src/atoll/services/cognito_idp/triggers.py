"""Lambda triggers: the events that a pool's functions get, and what their answers may change.

docs: "Customizing user pool workflows with Lambda triggers". A function must answer within 5 seconds; it is called again where it does
not, three times at most. What its answer may be stands in `trigger_events.py`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import ServiceError
from atoll.services.cognito_idp import trigger_events
from atoll.services.cognito_idp.errors import (
    InvalidLambdaResponseException,
    UnexpectedLambdaException,
    UserLambdaValidationException,
)
from atoll.services.cognito_idp.names import pool_arn, region_of
from atoll.services.cognito_idp.running import Triggers
from atoll.services.cognito_idp.store import Pool, User

log = logging.getLogger(__name__)

HOST = "cognito-idp.amazonaws.com"
WITHIN, TRIES = 5.0, 3
"""Real seconds for each call, and calls."""
NO_CLIENT = "CLIENT_ID_NOT_APPLICABLE"
_SDK = re.compile(r"aws-sdk-([a-z0-9]+)[/-](\d[\w.]*)", re.ASCII)


async def fire(
    ctx: Context, pool: Pool, client_id: str, source: str, user: User | str, request: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Calls the function of the pool's LambdaConfig that a trigger source (`PreSignUp_SignUp`) belongs to, with `request` filled in by the
    user's attributes, and returns the `response` that it gave back; None where the pool has no such function.

    `user` is a user's name where there is no user. `client_id` is "" for what administrators do. Raises UserLambdaValidationException,
    UnexpectedLambdaException and InvalidLambdaResponseException with AWS's texts.
    """
    trigger = trigger_events.trigger_of(source)
    function, version = _function(pool, trigger)
    if not function:
        return None
    known = {} if trigger == "UserMigration" else {"userAttributes": attributes_of(user)}
    event = {
        "version": version,
        "region": region_of(pool.id),
        "userPoolId": pool.id,
        "userName": user if isinstance(user, str) else user.name,
        "callerContext": {"awsSdkVersion": _sdk(ctx.user_agent), "clientId": client_id or NO_CLIENT},
        "triggerSource": source,
        "request": {**known, **request},
        "response": trigger_events.blank(trigger, version),
    }
    output = await _invoke(ctx, pool, trigger, function, msgspec.json.encode(event))
    if output.get("FunctionError"):
        raise UserLambdaValidationException(f"{trigger} failed with error {_complaint(output['Payload'])}.")
    response = trigger_events.read(output["Payload"], trigger, version)
    if response is None:
        raise InvalidLambdaResponseException("Unrecognizable lambda output")
    return response


def attributes_of(user: User | str) -> dict[str, str]:
    """A user's attributes as triggers see them: none, where there is no user."""
    if isinstance(user, str):
        return {}
    return {"sub": user.sub, "cognito:user_status": user.status, **user.attributes}


def with_metadata(metadata: Mapping[str, str] | None) -> dict[str, Any]:
    """`clientMetadata` of a request to a trigger, for where the client gave some."""
    return {"clientMetadata": dict(metadata)} if metadata else {}


def has(pool: Pool, trigger: str) -> bool:
    """Whether the pool has a function for a trigger (`PreSignUp`)."""
    return bool(_function(pool, trigger)[0])


def _function(pool: Pool, trigger: str) -> tuple[str, str]:
    """The ARN of the function, "" for none, and the version of the events that it gets."""
    configured = pool.settings.get("LambdaConfig") or {}
    versioned = configured.get("PreTokenGenerationConfig") if trigger == "PreTokenGeneration" else None
    if versioned:
        return versioned["LambdaArn"], versioned["LambdaVersion"][1:2]
    return configured.get(trigger) or "", "1"


async def _invoke(ctx: Context, pool: Pool, trigger: str, function: str, event: bytes) -> Any:
    """Invoke's output. A call that takes too long is left to its end."""
    asked = {"FunctionName": function, "InvocationType": "RequestResponse", "Payload": event}
    principal = Principal.service(HOST, ctx.account, pool_arn(ctx, pool.id))
    assert isinstance(ctx.runtime, Triggers)
    problem = "Socket timeout while invoking Lambda function"
    for _ in range(TRIES):
        try:
            return await ctx.runtime.running.within(ctx.call("lambda", "Invoke", asked, principal=principal), WITHIN)
        except TimeoutError:
            continue
        except ServiceError as error:
            log.warning("%s: %s: %s: %s", pool.id, trigger, error.code, error.message)
            ctx.span.note(error=f"{trigger}: {error.code}: {error.message}")
            problem = error.code
            break
    raise UnexpectedLambdaException(f"{trigger} invocation failed due to error {problem}.")


def _complaint(payload: bytes) -> str:
    """What the function says of its failure."""
    try:
        error = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "Unknown error"
    message = error.get("errorMessage") if isinstance(error, dict) else None
    return "null" if message is None else str(message)


def _sdk(user_agent: str) -> str:
    """The SDK as `callerContext` names it."""
    found = _SDK.search(user_agent)
    return f"aws-sdk-{found[1]}-{found[2]}" if found else "aws-sdk-unknown-unknown"
