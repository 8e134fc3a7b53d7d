"""Whatever stands in one place of a reply: the rest of it is read, and the report keeps its form."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import pytest

from bluelink_sidecar.mapping import times
from bluelink_sidecar.mapping.car import Car
from bluelink_sidecar.mapping.report import vehicle_report
from bluelink_sidecar.regions import Family
from bluelink_sidecar.tolerant_parser import tolerant
from clouds_europe import tree
from report_shape import mismatches

GONE = object()
ODD: dict[str, Any] = {
    "gone": GONE,
    "null": None,
    "empty text": "",
    "a word": "OFF",
    "below zero": -1,
    "a byte's sentinel": 255,
    "huge": 1e300,
    "not a number": math.nan,
    "true": True,
    "a list": [1],
    "a block": {"a": {}},
    "no time": "20261399996199",
}


def legacy() -> dict[str, Any]:
    distance = {"value": 300, "unit": 1}
    air = {"value": "10H", "unit": 0, "hvacTempType": 1}
    detail = {
        "reservChargeInfoDetail": {
            "reservChargeSet": True,
            "reservInfo": {"day": [1, 5], "time": {"time": "0715", "timeSection": 0}},
            "reservFatcSet": {"airCtrl": 1, "airTemp": dict(air), "defrost": False},
        }
    }
    target = {"targetSOClevel": 80, "dte": {"rangeByFuel": {"totalAvailableRange": dict(distance)}}}
    return {
        "odometer": {"value": 12345.6, "unit": 1},
        "vehicleLocation": {"coord": {"lat": 48.13, "lon": 11.58}, "time": "20260701140506"},
        "vehicleStatus": {
            "time": "20261122101500",
            "doorLock": True,
            "engine": False,
            "airTemp": dict(air),
            "airCtrlOn": False,
            "defrost": False,
            "doorOpen": {"frontLeft": 0, "frontRight": 0, "backLeft": 0, "backRight": 0},
            "windowOpen": {"frontLeft": 0, "frontRight": 0, "backLeft": 0, "backRight": 0},
            "tirePressureLamp": {"tirePressureLampAll": 0},
            "seatHeaterVentState": {"flSeatHeatState": 6, "frSeatHeatState": 2},
            "battery": {"batSoc": 83},
            "dte": dict(distance),
            "fuelLevel": 40,
            "evStatus": {
                "batteryStatus": 64,
                "batterySoh": 98,
                "batteryCharge": True,
                "batteryPlugin": 1,
                "batteryPower": {"batteryStndChrgPower": 7.2},
                "drvDistance": [
                    {
                        "rangeByFuel": {
                            "totalAvailableRange": dict(distance),
                            "evModeRange": dict(distance),
                            "gasModeRange": dict(distance),
                        }
                    }
                ],
                "remainTime2": {"atc": {"value": 90, "unit": 1}, "etc1": {"value": 30}},
                "reservChargeInfos": {
                    "reservChargeInfo": copy.deepcopy(detail),
                    "reserveChargeInfo2": copy.deepcopy(detail),
                    "offpeakPowerInfo": {
                        "offPeakPowerTime1": {
                            "starttime": {"time": "1030", "timeSection": 1},
                            "endtime": {"time": "0600", "timeSection": 0},
                        },
                        "offPeakPowerFlag": 2,
                    },
                    "reservFlag": 1,
                    "targetSOClist": [{**target, "plugType": 0}, {**target, "plugType": 1}],
                },
            },
        },
    }


CCS2, LEGACY = "_update_vehicle_properties_ccs2", "_update_vehicle_properties"
PARSERS = [
    ("europe", "kia", CCS2, tree, "PHEV"),
    ("europe-cci", "hyundai", CCS2, tree, "EV"),
    ("australia", "kia", CCS2, tree, "ICE"),
    ("europe", "hyundai", LEGACY, legacy, "PHEV"),
]
#: Parts of the report, and where in either form of a reply they come from.
SOURCES = {
    "doors": ("Cabin.Door", "Body.Hood", "Body.Trunk", "vehicleStatus.doorOpen"),
    "windows": ("Cabin.Window", "Body.Sunroof", "vehicleStatus.windowOpen"),
    "odometer_km": ("Drivetrain.Odometer", "odometer"),
    "aux_battery": ("Electronics.Battery", "vehicleStatus.battery"),
}


@pytest.mark.parametrize(("region", "brand", "parser", "make", "engine"), PARSERS)
def test_one_odd_value_costs_no_other(
    library: Any, region: str, brand: str, parser: str, make: Any, engine: str
) -> None:
    if region not in library.regions:
        pytest.skip(f"this release of the library has no region {region}")
    parse = reader(library, region, brand, parser, engine)
    whole, before = make(), parse(make())
    assert before["odometer_km"] == 12345.6
    assert before["aux_battery"]["level"] == 83
    for path in places(whole):
        unconcerned = [part for part in SOURCES if not concerns(path, SOURCES[part])]
        for odd, value in ODD.items():
            where = f"{'.'.join(map(str, path))}: {odd}"
            try:
                report = parse(with_value(whole, path, value))
            except Exception as error:
                raise AssertionError(where) from error
            assert mismatches(report) == [], where
            assert [part for part in unconcerned if report[part] != before[part]] == [], where


def concerns(path: tuple[Any, ...], sources: tuple[str, ...]) -> bool:
    """Whether the place lies in one of the sources, or holds one."""
    place = f"{'.'.join(map(str, path))}."
    return any(f"{one}.".startswith(place) or place.startswith(f"{one}.") for one in sources)


def reader(library: Any, region: str, brand: str, parser: str, engine: str) -> Any:
    number, make = library.regions[region], library.brands[brand]
    manager = library.manager(number, make, "u", "p", "")
    family = Family(region)

    def read(state: Any) -> dict[str, Any]:
        vehicle = library.vehicle(id="car-1", timezone=times.UTC)
        vehicle.engine_type = library.const.ENGINE_TYPES[engine]
        with tolerant(manager.api, library.const, family):
            getattr(manager.api, parser)(vehicle, state)
        return vehicle_report(Car(vehicle, family), brand, times.now())

    return read


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, child in items:
        yield from places(child, (*path, key))


def with_value(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The reply with another value in one place; what lies beside the way to it is shared."""
    step, rest = path[0], path[1:]
    changed = copy.copy(whole)
    if rest:
        changed[step] = with_value(changed[step], rest, value)
    elif value is GONE:
        del changed[step]
    else:
        changed[step] = copy.deepcopy(value)
    return changed
