"""Virtual MFA devices, and which user has which. What checks codes, and keeps the seeds, is `auth/mfa.py`.

Of FIDO security keys and hardware tokens there are none: their serial numbers are refused.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msgspec.structs import replace

from atoll.auth import mfa
from atoll.auth.mfa import Device
from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll, ValidationFailed
from atoll.kernel.keys import under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.iam import belongings, paging, tagging
from atoll.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    InvalidAuthenticationCodeException,
    LimitExceededException,
    NoSuchEntityException,
)
from atoll.services.iam.resources import on_user
from atoll.services.iam.store import USERS, User
from atoll.services.iam.users import named_or_caller

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateVirtualMFADeviceRequestTypeDef,
        DeactivateMFADeviceRequestTypeDef,
        DeleteVirtualMFADeviceRequestTypeDef,
        EnableMFADeviceRequestTypeDef,
        GetMFADeviceRequestTypeDef,
        ListMFADevicesRequestTypeDef,
        ListMFADeviceTagsRequestTypeDef,
        ListVirtualMFADevicesRequestTypeDef,
        ResyncMFADeviceRequestTypeDef,
        TagMFADeviceRequestTypeDef,
        UntagMFADeviceRequestTypeDef,
    )

MOST = 8
SEED_BYTES = 40
BAD_PATH = (
    "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters "
    "and/or / characters."
)


def _serial(_ctx: Context, request: Any) -> str:
    return str(request.get("SerialNumber", ""))


def _new(ctx: Context, request: Any) -> str:
    name = request.get("VirtualMFADeviceName", "")
    return f"arn:aws:iam::{ctx.account}:mfa{request.get('Path') or '/'}{name}"


def _tags(tx: Reader, ctx: Context, request: Any) -> dict[str, str] | None:
    device = mfa.find(tx, ctx.account, _serial(ctx, request))
    return device.tags if device else None


def _get(tx: Reader, ctx: Context, serial: str) -> Device:
    device = mfa.find(tx, ctx.account, serial)
    if device is None:
        if not serial.startswith("arn:"):
            raise NotImplementedByAtoll("iam: MFA devices other than virtual ones.")
        raise NoSuchEntityException(f"MFA Device with serial number {serial} does not exist.")
    return device


def _get_of(tx: Reader, ctx: Context, serial: str, user: User) -> Device:
    device = _get(tx, ctx, serial)
    if device.user_id != user.id:
        raise NoSuchEntityException("MFA Device invalid for user.")
    return device


def _picture(address: str) -> bytes:
    """A PNG of a QR code. Slow: for threads."""
    import io

    import segno

    buffer = io.BytesIO()
    segno.make(address, error="m", micro=False).save(buffer, kind="png", scale=5, border=4)
    return buffer.getvalue()


@operation("CreateVirtualMFADevice", access=belongings.makes("CreateVirtualMFADevice", "TagMFADevice", _new))
async def create_virtual_mfa_device(ctx: Context, request: CreateVirtualMFADeviceRequestTypeDef) -> dict[str, Any]:
    """The seed is shown here and never again. docs: API_CreateVirtualMFADevice, VirtualMFADevice."""
    path = request.get("Path", "/")
    if not (path.startswith("/") and path.endswith("/")):
        raise ValidationFailed(BAD_PATH)
    serial, tags = _new(ctx, request), belongings.new_tags(request.get("Tags", ()))
    seed = bytes.fromhex(ctx.ids.hex(2 * SEED_BYTES))
    device = Device(serial=serial, seed=seed, tags=tags)

    def create(tx: Transaction) -> None:
        if mfa.find(tx, ctx.account, serial) is not None:
            raise EntityAlreadyExistsException("MFA device already exists.")
        mfa.put(tx, ctx.account, device)

    await ctx.store.transact(create)
    text = base64.b32encode(seed).decode()
    label = quote(f"Amazon Web Services:{request['VirtualMFADeviceName']}@{ctx.account}", safe=":@")
    address = f"otpauth://totp/{label}?secret={text}&issuer={quote('Amazon Web Services')}"
    shown = {
        "SerialNumber": serial,
        "Base32StringSeed": text.encode(),
        "QRCodePNG": await asyncio.to_thread(_picture, address),
    }
    return {"VirtualMFADevice": shown | ({"Tags": tagging.shown(tags)} if tags else {})}


@operation("DeleteVirtualMFADevice", access=belongings.on("DeleteVirtualMFADevice", _serial, _tags))
async def delete_virtual_mfa_device(ctx: Context, request: DeleteVirtualMFADeviceRequestTypeDef) -> None:
    """docs: API_DeleteVirtualMFADevice."""
    serial = request["SerialNumber"]

    def delete(tx: Transaction) -> None:
        if _get(tx, ctx, serial).user_id:
            raise DeleteConflictException("MFA VirtualDevice in use. Must deactivate first.")
        mfa.delete(tx, ctx.account, serial)

    await ctx.store.transact(delete)


@operation("ListVirtualMFADevices", access=[Access("iam:ListVirtualMFADevices")])
async def list_virtual_mfa_devices(ctx: Context, request: ListVirtualMFADevicesRequestTypeDef) -> dict[str, Any]:
    """By serial number. docs: API_ListVirtualMFADevices."""
    status = request.get("AssignmentStatus", "Any")

    def read(tx: Reader) -> dict[str, Any]:
        listed = paging.stored(tx, mfa.prefix(ctx.account))

        def wanted(position: str) -> Iterator[tuple[str, Device]]:
            for serial, raw in listed(position):
                device = mfa.decode(raw)
                if status == "Any" or bool(device.user_id) is (status == "Assigned"):
                    yield serial, device

        found, more = paging.page(request, wanted)
        return {"VirtualMFADevices": [_virtual(tx, ctx.account, device) for device in found], **more}

    return await ctx.store.read(read)


def _virtual(tx: Reader, account: str, device: Device) -> dict[str, Any]:
    """A device as the list of all shows it."""
    if not device.user_id:
        return {"SerialNumber": device.serial}
    user = _owner(tx, account, device)
    return {
        "SerialNumber": device.serial,
        "User": {
            "Path": user.path, "UserName": user.name, "UserId": user.id, "Arn": USERS.arn(account, user),
            "CreateDate": user.created,
        },
        "EnableDate": device.enabled,
    }  # fmt: skip


def _owner(tx: Reader, account: str, device: Device) -> User:
    """The user of an assigned device, whatever it is called by now."""
    user = USERS.find(tx, account, device.user)
    if user is not None and user.id == device.user_id:
        return user
    every = (USERS.codec.decode(raw) for _, raw in tx.scan(under(USERS.prefix(account))))
    return next(one for one in every if one.id == device.user_id)


@operation("EnableMFADevice", access=on_user("EnableMFADevice"))
async def enable_mfa_device(ctx: Context, request: EnableMFADeviceRequestTypeDef) -> None:
    """docs: API_EnableMFADevice. The codes are two in a row, by region time."""
    now = ctx.clock.now()

    def enable(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, request["UserName"])
        device = _get(tx, ctx, request["SerialNumber"])
        if device.user_id:
            raise EntityAlreadyExistsException("MFA Device is already in use.")
        if len(list(mfa.devices_of(tx, ctx.account, user.id))) >= MOST:
            raise LimitExceededException(f"Cannot exceed quota for MFADevicesPerUser: {MOST}")
        device = _synchronized(device, request, now, mfa.DRIFT)
        mfa.assign(tx, ctx.account, replace(device, user_id=user.id, user=user.name, enabled=int(now)))

    await ctx.store.transact(enable)


@operation("ResyncMFADevice", access=on_user("ResyncMFADevice"))
async def resync_mfa_device(ctx: Context, request: ResyncMFADeviceRequestTypeDef) -> None:
    """Two codes in a row say by how much the device's clock is off. docs: API_ResyncMFADevice."""
    now = ctx.clock.now()

    def resync(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, request["UserName"])
        device = _get_of(tx, ctx, request["SerialNumber"], user)
        mfa.put(tx, ctx.account, _synchronized(device, request, now, mfa.RESYNC))

    await ctx.store.transact(resync)


