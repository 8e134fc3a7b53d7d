"""Cars behind the two European clouds, as far as reading and waking them goes."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

from clouds_elsewhere import session_of
from conftest import Call, Cloud, reply, utc_now, vendor_time


def tree(reported: dt.datetime | None = None) -> dict[str, Any]:
    """A car as the newer protocol tells it, with every block that is read."""
    return {
        "Date": vendor_time(reported or utc_now() - dt.timedelta(hours=3)),
        "Offset": "1",
        "DrivingReady": 0,
        "Drivetrain": {
            "Odometer": 12345.6,
            "FuelSystem": {
                "DTE": {"Total": 312, "EV": 40, "Fuel": 272, "Unit": 1},
                "FuelLevel": 55,
                "LowFuelWarning": 0,
                "AverageFuelEconomy": {"Drive": 5.5, "Unit": 1},
            },
            "Transmission": {"ParkingPosition": 1, "GearPosition": 0},
        },
        "Electronics": {
            "Battery": {"Level": 83, "SensorReliability": 0},
            "FOB": {"LowBattery": 0},
            "PowerSupply": {"Ignition1": 0, "Ignition3": 0, "Accessory": 0},
        },
        "Body": {
            "Hood": {"Open": 0},
            "Trunk": {"Open": 0},
            "Sunroof": {"Glass": {"Open": 0}},
            "Windshield": {
                "Front": {"Defog": {"State": 0}, "WasherFluid": {"LevelLow": 0}},
                "Rear": {"Defog": {"State": 0}},
            },
            "Lights": {"Front": {"HeadLamp": {"SystemWarning": 0}}, "Hazard": {"Alert": 0}},
        },
        "Cabin": {
            "HVAC": {
                "Row1": {
                    "Driver": {
                        "Temperature": {"Value": "21.5", "Unit": 0},
                        "Blower": {"SpeedLevel": 0},
                    }
                },
                "OutsideTemperature": {"Value": 7, "Unit": 0},
                "Vent": {"AirCleaning": {"Indicator": 0}},
            },
            "Seat": {
                "Row1": {
                    "Driver": {"Climate": {"State": 7}},
                    "Passenger": {"Climate": {"State": 2}},
                },
                "Row2": {"Left": {"Climate": {"State": 2}}, "Right": {"Climate": {"State": 2}}},
            },
            "SteeringWheel": {"Heat": {"State": 0, "RemoteControl": {"Step": 0}}},
            "Door": rows({"Open": 0, "Lock": 0}),
            "Window": rows({"Open": 0, "OpenLevel": 0}),
        },
        "Chassis": {
            "Axle": {
                "Tire": {"PressureLow": 0, "PressureUnit": 0},
                "Row1": wheels(),
                "Row2": wheels(),
            },
            "DrivingMode": {"State": "Eco"},
            "Brake": {"Fluid": {"Warning": 0}},
        },
        "Green": {
            "BatteryManagement": {
                "BatteryRemain": {"Ratio": 64, "Value": 146520},
                "BatteryCapacity": {"Value": 293040},
                "SoH": {"Ratio": 98},
                "Temperature": {"Min": {"Raw": 9}, "Max": {"Raw": 12}, "CoolingWaterInlet": 11},
                "BatteryPreCondition": {"Status": 2},
                "BatteryPackVoltage": 400,
                "ChillerRPM": 0,
                "HeatingState": 0,
                "WinterModeOperation": 0,
            },
            "ChargingDoor": {"State": 0},
            "ChargingInformation": {
                "ConnectorFastening": {"State": 1},
                "Charging": {"RemainTime": 90},
                "EstimatedTime": {"Quick": 30, "ICCB": 900, "Standard": 200},
                "TargetSoC": {"Standard": 80, "Quick": 90},
                "ElectricCurrentLevel": {"State": 1},
                "ExpectedTime": {"StartHour": 31, "StartMin": 63, "EndHour": 31, "EndMin": 63},
                "DTE": {"TargetSoC": {"Standard": 390, "Quick": 440}},
            },
            "Electric": {
                "SmartGrid": {
                    "RealTimePower": 7.4,
                    "VehicleToLoad": {"DischargeLimitation": {"SoC": 20, "RemainTime": 0}},
                }
            },
            "PowerConsumption": {"Moment": {"ClimateAirConditioning": 0, "BatteryHeater": 0}},
            "Reservation": {
                "OffPeakTime": {
                    "StartHour": 22,
                    "StartMin": 30,
                    "EndHour": 6,
                    "EndMin": 0,
                    "Mode": 3,
                },
                "Departure": {
                    "Schedule1": {"Enable": 1, "Hour": 7, "Min": 15, "Mon": 1, "Fri": 1, "Sun": 0},
                    "Schedule2": {"Enable": 0, "Hour": 31, "Min": 70},
                    "Climate": {"Activation": 1, "Temperature": "21", "TemperatureUnit": 0},
                },
            },
        },
        "Location": {
            "GeoCoord": {"Latitude": 48.13, "Longitude": 11.58},
            "TimeStamp": {"Year": 2026, "Mon": 7, "Day": 1, "Hour": 14, "Min": 5, "Sec": 6},
        },
    }


def rows(seat: dict[str, Any]) -> dict[str, Any]:
    one = copy.deepcopy
    return {
        "Row1": {"Driver": one(seat), "Passenger": one(seat)},
        "Row2": {"Left": one(seat), "Right": one(seat)},
    }


def wheels() -> dict[str, Any]:
    return {side: {"Tire": {"Pressure": 36, "PressureLow": 0}} for side in ("Left", "Right")}


def kept_session(**car: Any) -> dict[str, Any]:
    session: dict[str, Any] = session_of()
    session["vehicles"][0].update({"engine_type": "EV", **car})
    return session


class Europe(Cloud):
    """One car. After a wake it reports before the given read of its stored state; None: it never does."""

    wake_end = "car-1/ccs2/carstatus"

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.state = tree() if state is None else state
        self.reports_at_read: int | None = 1
        self.reported_at: dt.datetime | None = None
        self._reads_since_wake: int | None = None
        self.route()

    def route(self) -> None:
        self.on(self.wake_end, self.wake)
        self.on("ccs2/carstatus/latest", lambda _: spa({"state": {"Vehicle": self.read()}}))
        self.on("location/park", lambda _: spa({}))
        self.on("drvhistory", lambda _: spa({}))

    @property
    def wakes(self) -> int:
        return sum(path.endswith(self.wake_end) for path in self.paths)

    @property
    def reads(self) -> int:
        return sum(path.endswith(("carstatus/latest", "stored-status")) for path in self.paths)

    def wake(self, _: Call) -> Any:
        self._reads_since_wake = 0
        return reply({"retCode": "S", "resCode": "0000", "msgId": "m-1"})

    def read(self) -> dict[str, Any]:
        if self._reads_since_wake is not None:
            self._reads_since_wake += 1
            if self._reads_since_wake == self.reports_at_read:
                self.state["Date"] = vendor_time(self.reported_at or utc_now())
        return copy.deepcopy(self.state)


class EuropeCci(Europe):
    wake_end = "remote/vehicles/car-1/prewakeup"

    def route(self) -> None:
        self.on(self.wake_end, self.wake)
        self.on("stored-status", lambda _: gspa({"state": {"Vehicle": self.read()}}))
        self.on("", reply({"metaInfo": {"retCode": "F", "resCode": "404-000"}}, status=404))

    def wake(self, call: Call) -> Any:
        super().wake(call)
        return reply({}, status=202)


def spa(message: Any) -> Any:
    return reply({"retCode": "S", "resCode": "0000", "resMsg": message})


def refused(code: str, status: int = 200, **headers: Any) -> Any:
    body = {"retCode": "F", "resCode": code, "resMsg": "no"}
    return reply(body, status=status, **headers)


def gspa(data: Any) -> Any:
    return reply({"data": data, "metaInfo": {"retCode": "S", "resCode": "200-000"}})


def gspa_refused(code: str, status: int = 200) -> Any:
    return reply({"metaInfo": {"retCode": "F", "resCode": code}}, status=status)
