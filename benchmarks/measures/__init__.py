"""One part of the benchmark per module. Each has a `measure(plan)` that returns a section of the report."""
