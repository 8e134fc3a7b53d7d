"""Cars of the other regions: state handed to the library's own parsers, or attributes as they leave them."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest

from bluelink_sidecar.mapping.car import Car
from bluelink_sidecar.mapping.report import vehicle_report
from bluelink_sidecar.regions import Family
from conftest import recorded
from report_shape import mismatches

POLLED = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.timezone.utc)


def report_of(vehicle: Any, family: Family) -> dict[str, Any]:
    report = vehicle_report(Car(vehicle, family), "kia", POLLED)
    assert mismatches(report) == []
    return report


@pytest.fixture
def parsed(library: Any) -> Any:
    """Runs one of the library's parsers on a state."""

    def parse(region: int, brand: int, parser: str, state: Any, **identity: Any) -> Any:
        api = library.manager(region, brand, "u", "p", "").api
        vehicle = library.vehicle(id="car-1", timezone=api.data_timezone, **identity)
        getattr(api, parser)(vehicle, copy.deepcopy(state))
        return vehicle

    return parse


def test_the_recorded_european_legacy_car(library: Any, parsed: Any) -> None:
    state = recorded("eu_kia_ev6_2023_with_soc")
    vehicle = parsed(
        1, 1, "_update_vehicle_properties", state, engine_type=library.const.ENGINE_TYPES.EV
    )
    report = report_of(vehicle, Family.EUROPE)
    assert report["reported_at"] == "2024-07-20T10:00:00Z"
    assert report["odometer_km"] == 15234
    assert report["climate"]["unit"] == "C"
    assert report["climate"]["target"] == 22
    ev = report["ev"]
    assert (ev["soc"], ev["range_km"], ev["limit_ac"], ev["limit_dc"]) == (76, 310, 100, 80)
    assert ev["port_open"] is False
    assert (ev["range_at_ac_limit_km"], ev["range_at_dc_limit_km"]) == (408, 326)
    assert ev["schedule"]["departures"][0]["days"] == []
    assert ev["schedule"]["offpeak_start"] == "22:00"
    assert report["tyres"]["warning"] is False
    del state["vehicleStatus"]["tirePressureLamp"], state["vehicleStatus"]["time"]
    report = report_of(parsed(1, 1, "_update_vehicle_properties", state), Family.EUROPE)
    assert report["tyres"]["warning"] is None
    assert report["reported_at"] is None


def test_the_recorded_car_of_the_newer_protocol(library: Any, parsed: Any) -> None:
    state = recorded("eu_kia_ev9_2024_ccs2")
    identity = {"engine_type": library.const.ENGINE_TYPES.EV, "ccu_ccs2_protocol_support": 1}
    parse = "_update_vehicle_properties_ccs2"
    report = report_of(parsed(1, 1, parse, state, **identity), Family.EUROPE)
    assert report["reported_at"] == "2024-09-15T14:00:00Z"
    assert report["odometer_km"] == 5200
    assert report["lock"]["state"] == "locked"
    ev = report["ev"]
    assert (ev["soc"], ev["soh"], ev["v2l_limit"]) == (71, 98, 20)
    # kWh where kJ belong: implausible, so unknown.
    assert (ev["energy_kwh"], ev["capacity_kwh"]) == (None, None)
    assert report["warnings"]["key_battery"] is False
    assert [one["enabled"] for one in ev["schedule"]["departures"]] == [False, False]

    state["Green"]["BatteryManagement"]["BatteryRemain"]["Value"] = 146520
    state["Green"]["BatteryManagement"]["BatteryCapacity"]["Value"] = 293040
    state["Cabin"]["Door"]["Row1"]["Driver"]["Lock"] = 1
    del state["Green"]["Reservation"], state["Electronics"]["FOB"], state["Date"]
    report = report_of(parsed(1, 1, parse, state, **identity), Family.EUROPE)
    assert (report["ev"]["energy_kwh"], report["ev"]["capacity_kwh"]) == (40.7, 81.4)
    assert report["lock"]["state"] == "unlocked"
    assert report["warnings"]["key_battery"] is None
    assert report["ev"]["schedule"]["departures"] is None
    assert report["reported_at"] is None


