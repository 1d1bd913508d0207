"""Call: one operation on its way through the pipeline, and the gateway's parts that stages use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from atoll.edge.guard import is_of_a_functions_page
from atoll.gateway.audits import Audits
from atoll.gateway.loading import Loading
from atoll.gateway.used_calls import UsedCalls
from atoll.kernel.context import Context
from atoll.kernel.service import Operation, Runtime

if TYPE_CHECKING:
    from atoll.auth.chunked import ChunkSignatures
    from atoll.auth.principal import Directory
    from atoll.auth.sigv4 import Authorization, SigningKeys
    from atoll.gateway.unsupported import Unsupported
    from atoll.kernel.context import Caller, Principal
    from atoll.kernel.http import HttpRequest, HttpResponse, RequestLog
    from atoll.kernel.region import Kernel
    from atoll.kernel.tracing import Span
    from atoll.protocol.codec import Codec
    from atoll.protocol.models import Models
    from atoll.protocol.wire import WireRequest

AuthMode = Literal["enforce", "audit", "off", "strict"]
"""What IAM does: decide (`enforce`), decide but only log denials (`audit`), nothing (`off`); `strict` is
`enforce` that also refuses access keys which Atoll did not issue."""


@dataclass(slots=True)
class Parts:
    """What the gateway is made of; made once by the composition root."""

    kernel: Kernel
    models: Models
    directory: Directory
    operations: Mapping[str, Mapping[str, Operation]]
    """By service (botocore's name), then by operation."""
    runtimes: Mapping[str, Runtime]
    unsupported: Unsupported
    signing_keys: SigningKeys
    auth: AuthMode
    endpoint: str
    request_log: RequestLog
    refused: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Why some operations are not there, by service and operation."""
    audits: Audits = field(default_factory=Audits)
    used: UsedCalls | None = None
    """Where what roles use is noted, None where it is not."""
    loading: Loading = field(init=False)
    caller: Caller = field(init=False)
    """The gateway itself, for operations that call others."""

    def __post_init__(self) -> None:
        self.loading = Loading(self.models, self.operations)

    async def is_inside(self, request: HttpRequest) -> bool:
        """Whether a function makes the request, from inside an execution environment (found out once per connection), or a page of
        one, which may no more than itself; or this process for an API's owner, who may be a function as well."""
        if is_of_a_functions_page(request):
            return True
        connection = request.connection
        if connection is None:
            return False
        if connection.inside is None:
            connection.inside = self.kernel.outgoing.made(connection) or any(
                [await runtime.made(connection) for runtime in self.runtimes.values()]
            )
        return connection.inside


class Call(msgspec.Struct):
    """Filled in by the stages, in their order; each reads only what an earlier one wrote.

    A call from inside the region begins at `authorize`: it has no `http`, and its `params` are given.
    """

    parts: Parts
    span: Span
    request_id: str
    http: HttpRequest | None = None
    wire: WireRequest | None = None
    # identify
    authorization: Authorization | None = None
    service: str = ""
    region: str = "us-east-1"
    codec: Codec | None = None
    operation: str = ""
    registered: Operation | None = None
    """None where Atoll does not implement the operation."""
    # authenticate
    principal: Principal | None = None
    claim: str | None = None
    """What the headers of a verified request claim of its body (`auth/claims.py`)."""
    signatures: ChunkSignatures | None = None
    # parse
    params: Any = None
    checked: bool = False
    """Whether `params` are known to keep the constraints of their shapes."""
    # authorize
    ctx: Context | None = None
    # run, serialize
    output: Any = None
    response: HttpResponse | None = None

    def context(self) -> Context:
        """The context under which the operation runs. Needs `service`, `region`, `principal` and `operation`."""
        kernel, parts, principal, http = self.parts.kernel, self.parts, self.principal, self.http
        assert principal is not None
        return Context(
            account=principal.account, region=self.region, principal=principal, request_id=self.request_id,
            service=self.service, operation=self.operation, span=self.span, store=kernel.store, blobs=kernel.blobs,
            clock=kernel.clock, ids=kernel.ids, caller=parts.caller, warnings=parts.unsupported, endpoint=parts.endpoint,
            host=(http.header("host") or "") if http else "", source_ip=http.source_ip if http else "127.0.0.1",
            user_agent=(http.header("user-agent") or "") if http else "",
            trace=(http.header("x-amzn-trace-id") or "") if http else "", secure=http.secure if http else False,
            runtime=parts.runtimes.get(self.service),
        )  # fmt: skip
