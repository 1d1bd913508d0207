"""SSH public keys of users, which AWS CodeCommit takes: Upload, Get, List, Update, Delete. Here they are kept: nobody logs in by one."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import paging
from atoll.services.iam.errors import (
    DuplicateSSHPublicKeyException,
    InvalidPublicKeyException,
    LimitExceededException,
)
from atoll.services.iam.resources import on_user
from atoll.services.iam.store import USERS, User
from atoll.services.iam.user_items import SSH_KEYS, SshKey
from atoll.services.iam.users import named_or_caller

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        DeleteSSHPublicKeyRequestTypeDef,
        GetSSHPublicKeyRequestTypeDef,
        ListSSHPublicKeysRequestTypeDef,
        UpdateSSHPublicKeyRequestTypeDef,
        UploadSSHPublicKeyRequestTypeDef,
    )

MOST = 5
SMALLEST = 2048
"""Bits of an RSA key; AWS takes no others."""


def _listed(user: User, key: SshKey) -> dict[str, Any]:
    return {"UserName": user.name, "SSHPublicKeyId": key.id, "Status": key.status, "UploadDate": key.created}


def _shown(user: User, key: SshKey, body: str) -> dict[str, Any]:
    return {**_listed(user, key), "Fingerprint": key.fingerprint, "SSHPublicKeyBody": body}


def _encoded(body: str, encoding: str) -> str:
    """A key in OpenSSH's form or as PEM. Raises InvalidPublicKeyException for what is no RSA key of 2048 bits or more."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    pem = body.lstrip().startswith("-----")
    load = serialization.load_pem_public_key if pem else serialization.load_ssh_public_key
    try:
        key = load(body.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidPublicKeyException("The public key is malformed or otherwise invalid.") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < SMALLEST:
        raise InvalidPublicKeyException("The public key is malformed or otherwise invalid.")
    forms = {
        "SSH": (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
        "PEM": (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    }
    return key.public_bytes(*forms[encoding]).decode()


@operation("UploadSSHPublicKey", access=on_user("UploadSSHPublicKey"))
async def upload_ssh_public_key(ctx: Context, request: UploadSSHPublicKeyRequestTypeDef) -> dict[str, Any]:
    """docs: API_UploadSSHPublicKey."""
    body = request["SSHPublicKeyBody"]
    blob = base64.b64decode(_encoded(body, "SSH").split()[1])
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    key = SshKey(
        id="APKA" + ctx.ids.iam("AKIA")[4:], created=int(ctx.clock.now()), body=body,
        fingerprint=":".join(digest[at : at + 2] for at in range(0, 32, 2)),
    )  # fmt: skip

    def upload(tx: Transaction) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, request["UserName"])
        present = list(SSH_KEYS.all(tx, ctx.account, user))
        if any(one.fingerprint == key.fingerprint for one in present):
            raise DuplicateSSHPublicKeyException(
                "The SSH public key is already associated with the specified IAM user."
            )
        if len(present) >= MOST:
            raise LimitExceededException(f"Cannot exceed quota for SSHPublicKeysPerUser: {MOST}")
        SSH_KEYS.put(tx, ctx.account, user, key)
        return _shown(user, key, body)

    return {"SSHPublicKey": await ctx.store.transact(upload)}


@operation("GetSSHPublicKey", access=on_user("GetSSHPublicKey"))
async def get_ssh_public_key(ctx: Context, request: GetSSHPublicKeyRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetSSHPublicKey. In the form in which it was given it is as it was given."""

    def read(tx: Reader) -> tuple[User, SshKey]:
        user = USERS.get(tx, ctx.account, request["UserName"])
        return user, SSH_KEYS.get(tx, ctx.account, user, request["SSHPublicKeyId"])

    user, key = await ctx.store.read(read)
    wanted, is_pem = request["Encoding"], key.body.lstrip().startswith("-----")
    body = key.body if is_pem is (wanted == "PEM") else _encoded(key.body, wanted)
    return {"SSHPublicKey": _shown(user, key, body)}


@operation("ListSSHPublicKeys", access=on_user("ListSSHPublicKeys"))
async def list_ssh_public_keys(ctx: Context, request: ListSSHPublicKeysRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListSSHPublicKeys."""
    name = named_or_caller(ctx, request.get("UserName"))

    def read(tx: Reader) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, name)
        found, more = paging.page(request, paging.listed(list(SSH_KEYS.all(tx, ctx.account, user))))
        return {"SSHPublicKeys": [_listed(user, one) for one in found], **more}

    return await ctx.store.read(read)


@operation("UpdateSSHPublicKey", access=on_user("UpdateSSHPublicKey"))
async def update_ssh_public_key(ctx: Context, request: UpdateSSHPublicKeyRequestTypeDef) -> None:
    """docs: API_UpdateSSHPublicKey."""

    def update(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, request["UserName"])
        key = SSH_KEYS.get(tx, ctx.account, user, request["SSHPublicKeyId"])
        SSH_KEYS.put(tx, ctx.account, user, replace(key, status=request["Status"]))

    await ctx.store.transact(update)


@operation("DeleteSSHPublicKey", access=on_user("DeleteSSHPublicKey"))
async def delete_ssh_public_key(ctx: Context, request: DeleteSSHPublicKeyRequestTypeDef) -> None:
    """docs: API_DeleteSSHPublicKey."""

    def delete(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, request["UserName"])
        SSH_KEYS.delete(tx, ctx.account, user, request["SSHPublicKeyId"])

    await ctx.store.transact(delete)
