"""What the library is given for each command, region by region."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from bluelink_sidecar.command_calls import Told, call_of, is_told_halves, rest_of
from bluelink_sidecar.library import Library
from bluelink_sidecar.mapping.car import Car
from bluelink_sidecar.refusals import Refused
from bluelink_sidecar.regions import Family, brand_numbers, family_of, region_numbers
from bluelink_sidecar.set_points import set_points
from clouds_commands import (
    ACTIONS,
    CLIMATE,
    EUROPE,
    NAVIGATION,
    PIN_TAKEN,
    SCHEDULE,
    WINDOWS,
    order,
)
from clouds_europe import kept_session
from conftest import Cloud


class Recorder:
    """A manager that only notes what it is told."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        def note(*given: Any) -> str:
            self.calls.append((name, given))
            return "action-1"

        return note


def told(library: Library, region: str, brand: str, action: Any, **car: Any) -> Told:
    regions, brands = region_numbers(library.const), brand_numbers(library.const)
    if region not in regions:
        pytest.skip(f"this release of the library has no region {region}")
    engine = library.const.ENGINE_TYPES(car.pop("engine", "EV"))
    vehicle = library.vehicle(id="car-1", engine_type=engine)
    for name, value in {"ccu_ccs2_protocol_support": 1, **car}.items():
        setattr(vehicle, name, value)
    api = library.manager(regions[region], brands[brand], "u", "p", "").api
    return Told(library, Recorder(api), Car(vehicle, family_of(region, brand)), action)


def sent(one: Told) -> tuple[str, tuple[Any, ...]]:
    call_of(one)()
    (found,) = one.manager.calls
    return found[0], found[1][1:]


def options(one: Told) -> dict[str, Any]:
    _, (given,) = sent(one)
    return dataclasses.asdict(given)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action["name"]))
def test_every_command_is_a_call_of_the_library(library: Library, action: Any) -> None:
    one = told(library, "europe", "kia", action)
    name, _ = sent(one)
    assert hasattr(library.manager, name)
    assert one.manager.calls[0][1][0] == "car-1"


@pytest.mark.parametrize(
    ("action", "call"),
    [
        ({"name": "lock", "value": "lock"}, ("lock", ())),
        ({"name": "lock", "value": "unlock"}, ("unlock", ())),
        ({"name": "climate_stop"}, ("stop_climate", ())),
        ({"name": "charge", "value": "start"}, ("start_charge", ())),
        ({"name": "charge", "value": "stop"}, ("stop_charge", ())),
        ({"name": "charge_limits", "ac": 80, "dc": 90}, ("set_charge_limits", (80, 90))),
        ({"name": "charging_current", "percent": 100}, ("set_charging_current", (1,))),
        ({"name": "charging_current", "percent": 90}, ("set_charging_current", (2,))),
        ({"name": "charging_current", "percent": 60}, ("set_charging_current", (3,))),
        ({"name": "charge_port", "value": "open"}, ("open_charge_port", ())),
        ({"name": "charge_port", "value": "close"}, ("close_charge_port", ())),
        ({"name": "lights"}, ("start_hazard_lights", ())),
        ({"name": "horn"}, ("start_hazard_lights_and_horn", ())),
        ({"name": "valet_mode", "value": "start"}, ("start_valet_mode", ())),
        ({"name": "valet_mode", "value": "stop"}, ("stop_valet_mode", ())),
        (
            {"name": "v2l_limit", "percent": 30},
            ("set_vehicle_to_load_discharge_limit", (30,)),
        ),
    ],
)
def test_plain_commands(library: Library, action: Any, call: Any) -> None:
    assert sent(told(library, "europe", "kia", action)) == call


def test_a_climate_start_is_filled(library: Library) -> None:
    found = options(told(library, "europe", "kia", CLIMATE))
    wanted = {
        "set_temp": 21.5,
        "duration": 10,
        "defrost": True,
        "climate": True,
        "heating": 1,
        "steering_wheel": 2,
        "front_left_seat": 8,
        "front_right_seat": None,
        "rear_left_seat": None,
        "rear_right_seat": 3,
    }
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("heating", "level", "numbers"),
    [
        ("off", None, (0, 0)),
        ("all", None, (1, 2)),
        ("all", "low", (1, 1)),
        ("rear_window", None, (2, 0)),
        ("steering_wheel", None, (3, 2)),
        ("off", "high", (0, 2)),
        ("all", "off", (1, 0)),
    ],
)
def test_heating_and_the_steering_wheel(
    library: Library, heating: str, level: str | None, numbers: tuple[int, int]
) -> None:
    action = {**CLIMATE, "heating": heating, "steering_wheel": level}
    found = options(told(library, "usa", "kia", action))
    assert (found["heating"], found["steering_wheel"]) == numbers


