"""The session as the bridge keeps it, and the library's manager that is made from it.

`{"version": 1, "token": {...}, "vehicles": [{...}], "listed_at": "..."}`: opaque to the bridge, a secret, and complete:
any process can go on with it without signing in. Password and PIN are left out, since every task brings them.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .library import Library
from .protocol import Account, Json
from .refusals import SignInNeeded
from .regions import Family

VERSION = 1
#: What the vendor's list says of a car, and what reads have added to it; no measured value.
IDENTITY = (
    "id",
    "name",
    "model",
    "VIN",
    "year",
    "registration_date",
    "ccu_ccs2_protocol_support",
    "generation",
    "key",
    "enabled",
)
#: Beside the library's own: what a reading has told that the car can do, and of which release.
TOLD = "_told_by_reading"
#: What the configuration says, not the session.
FROM_ACCOUNT = ("password", "pin")
#: A token this close to its end counts as expired, as in the library.
GRACE = dt.timedelta(seconds=10)
#: In its last minute the library refuses all requests of this region, while its own check finds nothing wrong.
GRACE_EUROPE_CCI = dt.timedelta(seconds=90)


def build_manager(
    library: Library, account: Account, region: int, brand: int, session: Json | None
) -> Any:
    """A manager with the session's token and cars. Makes no request."""
    token = restored_token(library, account, session) if session else None
    manager = library.manager(
        region,
        brand,
        account.username,
        account.password,
        account.pin,
        geocode_api_enable=False,
        token=token,
        language=account.language,
    )
    # Kia USA would go on under a random device id until its next sign-in.
    if token is not None and token.device_id and hasattr(manager.api, "device_id"):
        manager.api.device_id = token.device_id
    _send_once(manager.api)
    for identity in (session or {}).get("vehicles", []):
        vehicle = restored_vehicle(library, identity)
        manager.vehicles[vehicle.id] = vehicle
    return manager


def _send_once(api: Any) -> None:
    """Canada repeats any request, a command too, up to four times."""
    retrying: Any = getattr(api, "sessions", None)
    if hasattr(retrying, "max_retries"):
        retrying.max_retries = 1
        retrying.delay = 0


def forbid_sign_in(manager: Any) -> None:
    """The library signs in by itself inside ordinary calls: on this manager it may not."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise SignInNeeded("the vendor no longer accepts this session")

    manager.api.login = refuse


def allow_sign_in(manager: Any) -> None:
    vars(manager.api).pop("login", None)


def restored_token(library: Library, account: Account, session: Json) -> Any:
    data = session.get("token")
    if not isinstance(data, dict):
        return None
    token = library.token.from_dict(data)
    token.username, token.password, token.pin = account.username, account.password, account.pin
    return token


def belongs_to(session: Json | None, account: Account) -> bool:
    """A session of an older configuration is of no use to another user."""
    token = (session or {}).get("token")
    return isinstance(token, dict) and token.get("username") == account.username


def is_expired(token: Any, family: Family) -> bool:
    until = getattr(token, "valid_until", None)
    if not isinstance(until, dt.datetime):
        return True
    if until.tzinfo is None:
        until = until.replace(tzinfo=dt.timezone.utc)
    grace = GRACE_EUROPE_CCI if family is Family.EUROPE_CCI else GRACE
    return until - dt.datetime.now(dt.timezone.utc) <= grace


def restored_vehicle(library: Library, identity: Json) -> Any:
    vehicle = library.vehicle(id=identity["id"])
    apply_identity(library, vehicle, identity)
    return vehicle


def apply_identity(library: Library, vehicle: Any, identity: Json) -> None:
    for name in IDENTITY:
        if name in identity and hasattr(vehicle, name):
            setattr(vehicle, name, identity[name])
    engine = identity.get("engine_type")
    if engine is not None:
        vehicle.engine_type = _engine_type(library, engine)
    if TOLD in identity:
        setattr(vehicle, TOLD, identity[TOLD])
    zone = _zone(identity.get("timezone"))
    if zone is not None:
        vehicle.timezone = zone


def _engine_type(library: Library, value: str) -> Any:
    try:
        return library.const.ENGINE_TYPES(value)
    except ValueError:
        return None


def _zone(name: object) -> dt.tzinfo | None:
    """`UTC`, `Europe/Berlin` or a fixed offset such as `-10800` (seconds)."""
    if isinstance(name, int):
        return dt.timezone(dt.timedelta(seconds=name))
    if not isinstance(name, str):
        return None
    if name == "UTC":
        return dt.timezone.utc
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _zone_name(zone: object) -> str | int | None:
    if isinstance(zone, ZoneInfo):
        return zone.key
    if not isinstance(zone, dt.tzinfo):
        return None
    offset = zone.utcoffset(None)
    if offset is None:
        return None
    return "UTC" if not offset else int(offset.total_seconds())


def identity_of(vehicle: Any) -> Json:
    found = {name: getattr(vehicle, name, None) for name in IDENTITY}
    found[TOLD] = getattr(vehicle, TOLD, None)
    found["engine_type"] = getattr(getattr(vehicle, "engine_type", None), "value", None)
    found["timezone"] = _zone_name(getattr(vehicle, "timezone", None))
    return {name: value for name, value in found.items() if value is not None}


def serialised(manager: Any, family: Family, listed_at: str | None) -> Json | None:
    """None while there is no token."""
    token = manager.token
    if token is None:
        return None
    if getattr(token, "valid_until", None) is None:
        token.valid_until = dt.datetime.min
    data = {name: value for name, value in token.to_dict().items() if name not in FROM_ACCOUNT}
    if family is Family.KIA_USA and not data.get("device_id"):
        data["device_id"] = getattr(manager.api, "device_id", None)
    cars = [identity_of(vehicle) for vehicle in manager.vehicles.values()]
    return {"version": VERSION, "token": data, "vehicles": cars, "listed_at": listed_at}


def has_rotated(before: Json | None, after: Json) -> bool:
    """Whether the token is another one, and not just said to end at another time."""
    return before is None or _rotating(before) != _rotating(after)


def has_changed(before: Json | None, after: Json) -> bool:
    """Whether the bridge must store it: another token, or other facts about the cars."""
    return before is None or _essence(before) != _essence(after)


def _rotating(session: Json) -> Json:
    token = session.get("token", {})
    return {
        name: value for name, value in token.items() if name != "valid_until" and value is not None
    }


def _essence(session: Json) -> tuple[Any, ...]:
    token = {name: value for name, value in session.get("token", {}).items() if value is not None}
    known_of_pin = (session.get("refused_pin"), session.get("pin_locked_until"))
    return token, session.get("vehicles"), *known_of_pin
