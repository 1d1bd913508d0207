"""CloudWatch Logs: groups, streams, and the lines in them.

docs: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
"""

from __future__ import annotations

from atoll.kernel.service import Service
from atoll.services.logs import (
    filter_log_events,
    get_log_events,
    groups,
    live_tail,
    put_log_events,
    reaping,
    retention,
    streams,
    tags,
)

SERVICE = Service(
    "logs",
    [groups, retention, streams, put_log_events, get_log_events, filter_log_events, live_tail, tags],
    tasks={"logs.reap": reaping.reap, "logs.expire": reaping.expire},
    runtime=live_tail.open_sessions,
)