@pytest.mark.parametrize(
    ("region", "brand", "temperature", "unit", "wanted"),
    [
        ("europe", "kia", 21.3, "C", 21.5),
        ("europe", "kia", 99, "C", "max"),
        ("europe", "kia", -5, "C", 14.0),
        ("europe", "kia", 70, "F", 21.0),
        ("australia", "kia", 30, "C", 26.5),
        ("australia", "kia", 10, "C", 17.0),
        ("china", "kia", 31, "C", 29.5),
        ("india", "hyundai", 21.24, "C", 21.0),
        ("canada", "kia", 14.9, "C", 15.0),
        ("brazil", "hyundai", 21.5, "C", 21),
        ("usa", "kia", 70.4, "F", 70),
        ("usa", "kia", 21, "C", 70),
        ("usa", "kia", 90, "F", 82),
        ("usa", "hyundai", 10, "F", 62),
        ("europe-cci", "kia", 21.3, "C", 21.5),
        ("europe-cci", "kia", 72, "F", 22.0),
    ],
)
def test_a_temperature_is_one_of_the_regions_table(
    library: Library, region: str, brand: str, temperature: float, unit: str, wanted: Any
) -> None:
    action = {**CLIMATE, "temperature": temperature, "unit": unit}
    one = told(library, region, brand, action, year=2021)
    found = options(one)["set_temp"]
    assert found == (max(one.api.temperature_range) if wanted == "max" else wanted)
    assert isinstance(found, int) is isinstance(wanted, int)


@pytest.mark.parametrize(("year", "wanted"), [(2019, 16.0), (2020, 14.0)])
def test_older_cars_of_canada_have_a_shorter_table(
    library: Library, year: int, wanted: float
) -> None:
    one = told(library, "canada", "kia", {**CLIMATE, "temperature": 10}, year=year)
    assert options(one)["set_temp"] == wanted


def test_without_a_temperature_none_is_said(library: Library) -> None:
    action = {**CLIMATE, "temperature": None}
    assert options(told(library, "europe", "kia", action))["set_temp"] is None


def test_the_newer_european_cloud_is_told_the_unit_and_the_mirrors(library: Library) -> None:
    found = options(told(library, "europe-cci", "kia", CLIMATE))
    assert (found["temp_unit"], found["side_rear_mirror_heating"]) == (0, 1)


def test_options_are_fresh_for_each_call(library: Library) -> None:
    one = told(library, "europe", "kia", CLIMATE)
    call_of(one)()
    call_of(one)()
    first, second = (given[1] for _, given in one.manager.calls)
    assert first is not second


@pytest.mark.parametrize(
    ("region", "seats"),
    [("europe", {"drv": 8, "psg": 3}), ("australia", {"drv": 3, "psg": 8})],
)
def test_left_is_the_left_of_the_car_wherever_the_driver_sits(
    make_bench: Any, region: str, seats: Any
) -> None:
    cloud = Cloud()
    cloud.on("user/pin", PIN_TAKEN["user/pin"])
    cloud.on("ccs2/control/temperature", EUROPE.taken)
    bench = make_bench(cloud, region=region, brand="kia")
    sides = {"front_left": "heat_high", "front_right": "cool_low"}
    seats_before: Any = CLIMATE["seats"]
    action = {**CLIMATE, "seats": {**seats_before, **sides}}
    assert order(bench, kept_session(), action)["ok"]
    told = cloud.calls[-1].body["seatClimateInfo"]
    assert {seat: told[f"{seat}SeatClimateState"] for seat in seats} == seats


def windows(library: Library, region: str, brand: str = "kia", **positions: Any) -> dict[str, Any]:
    action = {**WINDOWS, **positions}
    one = told(
        library,
        region,
        brand,
        action,
        front_left_window_is_open=True,
        back_left_window_is_open=False,
    )
    found = options(one)
    return {name: found[name] for name in ("front_left", "front_right", "back_left", "back_right")}


def test_a_window_that_is_not_named_stays_closed_or_is_left_out(library: Library) -> None:
    found = windows(library, "europe", front_left=None, front_right="open", rear_left=None)
    assert found == {"front_left": None, "front_right": 1, "back_left": 0, "back_right": 2}


@pytest.mark.parametrize(
    ("positions", "numbers"),
    [
        ({}, (2, 2, 2, 2)),
        (dict.fromkeys(("rear_left", "rear_right")), (2, 2, None, None)),
        (dict.fromkeys(WINDOWS.keys() - {"name"}, "close"), (0, 0, 0, 0)),
    ],
)
def test_what_the_newer_european_cloud_takes_of_windows(
    library: Library, positions: Any, numbers: Any
) -> None:
    assert tuple(windows(library, "europe-cci", **positions).values()) == numbers


