"""Regions and brands: the words of the protocol, the numbers of the library, and the families of vendor clouds."""

from __future__ import annotations

from enum import Enum
from typing import Any

#: The protocol's word for each of the library's region labels; a label of a later release becomes a slug.
WORDS_BY_LABEL = {
    "Europe": "europe",
    "Canada": "canada",
    "USA": "usa",
    "China": "china",
    "Australia": "australia",
    "India": "india",
    "New Zealand": "new-zealand",
    "Brazil": "brazil",
    "Europe (CCI/GSPA)": "europe-cci",
}

GENESIS_AND_HYUNDAI = frozenset({"hyundai", "genesis"})


class Family(Enum):
    """Clouds that speak alike: which parser fills a car and which errors can come."""

    EUROPE = "europe"
    EUROPE_CCI = "europe-cci"
    KIA_USA = "kia-usa"
    HYUNDAI_USA = "hyundai-usa"
    CANADA = "canada"
    AUSTRALIA = "australia"
    INDIA = "india"
    CHINA = "china"
    BRAZIL = "brazil"
    OTHER = "other"


FAMILY_BY_REGION = {
    "europe": Family.EUROPE,
    "europe-cci": Family.EUROPE_CCI,
    "canada": Family.CANADA,
    "australia": Family.AUSTRALIA,
    "new-zealand": Family.AUSTRALIA,
    "india": Family.INDIA,
    "china": Family.CHINA,
    "brazil": Family.BRAZIL,
}

#: Clouds that answer in the words of the European one (retCode, resCode).
TYPE_1 = frozenset({Family.EUROPE, Family.AUSTRALIA, Family.INDIA, Family.CHINA, Family.BRAZIL})
USA = frozenset({Family.KIA_USA, Family.HYUNDAI_USA})


class UnknownName(ValueError):
    """A region or brand that the installed library does not know."""


def slug(label: str) -> str:
    words = "".join(c if c.isalnum() else " " for c in label.lower()).split()
    return "-".join(words)


def region_numbers(const: Any) -> dict[str, int]:
    """Region words to numbers, from the library's own table."""
    labels: dict[int, str] = getattr(const, "REGIONS", {})
    return {WORDS_BY_LABEL.get(label, slug(label)): number for number, label in labels.items()}


def brand_numbers(const: Any) -> dict[str, int]:
    labels: dict[int, str] = getattr(const, "BRANDS", {})
    return {slug(label): number for number, label in labels.items()}


def number_of(kind: str, value: str | int, known: dict[str, int]) -> int:
    """The library's number, given as such or as a word."""
    number = value if isinstance(value, int) else known.get(value)
    if number is not None and number in known.values():
        return number
    words = ", ".join(f"{word} ({one})" for word, one in sorted(known.items()))
    raise UnknownName(
        f"{kind}: expected one of {words}, got something else;"
        " the installed library may be too old for it"
    )


def word_of(number: int, known: dict[str, int]) -> str | None:
    return next((word for word, one in known.items() if one == number), None)


def family_of(region: str | None, brand: str | None) -> Family:
    if region == "usa":
        return Family.HYUNDAI_USA if brand in GENESIS_AND_HYUNDAI else Family.KIA_USA
    return FAMILY_BY_REGION.get(region or "", Family.OTHER)