def _synchronized(device: Device, request: Any, now: float, drift: int) -> Device:
    try:
        return mfa.synchronize(device, request["AuthenticationCode1"], request["AuthenticationCode2"], now, drift)
    except mfa.WrongCode:
        raise InvalidAuthenticationCodeException("Authentication code for device is not valid.") from None


@operation("DeactivateMFADevice", access=on_user("DeactivateMFADevice"))
async def deactivate_mfa_device(ctx: Context, request: DeactivateMFADeviceRequestTypeDef) -> None:
    """docs: API_DeactivateMFADevice."""
    name = named_or_caller(ctx, request.get("UserName"))

    def deactivate(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, name)
        mfa.release(tx, ctx.account, _get_of(tx, ctx, request["SerialNumber"], user))

    await ctx.store.transact(deactivate)


@operation("ListMFADevices", access=on_user("ListMFADevices"))
async def list_mfa_devices(ctx: Context, request: ListMFADevicesRequestTypeDef) -> dict[str, Any]:
    """Those of a user, by default the caller. The root has none. docs: API_ListMFADevices."""
    if "UserName" not in request and ctx.principal.kind == "root":
        return {"MFADevices": [], "IsTruncated": False}
    name = named_or_caller(ctx, request.get("UserName"))

    def read(tx: Reader) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, name)
        found, more = paging.page(request, paging.listed(list(mfa.devices_of(tx, ctx.account, user.id))))
        shown = [{"UserName": user.name, "SerialNumber": one.serial, "EnableDate": one.enabled} for one in found]
        return {"MFADevices": shown, **more}

    return await ctx.store.read(read)