def test_the_recorded_canadian_car(library: Any, parsed: Any) -> None:
    state = recorded("ca_kia_niro_ev_2022_cached")
    identity = {"engine_type": library.const.ENGINE_TYPES.EV, "year": 2022}
    parse = "_update_vehicle_properties_base"
    report = report_of(parsed(2, 1, parse, state, **identity), Family.CANADA)
    assert report["reported_at"] == "2024-08-01T09:30:00Z"
    assert report["year"] == 2022
    ev = report["ev"]
    assert (ev["charging"], ev["minutes_to_limit"], ev["status"]) == (True, 180, "C")
    assert ev["finish_at"] == "2024-08-01T12:30:00Z"
    assert ev["charge_power_kw"] is None
    assert report["ignition_on"] is False
    state["status"]["airTemp"]["value"] = "00H"
    report = report_of(parsed(2, 1, parse, state, **identity), Family.CANADA)
    assert report["climate"]["target"] is None


def vehicle_with(library: Any, engine: str | None = "EV", **attributes: Any) -> Any:
    vehicle = library.vehicle(id="car-1")
    vehicle.engine_type = library.const.ENGINE_TYPES(engine) if engine else None
    for name, value in attributes.items():
        setattr(vehicle, name, value)
    return vehicle


def test_a_car_that_says_nothing_is_all_unknown(library: Any) -> None:
    for family in Family:
        report = report_of(vehicle_with(library, None), family)
        assert report["fuel"] == {"level": None, "range_km": None, "low": None}
        assert report["ev"]["charge_state"] is None
        assert report["drivetrain"] is None


def test_an_unknown_kind_of_car_shows_what_it_has(library: Any) -> None:
    electric = report_of(vehicle_with(library, None, ev_battery_percentage=40), Family.EUROPE)
    assert electric["ev"]["soc"] == 40
    assert electric["fuel"]["level"] is None
    burning = report_of(
        vehicle_with(library, None, fuel_level=40, fuel_level_is_low=0), Family.EUROPE
    )
    assert burning["fuel"] == {"level": 40, "range_km": None, "low": False}


@pytest.mark.parametrize(
    ("engine", "expected"), [("HEV", (600, None)), ("PHEV", (550, 50)), ("EV", (None, 50))]
)
def test_the_tank_of_the_newer_protocol_is_total_less_electric(
    library: Any, engine: str, expected: Any
) -> None:
    vehicle = vehicle_with(
        library,
        engine,
        total_driving_range=(600, "km"),
        ev_driving_range=(50, "km"),
        ev_battery_percentage=50,
        data={"Drivetrain": {}, "Date": "20261122100000"},
    )
    report = report_of(vehicle, Family.EUROPE)
    assert (report["fuel"]["range_km"], report["ev"]["range_km"]) == expected


def test_units_are_converted_once_and_sentinels_are_unknown(library: Any) -> None:
    vehicle = vehicle_with(
        library,
        outside_temperature=(14, "°F"),
        odometer=("12345.6", "mi"),
        total_driving_range=(100.04, None),
        ev_battery_percentage=255,
        car_battery_percentage=-1,
        ev_estimated_fast_charge_duration=(65535, "m"),
        ev_estimated_portable_charge_duration=(90.4, "m"),
        ev_charge_limits_ac=0,
        ev_charge_limits_dc=101,
        ev_charging_current=2,
        ev_battery_soh_percentage=0,
        power_consumption_30d=170,
        total_power_consumed=412345,
        location=(float("nan"), 8.0, None),
    )
    vehicle.ev_battery_temperature_min = (215, "°C")
    vehicle.ev_battery_temperature_max = (21, "°C")
    report = report_of(vehicle, Family.EUROPE)
    assert report["outside_temperature_c"] == -10
    assert report["odometer_km"] == 19868.3
    assert report["range_km"] == 100
    assert report["aux_battery"]["level"] is None
    assert report["location"]["latitude"] is None
    ev = report["ev"]
    assert (ev["soc"], ev["soh"]) == (None, None)
    assert (ev["minutes_fast"], ev["minutes_portable"]) == (None, 90)
    assert (ev["limit_ac"], ev["limit_dc"], ev["charge_current"]) == (None, None, 90)
    assert ev["consumption_kwh_100km"] == 10.6
    assert ev["used_90d_kwh"] == 412.3
    assert (ev["temp_min_c"], ev["temp_max_c"]) == (None, 21)


