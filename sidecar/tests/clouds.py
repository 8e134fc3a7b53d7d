"""The two clouds of the USA, as far as reads and sign-ins go."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

from conftest import Call, Cloud, reply, utc_now, vendor_time

KIA_ERROR_SESSION = {"statusCode": 1, "errorType": 1, "errorCode": 1003, "errorMessage": "no"}


def kia_ok(payload: Any, **headers: Any) -> Any:
    return reply({"status": {"statusCode": 0}, "payload": payload}, **headers)


def kia_error(code: int, error_type: int = 1) -> Any:
    status = {"statusCode": 1, "errorType": error_type, "errorCode": code, "errorMessage": "no"}
    return reply({"status": status})


class KiaUsa(Cloud):
    """One car; `sid-<n>` grows with each sign-in and the car's key with it."""

    def __init__(self, info: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.sign_ins = 0
        self.info = info if info is not None else kia_info()
        self.fuel_type = 4
        self.on("prof/authUser", self.sign_in)
        self.on("ownr/gvl", self.guarded(self.list))
        self.on("cmm/gvi", self.guarded(lambda _: kia_ok({"vehicleInfoList": [self.info]})))
        self.on("evc/gts", self.guarded(lambda _: kia_ok({"targetSOClist": []})))
        self.on("rems/rvs", self.guarded(self.wake))
        self.car_reports = True

    @property
    def sid(self) -> str:
        return f"sid-{self.sign_ins}"

    def sign_in(self, _: Call) -> Any:
        self.sign_ins += 1
        return reply({"status": {"statusCode": 0}}, sid=self.sid)

    def guarded(self, answer: Any) -> Any:
        def check(call: Call) -> Any:
            if call.headers.get("sid") != self.sid:
                return reply({"status": KIA_ERROR_SESSION})
            if "vinkey" in call.headers and call.headers["vinkey"] != f"key-of-{self.sid}":
                return reply({"status": {**KIA_ERROR_SESSION, "errorCode": 1005}})
            return answer(call)

        return check

    def list(self, _: Call) -> Any:
        car = {
            "vehicleIdentifier": "car-1",
            "nickName": "Blue",
            "modelName": "NIRO EV",
            "vehicleKey": f"key-of-{self.sid}",
            "fuelType": self.fuel_type,
            "vin": "KNDCC3LG0L5000001",
            "modelYear": "2020",
        }
        return kia_ok({"vehicleSummary": [car]})

    def wake(self, _: Call) -> Any:
        if self.car_reports:
            kia_status(self.info)["syncDate"] = {"utc": vendor_time(utc_now())}
        return kia_ok({"vehicleStatusRpt": {"vehicleStatus": {"evStatus": {}}}})


def kia_status(info: dict[str, Any]) -> dict[str, Any]:
    status: dict[str, Any] = info["lastVehicleInfo"]["vehicleStatusRpt"]["vehicleStatus"]
    return status


def kia_info(reported: dt.datetime | None = None) -> dict[str, Any]:
    at = reported or utc_now() - dt.timedelta(hours=3)
    return {
        "vehicleConfig": {"vehicleDetail": {"vehicle": {"mileage": "1000"}}},
        "lastVehicleInfo": {
            "vehicleStatusRpt": {
                "vehicleStatus": {
                    "syncDate": {"utc": vendor_time(at)},
                    "doorLock": True,
                    "evStatus": {"batteryStatus": 55, "batteryPlugin": 0},
                }
            },
            "location": {
                "coord": {"lat": 37.5, "lon": -122.25},
                "syncDate": {"utc": vendor_time(at)},
            },
        },
    }


class HyundaiUsa(Cloud):
    def __init__(self, status: dict[str, Any] | None = None, **details: Any) -> None:
        super().__init__()
        self.status = status if status is not None else hyundai_status()
        self.details = {
            "regid": "car-1",
            "nickName": "Ion",
            "vin": "km8kndaf0pu000001",
            "modelCode": "IONIQ 5",
            "enrollmentDate": "20240101",
            "evStatus": "E",
            "enrollmentStatus": "ACTIVE",
            "vehicleGeneration": "3",
            "odometer": 12500,
            "modelYear": "2024",
            **details,
        }
        self.sign_ins = 0
        self.location: Any = reply({"errorCode": 504, "errorMessage": "no position"})
        self.on("oauth/token", self.sign_in)
        self.on(
            "driver@example.com",
            lambda _: reply({"enrolledVehicleDetails": [{"vehicleDetails": self.details}]}),
        )
        self.on("rvs/vehicleStatus", self.read)
        self.on("evTripDetails", lambda _: reply({"tripdetails": []}))
        self.on("findMyCar", lambda _: self.location)
        self.car_reports = True

    def sign_in(self, _: Call) -> Any:
        self.sign_ins += 1
        return reply(
            {
                "access_token": f"access-token-number-{self.sign_ins}",
                "refresh_token": f"refresh-token-number-{self.sign_ins}",
                "expires_in": "1799",
            }
        )

    def read(self, call: Call) -> Any:
        if call.headers.get("refresh") == "true" and self.car_reports:
            self.status["dateTime"] = utc_now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return reply({"vehicleStatus": copy.deepcopy(self.status)})


def hyundai_status(reported: dt.datetime | None = None) -> dict[str, Any]:
    at = reported or utc_now() - dt.timedelta(hours=3)
    return {
        "dateTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "doorLock": True,
        "evStatus": {"batteryStatus": 70, "batteryCharge": False, "batteryPlugin": 0},
        "vehicleLocation": {"coord": {"lat": 34.05, "lon": -118.25}, "time": vendor_time(at)},
    }
