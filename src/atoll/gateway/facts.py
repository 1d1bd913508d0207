"""The facts of a request that conditions of policies ask about: each is worked out when a policy asks, and not before.

docs: IAM User Guide, "AWS global condition context keys". Those that follow from the principal alone are in `auth/policy/evaluate.py`,
those of a service in the `access` of its operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from inspect import isawaitable
from typing import Any

from atoll.auth.policy.evaluate import PolicySet, Question
from atoll.auth.policy.judgement import LONGEST, bounded
from atoll.gateway.call import Call
from atoll.kernel.context import Context
from atoll.kernel.service import Access, Keys, ValuesOf

GLOBAL_SERVICES = frozenset({"iam"})
"""Those whose requests are of us-east-1 wherever they are sent."""


class Facts(Mapping[str, Sequence[str]]):
    """The condition keys of a request, by lower-case name."""

    def __init__(
        self, call: Call, ctx: Context, policies: PolicySet, own: Mapping[str, Sequence[str]], resource_account: str
    ) -> None:
        self._call, self._ctx = call, ctx
        self._own, self._tags, self._account = own, policies.tag_values, resource_account

    def __getitem__(self, key: str) -> Sequence[str]:
        found: Sequence[str] | None = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def get(self, key: str, default: Any = None) -> Any:
        """Its values. Not the mapping's own, which would raise and catch a KeyError for every key that a request has not."""
        source = _REQUEST_KEYS.get(key)
        if source is None:
            if key == "aws:resourceaccount":
                return (self._account,)
            return self._own.get(key) or self._tags.get(key, default)
        value = source(self._call, self._ctx)
        return (value,) if value else default

    def __iter__(self) -> Iterator[str]:
        yield from (key for key, source in _REQUEST_KEYS.items() if source(self._call, self._ctx))
        yield from {*self._own, *self._tags, "aws:resourceaccount"}

    def __len__(self) -> int:
        return sum(1 for _ in self)


async def service_facts(access: Access, ctx: Context, params: Any, asked: frozenset[str]) -> dict[str, Sequence[str]]:
    """The values of those of the action's own condition keys that are `asked` (in lower case)."""
    found: dict[str, Sequence[str]] = {}
    for family, find in _wanted(access.keys, asked):
        given = find(ctx, params)
        values = (await given) if isawaitable(given) else given
        if not values:
            continue
        if isinstance(values, (list, tuple)) or not isinstance(
            values, Mapping
        ):  # quickly told apart: at every such request
            found[family] = values
        else:
            found |= {family + key.lower(): (value,) for key, value in values.items()}
    return found


@lru_cache(maxsize=1024)
def _wanted(keys: Keys, asked: frozenset[str]) -> tuple[tuple[str, ValuesOf], ...]:
    """Those of an access's keys that are asked for: there are only so many accesses, and sets of keys in policies."""
    return tuple(
        (family, find)
        for family, of_tags, find in keys.found
        if (any(key.startswith(family) for key in asked) if of_tags else family in asked)
    )


def known_values(question: Question, keys: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """The values of these condition keys in the request, as they are kept."""
    known = {}
    for key in keys:
        values = question.values(key)
        if values:
            known[key] = values if len(values) == 1 and len(values[0]) <= LONGEST else bounded(values)
    return known


REQUEST_KEYS: Mapping[str, Callable[[Call, Context], str]] = {
    "aws:CurrentTime": lambda _, ctx: f"{ctx.clock.datetime():%Y-%m-%dT%H:%M:%SZ}",
    "aws:EpochTime": lambda _, ctx: str(int(ctx.clock.now())),
    "aws:MultiFactorAuthAge": lambda _, ctx: (
        str(int(ctx.clock.now()) - ctx.principal.session.mfa) if ctx.principal.session.mfa else ""
    ),
    "aws:Referer": lambda call, _: (call.http.header("referer") or "") if call.http else "",
    "aws:RequestedRegion": lambda _, ctx: "us-east-1" if ctx.service in GLOBAL_SERVICES else ctx.region or "us-east-1",
    "aws:SecureTransport": lambda _, ctx: "true" if ctx.secure else "false",
    "aws:SourceIp": lambda _, ctx: ctx.source_ip if ctx.principal.kind != "service" else "",
    "aws:UserAgent": lambda _, ctx: ctx.user_agent,
    "aws:ViaAWSService": lambda *_: "false",
}
"""What follows from the request; without a value a key is absent. No service here calls another in its caller's name: it acts as itself
or as a role."""
_REQUEST_KEYS = {name.lower(): find for name, find in REQUEST_KEYS.items()}
COMPUTED_KEYS = ("aws:PrincipalTag/${TagKey}", "aws:ResourceAccount")
"""The other global keys that Facts has."""
