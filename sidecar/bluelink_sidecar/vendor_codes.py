"""Error codes of the vendors' clouds, read from a reply that the library drops or masks. Never the reply itself."""

from __future__ import annotations

from typing import Any

#: Said by the European family in words instead of a code.
EXPIRED = "token_expired"
_EXPIRED_WORDS = ("token is expired", "token has expired")


def codes_in(body: Any) -> frozenset[str]:
    """The codes of a refusal; nothing for a success or for what is no known form of a refusal."""
    if not isinstance(body, dict):
        return frozenset()
    found = {
        *_kia_usa(body.get("status")),
        *_canada(body.get("error")),
        *_values(body, "errorCode", "errorSubCode", "errCode"),
    }
    if body.get("retCode") == "F":
        found.update(_values(body, "resCode"))
    if _says_expired(body.get("error")):
        found.add(EXPIRED)
    return frozenset(found)


def _kia_usa(status: Any) -> list[str]:
    if isinstance(status, dict) and status.get("statusCode"):
        return _values(status, "errorCode")
    return []


def _canada(error: Any) -> list[str]:
    return _values(error, "errorCode") if isinstance(error, dict) else []


def _says_expired(error: Any) -> bool:
    return isinstance(error, str) and any(word in error.lower() for word in _EXPIRED_WORDS)


def _values(holder: dict[str, Any], *names: str) -> list[str]:
    """Short codes only: what is longer is no code and may be private."""
    found = [str(holder[name]) for name in names if isinstance(holder.get(name), (str, int))]
    return [code for code in found if 0 < len(code) <= 16]
