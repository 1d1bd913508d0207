"""What messages to users say: templates of the pool, AWS's own texts where it has none, and placeholders. Pure.

docs: "Configuring verification and invitation messages" (placeholders, lengths); AWS's own texts as users received them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any, Literal, NamedTuple

from atoll.services.cognito_idp.store import Pool

CODE, USERNAME, LINK = "{####}", "{username}", "{##Click Here##}"
"""How templates and triggers name what is filled in."""
INVITATION = "CustomMessage_AdminCreateUser"
_LONGEST = {"SMS": 140, "EMAIL": 20_000}
_LONGEST_SUBJECT = 140
_ANY_LINK = re.compile(r"\{##([^{}]*)##\}")
_SUBJECT = "Your verification code"
_OWN = {
    "CustomMessage_SignUp": "Your confirmation code is {####}",
    "CustomMessage_ResendCode": "Your confirmation code is {####}",
    "CustomMessage_ForgotPassword": "Your password reset code is {####}",
}
_OWN_OTHERWISE = "Your verification code is {####}"
_OWN_INVITATION = "Your username is {username} and temporary password is {####}."
_OWN_WELCOME = "Your username is {username}."
_OWN_AUTHENTICATION = "Your authentication code is {####}. "
_OWN_LINK = "Please click the link below to verify your email address. {##Verify Email##}"
_LINKS = ("CustomMessage_SignUp", "CustomMessage_ResendCode")


class Draft(NamedTuple):
    """A message before its placeholders are filled in. `link`: it holds a link in place of a code."""

    subject: str
    body: str
    link: bool = False


def draft(pool: Pool, source: str, medium: Literal["EMAIL", "SMS"], *, coded: bool = True) -> Draft:
    """What the pool says in a message of this source. Only invitations of users without a password are not `coded`."""
    settings = pool.settings
    if source == INVITATION:
        invite: Mapping[str, Any] = (settings.get("AdminCreateUserConfig") or {}).get("InviteMessageTemplate") or {}
        body = invite.get("EmailMessage" if medium == "EMAIL" else "SMSMessage")
        if not coded:
            return Draft(
                invite.get("EmailSubject") or "Your account", body if body and CODE not in body else _OWN_WELCOME
            )
        return Draft(invite.get("EmailSubject") or "Your temporary password", body or _OWN_INVITATION)
    if source == "CustomMessage_Authentication":
        return _authentication(pool, medium)
    template: Mapping[str, Any] = settings.get("VerificationMessageTemplate") or {}
    own = _OWN.get(source, _OWN_OTHERWISE)
    if medium == "SMS":
        return Draft("", template.get("SmsMessage") or settings.get("SmsVerificationMessage") or own)
    if template.get("DefaultEmailOption") == "CONFIRM_WITH_LINK" and source in _LINKS:
        subject = template.get("EmailSubjectByLink") or "Your verification link"
        return Draft(subject, template.get("EmailMessageByLink") or _OWN_LINK, link=True)
    subject = template.get("EmailSubject") or settings.get("EmailVerificationSubject") or _SUBJECT
    return Draft(subject, template.get("EmailMessage") or settings.get("EmailVerificationMessage") or own)


def _authentication(pool: Pool, medium: Literal["EMAIL", "SMS"]) -> Draft:
    if medium == "SMS":
        sms = (pool.mfa.get("SmsMfaConfiguration") or {}).get("SmsAuthenticationMessage")
        return Draft("", sms or pool.settings.get("SmsAuthenticationMessage") or _OWN_AUTHENTICATION)
    mail: Mapping[str, Any] = pool.mfa.get("EmailMfaConfiguration") or {}
    return Draft(mail.get("Subject") or "Your authentication code", mail.get("Message") or _OWN_AUTHENTICATION.strip())


def fits(medium: Literal["EMAIL", "SMS"], body: str | None, subject: str | None) -> bool:
    """Whether a trigger's texts are no longer than they may be."""
    return len(body or "") <= _LONGEST[medium] and len(subject or "") <= _LONGEST_SUBJECT


def has_placeholders(body: str, *, invites: bool, link: bool) -> bool:
    """Whether a trigger's text holds what the user needs: the code or link, and in an invitation the user name."""
    if invites:
        return CODE in body and USERNAME in body
    return CODE in body or (link and _ANY_LINK.search(body) is not None)


def filled(text: str, name: str, code: str, link: str, *, html: bool) -> str:
    """The text with its placeholders filled in; a link becomes an anchor, and `{####}` beside one the code as well."""

    def quoted(value: str) -> str:
        return escape(value) if html else value

    text = text.replace(CODE, quoted(code)).replace(USERNAME, quoted(name))
    if not link:
        return text
    return _ANY_LINK.sub(lambda found: f'<a href="{escape(link)}">{found[1]}</a>', text)


def masked(medium: Literal["EMAIL", "SMS"], destination: str) -> str:
    """A destination as clients may see it: `a***@e***`, `+*******1234`."""
    if medium == "EMAIL":
        name, _, domain = destination.partition("@")
        return f"{name[:1]}***@{domain[:1]}***"
    digits = destination.removeprefix("+")
    return f"+{'*' * max(len(digits) - 4, 0)}{digits[-4:]}"
