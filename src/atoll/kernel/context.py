"""Context: who asks for what, on whose behalf, and the kernel's services that an operation may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from atoll.kernel.blobs import Blobs
    from atoll.kernel.clock import Clock
    from atoll.kernel.ids import Ids
    from atoll.kernel.service import Access
    from atoll.kernel.store.api import Reader, Store
    from atoll.kernel.tracing import Span

GLOBAL_ACCOUNT = "~"
"""The account under which keys live that belong to no account: access keys, bucket names, tasks. No AWS account id sorts after it."""


@dataclass(frozen=True, slots=True)
class Session:
    """What temporary credentials say beside whose they are; what they do not say is as here.

    `mfa` is when a code of an MFA device was given (region time, whole seconds), 0 where none was. `tags` are the session's, of which
    those whose keys are in `transitive` go on to the roles that it assumes. `provider` is who vouched for a federated identity
    (`aws:FederatedProvider`), `keys` the condition keys that it gave, in lower case, with their values. `owner` is the unique id of
    the user whose permissions a federated user's session has. `ends` is when whoever vouched for it lets it end (region time, seconds), 0
    where nobody says. `no_iam` ones are not taken by IAM at all.
    """

    mfa: int = 0
    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    provider: str = ""
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    owner: str = ""
    ends: float = 0
    no_iam: bool = False


NO_SESSION = Session()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request.

    `arn` is what policies and error messages name: `arn:aws:iam::ACCOUNT:root`, `…:user/NAME`,
    `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, or for a service its host name (`lambda.amazonaws.com`); "*" for whoever did not
    sign, and who vouches for the sender where a web identity or a SAML assertion is turned into a role's session ("identity").
    `user_id` is what GetCallerIdentity calls UserId. `role_arn` is set for sessions of a role, and for a federated user
    (`arn:aws:sts::ACCOUNT:federated-user/NAME`) it is the user who called GetFederationToken.
    `source_arn`/`source_account` are what a service acts for; they become `aws:SourceArn` and `aws:SourceAccount`.
    `issued` is when temporary credentials were (region time, whole seconds), 0 for others; `source_function` is the function to which
    Lambda gave them.
    """

    kind: Literal["root", "user", "role", "federated", "service", "identity", "anonymous"]
    account: str
    arn: str
    user_id: str = ""
    access_key: str = ""
    role_arn: str = ""
    source_arn: str = ""
    source_account: str = ""
    session_policies: tuple[str, ...] = ()
    issued: int = 0
    source_function: str = ""
    session: Session = NO_SESSION

    @property
    def identity(self) -> str:
        """The unique id of the user or role whose permissions it has; of a federated session its user's."""
        return self.session.owner or self.user_id.partition(":")[0]

    @staticmethod
    def root(account: str, access_key: str = "") -> Principal:
        """The account itself, which every policy of its own account allows."""
        return Principal("root", account, f"arn:aws:iam::{account}:root", account, access_key)

    @staticmethod
    def anonymous() -> Principal:
        """Somebody who did not sign the request, of no account."""
        return Principal("anonymous", "", "*", "anonymous")

    @staticmethod
    def service(host: str, account: str, source_arn: str = "") -> Principal:
        """An AWS service that acts in `account` for the resource `source_arn`."""
        return Principal("service", account, host, source_arn=source_arn, source_account=account)


class Caller(Protocol):
    """Runs an operation of any service from inside another: authorised as `principal`, validated, traced."""

    async def __call__(
        self, parent: Context, service: str, operation: str, request: Mapping[str, Any], principal: Principal
    ) -> Any: ...

    async def allows(self, parent: Context, action: str, resource: str, principal: Principal) -> bool:
        """See `Context.allows`."""

    async def denies(self, parent: Context, policy: str, access: Access, request: Mapping[str, Any]) -> bool:
        """See `Context.denies`."""

    def offers(self, service: str, operation: str) -> bool:
        """See `Context.offers`."""

    def pinned(self, tx: Reader, policy: str, *, strict: bool = True) -> str:
        """See `Context.pinned`."""

    def shown(self, tx: Reader, policy: str) -> str:
        """See `Context.shown`."""


class Warnings(Protocol):
    """Where accepted-but-not-honoured properties are reported (principle 5)."""

    def report(self, ctx: Context, prop: str, reason: str) -> None:
        """Records that `prop` of this call has no effect here. Raises under `--strict`."""


class Context(msgspec.Struct):
    """One request inside the region. `region` is "" for global services' data."""

    account: str
    region: str
    principal: Principal
    request_id: str
    service: str
    operation: str
    span: Span
    store: Store
    blobs: Blobs
    clock: Clock
    ids: Ids
    caller: Caller
    warnings: Warnings
    endpoint: str
    """The URL at which this region answers, for values that name it. No slash at the end."""
    host: str = ""
    """The Host header of the request, "" inside the region."""
    source_ip: str = "127.0.0.1"
    user_agent: str = ""
    trace: str = ""
    """The X-Amzn-Trace-Id header of the request, "" without one and inside the region."""
    secure: bool = False
    runtime: Any = None
    """What this service keeps running (`Service.runtime`), None where it keeps nothing."""
    headers: list[tuple[str, str]] = []
    """What the answer's headers say beside those that are the output's: an operation may add to them."""

    async def call(
        self, service: str, operation: str, request: Mapping[str, Any], *, principal: Principal | None = None
    ) -> Any:
        """Runs `operation` of `service` (botocore's name) and returns its output. Raises the operation's ServiceError.

        IAM applies: `principal` says who asks, by default whoever made this request.
        """
        return await self.caller(self, service, operation, request, principal or self.principal)

    async def allows(self, action: str, resource: str, *, principal: Principal) -> bool:
        """Whether IAM lets `principal` do `action` to `resource` (an ARN), by its own policies, where no operation asks that."""
        return await self.caller.allows(self, action, resource, principal)

    async def denies(self, policy: str, access: Access, request: Mapping[str, Any]) -> bool:
        """Whether a statement of a resource policy that is to be kept would deny this request what `access` asks for."""
        return await self.caller.denies(self, policy, access, request)

    def offers(self, service: str, operation: str) -> bool:
        """Whether Atoll has `operation` of `service`."""
        return self.caller.offers(service, operation)

    def pinned(self, tx: Reader, policy: str, *, strict: bool = True) -> str:
        """A checked resource policy as it is to be kept: with the unique id of each user and role that it names, so that it never means
        another one of that name. Raises PolicySyntaxError where one is not there, as for one that cannot be; unless `strict`."""
        return self.caller.pinned(tx, policy, strict=strict)

    def shown(self, tx: Reader, policy: str) -> str:
        """A kept resource policy as it is shown: with the ARNs of now, and the unique ids of whoever is gone."""
        return self.caller.shown(tx, policy)

    def warn(self, prop: str, reason: str) -> None:
        """Says that this call set `prop` to something without effect here."""
        self.warnings.report(self, prop, reason)

    def arn(self, resource: str, service: str | None = None) -> str:
        """`arn:aws:SERVICE:REGION:ACCOUNT:resource` for this service, account and region."""
        return f"arn:aws:{service or self.service}:{self.region}:{self.account}:{resource}"

    def derive(self, **changes: Any) -> Context:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)