@pytest.mark.parametrize(
    ("region", "brand", "positions"),
    [
        ("europe-cci", "kia", {"front_left": "open"}),
        ("europe-cci", "kia", {"rear_left": None}),
        ("europe-cci", "kia", {"front_left": None, "front_right": None}),
        ("europe-cci", "kia", {"rear_left": "open", "rear_right": "open"}),
        ("brazil", "hyundai", {}),
        ("brazil", "hyundai", {**dict.fromkeys(WINDOWS, "open"), "rear_left": None}),
    ],
)
def test_windows_that_a_cloud_does_not_take_so(
    library: Library, region: str, brand: str, positions: Any
) -> None:
    action = {**WINDOWS, **positions, "name": "windows"}
    with pytest.raises(Refused) as refused:
        call_of(told(library, region, brand, action))
    assert refused.value.code == "invalid_payload"


CHARGE_HALF = {
    "charging_enabled": True,
    "off_peak_start_time": dt.time(22, 0),
    "off_peak_end_time": dt.time(6, 30),
    "off_peak_charge_only_enabled": False,
}
CLIMATE_HALF = {"climate_enabled": True, "temperature": 21.5, "defrost": False}


def halves(found: dict[str, Any]) -> tuple[bool, bool]:
    charge = {name: found[name] for name in CHARGE_HALF} == CHARGE_HALF
    climate = {name: found[name] for name in CLIMATE_HALF} == CLIMATE_HALF
    first, second = found["first_departure"], found["second_departure"]
    if climate:
        assert (first["enabled"], first["days"], first["time"]) == (True, [1, 5], dt.time(7, 15))
        assert (second["enabled"], second["days"]) == (False, [9])
    return charge, climate


def test_a_car_that_takes_halves_gets_the_charge_half_and_then_the_rest(library: Library) -> None:
    one = told(library, "europe", "kia", SCHEDULE)
    if not is_told_halves(one):
        pytest.skip("this release of the library sends both halves at once")
    found = options(one)
    assert halves(found) == (True, False)
    assert found["first_departure"] is None
    rest = rest_of(one)
    assert rest == {**SCHEDULE, "part": "climate"}
    second = told(library, "europe", "kia", rest)
    found = options(second)
    assert halves(found) == (False, True)
    assert found["charging_enabled"] is None
    assert rest_of(second) is None


@pytest.mark.parametrize(
    ("region", "brand", "car"),
    [
        ("europe", "kia", {"engine": "PHEV"}),
        ("europe", "kia", {"ccu_ccs2_protocol_support": 0}),
        ("europe-cci", "hyundai", {}),
    ],
)
def test_other_cars_get_both_at_once(library: Library, region: str, brand: str, car: Any) -> None:
    one = told(library, region, brand, SCHEDULE, **car)
    assert halves(options(one)) == (True, True)
    assert rest_of(one) is None


def test_the_temperature_of_a_schedule_goes_in_the_unit_that_the_car_reported(
    library: Library,
) -> None:
    climate: Any = SCHEDULE["climate"]
    action = {**SCHEDULE, "climate": {**climate, "temperature": 72, "unit": "F"}}
    one = told(library, "europe", "kia", action, engine="PHEV")
    found = options(one)
    assert (found["temperature"], found["temperature_unit"]) == (22.0, 0)
    one = told(library, "europe", "kia", action, engine="PHEV")
    one.car.vehicle.ev_first_departure_climate_temperature = (70, "°F")
    found = options(one)
    assert (found["temperature"], found["temperature_unit"]) == (72, 1)


def test_places_are_told_with_their_position(library: Library) -> None:
    name, (pois,) = sent(told(library, "europe", "kia", NAVIGATION))
    assert name == "set_navigation"
    assert [poi.to_dict()["coord"]["lat"] for poi in pois] == [52.5, 52.6]
    assert [(poi.name, poi.addr, poi.waypoint_id) for poi in pois] == [
        ("Home", "Street 1", 1),
        ("Work", "", 2),
    ]


@pytest.mark.parametrize(
    ("region", "unit", "wanted"),
    [
        ("australia", "C", {"min": 17, "max": 26.5, "step": 0.5, "unit": "°C"}),
        ("australia", "F", {"min": 63, "max": 79, "step": 1, "unit": "°F"}),
        ("usa", "F", {"min": 62, "max": 82, "step": 1, "unit": "°F"}),
        ("usa", "C", {"min": 17, "max": 27.5, "step": 0.5, "unit": "°C"}),
    ],
)
def test_the_range_of_temperatures_in_the_cars_own_unit(
    library: Library, region: str, unit: str, wanted: Any
) -> None:
    one = told(library, region, "kia", CLIMATE)
    assert set_points(one.api, one.car).range_in(unit) == wanted


def test_an_unknown_family_has_a_table_too(library: Library) -> None:
    car = Car(library.vehicle(id="car-1"), Family.OTHER)
    assert set_points(object(), car).nearest(21.3, "C") == 21.5
