"""GetContextKeysForCustomPolicy and GetContextKeysForPrincipalPolicy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from atoll.auth.policy.context_keys import context_keys
from atoll.auth.policy.parse import PolicySyntaxError
from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.services.iam.errors import InvalidInputException
from atoll.services.iam.resources import on_simulated
from atoll.services.iam.sources import owner_of, sources_of

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        GetContextKeysForCustomPolicyRequestTypeDef,
        GetContextKeysForPrincipalPolicyRequestTypeDef,
    )


def _answer(texts: Sequence[str]) -> dict[str, Any]:
    try:
        return {"ContextKeyNames": list(context_keys(texts).values())}
    except PolicySyntaxError as error:
        raise InvalidInputException(error.message) from None


@operation("GetContextKeysForCustomPolicy", access=[Access("iam:GetContextKeysForCustomPolicy")])
async def get_context_keys_for_custom_policy(
    _ctx: Context, request: GetContextKeysForCustomPolicyRequestTypeDef
) -> dict[str, Any]:
    """docs: API_GetContextKeysForCustomPolicy."""
    return _answer(request["PolicyInputList"])


@operation("GetContextKeysForPrincipalPolicy", access=on_simulated("GetContextKeysForPrincipalPolicy"))
async def get_context_keys_for_principal_policy(
    ctx: Context, request: GetContextKeysForPrincipalPolicyRequestTypeDef
) -> dict[str, Any]:
    """docs: API_GetContextKeysForPrincipalPolicy. The boundary's are among them."""
    owner = owner_of(request["PolicySourceArn"])
    held, boundary = await ctx.store.read(lambda tx: sources_of(tx, owner))
    texts = [source.text for source in (*held, *([boundary] if boundary else ()))]
    return _answer([*texts, *request.get("PolicyInputList", ())])
