"""Mail and text messages that users get: codes, invitations. They land in the region's mailbox (`kernel/mailbox.py`).

docs: "Customizing user pool messages", "Custom message Lambda trigger". What a message says: `message_texts.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode

from atoll.kernel import mailbox
from atoll.kernel.context import Context
from atoll.services.cognito_idp import message_texts, triggers
from atoll.services.cognito_idp.errors import CodeDeliveryFailureException, InvalidLambdaResponseException
from atoll.services.cognito_idp.hosted.address import PATH
from atoll.services.cognito_idp.message_texts import Draft
from atoll.services.cognito_idp.names import pool_arn
from atoll.services.cognito_idp.store import Pool, User

Medium = Literal["EMAIL", "SMS"]
ATTRIBUTES: Mapping[Medium, Literal["email", "phone_number"]] = {"EMAIL": "email", "SMS": "phone_number"}
SENDER = "no-reply@verificationemail.com"
"""AWS's own, where the pool has no sender."""


async def send(
    ctx: Context, pool: Pool, client_id: str, source: str, user: User, medium: Medium, code: str,
    metadata: Mapping[str, str],
) -> dict[str, str]:  # fmt: skip
    """Sends `code` to the user, in the words of the pool's template or of its custom message trigger (`source`, such as
    `CustomMessage_ForgotPassword`), and returns the CodeDeliveryDetails that the client is shown (the destination masked).

    Raises as `triggers.fire`, and CodeDeliveryFailureException where the user has no such destination.
    """
    destination = user.attributes.get(ATTRIBUTES[medium])
    if not destination:
        raise CodeDeliveryFailureException(f"The user has no {ATTRIBUTES[medium]} to send a code to.")
    draft = message_texts.draft(pool, source, medium, coded=bool(code))
    draft = await _customised(ctx, pool, client_id, source, user, medium, draft, metadata)
    link = _link(ctx, pool, client_id, user, code) if draft.link else ""
    name = called(pool, user) if source == message_texts.INVITATION else message_texts.USERNAME
    message = mailbox.Message(
        id=ctx.ids.uuid(), at=ctx.clock.now(), kind="email" if medium == "EMAIL" else "sms", to=destination,
        body=message_texts.filled(draft.body, name, code, link, html=medium == "EMAIL"),
        subject=draft.subject if medium == "EMAIL" else "",
        sender=_sender(pool) if medium == "EMAIL" else "", cause=f"{pool_arn(ctx, pool.id)} {source}",
        html=medium == "EMAIL",
    )  # fmt: skip
    await ctx.store.transact(lambda tx: mailbox.post(tx, ctx.account, message))
    return delivery(medium, destination)


def called(pool: Pool, user: User) -> str:
    """How a user signs in: by the e-mail address or phone number, where that is the user name."""
    names = pool.settings.get("UsernameAttributes") or ()
    return next((user.attributes[name] for name in names if user.attributes.get(name)), user.name)


def delivery(medium: Medium, destination: str) -> dict[str, str]:
    """CodeDeliveryDetails."""
    return {
        "Destination": message_texts.masked(medium, destination),
        "DeliveryMedium": medium,
        "AttributeName": ATTRIBUTES[medium],
    }


async def _customised(
    ctx: Context, pool: Pool, client_id: str, source: str, user: User, medium: Medium, draft: Draft,
    metadata: Mapping[str, str],
) -> Draft:  # fmt: skip
    """The draft as the custom message trigger changes it: what lacks a placeholder is not taken, as on AWS."""
    invites = source == message_texts.INVITATION
    request: dict[str, Any] = {
        "codeParameter": message_texts.CODE,
        "linkParameter": message_texts.LINK,
        "usernameParameter": message_texts.USERNAME if invites else None,
        **triggers.with_metadata(metadata),
    }
    response = await triggers.fire(ctx, pool, client_id, source, user, request)
    if response is None:
        return draft
    body = response.get("smsMessage" if medium == "SMS" else "emailMessage")
    subject = response.get("emailSubject") if medium == "EMAIL" else None
    if not message_texts.fits(medium, body, subject):
        raise InvalidLambdaResponseException("Unrecognizable lambda output")
    if body and not message_texts.has_placeholders(body, invites=invites, link=draft.link):
        body = None
    return Draft(subject or draft.subject, body or draft.body, draft.link)


def _link(ctx: Context, pool: Pool, client_id: str, user: User, code: str) -> str:
    """The address that confirms a sign-up: on the hosted pages, where this machine finds them. Raises CodeDeliveryFailureException."""
    if pool.domain:
        pages = f"{ctx.endpoint}{PATH}{pool.domain}"
    elif pool.custom_domain:
        pages = f"https://{pool.custom_domain}"
    else:
        raise CodeDeliveryFailureException("A verification link needs a domain of the user pool.")
    query = {"client_id": client_id, "user_name": user.name, "confirmation_code": code}
    return f"{pages}/confirmUser?{urlencode(query, quote_via=quote)}"


def _sender(pool: Pool) -> str:
    settings = pool.settings.get("EmailConfiguration") or {}
    identity = str(settings.get("SourceArn") or "").rpartition("/")[2]
    return str(settings.get("From") or identity or SENDER)
