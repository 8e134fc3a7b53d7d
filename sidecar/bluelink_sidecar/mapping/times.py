"""Times of cars and clocks as the report writes them."""

from __future__ import annotations

import datetime as dt
from typing import Any

#: Before this no such car existed: a filler of the vendor (2000-01-01) or a clock that was never set.
EARLIEST_YEAR = 2010


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
