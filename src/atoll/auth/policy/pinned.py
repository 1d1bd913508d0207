"""Resource policies as they are kept: they mean users and roles by unique id, as on AWS, so that whoever comes under the name of one
that was deleted is another. docs: IAM User Guide, "Principal".

In the kept text a principal is its ARN, a blank (which no such ARN has), and its unique id. `principals.py` holds requests against the id,
and against the ARN alone where there is none: so are policies kept of old, and sessions of roles that were not there. Pure: who is behind
an ARN, and what it is called by now, IAM tells (`services/iam/names.py`); services ask with `Context.pinned` and `Context.shown`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from atoll.auth.policy.document import PolicySyntaxError

Find = Callable[[str], str | None]
"""The unique id behind an ARN, None where nobody is there."""
NameOf = Callable[[str, str], str]
"""What is shown for the ARN of once and the unique id."""
SEPARATOR = " "
_SESSION = "arn:aws:sts:"


def pinned(policy: str, find: Find, *, strict: bool = True) -> str:
    """A checked policy with the unique id of each user and role that it names. Raises PolicySyntaxError, in the words in which `parse`
    refuses a principal, where one is not there; unless `strict`, that one stays as it is.

    A session's role need not be there: its name is anybody's to choose.
    """

    def pin(name: str) -> str:
        if name == "*" or name.isdigit() or name.endswith(":root"):
            return name
        unique = None if SEPARATOR in name else find(name)
        if unique is not None:
            return name + SEPARATOR + unique
        if strict and (SEPARATOR in name or not name.startswith(_SESSION)):
            raise PolicySyntaxError(f'Invalid principal in policy: "AWS":"{name}"')
        return name

    return renamed(policy, pin)


def shown(policy: str, name_of: NameOf) -> str:
    """A kept policy as it is shown."""
    if SEPARATOR not in policy:
        return policy
    return renamed(policy, lambda name: name_of(*split(name)) if SEPARATOR in name else name)


def bare(policy: str) -> str:
    """A kept policy as it was given."""
    return shown(policy, lambda name, _: name)


def split(principal: str) -> tuple[str, str]:
    """The ARN and the unique id of a kept principal, "" where it has none."""
    name, _, unique = principal.partition(SEPARATOR)
    return name, unique


def renamed(policy: str, rename: Callable[[str], str]) -> str:
    """The policy with its AWS principals under other names; as it was written where none has another."""
    document = msgspec.json.decode(policy)
    changed = False
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for member in ("Principal", "NotPrincipal"):
            principal: Any = statement.get(member)
            if isinstance(principal, dict) and "AWS" in principal:
                names = principal["AWS"]
                principal["AWS"] = rename(names) if isinstance(names, str) else [rename(name) for name in names]
                changed |= principal["AWS"] != names
    return msgspec.json.encode(document).decode() if changed else policy
