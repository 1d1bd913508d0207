"""`/_localstack/*`: what tools that were made for LocalStack poll to know that a region is up, and what it has.

docs: https://docs.localstack.cloud/aws/capabilities/config/internal-endpoints/. Only what such tools read is here, and nothing of it
needs protection. `/health` is where the oldest of them look.
"""

from __future__ import annotations

from typing import Any

from atoll import __version__
from atoll.gateway.call import Parts

EDITION = "community"
STAGES = ("BOOT", "START", "READY", "SHUTDOWN")


def health(parts: Parts) -> dict[str, Any]:
    """Every service that is there, as "available". Services that Atoll lacks are left out, so that nobody waits for them in vain."""
    services = dict.fromkeys(sorted(parts.operations), "available")
    return {"services": services, "edition": EDITION, "version": __version__}


def info(parts: Parts) -> dict[str, Any]:
    """Version and edition; there is no licence, and nothing that identifies this machine."""
    clock = parts.kernel.clock
    return {
        "version": __version__,
        "edition": EDITION,
        "is_license_activated": False,
        "is_docker": False,
        "system": "atoll",
        "session_id": "",
        "machine_id": "",
        "server_time_utc": clock.datetime().strftime("%Y-%m-%dT%H:%M:%S"),
    }


def init(stage: str | None = None) -> dict[str, Any] | None:
    """The stages of a start, all done but the last; there are no scripts. None for a stage that there is not."""
    done = {name: name != "SHUTDOWN" for name in STAGES}
    if stage is None:
        return {"completed": done, "scripts": []}
    name = stage.upper()
    return {"stage": name, "completed": done[name], "scripts": []} if name in done else None
