"""Virtual MFA devices: the record that IAM writes and by which STS checks codes (RFC 6238: SHA-1, 30 seconds, six digits).

A code is good by region time, for one step either way, and once: no code of its step or an earlier one is good after it. Devices lie at
(account, "", "iam", "mfa-devices", serial number), those of a user also at (…, "mfa-of", user id, serial number). Neither seed nor code
is in any answer but CreateVirtualMFADevice's, or in any log.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import msgspec

from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction

STEP = 30
DRIFT = 1
"""Steps by which a device's clock may be off."""
RESYNC = 40
"""Steps by which it may be off where two codes in a row are given to set it right."""


class Device(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A device. `serial` is its ARN; `user_id`, `user` and `enabled` (region time, whole seconds) are those of its user, if it has one.

    `offset` is by how many steps its clock is off, `spent` the last step whose code was taken.
    """

    serial: str
    seed: bytes
    user_id: str = ""
    user: str = ""
    enabled: int = 0
    offset: int = 0
    spent: int = 0
    tags: dict[str, str] = {}


_CODEC = Codec(Device)


class WrongCode(Exception):
    """The code is not the device's, or not of now, or was used before."""


def prefix(account: str) -> Key:
    """Under which the account's devices lie, by serial number."""
    return (account, "", "iam", "mfa-devices")


def find(tx: Reader, account: str, serial: str) -> Device | None:
    """The device, or None."""
    raw = tx.get((*prefix(account), serial))
    return _CODEC.decode(raw) if raw else None


def decode(raw: bytes) -> Device:
    """The device in a record under `prefix`."""
    return _CODEC.decode(raw)


def put(tx: Transaction, account: str, device: Device) -> None:
    """Stores a device."""
    tx.set((*prefix(account), device.serial), _CODEC.encode(device))


def assign(tx: Transaction, account: str, device: Device) -> None:
    """Stores a device that is now `device.user_id`'s."""
    put(tx, account, device)
    tx.set((*_of(account, device.user_id), device.serial), b"")


def release(tx: Transaction, account: str, device: Device) -> None:
    """Makes a device nobody's."""
    tx.delete((*_of(account, device.user_id), device.serial))
    put(tx, account, msgspec.structs.replace(device, user_id="", user="", enabled=0))


def delete(tx: Transaction, account: str, serial: str) -> None:
    """Removes a device that is nobody's."""
    tx.delete((*prefix(account), serial))


def devices_of(tx: Reader, account: str, user_id: str) -> Iterator[Device]:
    """A user's devices, by serial number."""
    for key, _ in tx.scan(under(_of(account, user_id))):
        device = find(tx, account, str(key[-1]))
        if device is not None:
            yield device


def code(seed: bytes, step: int) -> str:
    """The code of a step: six digits."""
    digest = hmac.digest(seed, step.to_bytes(8), hashlib.sha1)
    at = digest[-1] & 0xF
    return f"{(int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF) % 1_000_000:06d}"


def spend(device: Device, given: str, now: float) -> Device:
    """The device after a code was taken at region time `now`. Raises WrongCode."""
    middle = int(now) // STEP + device.offset
    for step in range(max(middle - DRIFT, device.spent + 1), middle + DRIFT + 1):
        if hmac.compare_digest(code(device.seed, step).encode(), given.encode()):
            return msgspec.structs.replace(device, spent=step, offset=step - int(now) // STEP)
    raise WrongCode


def synchronize(device: Device, first: str, second: str, now: float, drift: int = DRIFT) -> Device:
    """The device after two codes in a row were taken, the later of which may be off by `drift` steps. Raises WrongCode."""
    current = int(now) // STEP
    for off in sorted(range(-drift, drift + 1), key=abs):
        step = current + off
        codes = code(device.seed, step - 1), code(device.seed, step)
        if step - 1 > device.spent and hmac.compare_digest("".join(codes).encode(), f"{first}{second}".encode()):
            return msgspec.structs.replace(device, spent=step, offset=off)
    raise WrongCode


def _of(account: str, user_id: str) -> Key:
    return (account, "", "iam", "mfa-of", user_id)
