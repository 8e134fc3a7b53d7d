"""Reads of both European clouds, and what the newer one masks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import requests

from clouds_europe import Europe, EuropeCci, gspa, gspa_refused, kept_session
from conftest import reply, utc_now
from report_shape import mismatches

BRANDS = ("hyundai", "kia")


@pytest.fixture(params=BRANDS)
def bench(request: pytest.FixtureRequest, make_bench: Any, library: Any) -> Any:
    if "europe-cci" not in library.regions:
        pytest.skip("this release of the library has no region europe-cci")
    return make_bench(EuropeCci(), region="europe-cci", brand=request.param)


def report(bench: Any, **car: Any) -> dict[str, Any]:
    outcome = bench.run("cached", kept_session(**car))
    assert outcome["ok"], outcome
    found: dict[str, Any] = outcome["result"]["report"]
    assert mismatches(found) == []
    return found


def test_the_time_of_a_report_is_utc_whatever_offset_stands_beside_it(bench: Any) -> None:
    bench.cloud.state.update(Date="20261122091500", Offset="1")
    assert report(bench)["reported_at"] == "2026-11-22T09:15:00Z"
    bench.cloud.state.update(Date="20260701091500", Offset="-5")
    assert report(bench)["reported_at"] == "2026-07-01T09:15:00Z"


def test_a_time_that_cannot_be_read_hides_no_later_one(make_bench: Any) -> None:
    bench = make_bench(Europe(), region="europe", brand="hyundai")
    bench.cloud.state.update(Date=17)
    assert report(bench)["reported_at"] is None
    bench.cloud.state.update(Date="20260701091500")
    assert report(bench)["reported_at"] == "2026-07-01T09:15:00Z"


@pytest.mark.parametrize(
    ("location", "at"),
    [
        ({"Date": "20260701120506"}, "2026-07-01T12:05:06Z"),
        ({}, "2026-07-01T12:05:06Z"),
        ({"TimeStamp": None}, None),
        ({"TimeStamp": {"Year": 2026, "Mon": 13}}, None),
        ({"TimeStamp": "yesterday"}, None),
    ],
)
def test_the_time_of_a_position(bench: Any, location: dict[str, Any], at: str | None) -> None:
    bench.cloud.state["Location"].update(location)
    found = report(bench)["location"]
    assert (found["latitude"], found["longitude"], found["at"]) == (48.13, 11.58, at)


def test_a_position_that_is_no_longer_sent_is_unknown(bench: Any) -> None:
    assert report(bench)["location"]["latitude"] == 48.13
    del bench.cloud.state["Location"]
    assert report(bench)["location"] == {
        "latitude": None,
        "longitude": None,
        "accuracy_m": None,
        "at": None,
    }


def test_the_range_is_not_the_distance_driven(bench: Any) -> None:
    bench.cloud.answers = {
        "v1/driving-info/vehicles/car-1": gspa({"drivingInfo": [{"totalDistance": 5}]}),
        **bench.cloud.answers,
    }
    found = report(bench)
    assert (found["range_km"], found["ev"]["range_km"]) == (312, 312)


def test_the_ranges_of_a_plug_in_hybrid_in_miles(bench: Any) -> None:
    bench.cloud.state["Drivetrain"]["FuelSystem"]["DTE"]["Unit"] = 3
    found = report(bench, engine_type="PHEV")
    assert (found["range_km"], found["ev"]["range_km"]) == (502.1, 64.4)
    assert found["fuel"]["range_km"] == 437.7


def test_a_car_that_counts_in_fahrenheit(bench: Any) -> None:
    hvac = bench.cloud.state["Cabin"]["HVAC"]
    hvac["OutsideTemperature"] = {"Value": 50, "Unit": 1}
    hvac["Row1"]["Driver"]["Temperature"] = {"Value": "71", "Unit": 1}
    found = report(bench)
    assert found["outside_temperature_c"] == 10
    assert (found["climate"]["target"], found["climate"]["unit"]) == (71, "F")


def test_departures_are_read_where_the_cars_send_them(bench: Any) -> None:
    assert report(bench)["ev"]["schedule"]["departures"] == [
        {"enabled": True, "days": ["mon", "fri"], "time": "07:15"},
        {"enabled": False, "days": None, "time": None},
    ]


def test_the_climate_of_a_departure_too(bench: Any) -> None:
    assert report(bench)["ev"]["schedule"]["climate"] == {
        "enabled": True,
        "temperature": 21,
        "unit": "C",
        "defrost": None,
    }
    del bench.cloud.state["Green"]["Reservation"]["Departure"]["Climate"]
    assert report(bench)["ev"]["schedule"]["climate"] is None


def test_a_seat_that_the_library_does_not_know_costs_nothing_else(bench: Any) -> None:
    bench.cloud.state["Cabin"]["Seat"]["Row1"]["Driver"]["Climate"]["State"] = 11
    found = report(bench)
    assert found["climate"]["seat_status"]["front_left"] is None
    assert found["climate"]["seat_status"]["front_right"] == "off"
    assert found["ev"]["soc"] == 64


@pytest.mark.parametrize(
    "data",
    [
        {"state": {"Vehicle": {}}},
        {"state": {"Vehicle": None}},
        {"state": None},
        {"serviceNo": "1", "lastUpdateTime": "2026-11-22T10:00:00Z"},
        {"state": {"Vehicle": {"Drivetrain": {"Odometer": 5}}}},
    ],
)
def test_a_success_without_a_state_is_no_reading(bench: Any, data: Any) -> None:
    assert report(bench)["ev"]["soc"] == 64
    before = bench.worker._state.manager.vehicles["car-1"]
    bench.cloud.on("stored-status", gspa(data))
    outcome = bench.run("cached", kept_session())
    assert outcome["failure"]["code"] == "unavailable"
    assert "no state" in outcome["failure"]["message"]
    assert bench.worker._state.manager.vehicles["car-1"] is before


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (gspa_refused("403-001", 403), "auth_failed"),
        (reply({}, status=401), "auth_failed"),
        (gspa_refused("404-002", 404), "unsupported"),
        (gspa_refused("404-002"), "unsupported"),
        (gspa_refused("429-001", 429), "rate_limited"),
        (reply(b"<html>slow down</html>", status=429), "rate_limited"),
        (reply({"metaInfo": {"retCode": "F", "resCode": "5091"}}, status=509), "rate_limited"),
        (gspa_refused("500-000", 500), "unavailable"),
        (reply(b"<html>gone</html>", status=503), "unavailable"),
        (reply(b"<html>hello</html>"), "unavailable"),
        (reply([]), "unavailable"),
        (gspa(None), "unavailable"),
        (requests.exceptions.ReadTimeout("read timed out"), "unavailable"),
        (requests.exceptions.ConnectionError("reset by peer"), "unavailable"),
        (requests.exceptions.SSLError("handshake"), "unavailable"),
    ],
)
def test_the_one_error_of_a_stored_state_is_told_apart(bench: Any, answer: Any, code: str) -> None:
    bench.cloud.on("stored-status", answer)
    failure = bench.run("cached", kept_session())["failure"]
    assert failure["code"] == code
    assert failure.get("sent") is (False if code == "auth_failed" else None)
    assert "html" not in failure["message"]


@pytest.mark.parametrize(
    ("answer", "wait_s"),
    [
        (reply({}, status=429, **{"retry-after": "300"}), 300),
        (reply({}, status=429), 900),
        (gspa_refused("429-001"), 900),
        (reply({"metaInfo": {"retCode": "F", "resCode": "5091"}}, status=509), None),
    ],
)
def test_a_limit_says_how_long(bench: Any, answer: Any, wait_s: int | None) -> None:
    bench.cloud.on("stored-status", answer)
    failure = bench.run("cached", kept_session())["failure"]
    assert (failure["code"], failure.get("retry_after_s")) == ("rate_limited", wait_s)


def test_a_token_about_to_end_wants_a_sign_in_and_costs_no_request(bench: Any) -> None:
    session = kept_session()
    session["token"]["valid_until"] = (utc_now() + dt.timedelta(seconds=30)).isoformat()
    outcome = bench.run("cached", session)
    assert (outcome["failure"]["code"], outcome["failure"]["sent"]) == ("auth_failed", False)
    assert outcome["requests"] == 0


def test_every_call_has_a_time_out_within_the_tasks_time(bench: Any) -> None:
    bench.run("force", kept_session(), remaining_ms=20_000)
    assert bench.cloud.calls
    assert all(0 < one <= 19 for call in bench.cloud.calls for one in call.timeout)


def test_a_wake_that_is_answered_at_once_is_not_waited_for_like_one_that_is_held(
    bench: Any,
) -> None:
    bench.run("force", kept_session(), remaining_ms=600_000)
    (wake,) = [call for call in bench.cloud.calls if call.path.endswith("prewakeup")]
    assert wake.timeout == (5, 60)


def test_the_older_cloud_reads_the_same_tree(make_bench: Any) -> None:
    bench = make_bench(Europe(), region="europe", brand="kia")
    bench.cloud.state.update(Date="20261122091500", Offset="1")
    found = report(bench)
    assert found["reported_at"] == "2026-11-22T09:15:00Z"
    assert found["location"]["at"] == "2026-07-01T12:05:06Z"
    assert (found["range_km"], found["ev"]["range_km"]) == (312, 312)
    assert found["climate"]["seat_status"]["front_left"] == "heat_medium"


def test_the_older_cloud_without_a_total_range(make_bench: Any) -> None:
    bench = make_bench(Europe(), region="europe", brand="kia")
    del bench.cloud.state["Drivetrain"]["FuelSystem"]["DTE"]
    found = report(bench)
    assert (found["range_km"], found["ev"]["range_km"], found["ev"]["soc"]) == (None, None, 64)


def test_the_older_cloud_without_any_state(make_bench: Any) -> None:
    bench = make_bench(Europe({}), region="europe", brand="kia")
    assert bench.run("cached", kept_session())["failure"]["code"] == "unavailable"
