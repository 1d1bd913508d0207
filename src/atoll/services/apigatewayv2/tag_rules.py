"""The tags that a resource may have. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from atoll.api_runtime.tags import wrong_tags
from atoll.services.apigatewayv2.errors import BadRequestException


def checked(tags: Mapping[str, str]) -> dict[str, str]:
    """All the tags that a resource is to have. Raises BadRequestException."""
    if (wrong := wrong_tags(tags)) is not None:
        raise BadRequestException(wrong)
    return dict(tags)
