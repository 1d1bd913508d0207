"""curl, as users call APIs with it."""

from __future__ import annotations

import subprocess


def curl(url: str, *arguments: str) -> tuple[int, str]:
    """Status and body of what curl is answered."""
    command = ["curl", "-sS", "-w", "\n%{http_code}", *arguments, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body
