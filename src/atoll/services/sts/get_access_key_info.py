"""GetAccessKeyInfo: which account an access key is of. Whose, it does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atoll.auth import credentials
from atoll.auth.principal import unknown_key
from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import GetAccessKeyInfoRequestTypeDef


@operation("GetAccessKeyInfo", access=[Access("sts:GetAccessKeyInfo")])
async def get_access_key_info(ctx: Context, request: GetAccessKeyInfoRequestTypeDef) -> dict[str, str]:
    """docs: API_GetAccessKeyInfo. A key that Atoll did not issue is of the account as whose root it acts. Raises UnrecognizedClient."""
    key_id = request["AccessKeyId"]
    found = await ctx.store.read(lambda tx: credentials.find(tx, key_id))
    return {"Account": found.principal.account if found else unknown_key(key_id, strict=False).account}
