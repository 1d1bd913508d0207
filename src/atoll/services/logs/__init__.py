"""CloudWatch Logs: groups, streams, and the lines in them.

docs: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
"""

from __future__ import annotations

from atoll.kernel.service import Service
from atoll.services.logs import reaping, sessions

_MODULES = (
    "groups",
    "retention",
    "streams",
    "put_log_events",
    "get_log_events",
    "filter_log_events",
    "live_tail",
    "tags",
)
"""Loaded when the first request comes."""

SERVICE = Service(
    "logs",
    [f"{__name__}.{module}" for module in _MODULES],
    tasks={"logs.reap": reaping.reap, "logs.expire": reaping.expire},
    runtime=sessions.open_sessions,
)
