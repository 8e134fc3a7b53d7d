"""Times of cars and clocks as the report writes them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

#: Before this no such car existed: a filler of the vendor (2000-01-01) or a clock that was never set.
EARLIEST_YEAR = 2010
UTC = dt.timezone.utc


def now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


def aware(value: Any) -> dt.datetime | None:
    """The time in UTC; a naive one could mean any zone, so it is unknown."""
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        return None
    try:
        in_utc = value.astimezone(dt.timezone.utc)
    except (OverflowError, ValueError):
        return None
    return in_utc if in_utc.year >= EARLIEST_YEAR else None


def vendor_time(value: Any, zone: dt.tzinfo) -> dt.datetime | None:
    return aware(parsed(value, zone))


def parsed(value: Any, zone: dt.tzinfo) -> dt.datetime | None:
    """A time as the vendors write it, `20261122101500` with or without signs between; `GMT` at its end counts."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    said = str(value)
    try:
        if said.endswith(" GMT"):
            return dt.datetime.strptime(said, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        digits = re.sub(r"[-T:Z ]", "", said)
        return dt.datetime.strptime(digits[:14], "%Y%m%d%H%M%S").replace(tzinfo=zone)
    except ValueError:
        return None


def from_parts(parts: list[int | None], zone: dt.tzinfo) -> dt.datetime | None:
    """From year, month, day, hour, minute and second, if they are such."""
    year, month, day, hour, minute, second = (-1 if part is None else part for part in parts)
    try:
        return dt.datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except (ValueError, OverflowError):
        return None


def utc_text(value: dt.datetime | None) -> str | None:
    """`2026-11-22T10:15:00Z`, with milliseconds where there are any."""
    in_utc = aware(value)
    if in_utc is None:
        return None
    precision = "milliseconds" if in_utc.microsecond >= 1000 else "seconds"
    return in_utc.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def clock_text(value: Any) -> str | None:
    """`HH:MM` on the car's own clock."""
    return value.strftime("%H:%M") if isinstance(value, dt.time) else None
