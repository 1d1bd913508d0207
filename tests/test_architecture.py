"""Rules of the tree that no linter knows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from atoll.protocol.models import Models
from atoll.services import SERVICES

ROOT = Path(__file__).parents[1]


def test_every_operation_is_one_of_aws() -> None:
    models = Models()
    for service in SERVICES:
        unknown = set(service.operations()) - set(models.service(service.name).operation_names)
        assert not unknown, f"{service.name} has no {unknown}"


def test_every_module_of_operations_is_named_by_its_manifest() -> None:
    listed = {Path(str(module.__file__)) for service in SERVICES for module in service.loaded()}
    for service in SERVICES:
        folder = Path(str(service.loaded()[0].__file__)).relative_to(ROOT / "src" / "atoll" / "services").parts[0]
        for path in (ROOT / "src" / "atoll" / "services" / folder).rglob("*.py"):
            if "\n@operation(" in path.read_text():
                assert path in listed, f"{path.relative_to(ROOT)} defines operations that no manifest lists"


def test_service_pages_are_up_to_date() -> None:
    """The issue: service pages in docs/, generated from code; a test fails when they are out of date."""
    check = subprocess.run(
        [sys.executable, ROOT / "tools" / "service_pages.py", "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_not_honoured_properties_exist() -> None:
    """A path that no model has would never be reported."""
    models = Models()
    for service in SERVICES:
        for name, operation in service.operations().items():
            for path in operation.not_honoured:
                shape = models.service(service.name).operation_model(name).input_shape
                for part in path.split("."):
                    while shape.type_name == "list":
                        shape = shape.member
                    shape = shape.value if shape.type_name == "map" else shape.members.get(part)
                    assert shape is not None, f"{service.name}.{name} has no member {path}"


def test_the_table_of_places_is_true() -> None:
    """Every path that docs/architecture.md's "Where is …?" names exists."""
    table = (ROOT / "docs" / "architecture.md").read_text().split("## Where is")[1].split("\n## ")[0]
    places = {place for place in re.findall(r"`([\w/.]+)`", table) if "/" in place or place.endswith(".py")}
    assert len(places) > 10
    missing = [place for place in places if not any((base / place).exists() for base in (ROOT, ROOT / "src" / "atoll"))]
    assert not missing
