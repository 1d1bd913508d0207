"""Benchmarks: Atoll and its peers side by side, in one run. See README.md; `make bench` runs them."""
