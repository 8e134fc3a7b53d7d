"""The vendor library as its users see it: a JSON line in per call on a VehicleManager, a line out per answer."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import logging
import os
import sys
import threading
import time
from typing import Any

from hyundai_kia_connect_api import (
    ClimateRequestOptions,
    ScheduleChargingClimateRequestOptions,
    Token,
    VehicleManager,
    WindowRequestOptions,
)
from hyundai_kia_connect_api.ApiImpl import POICoord, POIInfo
from hyundai_kia_connect_api.const import OTP_NOTIFY_TYPE


class Client:
    """Each call has a thread of its own, as a user of the library may do it."""

    def __init__(self) -> None:
        self.manager: Any = None
        self.printing = threading.Lock()

    def take(self, line: str) -> None:
        number, call, arguments = json.loads(line)
        threading.Thread(target=self.answer, args=(number, call, arguments)).start()

    def answer(self, number: int, call: str, arguments: list[Any]) -> None:
        try:
            said = {"result": self.do(call, arguments)}
        except Exception as error:  # The library raises anything.
            said = {"error": type(error).__name__, "text": str(error)}
        text = json.dumps({"id": number, **said}, default=plain)
        with self.printing:
            print(text, flush=True)

    def do(self, call: str, arguments: list[Any]) -> Any:
        if call == "open":
            account, environment = arguments
            os.environ.update(environment)
            time.tzset()
            self.open(**account)
            return None
        if call == "vehicles":
            return {car: vars(vehicle) for car, vehicle in self.manager.vehicles.items()}
        if call == "token":
            return self.manager.token.to_dict()
        if call == "forget_pin":
            self.manager.token.control_token = None
            return None
        if call == "send_otp":
            arguments = [OTP_NOTIFY_TYPE[name] for name in arguments]
        if call in OPTIONS:
            arguments = [arguments[0], OPTIONS[call](arguments[1])]
        return getattr(self.manager, call)(*arguments)

    def open(
        self, token: dict[str, Any] | None = None, sleep_scale: float = 1, **account: Any
    ) -> None:
        scale_sleeps(sleep_scale)
        given = None if token is None else Token.from_dict(token)
        self.manager = VehicleManager(**account, token=given)
        # Canada repeats a request after a pause; only the pause is left out.
        if hasattr(self.manager.api, "sessions"):
            self.manager.api.sessions.delay = 0


def schedule_of(given: dict[str, Any]) -> ScheduleChargingClimateRequestOptions:
    """Times come as `HH:MM`."""
    known = {name: value for name, value in given.items() if "departure" not in name}
    options = ScheduleChargingClimateRequestOptions(**with_times(known))
    for name in ("first_departure", "second_departure"):
        if name in given:
            departure = options.DepartureOptions(**with_times(given[name]))
            setattr(options, name, departure)
    return options


def with_times(given: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.time.fromisoformat(value) if name.endswith("time") else value
        for name, value in given.items()
    }


def place_of(given: dict[str, Any]) -> POIInfo:
    return POIInfo(**{**given, "coord": POICoord(**given["coord"])})


OPTIONS = {
    "start_climate": lambda given: ClimateRequestOptions(**given),
    "set_windows_state": lambda given: WindowRequestOptions(**given),
    "schedule_charging_and_climate": schedule_of,
    "set_navigation": lambda given: [place_of(place) for place in given],
}


def scale_sleeps(scale: float) -> None:
    """Brazil waits for a car it has woken: modules hold `sleep` by its name."""
    for name, module in list(sys.modules.items()):
        if name.startswith("hyundai_kia_connect_api.") and hasattr(module, "sleep"):
            module.sleep = lambda seconds: time.sleep(seconds * scale)


def plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def main() -> None:
    logging.disable(logging.CRITICAL)
    client = Client()
    for line in sys.stdin:
        client.take(line)


main()
