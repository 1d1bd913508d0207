"""Lets pytest explain the assertions of the suites that test modules here import."""

import pytest

pytest.register_assert_rewrite(
    *(f"tests.unit.kernel.store.{name}" for name in ("conformance", "conformance_concurrency", "model"))
)
