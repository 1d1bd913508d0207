"""Throttling: token buckets, filled by region time. In memory, as a node of AWS's keeps them: a restart fills all of them.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from atoll.api_runtime import serving
from atoll.api_runtime.visit import Visit
from atoll.kernel.clock import Clock

RATE, BURST = 10_000.0, 5_000
"""What an account may in a region, all its APIs together: requests a second, and at once."""
KEPT = 10_000
"""How many buckets are kept. The one that was used longest ago goes first: most likely it is full again."""


class Buckets:
    """Buckets by whatever they are for: an account in a region, a route of a stage, an API key of a usage plan."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        """(tokens, when they were counted) by key."""

    def take(self, key: Hashable, rate: float, burst: float) -> bool:
        """Takes a token from a bucket that `rate` a second flow into and that holds `burst`; False where there is none.

        A new bucket is full, and so is that of limits that were changed. One of no size never has any.
        """
        now = self._clock.now()
        key = (key, rate, burst)
        tokens, counted = self._buckets.pop(key, (float(burst), now))
        tokens = min(float(burst), tokens + (now - counted) * rate)
        taken = tokens >= 1
        self._buckets[key] = (tokens - 1 if taken else tokens, now)
        if len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        return taken


class Throttle:
    """Whether requests may pass: by what the account may, and by what the stage's owner set for a route or method."""

    def __init__(self, clock: Clock) -> None:
        self.buckets = Buckets(clock)

    def passes(self, visit: Visit, route: str = "") -> bool:
        """Takes a token for a request that found its route; `route` is what the stage's settings call it, where that differs."""
        api, settings, route = visit.api, visit.settings, route or visit.route_key
        if not self.buckets.take((api.account, api.region), RATE, BURST):
            return False
        if not settings.routes and settings.default.rate is None and settings.default.burst is None:
            return True
        limits = serving.settings_of(settings, route)
        if limits.rate is None and limits.burst is None:
            return True
        # Terraform writes -1 for what is not limited.
        rate = RATE if limits.rate is None or limits.rate < 0 else limits.rate
        burst = BURST if limits.burst is None or limits.burst < 0 else limits.burst
        return self.buckets.take((visit.api_id, visit.stage, route), rate, burst)
