"""How long a vendor asks to wait, from the headers of its reply. A word that makes no sense is none."""

from __future__ import annotations

import math
import re
import time
from email.utils import parsedate_to_datetime
from typing import Any

#: Nobody waits longer for a word in a header: by then another day's requests have begun.
LONGEST_S = 86_400.0
#: A time on the clock rather than a number of seconds.
EPOCH_S, EPOCH_MS = 1e9, 1e12
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)


def retry_after_s(headers: Any) -> float | None:
    """From 0 to a day; None where the vendor names no time."""
    told = _wait_s(headers, "retry-after")
    return told if told is not None else _of_counter(headers)


def _of_counter(headers: Any) -> float | None:
    """A counter with something left has refused nothing, and China's gateway sends zeros with every reply."""
    if (_number(headers.get("x-ratelimit-remaining")) or 0) > 0:
        return None
    return _wait_s(headers, "x-ratelimit-reset") or None


def _wait_s(headers: Any, name: str) -> float | None:
    """Of a number of seconds, a Unix time or an HTTP date; what is over already says nothing."""
    said = headers.get(name)
    number = _number(said)
    if number is not None and number <= EPOCH_S:
        return min(number, LONGEST_S)
    at = _date(said) if number is None else number / 1000 if number > EPOCH_MS else number
    if at is None:
        return None
    # By the vendor's own clock: this machine's may be off.
    now = _date(headers.get("date"))
    left = at - (time.time() if now is None else now)
    return min(left, LONGEST_S) if left > 0 else None


def _number(said: Any) -> float | None:
    text = str(said).strip()
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _date(said: Any) -> float | None:
    try:
        return parsedate_to_datetime(str(said)).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
