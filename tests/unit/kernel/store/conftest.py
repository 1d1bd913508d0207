"""Lets pytest explain the assertions of the suites that test modules here import."""

import pytest

pytest.register_assert_rewrite("tests.unit.kernel.store.conformance", "tests.unit.kernel.store.model")
