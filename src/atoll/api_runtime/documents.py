"""JSON that came from outside: from clients, backends and owners of APIs."""

from __future__ import annotations

import msgspec

NO_JSON = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What reading one raises that is none, is not in UTF-8, or nests deeper than can be read."""
