"""What a car is said to take: region by region, and no more than the installed library has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bluelink_sidecar.capabilities import METHODS, capabilities
from bluelink_sidecar.command_calls import sends_halves
from bluelink_sidecar.library import Library
from bluelink_sidecar.mapping.car import Car
from bluelink_sidecar.regions import Family, brand_numbers, family_of, region_numbers
from bluelink_sidecar.session import TOLD
from clouds import HyundaiUsa, KiaUsa, kia_info
from clouds_elsewhere import CARS
from clouds_europe import Europe, kept_session, refused
from conftest import reply

OLD = {"lock", "climate"}
PLUG = {"charge", "charge_limits", "charge_port", "schedule"}
WEST = {*OLD, "windows", "lights", "horn", "valet_mode", "navigation", "trips"}
#: Region, brand, engine, protocol, and what is offered by a release that has it all.
MATRIX: list[tuple[str, str, str, int, set[str]]] = [
    ("europe", "kia", "EV", 1, {*WEST, *PLUG, "charging_current"}),
    ("europe", "hyundai", "PHEV", 0, {*WEST, *PLUG}),
    ("europe", "genesis", "ICE", 1, WEST),
    ("australia", "hyundai", "EV", 1, {*WEST, *PLUG, "charging_current"}),
    ("new-zealand", "kia", "HEV", 0, WEST),
    ("india", "kia", "EV", 0, {*WEST, *PLUG}),
    ("china", "kia", "EV", 1, {*OLD, "charge", "trips"}),
    ("brazil", "hyundai", "EV", 0, {*OLD, "windows", "lights", "trips"}),
    ("canada", "genesis", "EV", 0, {*OLD, "charge", "charge_limits"}),
    ("canada", "kia", "ICE", 0, OLD),
    ("usa", "kia", "PHEV", 0, {*OLD, "charge", "charge_limits"}),
    ("usa", "kia", "ICE", 0, OLD),
    ("usa", "hyundai", "EV", 0, {*OLD, "charge", "charge_limits", "lights", "horn", "trips"}),
    ("usa", "genesis", "PHEV", 0, {*OLD, "lights", "horn"}),
    (
        "europe-cci",
        "hyundai",
        "EV",
        1,
        {*OLD, *PLUG, "charging_current", "windows", "lights", "horn", "valet_mode"},
    ),
    (
        "europe-cci",
        "kia",
        "EV",
        1,
        {*OLD, "charge", "charge_limits", "charging_current", "windows", "lights", "horn"},
    ),
    ("europe-cci", "kia", "ICE", 1, {*OLD, "windows", "lights", "horn"}),
    ("europe-cci", "hyundai", "EV", 0, set()),
]


def offered(
    library: Library, region: str, brand: str, engine: str | None = "EV", **car: Any
) -> dict[str, Any]:
    regions, brands = region_numbers(library.const), brand_numbers(library.const)
    if region not in regions:
        pytest.skip(f"this release of the library has no region {region}")
    vehicle = library.vehicle(id="car-1")
    vehicle.engine_type = None if engine is None else library.const.ENGINE_TYPES(engine)
    for name, value in {"ccu_ccs2_protocol_support": 1, "year": 2022, **car}.items():
        setattr(vehicle, name, value)
    try:
        api = library.manager(regions[region], brands[brand], "u", "p", "").api
    except Exception:
        pytest.skip(f"this release of the library does not serve {brand} in {region}")
    return capabilities(library, api, Car(vehicle, family_of(region, brand)))


@pytest.mark.parametrize(("region", "brand", "engine", "protocol", "names"), MATRIX)
def test_what_a_car_is_offered(
    library: Library, region: str, brand: str, engine: str, protocol: int, names: set[str]
) -> None:
    found = offered(library, region, brand, engine, ccu_ccs2_protocol_support=protocol)
    assert found.keys() <= names
    missing = names - found.keys()
    if region == "usa" or not missing:
        assert not missing
        return
    number = region_numbers(library.const)[region]
    api = library.manager(number, brand_numbers(library.const)[brand], "u", "p", "").api
    base = library.api.ApiImpl
    for name in missing:
        if name == "schedule" and not sends_halves(api):
            continue
        method = METHODS[name]
        assert getattr(type(api), method, None) in (None, getattr(base, method, None))


def test_an_unknown_family_is_only_read(library: Library) -> None:
    api = library.manager(1, 1, "u", "p", "").api
    assert capabilities(library, api, Car(library.vehicle(id="car-1"), Family.OTHER)) == {}


def test_v2l_is_offered_once_the_car_has_told_of_it(library: Library) -> None:
    assert "v2l_limit" not in offered(library, "europe", "kia")
    assert "v2l_limit" in offered(library, "europe", "kia", ev_v2l_discharge_limit=30)
    assert "v2l_limit" not in offered(library, "china", "kia", ev_v2l_discharge_limit=30)


@pytest.mark.parametrize(
    ("region", "brand", "car", "wanted"),
    [
        ("australia", "kia", {}, {"min": 17, "max": 26.5, "step": 0.5, "unit": "°C"}),
        ("canada", "kia", {}, {"min": 14, "max": 31.5, "step": 0.5, "unit": "°C"}),
        ("canada", "kia", {"year": 2018}, {"min": 16, "max": 31.5, "step": 0.5, "unit": "°C"}),
        ("usa", "kia", {}, {"min": 62, "max": 82, "step": 1, "unit": "°F"}),
        ("brazil", "hyundai", {}, {"min": 17, "max": 27, "step": 1, "unit": "°C"}),
        (
            "australia",
            "kia",
            {"air_temperature": (70, "°F")},
            {"min": 63, "max": 79, "step": 1, "unit": "°F"},
        ),
    ],
)
def test_temperatures_are_those_of_the_region_in_the_cars_unit(
    library: Library, region: str, brand: str, car: Any, wanted: Any
) -> None:
    fields = offered(library, region, brand, **car)["climate"]["fields"]
    assert fields["temperature"] == wanted


SEATS = {"seats.front_left", "seats.front_right", "seats.rear_left", "seats.rear_right"}
ALWAYS = {"temperature", "defrost", "heating"}


@pytest.mark.parametrize(
    ("region", "brand", "car", "names"),
    [
        ("europe", "kia", {}, {*ALWAYS, *SEATS, "duration", "steering_wheel"}),
        ("europe", "kia", {"ccu_ccs2_protocol_support": 0}, {*ALWAYS, "duration"}),
        ("india", "kia", {"ccu_ccs2_protocol_support": 0}, {*ALWAYS, "duration"}),
        ("india", "kia", {}, {*ALWAYS, "duration"}),
        ("china", "kia", {"ccu_ccs2_protocol_support": 0}, ALWAYS),
        (
            "brazil",
            "hyundai",
            {"ccu_ccs2_protocol_support": 0},
            {*ALWAYS, "duration", "seats.front_left"},
        ),
        (
            "canada",
            "kia",
            {"ccu_ccs2_protocol_support": 0},
            {*ALWAYS, *SEATS, "duration"},
        ),
        (
            "usa",
            "kia",
            {"ccu_ccs2_protocol_support": 0},
            {*ALWAYS, *SEATS, "duration", "steering_wheel"},
        ),
        ("usa", "hyundai", {"ccu_ccs2_protocol_support": 0, "generation": 2}, ALWAYS),
        (
            "usa",
            "hyundai",
            {"ccu_ccs2_protocol_support": 0, "generation": 3},
            {*ALWAYS, *SEATS, "duration"},
        ),
        (
            "usa",
            "hyundai",
            {"ccu_ccs2_protocol_support": 0, "generation": 2, "engine": "ICE"},
            {*ALWAYS, *SEATS, "duration"},
        ),
    ],
)
def test_a_climate_start_offers_only_what_is_sent_on(
    library: Library, region: str, brand: str, car: Any, names: set[str]
) -> None:
    assert offered(library, region, brand, **car)["climate"]["fields"].keys() == names


def test_older_cars_run_for_ten_minutes(library: Library) -> None:
    def longest(protocol: int) -> Any:
        found = offered(library, "europe", "kia", ccu_ccs2_protocol_support=protocol)
        return found["climate"]["fields"]["duration"]["max"]

    assert (longest(1), longest(0)) == (30, 10)


def test_windows_are_told_as_the_cloud_takes_them(library: Library) -> None:
    each = offered(library, "europe", "kia")["windows"]
    assert set(each["fields"]) == {"front_left", "front_right", "rear_left", "rear_right"}
    assert offered(library, "brazil", "hyundai")["windows"] == {"values": ["close", "open"]}


def test_the_newer_european_cloud_takes_the_front_pair(library: Library) -> None:
    found = offered(library, "europe-cci", "kia")["windows"]
    assert set(found["fields"]) == {"front_left", "front_right"}


def test_hyundai_usa_tells_its_seats(make_bench: Any) -> None:
    told = {
        "seatConfigs": [
            {"seatLocationID": "1", "supportedLevels": "2,6,7,8,3,4,5"},
            {"seatLocationID": "2", "supportedLevels": "2,6,7,8"},
        ]
    }
    bench = make_bench(HyundaiUsa(seatConfigurations=told), brand="hyundai")
    session = bench.run("sign_in")["session"]
    found = bench.run("cached", session)["result"]["commands"]["climate"]["fields"]
    seats = {name: levels["values"] for name, levels in found.items() if "seats" in name}
    assert seats["seats.front_right"] == ["off", "heat_low", "heat_medium", "heat_high"]
    assert set(seats["seats.front_left"]) >= {"cool_low", "cool_high", "heat_high"}
    assert set(seats) == {"seats.front_left", "seats.front_right"}


def test_a_read_tells_more_than_the_list(make_bench: Any) -> None:
    cloud = KiaUsa(kia_info())
    cloud.fuel_type = 0
    bench = make_bench(cloud)
    outcome = bench.run("sign_in")
    (car,) = outcome["result"]["vehicles"]
    assert "charge" not in car["commands"]
    assert "charge" in bench.run("cached", outcome["session"])["result"]["commands"]


def test_a_reading_of_europe_tells_of_v2l(make_bench: Any) -> None:
    bench = make_bench(Europe(), region="europe", brand="kia")
    result = bench.run("cached", kept_session())["result"]
    assert "v2l_limit" in result["commands"]


def test_what_a_reading_told_is_known_to_a_process_that_only_lists(make_bench: Any) -> None:
    cloud = Europe()
    cloud.on("spa/vehicles", reply(CARS))
    bench = make_bench(cloud, region="europe", brand="kia")
    session = bench.run("cached", kept_session())["session"]
    other = make_bench(cloud, region="europe", brand="kia")
    (car,) = other.run("list", json.loads(json.dumps(session)))["result"]["vehicles"]
    assert "v2l_limit" in car["commands"]


def test_what_another_release_told_is_not_taken_over(make_bench: Any) -> None:
    cloud = Europe()
    cloud.on("spa/vehicles", reply(CARS))
    bench = make_bench(cloud, region="europe", brand="kia")
    session = bench.run("cached", kept_session())["session"]
    session["vehicles"][0][TOLD]["library"] = "0.1"
    (car,) = make_bench(cloud, region="europe", brand="kia").run("list", session)["result"][
        "vehicles"
    ]
    assert "v2l_limit" not in car["commands"]


def test_a_failed_read_does_not_change_the_session(make_bench: Any) -> None:
    bench = make_bench(Europe(), region="europe", brand="kia")
    bench.run("cached", kept_session())
    bench.cloud.on("ccs2/carstatus/latest", refused("7501"))
    # The session of a sign-in elsewhere, which knows nothing of the reading.
    outcome = bench.run("cached", kept_session())
    assert outcome["failure"]["code"] == "auth_failed"
    assert "session" not in outcome
