"""Error codes of the vendors' clouds, read from a reply that the library drops or masks. Never the reply itself."""

from __future__ import annotations

import re
from typing import Any

#: Said by the European family in words instead of a code.
EXPIRED = "token_expired"
#: Limits of requests that are said in words: one of which only that is known, and the one of the day.
LIMITED, DAILY = "request_limit", "daily_limit"
_LIMIT_WORDS = ("too many requests", "request limit", "daily limit", "exceeds number of requests")
#: One of them beside it. The last is what Europe says at the limit of the day.
_WORDS_OF_DAY = ("daily", "per day", "exceeds number of requests")
#: The newer European cloud puts an HTTP status into its codes: `404-002`.
STATUS_CODE = re.compile(r"^(\d{3})-\d{3}$")
#: Four digits; shorter ones beside them are HTTP statuses.
_GATEWAY_CODE = re.compile(r"^[1-9]\d{3}$")
_EXPIRED_WORDS = ("token is expired", "token has expired")


def codes_in(body: Any) -> frozenset[str]:
    """The codes of a refusal; nothing for a success or for what is no known form of a refusal."""
    if not isinstance(body, dict):
        return frozenset()
    found = {
        *_kia_usa(body.get("status")),
        *_canada(body.get("error")),
        *_values(body, "errorCode", "errorSubCode", "errCode"),
        *_european(body),
    }
    if _says_expired(body.get("error")):
        found.add(EXPIRED)
    return frozenset(found | _limits_said(body))


def status_in(codes: frozenset[str]) -> int | None:
    """The HTTP status that a code stands for, which need not be the reply's own."""
    said = (STATUS_CODE.match(code) for code in codes)
    return next((int(one[1]) for one in said if one), None)


def says_no(body: Any) -> bool:
    """Whether a reply is one of the vendors' forms of a refusal."""
    status, header = body.get("status"), body.get("responseHeader")
    return (
        any(body.get(name) for name in ("error", "errorCode", "errCode", "code"))
        or body.get("retCode") == "F"
        or (isinstance(status, dict) and bool(status.get("statusCode")))
        or (isinstance(header, dict) and _is_number_but_0(header.get("responseCode")))
    )


def says_done(body: Any) -> bool:
    """Whether a reply of Canada is an answer to the question at all."""
    header = body.get("responseHeader")
    return isinstance(header, dict) and header.get("responseCode") == 0


def _is_number_but_0(code: Any) -> bool:
    """Anything else in its place is no word of the vendor: it refuses nothing."""
    return isinstance(code, int) and code != 0


def _european(body: dict[str, Any]) -> list[str]:
    """`resCode` of the older cloud, and the forms of the newer one: an envelope, `rc`, `code` of its sign-in."""
    found = _values(body, "resCode") if body.get("retCode") == "F" else []
    envelope = body.get("metaInfo")
    if isinstance(envelope, dict) and envelope.get("retCode") not in (None, "S"):
        found += _values(envelope, "resCode")
    found += [code for code in _values(body, "rc") if code != "0000"]
    return found + [code for code in _values(body, "code") if _GATEWAY_CODE.match(code)]


def _kia_usa(status: Any) -> list[str]:
    if isinstance(status, dict) and status.get("statusCode"):
        return _values(status, "errorCode")
    return []


def _canada(error: Any) -> list[str]:
    return _values(error, "errorCode") if isinstance(error, dict) else []


def _says_expired(error: Any) -> bool:
    return isinstance(error, str) and any(word in error.lower() for word in _EXPIRED_WORDS)


def _limits_said(body: dict[str, Any]) -> set[str]:
    """In any of the places where the vendors put their words."""
    holders = [body, *(body.get(name) for name in ("status", "error", "metaInfo"))]
    words = [
        holder.get(name)
        for holder in holders
        if isinstance(holder, dict)
        for name in ("errorMessage", "errorDesc", "message", "msg", "resMsg")
    ]
    texts = [one.lower() for one in words if isinstance(one, str)]
    said = [text for text in texts if any(limit in text for limit in _LIMIT_WORDS)]
    return {DAILY if any(word in text for word in _WORDS_OF_DAY) else LIMITED for text in said}


def _values(holder: dict[str, Any], *names: str) -> list[str]:
    """Short codes only: what is longer is no code and may be private."""
    found = [str(holder[name]) for name in names if isinstance(holder.get(name), (str, int))]
    return [code for code in found if 0 < len(code) <= 16]
