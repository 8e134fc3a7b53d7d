"""What a car can be told, as its region, protocol, engine and the installed library allow it.

Where nothing more is said of a command, it takes all that the contract names for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .account import AccountState
from .command_calls import sends_halves, takes_halves
from .library import Library
from .mapping import climate, values
from .mapping.car import Car
from .mapping.climate import SEATS
from .protocol import Json
from .regions import Family
from .session import TOLD, identity_of, restored_vehicle
from .set_points import range_of_schedule, set_points

EUROPE_CCI = Family.EUROPE_CCI
TYPE_1_WEST = frozenset({Family.EUROPE, Family.AUSTRALIA, Family.INDIA})
EVERYWHERE = frozenset(Family) - {Family.OTHER}
BRAZIL, CANADA, CHINA = Family.BRAZIL, Family.CANADA, Family.CHINA
HYUNDAI_USA, KIA_USA = Family.HYUNDAI_USA, Family.KIA_USA

#: Where a command is offered. Of China nobody has ever seen the others work.
FAMILIES: dict[str, frozenset[Family]] = {
    "lock": EVERYWHERE,
    "climate": EVERYWHERE,
    "charge": EVERYWHERE - {BRAZIL},
    "charge_limits": EVERYWHERE - {BRAZIL, CHINA},
    "charging_current": TYPE_1_WEST | {EUROPE_CCI},
    "charge_port": TYPE_1_WEST | {EUROPE_CCI},
    "windows": TYPE_1_WEST | {EUROPE_CCI, BRAZIL},
    "lights": TYPE_1_WEST | {EUROPE_CCI, HYUNDAI_USA, BRAZIL},
    "horn": TYPE_1_WEST | {EUROPE_CCI, HYUNDAI_USA},
    "valet_mode": TYPE_1_WEST | {EUROPE_CCI},
    "v2l_limit": TYPE_1_WEST | {EUROPE_CCI},
    "schedule": TYPE_1_WEST | {EUROPE_CCI},
    "navigation": TYPE_1_WEST,
    "trips": TYPE_1_WEST | {CHINA, BRAZIL, HYUNDAI_USA},
}
#: The method of the library's cloud; a release that lacks it has the one of the base, which refuses.
METHODS = {
    "lock": "lock_action",
    "climate": "start_climate",
    "charge": "start_charge",
    "charge_limits": "set_charge_limits",
    "charging_current": "set_charging_current",
    "charge_port": "charge_port_action",
    "windows": "set_windows_state",
    "lights": "start_hazard_lights",
    "horn": "start_hazard_lights_and_horn",
    "valet_mode": "valet_mode_action",
    "v2l_limit": "set_vehicle_to_load_discharge_limit",
    "schedule": "schedule_charging_and_climate",
    "navigation": "set_navigation",
    "trips": "update_month_trip_info",
}
#: The newer European cloud is only told what the library's authors have tried, by these names.
ENDPOINTS = {
    "lock": "door-lock",
    "climate": "temperature",
    "charge": "charge",
    "charge_limits": "charge-target",
    "charging_current": "charging-current",
    "charge_port": "portdoor",
    "windows": "windowcurtain",
    "lights": "light",
    "horn": "hornlight",
    "valet_mode": "control",
    "v2l_limit": "discharge-limit",
    "schedule": "reservation-charge-hvac",
}
OF_A_PLUG = frozenset({"charge", "charge_limits", "charging_current", "charge_port", "schedule"})
#: Hyundai USA does nothing of this for a car that is no pure electric one, and does not say so.
OF_AN_EV_IN_THE_USA = frozenset({"charge", "charge_limits", "trips"})

#: Older cars run no longer, whatever they are told.
LONGEST_OF_OLDER_CARS_MIN = 10
#: The generation of Hyundai USA from which on a climate start has more than a temperature.
NEWER_GENERATION = 3
#: What the vendor's list calls a seat, and the levels.
SEAT_PLACES = {"1": "front_left", "2": "front_right", "3": "rear_left", "4": "rear_right"}
SEAT_CONFIGURATIONS = "vehicleDetails.seatConfigurations"
FLAG = {"values": [True, False]}


def offered_by_reading(state: AccountState, vehicle: Any) -> Json:
    """Kept with the car where a list tells less: a process may list it that has never read it."""
    library, api = state.library, state.manager.api
    found = capabilities(library, api, state.car(vehicle))
    as_listed = restored_vehicle(library, {**identity_of(vehicle), TOLD: None})
    is_more = found != capabilities(library, api, state.car(as_listed))
    setattr(vehicle, TOLD, {"library": library.version, "commands": found} if is_more else None)
    return found


def offered(state: AccountState, vehicle: Any) -> Json:
    """Of a car as it is listed, with what the newest reading has told."""
    told = getattr(vehicle, TOLD, None)
    if isinstance(told, dict) and told.get("library") == state.library.version:
        found: Json = told["commands"]
        return found
    return capabilities(state.library, state.manager.api, state.car(vehicle))


def capabilities(library: Library, api: Any, car: Car) -> Json:
    """`capabilitiesSchema` in src/vehicle/capability.ts."""
    offered = (name for name in FAMILIES if is_offered(library, api, car, name))
    return {name: DETAILS.get(name, _no_details)(api, car) for name in offered}


def is_offered(library: Library, api: Any, car: Car, name: str) -> bool:
    if car.family not in FAMILIES[name] or not _has_method(library, api, METHODS[name]):
        return False
    if car.family is EUROPE_CCI and not _is_tried(api, car, name):
        return False
    if car.family is HYUNDAI_USA and name in OF_AN_EV_IN_THE_USA:
        return car.drivetrain == "ev"
    if name in OF_A_PLUG and not car.has_plug:
        return False
    if name == "schedule" and takes_halves(car) and not sends_halves(api):
        # Such a car takes the whole and does nothing.
        return False
    if name == "charging_current":
        return car.is_told_by_ccs2
    return name != "v2l_limit" or car.percent("ev_v2l_discharge_limit") is not None


def _has_method(library: Library, api: Any, method: str) -> bool:
    own, base = getattr(type(api), method, None), getattr(library.api.ApiImpl, method, None)
    return own is not None and own is not base


def _is_tried(api: Any, car: Car, name: str) -> bool:
    endpoint = ENDPOINTS.get(name)
    if endpoint is None or not car.is_told_by_ccs2:
        return False
    tried: frozenset[str] = getattr(api, "GSPA_VERIFIED_ENDPOINTS", frozenset())
    return bool(getattr(api, "GSPA_REMOTE_CONTROL_VERIFIED", False)) or endpoint in tried


def _no_details(_api: Any, _car: Car) -> Json:
    return {}


def _climate(api: Any, car: Car) -> Json:
    """Only with what the library sends on."""
    fields: Json = {"temperature": set_points(api, car).range_in(climate.unit(car))}
    longest = _longest_min(car)
    if longest is not None:
        fields["duration"] = {"max": longest}
    fields["defrost"], fields["heating"] = FLAG, {}
    if _has_newer_climate(car) or car.family is KIA_USA:
        fields["steering_wheel"] = {}
    for seat, levels in _seats(car).items():
        fields[f"seats.{seat}"] = levels
    return {"fields": fields}


def _longest_min(car: Car) -> int | None:
    """None where the duration is not sent."""
    if car.family is CHINA or _is_older_ev_of_hyundai_usa(car):
        return None
    is_older = car.family in TYPE_1_WEST and not car.is_told_by_ccs2
    return LONGEST_OF_OLDER_CARS_MIN if is_older else 30


def _is_older_ev_of_hyundai_usa(car: Car) -> bool:
    if car.family is not HYUNDAI_USA or car.drivetrain != "ev":
        return False
    return bool(car.get("generation") != NEWER_GENERATION)


def _seats(car: Car) -> dict[str, Json]:
    if car.family is BRAZIL:
        return {"front_left": {}}
    if car.family is HYUNDAI_USA:
        return {} if _is_older_ev_of_hyundai_usa(car) else _configured_seats(car)
    has_seats = _has_newer_climate(car) or car.family in (KIA_USA, CANADA)
    return {seat: {} for seat in SEATS} if has_seats else {}


def _has_newer_climate(car: Car) -> bool:
    """India starts the climate of every car in the old way, which knows neither seats nor levels."""
    return car.is_told_by_ccs2 and car.family in (TYPE_1_WEST | {EUROPE_CCI}) - {Family.INDIA}


def _configured_seats(car: Car) -> dict[str, Json]:
    """As the list tells that was read with the car; all of them where it does not."""
    told = car.raw(SEAT_CONFIGURATIONS)
    told = told.get("seatConfigs") if isinstance(told, dict) else told
    found: dict[str, Json] = {}
    for seat in told if isinstance(told, list) else []:
        place = SEAT_PLACES.get(values.text(values.child(seat, "seatLocationID")) or "")
        said = (values.text(values.child(seat, "supportedLevels")) or "").split(",")
        codes = {values.whole(one) for one in said}
        levels = [word for code, word in climate.SEAT_CODES.items() if code in codes and code > 2]
        if place is not None and levels:
            found[place] = {"values": ["off", *levels]}
    return found or {seat: {} for seat in SEATS}


def _windows(_api: Any, car: Car) -> Json:
    if car.family is BRAZIL:
        return {"values": ["close", "open"]}
    told = ("front_left", "front_right") if car.family is EUROPE_CCI else SEATS
    return {"fields": {window: {} for window in told}}


def _schedule(_api: Any, car: Car) -> Json:
    return {
        "fields": {
            "enabled": FLAG,
            "offpeak_start": {},
            "offpeak_end": {},
            "offpeak_only": FLAG,
            "departures": {},
            "climate.enabled": FLAG,
            "climate.temperature": range_of_schedule(climate.unit(car)),
            "climate.defrost": FLAG,
        }
    }


DETAILS: dict[str, Callable[[Any, Car], Json]] = {
    "climate": _climate,
    "windows": _windows,
    "schedule": _schedule,
}
