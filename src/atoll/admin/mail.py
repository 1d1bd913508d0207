"""`/_atoll/mail`: the mailbox, where every mail and text message lands that the region would have sent."""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from atoll.admin.answers import Refused
from atoll.admin.moments import iso
from atoll.kernel import mailbox
from atoll.kernel.http import HttpRequest
from atoll.kernel.mailbox import Message
from atoll.kernel.region import Kernel
from atoll.kernel.reset import accounts
from atoll.kernel.store.api import Reader, Transaction

SHOWN = 50
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


async def shown(kernel: Kernel, request: HttpRequest) -> dict[str, Any]:
    """The newest messages first: to an address (`?to=`), of an account (`?account=`), so many (`?limit=`). Raises Refused."""
    asked = _asked(request, "to", "account", "limit")
    limit = _limit(asked.get("limit"))
    to = asked.get("to", "").lower()

    def read(tx: Reader) -> list[dict[str, Any]]:
        found = (one for one in _messages(tx, _account(asked)) if not to or one[1].to.lower() == to)
        return [_shown(account, message) for account, message in itertools.islice(found, limit)]

    return {"messages": await kernel.store.read(read)}


async def clear(kernel: Kernel, request: HttpRequest) -> dict[str, Any]:
    """Empties the mailbox, of one account where `?account=` names it. Raises Refused."""
    account = _account(_asked(request, "account"))

    def delete(tx: Transaction) -> None:
        for owner in list(accounts(tx)) if account is None else [account]:
            mailbox.clear(tx, owner)

    await kernel.store.transact(delete)
    return {"cleared": account or "region"}


def _messages(tx: Reader, account: str | None) -> Iterator[tuple[str, Message]]:
    """Messages with whose they are, newest first."""

    def of(owner: str) -> Iterator[tuple[str, Message]]:
        return ((owner, message) for message in mailbox.messages(tx, owner))

    owners = list(accounts(tx)) if account is None else [account]
    return heapq.merge(*(of(owner) for owner in owners), key=lambda one: -one[1].at)


def _shown(account: str, message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "account": account,
        "at": iso(message.at),
        "kind": message.kind,
        "to": message.to,
        "from": message.sender,
        "subject": message.subject,
        "body": message.body,
        "html": message.html,
        "cause": message.cause,
    }


def _asked(request: HttpRequest, *known: str) -> dict[str, str]:
    given = {name: values[-1] for name, values in parse_qs(request.query_string).items()}
    for name in given:
        if name not in known:
            raise Refused(f"There is no {name!r} here; there is {', '.join(known)}: /_atoll/mail?{known[0]}=….")
    return given


def _account(asked: dict[str, str]) -> str | None:
    account = asked.get("account")
    if account is not None and not _ACCOUNT.fullmatch(account):
        raise Refused(f"An account is twelve digits, not {account!r}.")
    return account


def _limit(text: str | None) -> int:
    if text is None:
        return SHOWN
    if not (text.isdecimal() and len(text) < 10):
        raise Refused("The limit is a number: /_atoll/mail?limit=100.")
    return int(text)
