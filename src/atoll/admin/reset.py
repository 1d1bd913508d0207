"""`/_atoll/reset`: deletes everything, or everything of one account, while the region goes on serving.

Region time stays: it never goes backward. Deployed code, keys, tables, logs, ids: all go, in one transaction.
"""

from __future__ import annotations

import re
from typing import Any

from atoll.admin.answers import Refused, given
from atoll.gateway.call import Parts
from atoll.kernel.http import HttpRequest
from atoll.kernel.reset import Reset
from atoll.kernel.store.api import Transaction

MEMBERS = {"account": '"123456789012"'}
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


async def perform(parts: Parts, reset: Reset, request: HttpRequest) -> dict[str, Any]:
    """Empties the account that the body names, without one the region. Raises Refused."""
    account = given(request, MEMBERS).get("account")
    if account is not None and not (isinstance(account, str) and _ACCOUNT.fullmatch(account)):
        raise Refused(f"An account is twelve digits, as a text, not {account!r}.")

    def delete(tx: Transaction) -> None:
        if account is None:
            reset.region(tx)
        else:
            reset.account(tx, account)

    # Before, so that nothing that runs writes between the deletion and its own end; after, for what began in between.
    _end_what_runs(parts, account)
    await parts.kernel.store.transact(delete)
    _end_what_runs(parts, account)
    return {"reset": account or "region"}


def _end_what_runs(parts: Parts, account: str | None) -> None:
    for runtime in parts.runtimes.values():
        runtime.reset(account)
