"""What a session of each region is renewed with, and how far the clouds have to answer for that."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from hyundai_kia_connect_api.Token import Token

from conftest import Cloud, reply, utc_now

#: A release that knows the present sign-in of Europe, and registers a forgotten device of India and China anew.
IS_PRESENT = hasattr(Token(), "cci_access_token")

HTML = b"<html><body>sorry</body></html>"


@dataclass(frozen=True)
class Region:
    word: str
    brand: str
    #: The request that renews, the one a password sign-in begins with, and the list of cars.
    refresh: str
    first_of_sign_in: str
    cars: str
    #: How many requests a renewal takes, with the list.
    requests: int
    refused: Any

    def __str__(self) -> str:
        return f"{self.word}-{self.brand}"


OAUTH = "api/v1/user/oauth2/token"
REGISTER = "notifications/register"
INVALID_GRANT = reply({"error": "invalid_grant", "error_description": "no"}, status=400)
CCSP_REFUSED = reply({"errCode": "4002", "errMsg": "Invalid parameters"}, status=400)
ENDED = reply({"code": 4111, "message": "expired"}, status=401)
SPA_CARS, CCI_CARS = "api/v1/spa/vehicles", "v1/vehicle/available-vehicles"
AUTHORIZE = "oauth2/authorize"

REGIONS = [
    Region(
        "usa",
        "hyundai",
        "v2/ac/oauth/token",
        "v2/ac/oauth/token",
        "driver@example.com",
        2,
        reply({"errorCode": 401, "errorMessage": "no"}, status=401),
    ),
    Region("europe", "kia", "auth/v2/token-refresh", REGISTER, SPA_CARS, 3, ENDED),
    Region("europe", "hyundai", "auth/v2/token-refresh", REGISTER, SPA_CARS, 3, ENDED),
    Region("europe-cci", "kia", "auth/v2/token-refresh", AUTHORIZE, CCI_CARS, 3, ENDED),
    Region("europe-cci", "hyundai", "auth/v2/token-refresh", AUTHORIZE, CCI_CARS, 3, ENDED),
    Region("australia", "hyundai", OAUTH, REGISTER, SPA_CARS, 2, INVALID_GRANT),
    Region("new-zealand", "kia", OAUTH, REGISTER, SPA_CARS, 2, INVALID_GRANT),
    Region("india", "hyundai", OAUTH, REGISTER, SPA_CARS, 2, INVALID_GRANT),
    Region(
        "china",
        "kia",
        "api/v1/user/silentsignin",
        "loginInit.do",
        SPA_CARS,
        3,
        CCSP_REFUSED,
    ),
    Region("brazil", "hyundai", OAUTH, AUTHORIZE, SPA_CARS, 2, CCSP_REFUSED),
]


class Elsewhere(Cloud):
    """A cloud that renews and lists; a password sign-in it turns away at the first request."""

    def __init__(self, region: Region) -> None:
        super().__init__()
        self.region = region
        token = {
            "access_token": "new-access",
            "refresh_token": "new-refresh",
            "token_type": "Bearer",
            "expires_in": 86400,
            "accessToken": "new-access",
            "refreshToken": "new-refresh",
            "redirectUrl": "https://uars.example.com/join/ccsp/loginCallback.do?code=c",
        }
        self.on(region.refresh, reply(token))
        self.on("auth/v1/token-exchange", reply({"accessToken": "new-ccs", "expiresTime": 86400}))
        listed = CARS_OF_HYUNDAI_USA if region.word == "usa" else CARS
        self.on(region.cars, reply(listed))
        # What is asked for beyond that is a password sign-in, at a service that is out of order.
        self.on("", reply(HTML, status=503))

    def answer_first(self, path_end: str, answer: Any) -> None:
        rest = {path: one for path, one in self.answers.items() if path != path_end}
        self.answers = {path_end: answer, **rest}


CARS = {
    "retCode": "S",
    "resCode": "0000",
    "resMsg": {
        "vehicles": [
            {
                "vehicleId": "car-1",
                "nickname": "Blue",
                "vehicleName": "EV6",
                "regDate": "2024-01-01 00:00:00.000",
                "vin": "KNDCC3LG0L5000001",
                "type": "EV",
                "ccuCCS2ProtocolSupport": 1,
            }
        ]
    },
    "contents": [
        {
            "ccspCarId": "car-1",
            "vin": "KNDCC3LG0L5000001",
            "vehicleNameView": "Blue",
            "isEv": True,
            "ccs2ProtocolSupport": 1,
        }
    ],
}

CARS_OF_HYUNDAI_USA = {
    "enrolledVehicleDetails": [
        {
            "vehicleDetails": {
                "regid": "car-1",
                "nickName": "Blue",
                "vin": "KM8KNDAF0PU000001",
                "modelCode": "IONIQ 5",
                "enrollmentDate": "20240101",
                "evStatus": "E",
                "enrollmentStatus": "ACTIVE",
                "vehicleGeneration": "3",
                "odometer": 12500,
            }
        }
    ]
}


def skip_if_old(region: Region, *words: str) -> None:
    if region.word in words and not IS_PRESENT:
        pytest.skip(f"this release of the library goes another way in {region.word}")


def session_of(valid_for: dt.timedelta = dt.timedelta(hours=1), **token: Any) -> dict[str, Any]:
    """As the bridge has kept it; nothing in it is of use to anybody."""
    kept = {
        "username": "driver@example.com",
        "access_token": "Bearer old-access",
        "refresh_token": "old-refresh",
        "device_id": "5d1c2a6e-3b7f-4b52-9a50-6a5b8d8a1c11",
        "valid_until": (utc_now() + valid_for).isoformat(),
        "cci_access_token": "Bearer old-cci",
        "non_ccs_token": "old-non-ccs",
        "user_id": "user-uid-1",
        "control_token_expiry": 0,
        **token,
    }
    known = {field.name for field in dataclasses.fields(Token)}
    kept = {name: value for name, value in kept.items() if name in known}
    car = {
        "id": "car-1",
        "name": "Blue",
        "ccu_ccs2_protocol_support": 1,
        "enabled": True,
        "timezone": "UTC",
    }
    session = {"version": 1, "token": kept, "vehicles": [car], "listed_at": "2026-11-22T10:00:00Z"}
    return copy.deepcopy(session)
