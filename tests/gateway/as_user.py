"""`atoll` as another user: python as_user.py UID ARGUMENTS… At home in XDG_STATE_HOME, which must be that user's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit/lambda_runtime"))

from driver import become

home = os.environ["XDG_STATE_HOME"]
become(int(sys.argv.pop(1)))
os.environ |= {"HOME": home, "XDG_STATE_HOME": home, "PYTHONUNBUFFERED": "1"}

from atoll.__main__ import main  # noqa: E402  what comes before decides what it may see

main()
