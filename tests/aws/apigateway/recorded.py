"""Compares our answers with what was recorded of AWS (tests/data/observed/apigateway, Apache-2.0), member by member.

`<name:1>` in a recording stands for any text, the same wherever it stands in a scenario; `datetime` for a time; texts of JSON were parsed.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

OBSERVED = Path(__file__).parents[2] / "data" / "observed" / "apigateway"
PLACEHOLDER = re.compile(r"<[-A-Za-z_]+[-:]?\d*>")
ABSENT = object()


class Recording:
    """A scenario: `answers(name, call)` makes a call and notes where its answer differs from the recorded one."""

    def __init__(self, file: Path, scenario: str, account: str) -> None:
        recorded = json.loads(file.read_text().replace('"<datetime>"', '"datetime"'))
        (self._answers,) = (v["recorded-content"] for k, v in recorded.items() if k.partition("::")[2] == scenario)
        self._account, self.bound, self.differences = account, dict[str, str](), list[str]()

    def answers(self, name: str, call: Callable[[], Any]) -> Any:
        """Calls, compares with the answer recorded as `name`, and returns ours."""
        try:
            answer = call()
        except ClientError as error:
            answer = error.response
        self.same(name, answer)
        return answer

    def bind(self, placeholder: str, value: str) -> None:
        """Says what a placeholder stands for."""
        self.bound[placeholder] = value

    def expected(self, name: str) -> Any:
        """What was recorded as `name`."""
        return self._answers[name]

    def same(self, name: str, answer: Any) -> None:
        """Compares an answer with the one recorded as `name`."""
        expected = self._answers[name]
        if isinstance(answer, dict) and "ResponseMetadata" in answer:
            status = answer["ResponseMetadata"]["HTTPStatusCode"]
            answer = {**answer, "ResponseMetadata": {"HTTPHeaders": {}, "HTTPStatusCode": status}}
        self._compare(name, expected, answer)

    def _compare(self, at: str, expected: Any, found: Any) -> None:
        if isinstance(expected, dict | list) and isinstance(found, str):
            found = json.loads(found)
        if isinstance(expected, dict) and isinstance(found, dict):
            for key in {**expected, **found}:
                self._compare(f"{at}.{key}", expected.get(key, ABSENT), found.get(key, ABSENT))
        elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
            for index, pair in enumerate(zip(expected, found, strict=True)):
                self._compare(f"{at}[{index}]", *pair)
        elif not self._agree(expected, found):
            shown = ["absent" if value is ABSENT else repr(value) for value in (expected, found)]
            self.differences.append(f"{at}: recorded {shown[0]}, ours {shown[1]}")

    def _agree(self, expected: Any, found: Any) -> bool:
        if expected == "datetime":
            return isinstance(found, datetime.datetime)
        if not isinstance(expected, str) or not isinstance(found, str):
            return bool(expected == found)
        names, pattern = list[str](), ""
        for part in re.split(f"({PLACEHOLDER.pattern})", expected.replace("111111111111", self._account)):
            if PLACEHOLDER.fullmatch(part) and part not in self.bound:
                names.append(part)
                pattern += "(.+)"
            else:
                pattern += re.escape(self.bound.get(part, part))
        matched = re.fullmatch(pattern, found, re.DOTALL)
        if matched:
            self.bound |= {n: v for n, v in zip(names, matched.groups(), strict=True) if n[-2].isdigit()}
        return bool(matched)


@pytest.fixture
def recorded(account: str) -> Iterator[Callable[[str, str], Recording]]:
    """`recorded("api", "TestApiGatewayApiModels::test_model_lifecycle")`: the scenario; its differences fail the test at its end."""
    opened: list[Recording] = []

    def open_one(file: str, scenario: str) -> Recording:
        opened.append(Recording(OBSERVED / f"test_apigateway_{file}.snapshot.json", scenario, account))
        return opened[-1]

    yield open_one
    if differences := [difference for recording in opened for difference in recording.differences]:
        pytest.fail("\n".join(["not as recorded:", *differences]), pytrace=False)
