"""What a car has driven, by month and by day."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from clouds import HyundaiUsa, KiaUsa
from clouds_elsewhere import session_of
from clouds_europe import kept_session, refused, spa
from conftest import Bench, Cloud, reply

DRIVEN = {
    "tripDrvTime": 94,
    "tripIdleTime": 11,
    "tripDist": 94.6,
    "tripAvgSpeed": 60,
    "tripMaxSpeed": 95,
}
MONTH = {
    **DRIVEN,
    "monthTripDayCnt": 2,
    "tripDayList": [
        {"tripDayInMonth": "20261110", "tripCntDay": 2},
        {"tripDayInMonth": "20261102", "tripCntDay": 1},
    ],
}
DAY = {
    "dayTripList": [
        {
            **DRIVEN,
            "tripList": [
                {**DRIVEN, "tripTime": "195155", "tripDist": 66},
                {**DRIVEN, "tripTime": "074754", "tripDist": 28.6},
            ],
        }
    ]
}
UNSAID = dict.fromkeys(("drive_min", "idle_min", "distance_km", "average_kmh", "max_kmh"))
SAID = {
    "drive_min": 94,
    "idle_min": 11,
    "distance_km": 94.6,
    "average_kmh": 60,
    "max_kmh": 95,
}
REGIONS = [("europe", "kia"), ("australia", "kia"), ("india", "kia"), ("brazil", "hyundai")]


def ask(make_bench: Any, region: str, brand: str, answer: Any, period: str) -> tuple[Bench, Any]:
    cloud = Cloud()
    cloud.on("car-1/tripinfo", answer)
    bench = make_bench(cloud, region=region, brand=brand)
    session = kept_session() if region == "europe" else session_of()
    return bench, bench.run("trips", session, period=period)


@pytest.mark.parametrize(("region", "brand"), REGIONS)
def test_a_month_tells_its_days(make_bench: Any, region: str, brand: str) -> None:
    bench, outcome = ask(make_bench, region, brand, spa(MONTH), "2026-11")
    assert outcome["result"] == {
        "operation": "trips",
        "days": [
            {"date": "2026-11-02", "trips": 1, **UNSAID, "list": None},
            {"date": "2026-11-10", "trips": 2, **UNSAID, "list": None},
        ],
    }
    (call,) = bench.cloud.calls
    assert call.body["setTripMonth"] == "202611"


@pytest.mark.parametrize(("region", "brand"), REGIONS)
def test_a_day_tells_its_trips_in_their_order(make_bench: Any, region: str, brand: str) -> None:
    bench, outcome = ask(make_bench, region, brand, spa(DAY), "2026-11-10")
    assert outcome["result"]["days"] == [
        {
            "date": "2026-11-10",
            "trips": 2,
            **SAID,
            "list": [
                {"start": "07:47:54", **SAID, "distance_km": 28.6},
                {"start": "19:51:55", **SAID, "distance_km": 66},
            ],
        }
    ]
    (call,) = bench.cloud.calls
    assert call.body["setTripDay"] == "20261110"


@pytest.mark.parametrize(("region", "brand"), REGIONS)
@pytest.mark.parametrize(
    ("period", "answer"),
    [
        ("2026-11", {"monthTripDayCnt": 0, "tripDayList": []}),
        ("2026-11-10", {"dayTripList": []}),
    ],
)
def test_a_car_that_was_not_driven(
    make_bench: Any, region: str, brand: str, period: str, answer: Any
) -> None:
    _, outcome = ask(make_bench, region, brand, spa(answer), period)
    assert outcome["result"]["days"] == []


@pytest.mark.parametrize(("region", "brand"), REGIONS)
@pytest.mark.parametrize("period", ["2026-11", "2026-11-10"])
@pytest.mark.parametrize(
    ("answer", "code", "wait_s"),
    [
        (refused("5091"), "rate_limited", None),
        (reply(b"<html>", status=429), "rate_limited", 900),
        (reply(b"<html>", status=502), "unavailable", None),
        (requests.exceptions.ConnectionError("reset"), "unavailable", None),
    ],
    ids=["limit", "throttle", "page", "reset"],
)
def test_a_failure_is_no_empty_month(
    make_bench: Any,
    region: str,
    brand: str,
    period: str,
    answer: Any,
    code: str,
    wait_s: int | None,
) -> None:
    _, outcome = ask(make_bench, region, brand, answer, period)
    assert outcome["failure"]["code"] == code
    assert outcome["failure"].get("retry_after_s") == wait_s
    assert "outcome" not in outcome["failure"]


def test_what_was_read_before_is_no_answer_in_brazil(make_bench: Any) -> None:
    bench, outcome = ask(make_bench, "brazil", "hyundai", spa(MONTH), "2026-11")
    assert len(outcome["result"]["days"]) == 2
    bench.cloud.on("car-1/tripinfo", spa({"monthTripDayCnt": 0}))
    assert bench.run("trips", session_of(), period="2026-10")["result"]["days"] == []


@pytest.mark.parametrize("region", ["europe", "australia"])
def test_a_forgotten_device_is_registered_and_the_trips_read(make_bench: Any, region: str) -> None:
    cloud = Cloud()
    asked: list[str] = []

    def trips(_: Any) -> Any:
        asked.append("trips")
        return refused("4002") if len(asked) == 1 else spa(MONTH)

    def cars(_: Any) -> Any:
        asked.append("cars")
        return refused("4002") if asked.count("cars") == 1 else spa({"vehicles": []})

    cloud.on("car-1/tripinfo", trips)
    cloud.on("spa/vehicles", cars)
    cloud.on("notifications/register", spa({"deviceId": "device-2"}))
    bench = make_bench(cloud, region=region, brand="kia")
    outcome = bench.run("trips", kept_session(), period="2026-11")
    assert len(outcome["result"]["days"]) == 2
    assert outcome["session"]["token"]["device_id"] == "device-2"


def trip(start: str, miles: float, minutes: int) -> dict[str, Any]:
    return {
        "startdate": start,
        "distance": miles,
        "mileagetime": {"value": minutes * 60},
        "duration": {"value": (minutes + 5) * 60},
        "avgspeed": {"value": 30},
        "maxspeed": {"value": 60},
    }


class Driven(HyundaiUsa):
    def __init__(self) -> None:
        super().__init__()
        driven = [
            trip("2026-11-10 17:30:00.0", 20, 30),
            trip("2026-11-10 08:11:51.0", 10, 20),
            trip("2026-11-09 09:00:00.0", 5, 10),
            trip("2026-10-31 09:00:00.0", 5, 10),
        ]
        self.on("evTripDetails", reply({"tripdetails": driven}))


def test_hyundai_usa_tells_the_trips_of_its_last_reading_in_miles(make_bench: Any) -> None:
    bench = make_bench(Driven(), brand="hyundai")
    session = bench.run("sign_in")["session"]
    bench.run("cached", session)
    bench.cloud.calls.clear()
    days = bench.run("trips", session, period="2026-11")["result"]["days"]
    assert [(day["date"], day["trips"], day["list"]) for day in days] == [
        ("2026-11-09", 1, None),
        ("2026-11-10", 2, None),
    ]
    assert days[1]["distance_km"] == 48.3
    assert (days[1]["drive_min"], days[1]["idle_min"]) == (50, 10)
    (day,) = bench.run("trips", session, period="2026-11-10")["result"]["days"]
    assert [one["start"] for one in day["list"]] == ["08:11:51", "17:30:00"]
    assert day["list"][0]["distance_km"] == 16.1
    assert (day["list"][0]["average_kmh"], day["max_kmh"]) == (48.3, 96.6)
    assert bench.run("trips", session, period="2026-11-08")["result"]["days"] == []
    assert bench.cloud.calls == []


def test_another_process_reads_the_car_first(make_bench: Any) -> None:
    bench = make_bench(Driven(), brand="hyundai")
    session = bench.run("sign_in")["session"]
    days = bench.run("trips", session, period="2026-10")["result"]["days"]
    assert [day["date"] for day in days] == ["2026-10-31"]
    assert any(path.endswith("vehicleStatus") for path in bench.cloud.paths)


def test_where_no_trips_are_told_they_are_not_supported(make_bench: Any) -> None:
    bench = make_bench(KiaUsa())
    session = bench.run("sign_in")["session"]
    failure = bench.run("trips", session, period="2026-11")["failure"]
    assert (failure["code"], failure["sent"]) == ("unsupported", False)
