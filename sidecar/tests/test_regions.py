"""Regions and brands as the installed library has them, also those that a later one adds."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from bluelink_sidecar.library import Library, features, load_library
from bluelink_sidecar.regions import Family, family_of
from clouds_europe import Europe, kept_session


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    """A later one, with a region and a brand more, served by a class that speaks like a known one."""
    package = importlib.import_module("hyundai_kia_connect_api")
    const = importlib.import_module("hyundai_kia_connect_api.const")
    monkeypatch.setattr(const, "REGIONS", {**const.REGIONS, 41: "Middle East (GCC)"})
    monkeypatch.setattr(const, "BRANDS", {**const.BRANDS, 7: "Ioniq"})
    known = package.VehicleManager.get_implementation_by_region_brand
    europe = importlib.import_module("hyundai_kia_connect_api.KiaUvoApiEU").KiaUvoApiEU

    def implementation(region: int, brand: int, language: str) -> Any:
        return europe(1, 1, language) if region == 41 else known(region, brand, language)

    monkeypatch.setattr(
        package.VehicleManager, "get_implementation_by_region_brand", staticmethod(implementation)
    )
    return load_library()


@pytest.mark.parametrize(
    ("region", "brand"),
    [("middle-east-gcc", "ioniq"), (41, 7), ("middle-east-gcc", 7), (41, "kia")],
)
def test_a_region_and_a_brand_of_a_later_library_are_read(
    make_bench: Callable[..., Any], region: Any, brand: Any
) -> None:
    bench = make_bench(Europe(), region=region, brand=brand)
    outcome = bench.run("cached", kept_session())
    assert outcome["ok"], outcome
    assert bench.worker._state.place.family is Family.OTHER
    report = outcome["result"]["report"]
    assert report["brand"] == ("kia" if brand == "kia" else "ioniq")
    assert report["ev"]["soc"] == 64
    assert report["lock"]["state"] == "locked"
    assert report["reported_at"] is not None


def test_a_later_library_tells_of_its_regions(library: Library) -> None:
    told = features(library)
    assert told["regions"]["middle-east-gcc"] == 41
    assert told["brands"]["ioniq"] == 7


@pytest.mark.parametrize("region", ["atlantis", 99, 0, -1])
def test_an_unknown_region_names_those_that_are_known(
    make_bench: Callable[..., Any], region: Any
) -> None:
    outcome = make_bench(Europe(), region=region).run("cached", kept_session())
    message = outcome["failure"]["message"]
    assert outcome["failure"]["code"] == "internal"
    assert "account.region: expected one of australia (5), brazil (8)" in message
    assert "too old" in message


def test_an_unknown_brand_is_named_too(make_bench: Callable[..., Any]) -> None:
    outcome = make_bench(Europe(), region="europe", brand="lada").run("cached", kept_session())
    assert "account.brand: expected one of genesis (3)" in outcome["failure"]["message"]


@pytest.mark.parametrize(
    ("region", "brand", "family"),
    [
        ("usa", "kia", Family.KIA_USA),
        ("usa", "genesis", Family.HYUNDAI_USA),
        ("new-zealand", "kia", Family.AUSTRALIA),
        ("europe-cci", "hyundai", Family.EUROPE_CCI),
        ("middle-east-gcc", "kia", Family.OTHER),
        (None, None, Family.OTHER),
    ],
)
def test_the_family_of_a_place(region: Any, brand: Any, family: Family) -> None:
    assert family_of(region, brand) is family
