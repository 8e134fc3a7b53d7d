"""A wake that the cloud only takes note of: read back until the car has reported."""

from __future__ import annotations

import datetime as dt
import importlib
import inspect
from typing import Any

import pytest
import requests

from clouds_europe import Europe, EuropeCci, gspa_refused, kept_session, refused, spa
from conftest import reply, utc_now, vendor_time

GAPS = [0.01, 0.01, 0.01]


@pytest.fixture(autouse=True)
def _no_pauses_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("KiaUvoApiEU", "HyundaiBlueLinkApiBR"):
        found = importlib.import_module(f"hyundai_kia_connect_api.{module}")
        monkeypatch.setattr(found, "sleep", lambda _: None, raising=False)


class Place:
    def __init__(self, region: str, brand: str, cloud: type[Europe], first_read: bool) -> None:
        self.region, self.brand, self.cloud = region, brand, cloud
        #: Whether the library itself reads once after the wake.
        self.reads_once = first_read

    def __str__(self) -> str:
        return f"{self.region}-{self.brand}"


R1 = Place("europe", "kia", Europe, True)
R9_HYUNDAI = Place("europe-cci", "hyundai", EuropeCci, False)
R9_KIA = Place("europe-cci", "kia", EuropeCci, False)


@pytest.fixture(params=[R1, R9_HYUNDAI, R9_KIA], ids=str)
def place(request: pytest.FixtureRequest, library: Any) -> Place:
    chosen: Place = request.param
    if chosen.region not in library.regions:
        pytest.skip(f"this release of the library has no region {chosen.region}")
    if chosen is R1 and not wakes_without_answer():
        pytest.skip("this release of the library does not wake cars of the newer protocol")
    return chosen


def wakes_without_answer() -> bool:
    """Releases up to 4.23 only read the cloud again for a car of the newer protocol."""
    module = importlib.import_module("hyundai_kia_connect_api.KiaUvoApiEU")
    source = inspect.getsource(module.KiaUvoApiEU._force_refresh_vehicle_state_ccs2)
    return "sleep(" in source


def bench_of(make_bench: Any, place: Place, **state: Any) -> Any:
    return make_bench(place.cloud(**state), region=place.region, brand=place.brand)


@pytest.mark.parametrize("at_read", [1, 2, 3])
def test_a_car_that_reports_late_is_read_back(make_bench: Any, place: Place, at_read: int) -> None:
    bench = bench_of(make_bench, place)
    bench.cloud.reports_at_read = at_read
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert outcome["ok"], outcome
    assert outcome["result"]["advanced"] is True
    assert outcome["result"]["report"]["ev"]["soc"] == 64
    assert (bench.cloud.wakes, bench.cloud.reads) == (1, at_read)


def test_a_car_that_never_reports_is_a_vehicle_timeout_with_the_clouds_values(
    make_bench: Any, place: Place
) -> None:
    bench = bench_of(make_bench, place)
    bench.cloud.reports_at_read = None
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert outcome["failure"]["code"] == "vehicle_timeout"
    assert outcome["cached"]["operation"] == "cached"
    assert outcome["cached"]["report"]["ev"]["soc"] == 64
    assert (bench.cloud.wakes, bench.cloud.reads) == (1, len(GAPS) + place.reads_once)


def test_without_gaps_it_is_read_once(make_bench: Any, place: Place) -> None:
    bench = bench_of(make_bench, place)
    bench.cloud.reports_at_read = 2
    outcome = bench.run("force", kept_session())
    assert outcome["failure"]["code"] == "vehicle_timeout"
    assert outcome["cached"]["report"]["ev"]["soc"] == 64
    assert (bench.cloud.wakes, bench.cloud.reads) == (1, 1)


def test_gaps_that_the_tasks_time_does_not_hold_are_left_out(make_bench: Any, place: Place) -> None:
    bench = bench_of(make_bench, place)
    bench.cloud.reports_at_read = None
    outcome = bench.run("force", kept_session(), read_back_s=[600, 600], remaining_ms=30_000)
    assert outcome["failure"]["code"] == "vehicle_timeout"
    assert "cached" in outcome
    assert (bench.cloud.wakes, bench.cloud.reads) == (1, 1)


def test_whole_seconds_of_the_vendor_do_not_hide_a_report(make_bench: Any, place: Place) -> None:
    bench = bench_of(make_bench, place)
    bench.cloud.reported_at = utc_now().replace(microsecond=0) - dt.timedelta(seconds=2)
    assert bench.run("force", kept_session(), read_back_s=GAPS)["ok"]


