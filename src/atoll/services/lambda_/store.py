"""Where functions lie in the store.

    …, "function", NAME               Function     what its versions share
    …, "version", NAME, VERSION       Version      code and configuration; "$LATEST" can change, numbers (as such) cannot
    …, "alias", NAME, ALIAS           Alias        a name for a version (versions/resolve.py)
    …, "policy", NAME, QUALIFIER      Policy       resource policy; "$LATEST" is the function's own
    …, "usage", "count" | "bytes" | "reserved"     counters of the account in the region

    (*PROVISIONED, ACCOUNT, REGION, NAME, QUALIFIER)   Provisioned   what is to stand ready (concurrency/provisioning.py)

A version owns links to the blobs of its package and layers (functions/code_storage.py).
"""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Element, Key
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction, counter
from atoll.services.lambda_.errors import function_not_found
from atoll.services.lambda_.names import LATEST, Target


class Function(msgspec.Struct, frozen=True):
    """What all versions of a function share. `reserved` is its reserved concurrency, None for none; `published` the number of the
    version that was published last, which is never given again; `recursion` what becomes of recursive loops; `signing` the ARN of its
    code signing configuration, "" for none."""

    name: str
    tags: dict[str, str] = {}
    reserved: int | None = None
    published: int = 0
    recursion: str = "Terminate"
    signing: str = ""


class LayerUse(msgspec.Struct, frozen=True):
    """A layer version as a function uses it, also after it was deleted: `code` is the SHA-256 of its content in hex, `size` the bytes
    of that, `unzipped` those of its files."""

    arn: str
    code: str
    size: int
    unzipped: int


class Version(msgspec.Struct, frozen=True):
    """A version's code and configuration.

    `code` is the package's SHA-256 in hex, `code_size` its bytes; `modified` region time in seconds; `revision` the
    RevisionId. `build` changes with code and configuration only: environments serve one build.
    `environment` is None where the caller never set one. Nested structures are kept as the API gives them.
    `content` says of what $LATEST a numbered version is a copy (versions/publish.py). `unzipped` is how many bytes the package's files
    have; `overlay` the digest of the list of its layers (layers/overlay.py), "" for none; `runtime_updates` and `runtime_version`
    its runtime management configuration.
    """

    version: str
    role: str
    runtime: str
    handler: str
    code: str
    code_size: int
    modified: float
    revision: str
    build: str
    description: str = ""
    timeout: int = 3
    memory: int = 128
    ephemeral: int = 512
    architecture: str = "x86_64"
    environment: dict[str, str] | None = None
    tracing: str = "PassThrough"
    snap_start: str = "None"
    kms_key: str = ""
    dead_letter: str = ""
    logging: dict[str, Any] = {}
    vpc: dict[str, Any] | None = None
    content: str = ""
    unzipped: int = 0
    layers: list[LayerUse] = []
    overlay: str = ""
    runtime_updates: str = "Auto"
    runtime_version: str = ""


class Policy(msgspec.Struct, frozen=True):
    """A resource policy: statements as they stand in the document, in the order they were added."""

    statements: list[dict[str, Any]]


PROVISIONED: Key = (GLOBAL_ACCOUNT, "", "lambda", "provisioned")
FUNCTIONS = Codec(Function)
VERSIONS = Codec(Version)
POLICIES = Codec(Policy)


def key(target: Target, kind: str, *rest: Element) -> Key:
    """The key of a thing of `kind` in the target's account and region."""
    return (target.account, target.region, "lambda", kind, *rest)


def version_key(target: Target, version: str = LATEST) -> Key:
    """Where a version lies; also the owner of its blob's link. Numbers are kept as such: they are listed in their order."""
    number = version.isdecimal() and not version.startswith("0")
    return key(target, "version", target.name, int(version) if number else version)


def policy_key(target: Target) -> Key:
    """Where the policy of the target's qualifier lies."""
    return key(target, "policy", target.name, target.qualifier or LATEST)


def reserved_in_all(tx: Reader, target: Target) -> int:
    """What the functions of the target's account and region have reserved together."""
    return counter(tx.get(key(target, "usage", "reserved")))


def provisioned_prefix(target: Target) -> Key:
    """What the keys of a function's provisioned concurrency begin with."""
    return (*PROVISIONED, target.account, target.region, target.name)


def find(tx: Reader, target: Target) -> Function | None:
    """The function, if it is there."""
    raw = tx.get(key(target, "function", target.name))
    return FUNCTIONS.decode(raw) if raw else None


def get(tx: Reader, target: Target) -> Function:
    """The function. Raises ResourceNotFoundException."""
    function = find(tx, target)
    if function is None:
        raise function_not_found(target.arn)
    return function


def get_version(tx: Reader, target: Target, *, named: str = "") -> Version:
    """The version that the target's qualifier means, $LATEST without one. Raises ResourceNotFoundException that names
    `named`, by default the ARN as the request qualified it."""
    raw = tx.get(version_key(target, target.qualifier or LATEST))
    if raw is None:
        raise function_not_found(named or target.qualified_arn)
    return VERSIONS.decode(raw)


def put(tx: Transaction, target: Target, function: Function) -> None:
    """Stores what the versions share."""
    tx.set(key(target, "function", target.name), FUNCTIONS.encode(function))


def put_version(tx: Transaction, target: Target, version: Version) -> None:
    """Stores a version."""
    tx.set(version_key(target, version.version), VERSIONS.encode(version))


def statements(tx: Reader, target: Target) -> list[dict[str, Any]]:
    """The statements of the policy of the target's qualifier; none where it has no policy."""
    raw = tx.get(policy_key(target))
    return POLICIES.decode(raw).statements if raw else []
