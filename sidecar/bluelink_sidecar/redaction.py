"""Takes secrets out of text before it leaves the process: by key, by form, and by the values known to be secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
LONGEST = 500
#: Shorter values (a PIN aside) would blot out ordinary words.
SHORTEST_VALUE = 5

_KEY = (
    r"[\w-]*(?:pass(?:word)?|pin|token|secret|stamp|pauth|vinkey|vehiclekey|deviceid|device_id|devicekey"
    r"|otp(?:key)?|cookie|authorization|e-?mail|phone|user(?:name|_?id)|login_?id|nickname"
    r"|address|xid)[\w-]*|sid|vin|key|lat(?:itude)?|lon(?:gitude)?"
)
_BY_KEY = re.compile(
    rf"""(?P<head>(?<![\w-])["']?(?:{_KEY})["']?\s*[:=]\s*)(?P<value>"[^"]*"|'[^']*'|[^\s,;&}}\])]+)""",
    re.IGNORECASE,
)
_URL = re.compile(r"\b(url:\s*|https?://[^/\s]+)\S+")
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]+", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_VIN = re.compile(r"\b(?=[A-Z0-9]*\d)[A-HJ-NPR-Z0-9]{17}\b", re.IGNORECASE)
_LONG_OPAQUE = re.compile(r"\b(?=[\w+/=.-]*\d)[A-Za-z0-9+/=_-]{24,}(?:\.[A-Za-z0-9+/=_-]+)*")
_POSITION = re.compile(r"(?<![\d.])-?\d{1,3}\.\d{4,}")


class Redactor:
    """Remembers the secret values of the account that the process serves."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pins: set[str] = set()

    def learn(self, values: Iterable[object]) -> None:
        for value in values:
            text = value if isinstance(value, str) else ""
            if len(text) >= SHORTEST_VALUE and not text.isspace():
                self._values.update(_spellings(text))
            elif text.strip():
                self._pins.add(text)

    def text(self, text: str) -> str:
        """The text without secrets, on one line, cut to a sane length."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        for pin in self._pins:
            text = re.sub(rf"(?<!\w){re.escape(pin)}(?!\w)", HIDDEN, text)
        text = _URL.sub(lambda match: match[1] + HIDDEN, text)
        text = _BEARER.sub(HIDDEN, text)
        text = _BY_KEY.sub(lambda match: match["head"] + HIDDEN, text)
        for form in (_EMAIL, _UUID, _VIN, _LONG_OPAQUE, _POSITION):
            text = form.sub(HIDDEN, text)
        text = " ".join(text.split())
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _spellings(value: str) -> set[str]:
    """A value as it may stand in an address, in JSON or in a Python repr."""
    return {
        value,
        value.lower(),
        value.upper(),
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
    }
