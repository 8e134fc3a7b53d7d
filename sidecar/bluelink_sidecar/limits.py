"""A vendor's limit of requests: the one of the day, or a short one.

Of a limit without a time to wait the bridge takes the day's requests as used up, and sends nothing more until the next
day. So that is said only of what is known to last that long.
"""

from __future__ import annotations

from enum import Enum

from .vendor_codes import DAILY, LIMITED, status_in

DAILY_STATUS, SHORT_STATUS = 509, 429
#: Europe and its family, Hyundai and Genesis in the USA, and whoever says it in words.
DAILY_CODES = frozenset({"5091", "HT_534", DAILY})
#: A vendor that says "too many" without a time wants fewer requests, not none until midnight. Of the real length
#: nothing is known: by then a count per minute or hour has mostly passed, and asking anew costs one request.
SHORT_WAIT_S = 900.0


class Limit(Enum):
    DAILY = "daily"
    SHORT = "short"


def limit_in(status: int | None, codes: frozenset[str]) -> Limit | None:
    """Which limit a reply with this HTTP status and these codes tells of."""
    said = status_in(codes) or status
    if said == DAILY_STATUS or not codes.isdisjoint(DAILY_CODES):
        return Limit.DAILY
    return Limit.SHORT if said == SHORT_STATUS or LIMITED in codes else None


def wait_of_limit(limit: Limit, told_s: float | None) -> float | None:
    """What the vendor names in a header counts before everything else."""
    if told_s is not None:
        return told_s
    return SHORT_WAIT_S if limit is Limit.SHORT else None
