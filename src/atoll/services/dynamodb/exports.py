"""Exports to S3 and imports from there: none is ever made, for there is no S3 here. docs: API_DescribeExport, API_DescribeImport."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import AccessDenied, ValidationFailed
from atoll.kernel.service import Access, operation
from atoll.services.dynamodb.access import arn_in
from atoll.services.dynamodb.errors import ExportNotFoundException, ImportNotFoundException

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        DescribeExportInputTypeDef,
        DescribeImportInputTypeDef,
        ListExportsInputTypeDef,
        ListImportsInputTypeDef,
    )

_ARN = re.compile(r"arn:aws:dynamodb:([^:]*):([^:]*):table/[^/]+/(export|import)/[^/]+")


@operation("DescribeExport", access=[Access("dynamodb:DescribeExport", resource=arn_in("ExportArn"))])
async def describe_export(ctx: Context, request: DescribeExportInputTypeDef) -> None:
    """Raises ExportNotFoundException, ValidationFailed for what is no ARN of an export."""
    region = _region(ctx, request, "Export")
    arn = request["ExportArn"]
    detail = f"Export not found: {arn}" if region == ctx.region else "Invalid export arn"
    raise ExportNotFoundException(f"Export not found: {detail}")


@operation("DescribeImport", access=[Access("dynamodb:DescribeImport", resource=arn_in("ImportArn"))])
async def describe_import(ctx: Context, request: DescribeImportInputTypeDef) -> None:
    """Raises ImportNotFoundException, ValidationFailed for what is no ARN of an import."""
    _region(ctx, request, "Import")
    raise ImportNotFoundException(f"Import not found: {request['ImportArn']}")


@operation("ListExports", access=[Access("dynamodb:ListExports")])
async def list_exports(_ctx: Context, _request: ListExportsInputTypeDef) -> dict[str, Any]:
    """There are none."""
    return {"ExportSummaries": []}


@operation("ListImports", access=[Access("dynamodb:ListImports")])
async def list_imports(_ctx: Context, _request: ListImportsInputTypeDef) -> dict[str, Any]:
    """There are none."""
    return {"ImportSummaryList": []}


def _region(ctx: Context, request: Mapping[str, Any], kind: str) -> str:
    """The region in the ARN. Raises ValidationFailed; AccessDenied for another account's, which nothing shares."""
    match = _ARN.fullmatch(request[f"{kind}Arn"])
    if match is None or match[3] != kind.lower():
        raise ValidationFailed(f"Invalid {kind} ARN")
    if match[2] != ctx.account:
        raise AccessDenied("Access is denied")
    return match[1]
