"""What an HTTP API answers to a request that it refuses. Pure."""

from __future__ import annotations

from atoll.api_runtime.answers import FORBIDDEN, INTERNAL_ERROR, message
from atoll.api_runtime.refused import Refused
from atoll.kernel.http import HttpResponse

UNAUTHORIZED = message(401, "Unauthorized")
_ANSWERS = {"UNAUTHORIZED": UNAUTHORIZED, "ACCESS_DENIED": FORBIDDEN}


def refusal(refused: Refused) -> HttpResponse:
    """The answer, with the refusal's headers."""
    answer = _ANSWERS.get(refused.reason, INTERNAL_ERROR)
    return HttpResponse(answer.status, [*answer.headers, *refused.headers], answer.body)