@operation("GetMFADevice", access=on_user("GetMFADevice"))
async def get_mfa_device(ctx: Context, request: GetMFADeviceRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetMFADevice. A virtual device has no certifications."""
    name = named_or_caller(ctx, request.get("UserName"))

    def read(tx: Reader) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, name)
        device = _get_of(tx, ctx, request["SerialNumber"], user)
        return {"UserName": user.name, "SerialNumber": device.serial, "EnableDate": device.enabled}

    return await ctx.store.read(read)


async def _change(ctx: Context, serial: str, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    def write(tx: Transaction) -> None:
        device = _get(tx, ctx, serial)
        mfa.put(tx, ctx.account, replace(device, tags=change(device.tags)))

    await ctx.store.transact(write)


@operation("TagMFADevice", access=belongings.on("TagMFADevice", _serial, _tags, adds_tags()))
async def tag_mfa_device(ctx: Context, request: TagMFADeviceRequestTypeDef) -> None:
    """docs: API_TagMFADevice."""
    await _change(ctx, request["SerialNumber"], lambda tags: belongings.with_tags(tags, request["Tags"]))


@operation("UntagMFADevice", access=belongings.on("UntagMFADevice", _serial, _tags, removes_tags()))
async def untag_mfa_device(ctx: Context, request: UntagMFADeviceRequestTypeDef) -> None:
    """docs: API_UntagMFADevice."""
    await _change(ctx, request["SerialNumber"], lambda tags: belongings.without_tags(tags, request["TagKeys"]))


@operation("ListMFADeviceTags", access=belongings.on("ListMFADeviceTags", _serial, _tags))
async def list_mfa_device_tags(ctx: Context, request: ListMFADeviceTagsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListMFADeviceTags."""
    device = await ctx.store.read(lambda tx: _get(tx, ctx, request["SerialNumber"]))
    return belongings.tag_page(request, device.tags)
