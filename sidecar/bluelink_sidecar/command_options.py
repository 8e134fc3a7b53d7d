"""The option objects of the library's commands: fresh ones for each call, since the library writes into them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from .mapping.body import CORNERS, windows
from .mapping.car import Car
from .mapping.climate import SEATS
from .mapping.schedule import WEEKDAYS
from .protocol import Json
from .refusals import Refused
from .regions import Family
from .set_points import converted, set_points

HEATINGS = {"off": 0, "all": 1, "rear_window": 2, "steering_wheel": 3}
WITH_MIRRORS, WITH_WHEEL = ("all", "rear_window"), ("all", "steering_wheel")
STEERING_WHEEL_LEVELS = {"off": 0, "low": 1, "high": 2}
SEAT_LEVELS = {
    "off": 0,
    "cool_low": 3,
    "cool_medium": 4,
    "cool_high": 5,
    "heat_low": 6,
    "heat_medium": 7,
    "heat_high": 8,
}
WINDOW_POSITIONS = {"close": 0, "open": 1, "vent": 2}
#: The vendors' word for a departure without days; none at all would mean Sunday to some.
NO_DAYS = [9]


def climate_options(library_api: Any, api: Any, car: Car, action: Json) -> Any:
    """What is not named stays None, and is what the library takes for normal."""
    points = set_points(api, car)
    temperature = action["temperature"]
    heating = action["heating"]
    more: dict[str, Any] = {}
    if car.family is Family.EUROPE_CCI:
        # It takes each heater by a field of its own, and the unit beside the temperature.
        more = {"side_rear_mirror_heating": int(heating in WITH_MIRRORS), "temp_unit": 0}
    return _made(
        library_api.ClimateRequestOptions,
        set_temp=None if temperature is None else points.nearest(temperature, action["unit"]),
        duration=action["duration_min"],
        defrost=action["defrost"],
        climate=True,
        heating=HEATINGS[heating],
        steering_wheel=_steering_wheel(action),
        **{
            f"{seat}_seat": _seat(level) for seat, level in _seats(library_api, car, action).items()
        },
        **more,
    )


def _steering_wheel(action: Json) -> int:
    """Where a cloud has levels, the heating of all must not leave out the wheel."""
    level = action["steering_wheel"]
    if level is None:
        level = "high" if action["heating"] in WITH_WHEEL else "off"
    return STEERING_WHEEL_LEVELS[level]


def _seats(library_api: Any, car: Car, action: Json) -> Json:
    """Left and right of the car. Releases up to 4.23 take left for the driver's everywhere."""
    seats = {seat: action["seats"][seat] for seat in SEATS}
    is_driven_on_the_right = car.family is Family.AUSTRALIA and car.is_told_by_ccs2
    if is_driven_on_the_right and not hasattr(library_api, "SEAT_LOCATION"):
        seats["front_left"], seats["front_right"] = seats["front_right"], seats["front_left"]
    return seats


def _seat(level: str | None) -> int | None:
    return None if level is None else SEAT_LEVELS[level]


def window_options(library_api: Any, car: Car, action: Json) -> Any:
    """`car` has just been read where a window is not named."""
    told = {window: action[window] for window in CORNERS}
    if car.family is Family.BRAZIL:
        _only_all_alike(told, ("open", "close"))
    elif car.family is Family.EUROPE_CCI:
        _only_scopes(told)
    else:
        is_open = windows(car)
        # One that is closed stays closed; of an open one nobody knows how far it is.
        told = {
            window: position or ("close" if is_open[window] is False else None)
            for window, position in told.items()
        }
    return _made(
        library_api.WindowRequestOptions,
        **{
            CORNERS[window]: None if position is None else WINDOW_POSITIONS[position]
            for window, position in told.items()
        },
    )


def _only_all_alike(told: dict[str, str | None], positions: tuple[str, ...]) -> None:
    said = set(told.values())
    if len(said) != 1 or not said <= set(positions):
        words = " or ".join(positions)
        raise Refused("invalid_payload", f"here windows are told only all alike: {words}")


def _only_scopes(told: dict[str, str | None]) -> None:
    front, rear = ({told[f"{row}_left"], told[f"{row}_right"]} for row in ("front", "rear"))
    are_alike = len(front) == 1 and None not in front and rear in (front, {None})
    if not are_alike:
        why = "here windows are told only all alike, or the two front ones alike and no others"
        raise Refused("invalid_payload", why)


def schedule_options(library_api: Any, car: Car, action: Json, part: str) -> Any:
    """A half that is not sent has no field set: the library leaves it out by that."""
    options = _made(library_api.ScheduleChargingClimateRequestOptions)
    if part in ("all", "charge"):
        options.charging_enabled = action["enabled"]
        options.off_peak_start_time = dt.time.fromisoformat(action["offpeak_start"])
        options.off_peak_end_time = dt.time.fromisoformat(action["offpeak_end"])
        options.off_peak_charge_only_enabled = action["offpeak_only"]
    if part in ("all", "climate"):
        first, second = (_departure(library_api, one) for one in action["departures"])
        options.first_departure, options.second_departure = first, second
        climate = action["climate"]
        unit = _unit_of_schedule(car)
        temperature = converted(climate["temperature"], climate["unit"], unit)
        options.climate_enabled, options.defrost = climate["enabled"], climate["defrost"]
        options.temperature = round(temperature * 2) / 2 if unit == "C" else round(temperature)
        options.temperature_unit = 1 if unit == "F" else 0
    return options


def _departure(library_api: Any, departure: Json) -> Any:
    return _made(
        library_api.ScheduleChargingClimateRequestOptions.DepartureOptions,
        enabled=departure["enabled"],
        days=sorted(WEEKDAYS.index(day) for day in set(departure["days"])) or list(NO_DAYS),
        time=dt.time.fromisoformat(departure["time"]),
    )


def _unit_of_schedule(car: Car) -> str:
    """The library says the temperature in the unit that the car reported, whatever it is given."""
    return "F" if car.unit("ev_first_departure_climate_temperature") == "°F" else "C"


def points_of_interest(library_api: Any, action: Json) -> list[Any]:
    return [
        _made(
            library_api.POIInfo,
            waypoint_id=index,
            name=poi["name"],
            addr=poi["address"],
            coord=_made(library_api.POICoord, lat=poi["latitude"], lon=poi["longitude"]),
        )
        for index, poi in enumerate(action["pois"], start=1)
    ]


def _made(options: Any, **given: Any) -> Any:
    """Only with the fields that the installed release has."""
    known = {one.name for one in dataclasses.fields(options)}
    return options(**{name: value for name, value in given.items() if name in known})
