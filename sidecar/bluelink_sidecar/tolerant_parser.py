"""One odd value in a reply must not cost the whole reading.

The library's parsers raise at a unit, a seat code or a text that they do not expect, and then nothing of the reply is
left. What they would trip over is taken out before they see it, and so reads as unknown.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from .mapping import times, values
from .mapping.location import time_stamp
from .refusals import Refused
from .regions import Family

ROWS = [f"Row{row}.{seat}" for row, seat in ((1, "Driver"), (1, "Passenger"))]
ROWS += ["Row2.Left", "Row2.Right"]
WHEELS = ("Row1.Left", "Row1.Right", "Row2.Left", "Row2.Right")
BATTERY, CHARGING = "Green.BatteryManagement", "Green.ChargingInformation"
GRID, DEPARTURE = "Green.Electric.SmartGrid", "Green.Reservation.Departure"
DTE = "Drivetrain.FuelSystem.DTE"

#: Of the newer protocol.
NUMBERS = (
    "Electronics.Battery.Level",
    "Electronics.Battery.SensorReliability",
    *(f"Cabin.Window.{row}.OpenLevel" for row in ROWS),
    *(f"Chassis.Axle.{wheel}.Tire.Pressure" for wheel in WHEELS),
    *(f"{DTE}.{kind}" for kind in ("Total", "EV", "Fuel")),
    f"{CHARGING}.Charging.RemainTime",
    *(f"{CHARGING}.ExpectedTime.{one}" for one in ("StartHour", "StartMin", "EndHour", "EndMin")),
    f"{GRID}.RealTimePower",
    f"{GRID}.TotalPowerConsumption",
    f"{GRID}.TotalPowerRegeneration",
    f"{BATTERY}.BatteryPackVoltage",
    f"{BATTERY}.ChillerRPM",
    f"{BATTERY}.SoH.Ratio",
    f"{BATTERY}.Temperature.CoolingWaterInlet",
    *(
        f"Green.PowerConsumption.Moment.{one}"
        for one in ("ClimateAirConditioning", "BatteryCooling", "BatteryHeater")
    ),
    *(f"{DEPARTURE}.Schedule{which}.HVAC.Temperature.Value" for which in (1, 2)),
)
SEATS = tuple(f"Cabin.Seat.{row}.Climate.State" for row in ROWS)
DEGREES = ("Cabin.HVAC.Row1.Driver.Temperature", "Cabin.HVAC.OutsideTemperature")
BLOCKS = (
    "Green.Reservation.OffPeakTime",
    f"{DEPARTURE}.Climate",
    *(f"{DEPARTURE}.Schedule{which}" for which in (1, 2)),
    *(f"{DEPARTURE}.Schedule{which}.Climate" for which in (1, 2)),
    f"{CHARGING}.DTE",
    DTE,
)
#: A number, or a block with one.
COLDEST_AND_HOTTEST = (f"{BATTERY}.Temperature.Min", f"{BATTERY}.Temperature.Max")

#: Of the older protocol: figures with a unit beside them, and set points in code.
STATUS, EV = "vehicleStatus", "vehicleStatus.evStatus"
RESERVATION = f"{EV}.reservChargeInfos"
DETAILS = (
    f"{RESERVATION}.reservChargeInfo.reservChargeInfoDetail",
    f"{RESERVATION}.reserveChargeInfo2.reservChargeInfoDetail",
)
RANGES = (
    "odometer",
    f"{STATUS}.dte",
    *(
        f"{EV}.drvDistance.0.rangeByFuel.{one}"
        for one in ("totalAvailableRange", "evModeRange", "gasModeRange")
    ),
    *(f"{RESERVATION}.targetSOClist.{n}.dte.rangeByFuel.totalAvailableRange" for n in (0, 1)),
)
OFF_PEAK = f"{RESERVATION}.offpeakPowerInfo.offPeakPowerTime1"
CLOCKS = (
    *(f"{one}.reservInfo.time" for one in DETAILS),
    f"{OFF_PEAK}.starttime",
    f"{OFF_PEAK}.endtime",
)
SET_POINTS = (f"{STATUS}.airTemp", *(f"{one}.reservFatcSet.airTemp" for one in DETAILS))

Tidy = Callable[[Any, Any, Any], None]


class NoState(Refused):
    """A reply that is a success and says nothing of the car."""

    def __init__(self) -> None:
        super().__init__("unavailable", "the vendor's cloud holds no state of this car yet")


@contextmanager
def tolerant(api: Any, const: Any, family: Family) -> Iterator[None]:
    """While it lasts, the parsers of this API object get their replies tidied."""
    tidied: dict[str, Tidy] = {"_update_vehicle_properties_ccs2": tidy_ccs2}
    if family is Family.EUROPE:
        tidied["_update_vehicle_properties"] = tidy_legacy
    wrapped = [name for name in tidied if hasattr(api, name)]
    for name in wrapped:
        setattr(api, name, _tidying(getattr(api, name), tidied[name], api, const))
    try:
        yield
    finally:
        for name in wrapped:
            delattr(api, name)


def _tidying(parse: Any, tidy: Tidy, api: Any, const: Any) -> Callable[[Any, Any], Any]:
    def parsed(vehicle: Any, state: Any) -> Any:
        if not isinstance(state, dict) or not state:
            raise NoState
        tidied = copy.deepcopy(state)
        tidy(tidied, api, const)
        return parse(vehicle, tidied)

    return parsed


def tidy_ccs2(state: Any, _: Any, const: Any) -> None:
    for path in BLOCKS:
        _keep(state, path, lambda value: isinstance(value, dict))
    for path in NUMBERS:
        _make_number(state, path)
    for path in COLDEST_AND_HOTTEST:
        is_block = isinstance(values.child(state, path), dict)
        _make_number(state, f"{path}.Raw" if is_block else path)
    # Without one the parser cannot go on.
    if values.child(state, f"{DTE}.Total") is None:
        _put(state, f"{DTE}.Total", math.nan)
    if not _is_key(values.child(state, f"{DTE}.Unit"), const.DISTANCE_UNITS):
        _put(state, DTE, {"Total": math.nan})
        _keep(state, f"{CHARGING}.DTE", lambda _: False)
    for path in SEATS:
        _keep(state, path, lambda value: _is_key(value, const.SEAT_STATUS))
    for path in DEGREES:
        if not _is_key(values.child(state, f"{path}.Unit"), const.TEMPERATURE_UNITS):
            _keep(state, path, lambda _: False)
    _keep(state, "Date", _is_time)
    # The offset of a zone that no time of the reply is in.
    _keep(state, "Offset", lambda _: False)
    _keep(state, "Location.TimeStamp", _is_time_stamp)


def tidy_legacy(state: Any, api: Any, const: Any) -> None:
    _make_number(state, f"{STATUS}.battery.batSoc")
    _make_number(state, f"{EV}.batterySoh")
    for path in RANGES:
        _make_number(state, f"{path}.value")
        if not _is_key(values.child(state, f"{path}.unit"), const.DISTANCE_UNITS):
            _keep(state, path, lambda _: False)
    for path in SET_POINTS:
        point = values.child(state, path)
        if not _is_set_point(point, len(api.temperature_range), const.TEMPERATURE_UNITS):
            _keep(state, path, lambda _: False)
    for path in CLOCKS:
        _keep(state, f"{path}.time", _is_clock)
        _make_number(state, f"{path}.timeSection")
        if values.child(state, path) and values.child(state, f"{path}.timeSection") is None:
            _put(state, f"{path}.timeSection", 0)
    for path in (f"{STATUS}.seatHeaterVentState.{one}SeatHeatState" for one in _LEGACY_SEATS):
        _keep(state, path, lambda value: _is_key(value, const.SEAT_STATUS))
    _keep(state, f"{STATUS}.time", _is_time)
    _keep(state, "vehicleLocation.time", _is_time)


_LEGACY_SEATS = ("fl", "fr", "rl", "rr")


def _keep(state: Any, path: str, is_good: Callable[[Any], bool]) -> None:
    """Makes a value that is there and no good into none at all."""
    value = values.child(state, path)
    if value is not None and not is_good(value):
        _put(state, path, None)


def _make_number(state: Any, path: str) -> None:
    value = values.child(state, path)
    if value is not None and (type(value) is not int):
        _put(state, path, values.number(value))


def _put(state: Any, path: str, value: Any) -> None:
    """Makes the way where there is none."""
    way = path.split(".")
    for step, following in pairwise(way):
        key = _key(state, step)
        child = values.child(state, step)
        if not isinstance(child, dict) and not _holds(child, following):
            state[key] = {}
        state = state[key]
    state[_key(state, way[-1])] = value


def _key(holder: Any, step: str) -> Any:
    return int(step) if isinstance(holder, list) else step


def _holds(child: Any, step: str) -> bool:
    return isinstance(child, list) and step.isdigit() and int(step) < len(child)


def _is_key(value: Any, table: Any) -> bool:
    try:
        return value in table
    except TypeError:
        return False


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and times.parsed(value, times.UTC) is not None


def _is_clock(value: Any) -> bool:
    """Hour and minute in up to four digits."""
    return isinstance(value, str) and value.isdigit() and len(value) <= 4


def _is_time_stamp(value: Any) -> bool:
    return time_stamp(value, times.UTC) is not None


def _is_set_point(point: Any, length: int, units: Any) -> bool:
    """A code such as `10H`, and a unit that is one."""
    code = values.child(point, "value")
    if code is None:
        return True
    if not isinstance(code, str) or not _is_key(values.child(point, "unit"), units):
        return False
    try:
        return 0 <= int(code.replace("H", ""), 16) < length
    except ValueError:
        return False
