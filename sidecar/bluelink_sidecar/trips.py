"""What a car has driven, by month or by day."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import requests

from .account import AccountState
from .car_read import known_vehicle, read_car
from .device_repair import UNREPAIRED, with_known_device
from .http_watch import Seen
from .mapping import values
from .protocol import Json, Request
from .regions import Family
from .replies import succeeded

#: Hyundai USA: the trips come with a reading, each with the whole time of its start.
TRIPS_OF_READING = "filled_trips"
CLOCK = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)", re.ASCII)


def trips(state: AccountState, request: Request, seen: Seen) -> Json:
    place, period = state.enter(request.account), request.period or ""
    state.adopt(request, place)
    vehicle = known_vehicle(state, request.vehicle or "")
    if place.family is Family.HYUNDAI_USA:
        days = _days_of_reading(_read_vehicle(state, request), period)
    elif len(period) == len("2026-11"):
        days = _month(state, vehicle, period, seen, place.family)
    else:
        days = _day(state, vehicle, period, seen, place.family)
    return succeeded({"operation": "trips", "days": days}, seen.requests)


def _month(state: AccountState, vehicle: Any, month: str, seen: Seen, family: Family) -> list[Json]:
    # Brazil keeps what it had where it fails.
    vehicle.month_trip_info = None
    update, wanted = state.manager.update_month_trip_info, month.replace("-", "")
    _asked(state, lambda: update(str(vehicle.id), wanted), family)
    found = vehicle.month_trip_info
    if found is None:
        _check_answer(seen, family)
        return []
    days = [_day_of_month(one, month) for one in found.day_list]
    return sorted((day for day in days if day is not None), key=lambda day: str(day["date"]))


def _day_of_month(day: Any, month: str) -> Json | None:
    """The vendors write it whole, or as the day of the month."""
    said = values.text(day.yyyymmdd) or ""
    date = _date(said if len(said) == 8 else f"{month.replace('-', '')}{said.zfill(2)}")
    if date is None:
        return None
    return {"date": date, "trips": values.count(day.trip_count), **_driven(None, 1), "list": None}


def _day(state: AccountState, vehicle: Any, day: str, seen: Seen, family: Family) -> list[Json]:
    vehicle.day_trip_info = None
    update, wanted = state.manager.update_day_trip_info, day.replace("-", "")
    _asked(state, lambda: update(str(vehicle.id), wanted), family)
    found = vehicle.day_trip_info
    if found is None:
        _check_answer(seen, family)
        return []
    listed = [_trip(one.hhmmss, one, 1) for one in found.trip_list if one is not None]
    known = [one for one in listed if one is not None]
    return [
        {
            "date": day,
            "trips": len(found.trip_list),
            **_driven(found.summary, 1),
            "list": sorted(known, key=lambda one: str(one["start"])),
        }
    ]


def _asked(state: AccountState, ask: Any, family: Family) -> None:
    with_known_device(state, ask, UNREPAIRED | {Family.EUROPE})


def _check_answer(seen: Seen, family: Family) -> None:
    """Brazil forgives every failure, and a day without trips looks like one."""
    is_answer = seen.status == 200 and seen.is_object and not seen.is_refusal and not seen.codes
    if family is Family.BRAZIL and not is_answer:
        raise requests.exceptions.HTTPError("the trips were not answered")


def _read_vehicle(state: AccountState, request: Request) -> Any:
    car_id = request.vehicle or ""
    if car_id not in state.measured:
        read_car(state, request, state.manager.update_vehicle_with_cached_state)
    return state.measured[car_id]


def _days_of_reading(vehicle: Any, period: str) -> list[Json]:
    """Made here: the library's own sums are wrong from the third trip on."""
    driven = values.child(vehicle.data, TRIPS_OF_READING) or []
    by_day: dict[str, list[tuple[str, Any]]] = {}
    for trip in driven:
        said = re.sub(r"\D", "", str(trip.hhmmss))
        date = _date(said[:8])
        if date is not None and date.startswith(period):
            by_day.setdefault(date, []).append((said[8:14], trip))
    is_month = len(period) == len("2026-11")
    return [_day_of_reading(date, by_day[date], is_month) for date in sorted(by_day)]


def _day_of_reading(date: str, driven: list[tuple[str, Any]], is_month: bool) -> Json:
    listed = [
        _trip(clock, trip, values.KM_PER_MILE)
        for clock, trip in sorted(driven, key=lambda one: one[0])
    ]
    known = [one for one in listed if one is not None]
    day: Json = {
        "date": date,
        "trips": len(driven),
        **_sum(known),
        "list": None if is_month else known,
    }
    return day


def _sum(driven: list[Json]) -> Json:
    def total(name: str) -> Any:
        said = [one[name] for one in driven if one[name] is not None]
        return values.tidy(sum(said), 1) if said else None

    minutes, distance_km = total("drive_min"), total("distance_km")
    speeds = [one["max_kmh"] for one in driven if one["max_kmh"] is not None]
    average = distance_km / minutes * 60 if minutes and distance_km is not None else None
    return {
        "drive_min": minutes,
        "idle_min": total("idle_min"),
        "distance_km": distance_km,
        "average_kmh": values.tidy(average, 1),
        "max_kmh": max(speeds, default=None),
    }


def _trip(clock: Any, trip: Any, km_per_unit: float) -> Json | None:
    parts = CLOCK.fullmatch(values.text(clock) or "")
    if parts is None:
        return None
    return {"start": ":".join(parts.groups()), **_driven(trip, km_per_unit)}


def _driven(trip: Any, km_per_unit: float) -> Json:
    def said(name: str, factor: float) -> Any:
        found = values.not_negative(values.number(getattr(trip, name, None)))
        return None if found is None else values.tidy(found * factor, 1)

    return {
        "drive_min": said("drive_time", 1),
        "idle_min": said("idle_time", 1),
        "distance_km": said("distance", km_per_unit),
        "average_kmh": said("avg_speed", km_per_unit),
        "max_kmh": said("max_speed", km_per_unit),
    }


def _date(digits: str) -> str | None:
    try:
        return dt.datetime.strptime(digits, "%Y%m%d").date().isoformat()
    except ValueError:
        return None
