"""When a session ends for good, where the vendor tells: then a password, a code or a person is needed."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from typing import Any

from .device import Device
from .mapping import times
from .regions import Family

#: Canada remembers a device for so long after a code.
CANADA_TRUST = dt.timedelta(days=90)
#: China renews by the cookie of its web page, whatever its refresh token says.
UNTOLD = frozenset({Family.CHINA})
EPOCH_MS = 1e12


def session_expires_at(token: Any, family: Family, device: Device) -> str | None:
    if family in UNTOLD:
        return None
    if family is Family.CANADA:
        return _end_of_trust(device.trusted_at)
    return times.utc_text(end_of_jwt(getattr(token, "refresh_token", None)))


def end_of_jwt(token: object) -> dt.datetime | None:
    """`exp` of a token that is a JWT; its signature is the vendor's business."""
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        return None
    text = parts[1].replace("+", "-").replace("/", "_")
    try:
        claims = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        end = float(claims["exp"])
        return dt.datetime.fromtimestamp(end / 1000 if end > EPOCH_MS else end, dt.timezone.utc)
    except (binascii.Error, ValueError, TypeError, KeyError, OverflowError, OSError):
        return None


def _end_of_trust(trusted_at: str | None) -> str | None:
    try:
        since = dt.datetime.fromisoformat((trusted_at or "").replace("Z", "+00:00"))
        return times.utc_text(since + CANADA_TRUST)
    except (ValueError, OverflowError):
        return None
