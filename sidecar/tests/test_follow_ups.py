"""Which clouds are asked what became of a command, how often, and what they mean by it."""

from __future__ import annotations

from typing import Any

import pytest

from bluelink_sidecar.follow_ups import action_id_of, follow_up
from bluelink_sidecar.library import Library
from bluelink_sidecar.regions import Family, brand_numbers, family_of, region_numbers

DONE = {"succeeded_means": "done"}
OVER = {"succeeded_means": "over"}


@pytest.mark.parametrize(
    ("region", "brand", "action", "wanted"),
    [
        ("europe", "kia", "lock", {"every_s": 5, **DONE}),
        ("europe", "hyundai", "horn", {"every_s": 5, **DONE}),
        ("europe-cci", "hyundai", "lock", {"every_s": 5, "most_polls": 2, **OVER}),
        ("europe-cci", "kia", "lock", None),
        ("australia", "hyundai", "lock", {"every_s": 5, **DONE}),
        ("new-zealand", "kia", "lights", {"every_s": 5, **DONE}),
        ("india", "kia", "lock", {"every_s": 5, **DONE}),
        ("china", "kia", "charge", {"every_s": 5, **DONE}),
        ("brazil", "hyundai", "lock", {"every_s": 5, **DONE}),
        ("canada", "genesis", "lock", {"every_s": 10, **DONE}),
        ("usa", "kia", "lock", {"every_s": 5, **OVER}),
        ("usa", "hyundai", "lock", {"every_s": 2, **DONE}),
        ("usa", "genesis", "climate_start", {"every_s": 2, **DONE}),
        ("usa", "hyundai", "lights", None),
        ("usa", "genesis", "horn", None),
    ],
)
def test_each_cloud_is_asked_at_its_pace(
    library: Library, region: str, brand: str, action: str, wanted: Any
) -> None:
    regions, brands = region_numbers(library.const), brand_numbers(library.const)
    if region not in regions:
        pytest.skip(f"this release of the library has no region {region}")
    try:
        api = library.manager(regions[region], brands[brand], "u", "p", "").api
    except Exception:
        pytest.skip(f"this release of the library does not serve {brand} in {region}")
    family = family_of(region, brand)
    found = follow_up(api, family, action, "action-1")
    assert found == (None if wanted is None else {"action_id": "action-1", **wanted})
    assert follow_up(api, family, action, None) is None


def test_an_unknown_cloud_is_not_asked() -> None:
    assert follow_up(object(), Family.OTHER, "lock", "action-1") is None


@pytest.mark.parametrize(
    ("answer", "action_id"),
    [
        ("a-1", "a-1"),
        ("gspa:a-1", "gspa:a-1"),
        ("gspa:", None),
        ("", None),
        (None, None),
        ({}, None),
    ],
)
def test_what_names_a_command(answer: object, action_id: str | None) -> None:
    assert action_id_of(answer) == action_id
