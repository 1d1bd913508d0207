"""The condition key of the tags of what a request names, where that is no API: API keys, usage plans, domain names, certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.api_runtime.client_certificates import CERTIFICATES
from atoll.api_runtime.domains import DOMAINS
from atoll.api_runtime.usage_plans import KEYS, PLANS
from atoll.kernel.context import Context
from atoll.kernel.records import Codec
from atoll.kernel.service import ValuesOf
from atoll.services.apigateway import store


def _of(kind: str, codec: Codec[Any], member: str) -> Mapping[str, ValuesOf]:
    async def tags(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, str] | None:
        raw = await ctx.store.read(lambda tx: tx.get(store.key(ctx, kind, request[member])))
        return None if raw is None else codec.decode(raw).tags

    return {"aws:ResourceTag/${TagKey}": tags}


OF_API_KEY = _of("v1.api-keys", KEYS, "apiKey")
OF_USAGE_PLAN = _of("v1.usage-plans", PLANS, "usagePlanId")
OF_DOMAIN_NAME = _of("domains", DOMAINS, "domainName")
OF_CERTIFICATE = _of("v1.client-certificates", CERTIFICATES, "clientCertificateId")
