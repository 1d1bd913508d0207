"""What API Gateway says of tags that it does not take, in both of its APIs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

MAX_TAGS = 50
_OF_AWS = "Invalid tag key. Tag keys cannot start with 'aws:' (case insensitive)"
"""As users see it: serverless/serverless#9223."""


def wrong_tags(tags: Mapping[str, str]) -> str | None:
    """What is wrong with all the tags that a resource would have, None for nothing."""
    if any(key.lower().startswith("aws:") for key in tags):
        return _OF_AWS
    return f"A resource can have at most {MAX_TAGS} tags" if len(tags) > MAX_TAGS else None
