"""Policy documents as people keep them: JSON, Terraform, and a SAM template's `Policies`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

Format = Literal["json", "terraform", "sam"]


def written(document: dict[str, Any], role: str, form: Format) -> str:
    """The document, with a line end. `role` is the name of the role that it is for."""
    match form:
        case "terraform":
            return _terraform(document, role)
        case "sam":
            return _sam(document)
    return json.dumps(document, indent=2) + "\n"


def _sam(document: dict[str, Any]) -> str:
    """Of an AWS::Serverless::Function's properties. docs: "AWS::Serverless::Function", Policies."""
    import yaml

    return yaml.safe_dump({"Policies": [document]}, sort_keys=False, width=1000)


def _terraform(document: dict[str, Any], role: str) -> str:
    """A policy document and the role's inline policy, as `terraform fmt` lays them out."""
    label = re.sub(r"[^\w-]", "_", role, flags=re.ASCII)
    label = label if label[0].isalpha() else f"_{label}"
    statements = "\n".join("\n".join(_block(one)) for one in document["Statement"])
    return (
        f'data "aws_iam_policy_document" "{label}" {{\n{statements}\n}}\n\n'
        f'resource "aws_iam_role_policy" "{label}" {{\n'
        f'  name   = "least-privilege"\n  role   = {_text(role)}\n'
        f"  policy = data.aws_iam_policy_document.{label}.json\n}}\n"
    )


def _block(statement: dict[str, Any]) -> Iterator[str]:
    yield "  statement {"
    yield from _list("actions", statement["Action"])
    yield ""
    yield from _list("resources", statement["Resource"])
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            texts = ", ".join(map(_text, map(_plain, _many(values))))
            yield from ("", "    condition {", f"      test     = {_text(operator)}", f"      variable = {_text(key)}")
            yield from (f"      values   = [{texts}]", "    }")
    yield "  }"


def _list(name: str, values: Any) -> Iterator[str]:
    yield f"    {name} = ["
    yield from (f"      {_text(value)}," for value in _many(values))
    yield "    ]"


def _many(values: Any) -> Sequence[Any]:
    return values if isinstance(values, list) else [values]


def _plain(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (bool, int, float)) else str(value)


def _text(value: str) -> str:
    """A string of HCL's. Policy variables are written `&{…}` there: the provider makes `${…}` of them."""
    return json.dumps(value, ensure_ascii=False).replace("${", "&{").replace("%{", "%%{")