def test_a_car_that_is_not_plugged_does_not_charge(library: Any) -> None:
    vehicle = vehicle_with(
        library, ev_battery_is_plugged_in=0, ev_battery_is_charging=True, ev_charging_power=7
    )
    ev = report_of(vehicle, Family.EUROPE)["ev"]
    assert (ev["charging"], ev["status"], ev["charge_power_kw"]) == (False, "A", 0)


def test_the_schedule(library: Any) -> None:
    vehicle = vehicle_with(
        library,
        ev_battery_is_plugged_in=1,
        ev_battery_percentage=60,
        ev_charge_limits_ac=80,
        ev_schedule_charge_enabled=1,
        ev_off_peak_start_time=dt.time(22, 5),
        ev_first_departure_enabled=True,
        ev_first_departure_days=[0, 6, 9],
        ev_first_departure_time=dt.time(7, 30),
        ev_first_departure_climate_enabled=1,
        data={"vehicleStatus": {"time": "20261122100000"}},
    )
    vehicle.ev_first_departure_climate_temperature = (21.5, "°C")
    ev = report_of(vehicle, Family.EUROPE)["ev"]
    assert ev["charge_state"] == "scheduled"
    assert ev["schedule"] == {
        "enabled": True,
        "offpeak_start": "22:05",
        "offpeak_end": None,
        "offpeak_only": None,
        "departures": [
            {"enabled": True, "days": ["sun", "sat"], "time": "07:30"},
            {"enabled": None, "days": None, "time": None},
        ],
        "climate": {"enabled": True, "temperature": 21.5, "unit": "C", "defrost": None},
    }


def test_overdue_service_in_canada_is_below_zero(library: Any) -> None:
    vehicle = vehicle_with(library, next_service_distance=(24000, "km"), odometer=(24100.5, "km"))
    assert report_of(vehicle, Family.CANADA)["service"]["due_km"] == -100.5


def test_indian_flags_without_a_source_are_unknown(library: Any) -> None:
    vehicle = vehicle_with(
        library, ign3=False, headlamp_status=False, ev_charge_port_door_is_open=False, data={"x": 1}
    )
    report = report_of(vehicle, Family.INDIA)
    assert report["ignition_on"] is None
    assert report["warnings"]["lamp"] is None
    assert report["ev"]["port_open"] is None
    vehicle.data = {"ign3": False, "lampWireStatus": {}, "chargePortDoorOpenStatus": 0}
    report = report_of(vehicle, Family.INDIA)
    assert report["ignition_on"] is False
    assert report["warnings"]["lamp"] is False
    assert report["ev"]["port_open"] is False


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc), None),
        (POLLED + dt.timedelta(minutes=4), "2026-11-22T12:04:00Z"),
        (POLLED + dt.timedelta(hours=4), "2026-11-22T12:00:00Z"),
        (
            dt.datetime(2026, 11, 22, 6, 0, 0, 250999, dt.timezone(dt.timedelta(hours=-5))),
            "2026-11-22T11:00:00.250Z",
        ),
        (None, None),
    ],
)
def test_the_time_of_a_report(library: Any, reported: Any, expected: str | None) -> None:
    vehicle = vehicle_with(library, last_updated_at=reported)
    assert report_of(vehicle, Family.HYUNDAI_USA)["reported_at"] == expected


def test_canadian_wall_time_is_read_in_the_cars_zone(library: Any) -> None:
    vehicle = vehicle_with(
        library,
        timezone=dt.timezone(dt.timedelta(hours=-5)),
        last_updated_at=dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.timezone.utc),
        data={"status": {"lastStatusDate": "20261122060000"}},
    )
    assert report_of(vehicle, Family.CANADA)["reported_at"] == "2026-11-22T11:00:00Z"


def test_attributes_that_a_release_lacks_are_unknown() -> None:
    class Bare:
        id = "car-1"

    assert report_of(Bare(), Family.OTHER)["lock"]["state"] is None
