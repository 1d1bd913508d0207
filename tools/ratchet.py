"""The size ratchet: files stay under 400 lines and functions under 70; what is above may only shrink.

`ratchet.json` beside this file lists today's exceptions with their sizes. A new or grown one fails; a shrunk one must be written
down (`--write`), so that it cannot grow back.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEDGER = Path(__file__).with_name("ratchet.json")
MAX_FILE, MAX_FUNCTION = 400, 70


def sizes() -> dict[str, int]:
    """Everything above its limit: path or path::function to lines."""
    found = {}
    for path in sorted((ROOT / "src").rglob("*.py")):
        text = path.read_text()
        name = str(path.relative_to(ROOT))
        if (lines := text.count("\n")) > MAX_FILE:
            found[name] = lines
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_FUNCTION:
                    found[f"{name}::{node.name}"] = length
    return found


def main() -> int:
    now = sizes()
    if "--write" in sys.argv:
        LEDGER.write_text(json.dumps(now, indent=2) + "\n")
        return 0
    known = json.loads(LEDGER.read_text())
    grown = {name: size for name, size in now.items() if size > known.get(name, 0)}
    shrunk = {name: size for name, size in known.items() if now.get(name, 0) < size}
    for name, size in grown.items():
        print(f"{name} has {size} lines; allowed: {known.get(name, MAX_FUNCTION if '::' in name else MAX_FILE)}")
    for name in shrunk:
        print(f"{name} has shrunk: run python tools/ratchet.py --write and commit the ledger")
    return 1 if grown or shrunk else 0


if __name__ == "__main__":
    sys.exit(main())