def test_a_car_whose_clock_is_slow_has_reported_when_its_time_moves(
    make_bench: Any, place: Place
) -> None:
    bench = bench_of(make_bench, place)
    bench.cloud.reports_at_read = 2
    bench.cloud.reported_at = utc_now() - dt.timedelta(hours=1)
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert outcome["ok"], outcome


def test_an_old_report_in_a_later_zone_is_not_taken_for_a_new_one(
    make_bench: Any, place: Place
) -> None:
    bench = bench_of(make_bench, place)
    bench.cloud.state["Date"] = vendor_time(utc_now() + dt.timedelta(minutes=40))
    bench.cloud.reports_at_read = None
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert outcome["failure"]["code"] == "vehicle_timeout"


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("5091", 200, "rate_limited"),
        ("5091", 509, "rate_limited"),
        ("4004", 200, "duplicate_request"),
        ("4005", 200, "unsupported"),
        ("5031", 200, "unavailable"),
        ("7501", 200, "auth_failed"),
    ],
)
def test_a_refused_wake_is_known_at_once(
    make_bench: Any, code: str, status: int, expected: str
) -> None:
    if not wakes_without_answer():
        pytest.skip("this release of the library does not wake cars of the newer protocol")
    bench = bench_of(make_bench, R1)
    bench.cloud.on(bench.cloud.wake_end, refused(code, status))
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert outcome["failure"]["code"] == expected
    assert code in outcome["failure"]["message"]
    assert outcome["cached"]["report"]["ev"]["soc"] == 64
    assert outcome["failure"].get("sent") is (False if expected == "auth_failed" else None)
    assert (bench.cloud.wakes, bench.cloud.reads) == (1, 1)


