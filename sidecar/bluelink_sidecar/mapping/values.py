"""Plain values as the vendors send them, made into what the report may hold. Unknown is None."""

from __future__ import annotations

import math
from typing import Any

KM_PER_MILE = 1.609344
KPA_PER_UNIT = {"kPa": 1.0, "psi": 6.894757, "bar": 100.0}
#: "Not known" of 8-bit and 16-bit fields.
SENTINEL_BYTE = 255
SENTINEL_WORD = 65535

_FALSE_WORDS = frozenset({"0", "false", "off", "no"})
_TRUE_WORDS = frozenset({"1", "true", "on", "yes"})


def flag(value: Any) -> bool | None:
    """Nominal booleans often arrive as 0 and 1, or as another number for on."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _TRUE_WORDS else False if word in _FALSE_WORDS else None
    if isinstance(value, (int, float)):
        return None if math.isnan(value) else value != 0
    return None


def number(value: Any) -> float | None:
    """A finite number; numeric text counts, a boolean does not."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> int | None:
    found = number(value)
    return None if found is None else round(found)


def count(value: Any) -> int | None:
    """A whole number of things, never negative."""
    found = whole(value)
    return None if found is None or found < 0 else found


def percent(value: Any) -> int | float | None:
    """0 to 100; what lies outside is a sentinel."""
    found = number(value)
    return tidy(found, 1) if found is not None and 0 <= found <= 100 else None


def positive_percent(value: Any) -> int | float | None:
    """For settings and measures that are never 0: a 0 means that the car did not say."""
    return percent(value) or None


def minutes(value: Any) -> int | None:
    """A duration that is really one: neither 0 nor the sentinel."""
    found = whole(value)
    return found if found is not None and 0 < found < SENTINEL_WORD else None


def kilometres(value: Any, unit: str | None, default_unit: str) -> float | None:
    found = number(value)
    if found is None:
        return None
    return found * KM_PER_MILE if (unit or default_unit) == "mi" else found


def celsius(value: Any, unit: str | None, default_unit: str) -> float | None:
    found = number(value)
    if found is None:
        return None
    return (found - 32) / 1.8 if (unit or default_unit) == "°F" else found


def kilopascal(value: Any, unit: str | None) -> int | None:
    """Whole kPa from the unit that the car displays; without a unit the number means nothing."""
    found = number(value)
    factor = KPA_PER_UNIT.get(unit or "")
    if found is None or factor is None or found < 0 or found == SENTINEL_BYTE:
        return None
    return round(found * factor)


def tidy(value: float | None, digits: int) -> int | float | None:
    """The one rounding, at the very end; 85.0 is said as 85."""
    if value is None:
        return None
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def not_negative(value: float | None) -> float | None:
    return value if value is not None and value >= 0 else None


def word(value: Any) -> str | None:
    """Text in the form of our words: lower case, blanks as `_`."""
    if not isinstance(value, str) or not value.strip():
        return None
    return "_".join(value.lower().split())


def text(value: Any) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    return value.strip() or None if isinstance(value, str) else None


def child(data: Any, path: str) -> Any:
    """The value at a dotted path of a raw reply; numbers index lists; None where it ends early."""
    for step in path.split("."):
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data
