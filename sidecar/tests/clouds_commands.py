"""Clouds that take commands, and what a car is told in the tests."""

from __future__ import annotations

from typing import Any

import requests

from clouds import HyundaiUsa, KiaUsa
from clouds_europe import Europe, EuropeCci, gspa_refused, kept_session, refused
from clouds_with_codes import Canada, canada_error, canada_ok
from conftest import Bench, Call, reply

SEATS = ("front_left", "front_right", "rear_left", "rear_right")
LOCK = {"name": "lock", "value": "lock"}
CLIMATE = {
    "name": "climate_start",
    "temperature": 21.3,
    "unit": "C",
    "duration_min": 10,
    "defrost": True,
    "heating": "all",
    "steering_wheel": None,
    "seats": {**dict.fromkeys(SEATS), "front_left": "heat_high", "rear_right": "cool_low"},
}
WINDOWS = {"name": "windows", **dict.fromkeys(SEATS, "vent")}
SCHEDULE = {
    "name": "schedule",
    "part": "all",
    "enabled": True,
    "offpeak_start": "22:00",
    "offpeak_end": "06:30",
    "offpeak_only": False,
    "departures": [
        {"enabled": True, "days": ["fri", "mon"], "time": "07:15"},
        {"enabled": False, "days": [], "time": "00:00"},
    ],
    "climate": {"enabled": True, "temperature": 21.5, "unit": "C", "defrost": False},
}
NAVIGATION = {
    "name": "navigation",
    "pois": [
        {"name": "Home", "latitude": 52.5, "longitude": 13.4, "address": "Street 1"},
        {"name": "Work", "latitude": 52.6, "longitude": 13.5, "address": ""},
    ],
}
#: One of each kind, in the words of the bridge.
ACTIONS: list[dict[str, Any]] = [
    LOCK,
    CLIMATE,
    {"name": "climate_stop"},
    {"name": "charge", "value": "start"},
    {"name": "charge_limits", "ac": 80, "dc": 90},
    {"name": "charging_current", "percent": 60},
    {"name": "charge_port", "value": "open"},
    WINDOWS,
    {"name": "lights"},
    {"name": "horn"},
    {"name": "valet_mode", "value": "start"},
    {"name": "v2l_limit", "percent": 30},
    SCHEDULE,
    NAVIGATION,
]
WEAR_S = 60_000


def order(bench: Bench, session: Any, action: Any = LOCK, **task: Any) -> dict[str, Any]:
    within = {"send_within_ms": WEAR_S, **task}
    return bench.run("command", session, action=action, **within)


class Place:
    """A cloud that takes a lock, and the ends of the paths for it and for the PIN."""

    def __init__(
        self, region: str, brand: str, cloud: Any, command: str, pin: str | None, taken: Any
    ) -> None:
        self.region, self.brand, self.command, self.pin = region, brand, command, pin
        self._cloud, self.taken = cloud, taken

    def __str__(self) -> str:
        return f"{self.region}-{self.brand}"

    def ready(self, make_bench: Any, **account: Any) -> tuple[Bench, Any]:
        """A bench with a session, and no calls yet."""
        cloud = self._cloud()
        answers, cloud.answers = cloud.answers, {}
        cloud.on(self.command, self.taken)
        if self.pin is not None:
            cloud.on(self.pin, PIN_TAKEN[self.pin])
        cloud.answers.update(answers)
        whole = {"region": self.region, "brand": self.brand, **account}
        bench: Bench = make_bench(cloud, **whole)
        if self.region.startswith("europe"):
            return bench, kept_session()
        session = bench.run("sign_in")["session"]
        cloud.calls.clear()
        return bench, session

    def sent(self, bench: Bench) -> int:
        return sum(path.endswith(self.command) for path in bench.cloud.paths)

    def pins_sent(self, bench: Bench) -> int:
        return sum(path.endswith(self.pin or "no such path") for path in bench.cloud.paths)


PIN_TAKEN = {
    "vrfypin": canada_ok({"pAuth": "pin-token"}),
    "user/pin": reply({"controlToken": "control-1", "expiresTime": 600}),
    "auth/v1/pin": reply(
        {
            "isMatched": True,
            "controlTokenInfo": {"controlToken": "control-1", "expiresTime": 600},
        }
    ),
}
KIA = Place(
    "usa",
    "kia",
    KiaUsa,
    "rems/door/lock",
    None,
    reply({"status": {"statusCode": 0}}, xid="action-1"),
)
HYUNDAI = Place("usa", "hyundai", HyundaiUsa, "rcs/rdo/off", None, reply(b"", tmsTid="action-1"))
CANADA = Place(
    "canada",
    "kia",
    lambda: Canada(wants_code=False),
    "drlck",
    "vrfypin",
    reply({"responseHeader": {"responseCode": 0}, "result": {}}, transactionId="action-1"),
)
EUROPE = Place(
    "europe",
    "kia",
    Europe,
    "ccs2/control/door",
    "user/pin",
    reply({"retCode": "S", "resCode": "0000", "resMsg": {}, "msgId": "action-1"}),
)
CCI = Place(
    "europe-cci",
    "hyundai",
    EuropeCci,
    "remote/vehicles/car-1/door-lock",
    "auth/v1/pin",
    reply({"data": {"SID": "action-1"}, "metaInfo": {"retCode": "S"}}, status=202),
)
PLACES = [KIA, HYUNDAI, CANADA, EUROPE, CCI]

#: A refused session, in the words of each cloud.
SESSION_REFUSED = {
    KIA: reply({"status": {"statusCode": 1, "errorType": 1, "errorCode": 1003}}),
    HYUNDAI: reply({"errorCode": 401, "errorMessage": "Invalid access token"}, status=401),
    CANADA: canada_error("7602"),
    EUROPE: refused("7501"),
    CCI: gspa_refused("401-001", 401),
}
RESET = requests.exceptions.ConnectionError("reset by peer")


def answered_once(first: Any, then: Any) -> Any:
    """The one answer, and the other ever after."""
    answers = iter([first])

    def answer(_: Call) -> Any:
        return next(answers, then)

    return answer
