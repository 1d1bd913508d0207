"""Concurrency limits: how many invocations may run at once, counted over all versions of a function, in an account and region. Pure.

What is provisioned for a version is taken whether it is used or not; a reservation is a function's own and no one else's.
docs: Lambda developer guide, "Understanding Lambda function scaling", "Configuring reserved concurrency for a function".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from atoll.services.lambda_.names import Target

CONCURRENCY = 1000
"""Of an account in a region. docs: Lambda quotas, "Concurrent executions"."""
UNRESERVED_MINIMUM = 100
"""How much of it functions without a reservation always have."""


class Throttled(Exception):
    """An invocation is past a limit. `reason` is AWS's word for it, the `Reason` of TooManyRequestsException."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class _Function:
    running: Counter[str] = field(default_factory=Counter)
    provisioned: Mapping[str, int] = field(default_factory=dict)
    reserved: bool = False
    used: int = 0

    def count(self) -> int:
        """What the function takes of its limit: of each version what runs or is provisioned, whichever is more."""
        versions = {*self.running, *self.provisioned}
        return sum(max(self.running[version], self.provisioned.get(version, 0)) for version in versions)


class Limits:
    """What runs at present."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[str, str], dict[str, _Function]] = {}

    def begin(self, place: Target, version: str, *, reserved: int | None, unreserved: int) -> None:
        """Counts an invocation, until `end`. `reserved` is the function's reservation, `unreserved` what all reservations leave of
        the account's limit. Raises Throttled."""
        functions, function = self._function(place)
        function.reserved = reserved is not None
        running = function.running[version]
        if running >= function.provisioned.get(version, 0):
            if reserved is not None and function.used >= reserved:
                raise Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            if reserved is None and _unreserved_use(functions) >= unreserved:
                raise Throttled("ConcurrentInvocationLimitExceeded")
            function.used += 1
        function.running[version] = running + 1

    def end(self, place: Target, version: str) -> None:
        """An invocation that began is over."""
        _, function = self._function(place)
        function.running[version] -= 1
        if function.running[version] >= function.provisioned.get(version, 0):
            function.used -= 1
        self._tidy(place, function)

    def provision(self, place: Target, counts: Mapping[str, int]) -> None:
        """So many environments of each version are provisioned from now on."""
        _, function = self._function(place)
        function.provisioned = counts
        function.used = function.count()
        self._tidy(place, function)

    def provisioned(self, account: str | None) -> list[Target]:
        """The functions of an account (None: of all) that something is provisioned for."""
        return [
            Target(owner, region, name)
            for (owner, region), functions in self._accounts.items()
            for name, function in functions.items()
            if function.provisioned and account in (None, owner)
        ]

    def _function(self, place: Target) -> tuple[Mapping[str, _Function], _Function]:
        functions = self._accounts.setdefault((place.account, place.region), {})
        function = functions.get(place.name)
        if function is None:
            function = functions[place.name] = _Function()
        return functions, function

    def _tidy(self, place: Target, function: _Function) -> None:
        if not function.used:
            del self._accounts[place.account, place.region][place.name]


def _unreserved_use(functions: Mapping[str, _Function]) -> int:
    return sum(function.used for function in functions.values() if not function.reserved)
