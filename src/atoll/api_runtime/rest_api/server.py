"""Serves REST APIs: from a request to the answer of the method that takes it."""

from __future__ import annotations

from atoll.api_runtime.answers import INTERNAL_ERROR, message
from atoll.api_runtime.authorize.authorizers import Authorizers
from atoll.api_runtime.integrate.functions import Functions
from atoll.api_runtime.visit import Visit
from atoll.kernel.http import HttpResponse
from atoll.kernel.service import Host

MISSING_AUTHENTICATION_TOKEN = message(403, "Missing Authentication Token")


class RestApis:
    """A `plane.Server`."""

    def __init__(self, host: Host, authorizers: Authorizers, functions: Functions) -> None:
        self._host = host
        self._authorizers = authorizers
        self._functions = functions

    async def answer(self, visit: Visit) -> HttpResponse:
        """The answer to a request."""
        return MISSING_AUTHENTICATION_TOKEN

    def failed(self, visit: Visit) -> HttpResponse:
        """The answer where Atoll itself failed."""
        return INTERNAL_ERROR
