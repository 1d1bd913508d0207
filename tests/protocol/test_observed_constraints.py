"""Every constraint message that was recorded of AWS (tests/data/observed, Apache-2.0) is Atoll's, to the letter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from atoll.kernel.errors import ValidationFailed
from atoll.protocol.models import Models

RECORDED = json.loads((Path(__file__).parent.parent / "data" / "observed" / "constraints.json").read_text())
MODELS = Models()


@pytest.mark.parametrize("case", RECORDED, ids=[case["recorded"].split("::")[-1] for case in RECORDED])
def test_the_message_is_the_recorded_one(case: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed) as caught:
        MODELS.codec(case["service"]).validate(case["operation"], case["params"])
    assert caught.value.message == case["message"]
