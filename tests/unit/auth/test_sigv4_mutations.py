"""Signatures, differential: whatever botocore signs is taken, and no single change of what was signed is."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from atoll.auth import claims
from atoll.kernel.errors import CommonError

from .signed import Sent

WORDS = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
SEGMENTS = WORDS | st.sampled_from(["", ".", "..", "a b", "a+b", "~", "%2F", "$default", "caf\u00e9"])
# Without C1 controls and the no-break space, which botocore takes for spaces.
VALUES = st.text(
    st.characters(min_codepoint=32, max_codepoint=126) | st.characters(min_codepoint=0xA1, max_codepoint=0xFF)
)
NAMES = st.sampled_from(["X-Amz-Meta-A", "X-Note", "X-Amz-Meta-b"])


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    service = draw(st.sampled_from(["s3", "lambda", "execute-api"]))
    # S3's clients encode all they can; what they leave as it is S3 would encode before it signs, unlike this signer.
    safe = "~" if service == "s3" else draw(st.sampled_from(["~", "~$+=:@,;!*'()"]))
    path = "/" + "/".join(quote(segment, safe=safe) for segment in draw(st.lists(SEGMENTS, max_size=4)))
    pairs = draw(st.lists(st.tuples(WORDS, WORDS), max_size=4))
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    return Sent(
        draw(st.sampled_from(["GET", "PUT", "DELETE"])),
        f"{path}?{query}" if query else path,
        draw(st.binary(max_size=40)),
        draw(st.dictionaries(NAMES, VALUES, max_size=3)),
        service,
        draw(st.sampled_from([None, "FwoG/+="])),
        draw(st.sampled_from([None, 60])),
    )  # fmt: skip


@given(requests())
def test_what_botocore_signs_is_taken(sent: Sent) -> None:
    sent.verify(region="eu-west-1")


def words(sent: Sent) -> list[list[bytes]]:
    """The values of the signed headers, whose blanks mean nothing."""
    names = sent.authorization().signed_headers
    return [sent.fields[name].encode("latin-1").split() for name in names if name in sent.fields]


@given(requests(), st.sampled_from(["method", "path", "query", "body", "token", "secret"]), st.data())
def test_a_changed_request_is_refused(sent: Sent, part: str, data: st.DataObject) -> None:
    if part == "method":
        sent.method = "PATCH"
    elif part == "path":
        sent.raw_path += "x"
    elif part == "query":
        sent.query_string += "&x=1" if sent.query_string else "x=1"
    elif part == "body":
        authorization = sent.authorization()
        assume(claims.payload_claim(authorization, sent.fields) != claims.UNSIGNED_PAYLOAD)
        sent.body += b"x"
    elif part == "token":
        assume("x-amz-security-token" in sent.fields)
        sent.set("x-amz-security-token", "other")
    else:
        sent.secret = data.draw(st.text(min_size=1))
    with pytest.raises(CommonError):
        sent.verify()


@given(requests(), st.data())
def test_a_changed_or_missing_signed_header_is_refused(sent: Sent, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sent.authorization().signed_headers))
    before = words(sent)
    if data.draw(st.booleans()):
        sent.drop(name)
    else:
        sent.set(name, sent.fields[name] + data.draw(VALUES))
        assume(words(sent) != before)
    with pytest.raises(CommonError):
        sent.verify()


@given(requests(), st.data())
def test_a_changed_signature_or_scope_is_refused(sent: Sent, data: st.DataObject) -> None:
    authorization = sent.authorization()
    field = data.draw(st.sampled_from(["signature", "region", "service", "date", "signed_headers"]))
    value: Any = data.draw(st.text(min_size=1))
    if field == "signed_headers":
        value = (*authorization.signed_headers[:-1], value)
    assume(value != getattr(authorization, field))
    with pytest.raises(CommonError):
        sent.verify(authorization._replace(**{field: value}))
