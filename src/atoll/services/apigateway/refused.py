"""What API Gateway v1 does not do here, and why."""

from __future__ import annotations

_VPC = "there are no VPCs, so nothing stands behind a VPC link"
_SDK = "the generators of SDKs are AWS's own: generate a client from the exported OpenAPI definition (GetExport)"
_PRIVATE = "private APIs, their domain names and who may reach them need VPCs"

REFUSED = {
    "CreateVpcLink": _VPC,
    "GetVpcLink": _VPC,
    "GetVpcLinks": _VPC,
    "UpdateVpcLink": _VPC,
    "DeleteVpcLink": _VPC,
    "GetSdk": _SDK,
    "GetSdkType": _SDK,
    "GetSdkTypes": _SDK,
    "CreateDomainNameAccessAssociation": _PRIVATE,
    "DeleteDomainNameAccessAssociation": _PRIVATE,
    "GetDomainNameAccessAssociations": _PRIVATE,
    "RejectDomainNameAccessAssociation": _PRIVATE,
}
