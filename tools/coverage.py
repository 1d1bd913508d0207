"""Writes docs/coverage.md: what each service implements and accepts without effect, read off the code. `--check` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from atoll.protocol.models import Models
from atoll.services import SERVICES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "coverage.md"
HEAD = """# Coverage

Written by `python tools/coverage.py`; a test fails when it is old.

An operation that is not listed answers 501 `NotImplemented` and names itself. A property under *accepted without effect* is taken and
reported, in the log and by `GET /_atoll/unsupported`, whenever a call sets it. Services that are not listed are refused the same way.
"""


def page() -> str:
    """The page as it should be."""
    models = Models()
    parts = [HEAD]
    for service in sorted(SERVICES, key=lambda service: service.name):
        operations = service.operations()
        total = len(models.service(service.name).operation_names)
        parts.append(
            f"\n## {service.name}\n\n{len(operations)} of {total} operations: {', '.join(sorted(operations))}.\n"
        )
        ignored = [
            f"| `{name}` | `{path}` | {reason} |"
            for name, operation in sorted(operations.items())
            for path, reason in sorted(operation.not_honoured.items())
        ]
        if ignored:
            parts.append(
                "\nAccepted without effect:\n\n| operation | property | why |\n| --- | --- | --- |\n"
                + "\n".join(ignored)
                + "\n"
            )
    return "".join(parts)


def main() -> int:
    if "--check" in sys.argv:
        return 0 if PAGE.read_text() == page() else 1
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
