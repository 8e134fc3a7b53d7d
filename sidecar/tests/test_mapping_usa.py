"""Replies of the two American clouds through the unmodified library into the report."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from clouds import HyundaiUsa, KiaUsa, hyundai_status, kia_info, kia_status
from conftest import recorded, reply, vendor_time
from report_shape import mismatches

AT = dt.datetime(2026, 11, 1, 12, 30, tzinfo=dt.timezone.utc)


def read(make_bench: Any, cloud: Any) -> dict[str, Any]:
    bench = make_bench(cloud, brand="kia" if isinstance(cloud, KiaUsa) else "hyundai")
    outcome = bench.run("cached", bench.run("sign_in")["session"])
    assert outcome["ok"], outcome
    report: dict[str, Any] = outcome["result"]["report"]
    assert mismatches(report) == []
    return report


def test_the_recorded_kia(make_bench: Any) -> None:
    data = recorded("us_kia_niro_ev_2020_cached")
    expected = data.pop("_fixture_meta")["expected"]
    report = read(make_bench, KiaUsa(data))
    assert report["reported_at"] == "2024-06-15T14:30:00Z"
    assert report["odometer_km"] == round(expected["odometer_value"] * 1.609344, 1)
    assert report["aux_battery"]["level"] == expected["car_battery_percentage"]
    assert report["engine_running"] is False
    assert report["lock"]["state"] == "locked"
    assert report["windows"]["all"] == "closed"
    assert report["climate"]["unit"] == "F"
    assert report["climate"]["target"] == 72
    assert report["climate"]["mode"] == "off"
    assert set(report["climate"]["seats"].values()) == {None}
    assert report["location"] == {
        "latitude": 37.7749,
        "longitude": -122.4194,
        "accuracy_m": None,
        "at": "2024-06-15T14:30:00Z",
    }
    assert report["range_km"] == 273.6
    assert report["service"] == {"due_km": 48280.3, "last_km": 32186.9}
    assert report["dtc"]["count"] == 0
    assert report["tyres"]["warning"] is False
    ev = report["ev"]
    assert ev["soc"] == expected["ev_battery_percentage"]
    assert (ev["plugged"], ev["charge_state"], ev["status"]) == (False, "disconnected", "A")
    assert (ev["charging"], ev["charge_power_kw"]) == (False, 0)
    assert (ev["minutes_fast"], ev["limit_ac"]) == (None, None)
    assert report["fuel"] == {"level": None, "range_km": None, "low": None}


def test_the_recorded_hyundai(make_bench: Any) -> None:
    data = recorded("us_hyundai_ioniq_5_2024_cached")
    cloud = HyundaiUsa(data["vehicleStatus"], **data["vehicleDetails"])
    report = read(make_bench, cloud)
    assert report["reported_at"] == "2024-09-01T12:00:00Z"
    assert report["odometer_km"] == 20116.8
    assert report["range_km"] == 386.2
    assert report["aux_battery"]["level"] == 92
    assert report["climate"]["target"] == 72
    assert set(report["climate"]["seat_status"].values()) == {"off"}
    assert report["location"]["latitude"] == 34.0522
    assert report["tyres"]["warning"] is False
    ev = report["ev"]
    assert (ev["soc"], ev["limit_ac"], ev["limit_dc"]) == (85, 100, 80)
    assert ev["charge_power_kw"] == 0
    assert ev["minutes_to_limit"] is None


def test_a_kia_that_charges_fast_with_a_window_open(make_bench: Any) -> None:
    info = kia_info(AT)
    status = kia_status(info)
    status["evStatus"] = {
        "batteryStatus": 41,
        "batteryCharge": True,
        "batteryPlugin": 1,
        "realTimePower": 71.346,
        "remainChargeTime": [{"timeInterval": {"value": 30}, "etc1": {"value": 65535}}],
        "drvDistance": [{"rangeByFuel": {"evModeRange": {"value": 100, "unit": 1}}}],
        "targetSOC": [
            {"plugType": 0, "targetSOClevel": 80},
            {"plugType": 1, "targetSOClevel": 0},
        ],
    }
    status["windowStatus"] = {"windowFL": 0, "windowFR": 0, "windowRL": 1, "windowRR": 0}
    status["doorLock"] = 0
    report = read(make_bench, KiaUsa(info))
    ev = report["ev"]
    assert (ev["plug_type"], ev["charge_state"], ev["status"]) == ("dc", "charging", "C")
    assert ev["charge_power_kw"] == 71.35
    assert ev["minutes_to_limit"] == 30
    assert ev["finish_at"] == "2026-11-01T13:00:00Z"
    assert (ev["minutes_fast"], ev["limit_ac"], ev["limit_dc"]) == (None, None, 80)
    assert ev["range_km"] == 100
    assert report["windows"]["rear_left"] is True
    assert report["windows"]["all"] == "open"
    assert report["lock"]["state"] == "unlocked"


def test_a_kia_of_which_the_cloud_knows_nothing(make_bench: Any) -> None:
    cloud = KiaUsa({"lastVehicleInfo": {}})
    cloud.fuel_type = 0
    report = read(make_bench, cloud)
    assert report["drivetrain"] == "ice"
    assert report["reported_at"] is None
    assert report["lock"]["state"] is None
    assert report["windows"]["all"] is None
    assert report["climate"]["mode"] is None
    assert report["tyres"]["warning"] is None
    assert report["climate"]["start_defrost"] is False
    assert [value for key, value in report["ev"].items() if key != "schedule" and value] == []


def test_a_kia_with_a_tank(make_bench: Any) -> None:
    info = kia_info(AT)
    status = kia_status(info)
    del status["evStatus"]
    status.update(
        fuelLevel=63,
        lowFuelLight=0,
        distanceToEmpty={"value": 200, "unit": 3},
        batteryStatus={"stateOfCharge": 255},
        climate={"airTemp": {"value": "LOW"}, "airCtrl": 1, "defrost": 1},
        tirePressure={"all": 1},
        engine=1,
    )
    info["lastVehicleInfo"]["location"] = {"coord": {"lat": 0.0, "lon": 0.0}}
    info["vehicleConfig"]["vehicleDetail"]["vehicle"] = {
        "mileage": "0",
        "vin": "kndx0000000000001",
        "trim": {"modelYear": "2025"},
    }
    info["lastVehicleInfo"]["activeDTC"] = {"dtcActiveCount": "3"}
    cloud = KiaUsa(info)
    cloud.fuel_type = 1
    report = read(make_bench, cloud)
    assert report["drivetrain"] == "ice"
    assert report["fuel"] == {"level": 63, "range_km": 321.9, "low": False}
    assert report["range_km"] == 321.9
    assert report["aux_battery"]["level"] is None
    assert report["climate"]["target"] == 62
    assert (report["climate"]["mode"], report["climate"]["defrost"]) == ("auto", True)
    assert report["tyres"]["warning"] is True
    assert report["engine_running"] is True
    assert report["location"]["latitude"] is None
    assert report["odometer_km"] is None
    assert report["dtc"]["count"] == 3
    assert report["ev"]["soc"] is None


def test_a_kia_tells_vin_and_year_in_its_state_when_the_list_does_not(make_bench: Any) -> None:
    info = kia_info(AT)
    info["vehicleConfig"]["vehicleDetail"]["vehicle"].update(
        vin="kndx0000000000001", trim={"modelYear": "2025"}
    )
    cloud = KiaUsa(info)
    listed = cloud.list

    def without_facts(call: Any) -> Any:
        answer = listed(call)
        return {
            **answer,
            "content": answer["content"].replace(b'"vin"', b'"x"').replace(b'"modelYear"', b'"y"'),
        }

    cloud.on("ownr/gvl", without_facts)
    report = read(make_bench, cloud)
    assert (report["vin"], report["year"]) == ("KNDX0000000000001", 2025)


def test_a_plugin_hybrid_kia_has_both(make_bench: Any) -> None:
    info = kia_info(AT)
    kia_status(info)["fuelLevel"] = 50
    kia_status(info)["evStatus"]["drvDistance"] = [
        {
            "rangeByFuel": {
                "gasModeRange": {"value": 300, "unit": 3},
                "evModeRange": {"value": 20, "unit": 3},
                "totalAvailableRange": {"value": 320, "unit": 3},
            }
        }
    ]
    cloud = KiaUsa(info)
    cloud.fuel_type = 2
    report = read(make_bench, cloud)
    assert report["drivetrain"] == "phev"
    assert report["ev"]["range_km"] == 32.2
    assert report["fuel"]["range_km"] == 482.8
    assert report["range_km"] == 515
    assert report["fuel"]["level"] == 50


def test_a_hyundai_as_real_ones_send_it(make_bench: Any) -> None:
    status = hyundai_status(AT)
    status["seatHeaterVentInfo"] = {
        "drvSeatHeatState": 8,
        "astSeatHeatState": 3,
        "rlSeatHeatState": 2,
        "rrSeatHeatState": 99,
    }
    status["evStatus"].update(
        batteryPlugin=2, batteryCharge=True, batteryStndChrgPower=7.2, batteryFstChrgPower=0.0
    )
    status["tirePressureLamp"] = {"tirePressureWarningLampRearLeft": 1}
    status["airTemp"] = {"value": "HI"}
    report = read(make_bench, HyundaiUsa(status))
    assert report["climate"]["seat_status"] == {
        "front_left": "heat_high",
        "front_right": "cool_low",
        "rear_left": "off",
        "rear_right": None,
    }
    assert report["climate"]["seats"] == report["climate"]["seat_status"]
    assert report["climate"]["target"] == 81
    assert report["ev"]["charge_power_kw"] == 7.2
    assert report["ev"]["plug_type"] is None
    assert report["tyres"]["warning"] is True


def test_tyre_pressures_and_odometer_of_a_hyundai(make_bench: Any, library: Any) -> None:
    if not hasattr(library.vehicle(id="x"), "tire_pressure_unit"):
        pytest.skip("this release of the library reads no tyre pressures")
    status = hyundai_status(AT)
    status["tirePressure"] = {"tirePressureFrontLeft": 36, "tirePressureFrontRight": 255}
    status["odometer"] = 12600.4
    report = read(make_bench, HyundaiUsa(status))
    assert report["odometer_km"] == 20278.4
    tyres = report["tyres"]
    assert tyres["front_left_kpa"] == 248
    assert tyres["front_right_kpa"] is None
    assert tyres["warning"] is None


def test_a_hyundai_at_its_limit_is_complete(make_bench: Any) -> None:
    status = hyundai_status(AT)
    status["evStatus"].update(
        batteryPlugin=1,
        batteryStatus=80,
        reservChargeInfos={
            "targetSOClist": [
                {"plugType": 0, "targetSOClevel": 90},
                {"plugType": 1, "targetSOClevel": 80},
            ]
        },
    )
    ev = read(make_bench, HyundaiUsa(status))["ev"]
    assert (ev["charge_state"], ev["status"]) == ("complete", "B")


def test_a_hyundai_without_anything_but_a_time(make_bench: Any) -> None:
    report = read(make_bench, HyundaiUsa({"dateTime": "20261101123000"}, evStatus="N"))
    assert report["reported_at"] == "2026-11-01T12:30:00Z"
    assert report["climate"]["unit"] == "F"
    assert report["location"]["at"] is None
    assert report["fuel"] == {"level": None, "range_km": None, "low": None}


def test_the_time_of_a_position_may_be_missing(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    cloud.location = reply({"coord": {"lat": 91.5, "lon": 10}, "time": vendor_time(AT)})
    assert read(make_bench, cloud)["location"]["latitude"] is None
    cloud.location = reply({"coord": {"lat": "41.5", "lon": "10.25"}})
    location = read(make_bench, cloud)["location"]
    assert (location["latitude"], location["at"]) == (41.5, None)
