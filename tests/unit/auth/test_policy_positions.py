"""Where statements stand in the text of a policy, as the policy simulator tells it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from atoll.auth.policy.positions import Place, Span, statement_spans

texts = st.text(st.sampled_from('{}[]":,\\\nab '), max_size=6)
statements = st.fixed_dictionaries(
    {"Effect": st.just("Allow"), "Action": texts | st.lists(texts, max_size=2)},
    optional={"Sid": texts, "Condition": st.dictionaries(texts, st.dictionaries(texts, texts, max_size=2), max_size=2)},
)


def offset(text: str, place: Place) -> int:
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1


@given(st.lists(statements, min_size=1, max_size=4), st.sampled_from([None, 0, 2, 4]), texts, st.booleans())
def test_between_start_and_end_is_the_statement(found: list[Any], indent: int | None, name: str, last: bool) -> None:
    members = {"Id": name, "Statement": found} if last else {"Statement": found, "Id": name}
    text = json.dumps(members, indent=indent)
    spans = statement_spans(text)
    between = [text[offset(text, span.start) : offset(text, span.end)] for span in spans]
    assert [json.loads(one.lstrip(", \n")) for one in between] == found


def test_a_lone_statement_begins_behind_its_brace() -> None:
    """As in the samples of API_SimulatePrincipalPolicy: line 3, column 16, to line 7, column 4."""
    text = '{\n  "Version":"2012-10-17",\n  "Statement":{\n    "Effect":"Allow",\n    "Action":"*",\n    "Resource":"*"\n  }\n}'
    assert statement_spans(text) == [Span(Place(3, 16), Place(7, 4))]


def test_a_list_begins_behind_its_bracket() -> None:
    """As AWS answers of AdministratorAccess."""
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, indent=2
    )
    assert statement_spans(text) == [Span(Place(3, 17), Place(8, 6))]
