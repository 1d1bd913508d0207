"""The region's mailbox: every mail and text message that it would have sent. Nothing leaves the machine.

`atoll mail` and `GET /_atoll/mail` show it; Cognito writes to it. The newest KEPT messages of an account stay. A message may hold a
code or a password: it is shown to whoever may use the admin API, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction, counter

KEPT = 1_000


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A mail or a text message. `at` is region time in seconds; `cause` says who sent it: an ARN and what for
    (`arn:aws:cognito-idp:…:userpool/us-east-1_… CustomMessage_SignUp`). A text message has no subject; its sender may be ""."""

    id: str
    at: float
    kind: Literal["email", "sms"]
    to: str
    body: str
    subject: str = ""
    sender: str = ""
    cause: str = ""
    html: bool = False


_MESSAGES = Codec(Message, memo=0)


def _prefix(account: str) -> Key:
    return (account, "", "mail", "message")


def _count(account: str) -> Key:
    return (account, "", "mail", "count")


def post(tx: Transaction, account: str, message: Message) -> None:
    """Puts a message into the account's mailbox, in the order of the commits."""
    tx.append(_prefix(account), _MESSAGES.encode(message))
    if counter(tx.get(_count(account))) < KEPT:
        tx.add(_count(account), 1)
        return
    for key, _ in list(tx.scan(under(_prefix(account)), limit=1)):
        tx.delete(key)


def messages(tx: Reader, account: str) -> Iterator[Message]:
    """The account's messages, newest first."""
    for _, raw in tx.scan(under(_prefix(account)), reverse=True):
        yield _MESSAGES.decode(raw)


def clear(tx: Transaction, account: str) -> None:
    """Empties the mailbox."""
    tx.clear_range(under(_prefix(account)))
    tx.delete(_count(account))