@pytest.mark.parametrize("place", [R9_HYUNDAI, R9_KIA], ids=str, indirect=True)
@pytest.mark.parametrize(
    ("answer", "expected", "wait_s"),
    [
        (gspa_refused("400-004", 400), "duplicate_request", 60),
        (reply({"rc": "5091", "msg": "no"}), "rate_limited", None),
        (gspa_refused("429-000", 429), "rate_limited", 900),
        (gspa_refused("429-000"), "rate_limited", 900),
        (reply(b"<html>busy</html>", status=509), "rate_limited", None),
        (gspa_refused("404-001", 404), "unsupported", None),
        (reply({"status": 503, "error": "down"}, status=503), "unavailable", None),
        (gspa_refused("403-001", 403), "auth_failed", None),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_the_library_swallows_of_a_wake_is_told(
    make_bench: Any, place: Place, answer: Any, expected: str, wait_s: int | None
) -> None:
    bench = bench_of(make_bench, place)
    bench.cloud.on(bench.cloud.wake_end, answer)
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert outcome["failure"]["code"] == expected
    assert outcome["failure"].get("retry_after_s") == wait_s
    assert outcome["cached"]["report"]["ev"]["soc"] == 64
    assert (bench.cloud.wakes, bench.cloud.reads) == (1, 1)


@pytest.mark.parametrize("place", [R9_HYUNDAI, R9_KIA], ids=str, indirect=True)
def test_a_wake_that_was_refused_and_a_read_that_failed_too(make_bench: Any, place: Place) -> None:
    bench = bench_of(make_bench, place)
    bench.cloud.on(bench.cloud.wake_end, reply({}, status=429, **{"retry-after": "120"}))
    bench.cloud.on("stored-status", reply({}, status=500))
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert outcome["failure"]["code"] == "rate_limited"
    assert outcome["failure"]["retry_after_s"] == 120
    assert "cached" not in outcome


@pytest.mark.parametrize("place", [R9_HYUNDAI, R9_KIA], ids=str, indirect=True)
def test_a_token_that_the_wake_shows_to_be_void_wants_a_sign_in(
    make_bench: Any, place: Place
) -> None:
    bench = bench_of(make_bench, place)
    bench.cloud.on(bench.cloud.wake_end, reply({}, status=401))
    failure = bench.run("force", kept_session(), read_back_s=GAPS)["failure"]
    assert (failure["code"], failure["sent"]) == ("auth_failed", False)
    assert bench.cloud.reads == 0


def test_a_token_that_ends_after_the_wake_does_not_wake_the_car_again(
    make_bench: Any, place: Place
) -> None:
    bench = bench_of(make_bench, place)
    ended = refused("7501") if place is R1 else reply({}, status=401)
    bench.cloud.on("ccs2/carstatus/latest" if place is R1 else "stored-status", ended)
    failure = bench.run("force", kept_session(), read_back_s=GAPS)["failure"]
    assert failure["code"] == "auth_failed"
    assert "sent" not in failure
    assert (bench.cloud.wakes, bench.cloud.reads) == (1, 1)


def test_a_read_back_that_fails_is_not_the_end(make_bench: Any, place: Place) -> None:
    bench = bench_of(make_bench, place)
    path = "ccs2/carstatus/latest" if place is R1 else "stored-status"
    good, outages = bench.cloud.answers[path], [requests.exceptions.ReadTimeout("read timed out")]

    def answer(call: Any) -> Any:
        if outages:
            raise outages.pop()
        return good(call)

    bench.cloud.on(path, answer)
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert outcome["ok"], outcome
    assert (bench.cloud.wakes, bench.cloud.reads) == (1, 2)


def test_a_limit_ends_the_reading_back(make_bench: Any, place: Place) -> None:
    bench = bench_of(make_bench, place)
    bench.cloud.reports_at_read = None
    path = "ccs2/carstatus/latest" if place is R1 else "stored-status"
    good, left = bench.cloud.answers[path], [2]

    def answer(call: Any) -> Any:
        left[0] -= 1
        return good(call) if left[0] > 0 else reply({}, status=429)

    bench.cloud.on(path, answer)
    failure = bench.run("force", kept_session(), read_back_s=GAPS)["failure"]
    assert (failure["code"], failure["retry_after_s"]) == ("rate_limited", 900)
    assert (bench.cloud.wakes, bench.cloud.reads) == (1, 2)


def test_a_device_id_that_became_void_after_the_wake_does_not_wake_twice(make_bench: Any) -> None:
    if not wakes_without_answer():
        pytest.skip("this release of the library does not wake cars of the newer protocol")
    bench = bench_of(make_bench, R1)
    good, void = bench.cloud.answers["ccs2/carstatus/latest"], [refused("4002")]
    bench.cloud.on("ccs2/carstatus/latest", lambda call: void.pop() if void else good(call))
    bench.cloud.on(
        "notifications/register",
        reply({"retCode": "S", "resMsg": {"deviceId": "d1d1d1d1-0000-4000-8000-000000000001"}}),
    )
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert outcome["ok"], outcome
    assert (bench.cloud.wakes, bench.cloud.reads) == (1, 2)
    assert outcome["session"]["token"]["device_id"].startswith("d1d1d1d1")


def test_a_release_that_does_not_wake_says_so(make_bench: Any) -> None:
    bench = make_bench(Europe(), region="china", brand="kia")
    bench.cloud.on("location/park", spa({}))
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert bench.cloud.wakes == 0
    assert outcome["failure"]["code"] == "unsupported"
    assert "cannot wake" in outcome["failure"]["message"]


def test_a_car_of_brazil_is_read_back_after_the_librarys_own_waiting(make_bench: Any) -> None:
    if not wakes_without_answer():
        pytest.skip("this release of the library does not wake cars of the newer protocol")
    bench = make_bench(Europe(), region="brazil", brand="hyundai")
    cloud = bench.cloud
    update = {"lastUpdateTime": "1"}
    cloud.on("ccs2/carstatus/latest", lambda _: with_update(cloud, update))
    cloud.reports_at_read = 2
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert outcome["ok"], outcome
    assert cloud.wakes == 1


def with_update(cloud: Europe, update: dict[str, Any]) -> Any:
    message = {**update, "state": {"Vehicle": cloud.read()}}
    return reply({"retCode": "S", "resCode": "0000", "resMsg": message})


def test_an_australian_car_that_answers_later_is_read_back(make_bench: Any, library: Any) -> None:
    if not wakes_without_answer():
        pytest.skip("this release of the library does not wake cars of the newer protocol")
    bench = make_bench(Europe(), region="australia", brand="kia")
    bench.cloud.reports_at_read = 2
    outcome = bench.run("force", kept_session(), read_back_s=GAPS)
    assert outcome["ok"], outcome
    assert (bench.cloud.wakes, bench.cloud.reads) == (1, 2)
    bench.cloud.calls.clear()
    assert bench.run("force", kept_session())["failure"]["code"] == "vehicle_timeout"
