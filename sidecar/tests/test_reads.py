from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import requests

from bluelink_sidecar.account import LastRead
from bluelink_sidecar.car_read import Reading
from bluelink_sidecar.http_watch import bounded
from bluelink_sidecar.wakes import has_advanced
from clouds import HyundaiUsa, KiaUsa, kia_error, kia_status
from conftest import reply, utc_now


def signed_in(bench: Any) -> dict[str, Any]:
    session: dict[str, Any] = json.loads(json.dumps(bench.run("sign_in")["session"]))
    return session


def ready(make_bench: Any, cloud: Any) -> tuple[Any, dict[str, Any]]:
    bench = make_bench(cloud, brand="kia" if isinstance(cloud, KiaUsa) else "hyundai")
    session = signed_in(bench)
    cloud.calls.clear()
    return bench, session


def test_a_cached_read_of_a_kia_takes_two_requests_told_as_they_are_sent(make_bench: Any) -> None:
    bench, session = ready(make_bench, KiaUsa())
    bench.lines.truncate(0)
    bench.lines.seek(0)
    bench.worker.run(bench.request("cached", session, vehicle="car-1"))
    assert len(bench.lines.messages("request")) == 2
    (line,) = bench.lines.messages("outcome")
    assert line["outcome"]["requests"] == 2
    assert line["outcome"]["result"]["report"]["ev"]["soc"] == 55


def test_the_first_cached_read_of_a_hyundai_asks_for_the_position(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    cloud.location = reply({"coord": {"lat": 40.0, "lon": -75.0}, "time": "20260101000000"})
    bench, session = ready(make_bench, cloud)
    first = bench.run("cached", session)["result"]["report"]
    assert first["location"]["latitude"] == 40
    cloud.calls.clear()
    assert bench.run("cached", session)["ok"]
    assert not any(path.endswith("findMyCar") for path in cloud.paths)


@pytest.mark.parametrize("make_cloud", [KiaUsa, HyundaiUsa])
def test_a_force_that_the_car_answered_succeeds_in_a_fresh_process(
    make_bench: Any, make_cloud: Any
) -> None:
    cloud = make_cloud()
    bench, session = ready(make_bench, cloud)
    outcome = bench.run("force", session)
    assert outcome["ok"], outcome
    assert outcome["result"]["advanced"] is True
    assert outcome["result"]["operation"] == "force"


@pytest.mark.parametrize("make_cloud", [KiaUsa, HyundaiUsa])
def test_a_force_without_a_new_report_fails_and_brings_the_clouds_values(
    make_bench: Any, make_cloud: Any
) -> None:
    cloud = make_cloud()
    cloud.car_reports = False
    bench, session = ready(make_bench, cloud)
    outcome = bench.run("force", session)
    assert outcome["failure"]["code"] == "vehicle_timeout"
    assert outcome["failure"]["retryable"] is True
    assert outcome["cached"]["operation"] == "cached"
    assert outcome["cached"]["report"]["lock"]["state"] == "locked"
    assert "result" not in outcome


def test_a_force_is_compared_with_what_was_read_just_before(make_bench: Any) -> None:
    cloud = KiaUsa()
    kia_status(cloud.info)["syncDate"]["utc"] = utc_now().strftime("%Y%m%d%H%M%S")
    bench, session = ready(make_bench, cloud)
    assert bench.run("cached", session)["ok"]
    cloud.car_reports = False
    assert bench.run("force", session)["failure"]["code"] == "vehicle_timeout"


NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.timezone.utc)


def ago(seconds: float) -> dt.datetime:
    return NOW - dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("after", "before", "advanced"),
    [
        (None, None, False),
        (NOW, None, True),
        (ago(30), None, True),
        (ago(600), None, False),
        (ago(600), LastRead(ago(900), ago(10)), True),
        (ago(600), LastRead(ago(900), ago(3000)), False),
        (ago(5), LastRead(ago(5), ago(1)), False),
        (NOW, LastRead(None, ago(1)), True),
        (ago(600), LastRead(None, ago(1)), False),
    ],
)
def test_whether_a_report_is_due_to_the_wake(after: Any, before: Any, advanced: bool) -> None:
    reading = Reading(None, NOW, after)
    assert has_advanced(reading, before, NOW) is advanced


@pytest.mark.parametrize(
    ("make_cloud", "path"), [(KiaUsa, "rems/rvs"), (HyundaiUsa, "rvs/vehicleStatus")]
)
def test_a_car_that_does_not_answer_in_time_is_a_vehicle_timeout(
    make_bench: Any, make_cloud: Any, path: str
) -> None:
    cloud = make_cloud()
    bench, session = ready(make_bench, cloud)
    cloud.on(path, requests.exceptions.ReadTimeout("read timed out"))
    assert bench.run("force", session)["failure"]["code"] == "vehicle_timeout"


def test_a_cached_read_that_takes_too_long_is_the_clouds_fault(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    bench, session = ready(make_bench, cloud)
    cloud.on("rvs/vehicleStatus", requests.exceptions.ReadTimeout("read timed out"))
    assert bench.run("cached", session)["failure"]["code"] == "timeout"


def test_a_time_out_beside_the_wake_is_the_clouds(make_bench: Any) -> None:
    cloud = KiaUsa()
    bench, session = ready(make_bench, cloud)
    cloud.on("cmm/gvi", requests.exceptions.ReadTimeout("read timed out"))
    assert bench.run("force", session)["failure"]["code"] == "timeout"


def test_only_the_wake_gets_a_long_time_out(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    bench, session = ready(make_bench, cloud)
    bench.run("force", session, remaining_ms=600_000)
    by_path = {call.path.rsplit("/", 1)[-1]: call.timeout for call in cloud.calls}
    assert by_path["vehicleStatus"] == (10, 150)
    assert by_path["evTripDetails"] == (10, 30)


def test_time_outs_stay_within_the_tasks_time(make_bench: Any) -> None:
    cloud = KiaUsa()
    bench, session = ready(make_bench, cloud)
    bench.run("force", session, remaining_ms=20_000)
    assert all(call.timeout[1] <= 19 for call in cloud.calls)


def test_a_missing_time_out_is_filled_in() -> None:
    assert bounded(None, None, 600) == (10, 30)
    assert bounded((None, 60), None, 600) == (10, 60)
    assert bounded(5, 150, 600) == (5, 150)
    assert bounded(None, None, -5) == (0.5, 0.5)


def test_a_position_that_cannot_be_had_does_not_waste_a_wake(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    del cloud.status["vehicleLocation"]
    bench, session = ready(make_bench, cloud)
    outcome = bench.run("force", session)
    assert outcome["ok"], outcome
    assert outcome["result"]["advanced"] is True


def test_a_failed_read_leaves_the_car_as_it_was(make_bench: Any) -> None:
    cloud = KiaUsa()
    bench, session = ready(make_bench, cloud)
    assert bench.run("cached", session)["ok"]
    before = bench.worker._state.manager.vehicles["car-1"]
    cloud.on("evc/gts", requests.exceptions.ReadTimeout("read timed out"))
    kia_status(cloud.info)["evStatus"]["drvDistance"] = [
        {"rangeByFuel": {"evModeRange": {"value": 1, "unit": 99}}}
    ]
    assert bench.run("cached", session)["failure"]["code"] == "internal"
    assert bench.worker._state.manager.vehicles["car-1"] is before


def test_a_value_that_is_no_longer_sent_is_unknown_and_not_the_old_one(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    cloud.status["airTemp"] = {"value": "72"}
    cloud.status["dte"] = {"value": 100, "unit": 1}
    bench, session = ready(make_bench, cloud)
    assert bench.run("cached", session)["result"]["report"]["climate"]["target"] == 72
    cloud.status["airTemp"] = {"value": "OFF"}
    del cloud.status["dte"]
    report = bench.run("cached", session)["result"]["report"]
    assert report["climate"]["target"] is None
    assert report["odometer_km"] is not None


def test_a_time_in_the_future_does_not_hide_later_reports(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    cloud.status["dateTime"] = "2031-01-01T00:00:00Z"
    bench, session = ready(make_bench, cloud)
    result = bench.run("cached", session)["result"]
    assert result["report"]["reported_at"] == result["polled_at"]
    cloud.status["dateTime"] = "2026-01-01T00:00:00Z"
    result = bench.run("cached", session)["result"]
    assert result["report"]["reported_at"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("more", "wait_s"), [({}, None), ({"retry-after": "3600"}, 3600), ({"retry-after": "?"}, None)]
)
@pytest.mark.parametrize("status", [200, 502])
def test_the_daily_limit_is_a_rate_limit(
    make_bench: Any, status: int, more: Any, wait_s: int | None
) -> None:
    cloud = HyundaiUsa()
    bench, session = ready(make_bench, cloud)
    body = {
        "errorCode": 502,
        "errorSubCode": "HT_534",
        "errorMessage": "You have exceeded the daily remote service request limit.",
    }
    cloud.on("rvs/vehicleStatus", reply(body, status=status, **more))
    failure = bench.run("cached", session)["failure"]
    assert failure["code"] == "rate_limited"
    assert failure.get("retry_after_s") == wait_s


def test_what_one_reply_says_of_the_wait_is_not_said_of_the_next(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    signed = cloud.answers["oauth/token"]
    cloud.on("oauth/token", lambda call: {**signed(call), "headers": {"retry-after": "3600"}})
    cloud.on("driver@example.com", requests.exceptions.ConnectionError("reset"))
    outcome = make_bench(cloud, brand="hyundai").run("sign_in")
    assert (outcome["requests"], outcome["failure"]["code"]) == (2, "unavailable")
    assert "retry_after_s" not in outcome["failure"]


def test_kia_error_codes_are_recovered_from_the_reply(make_bench: Any) -> None:
    cloud = KiaUsa()
    bench, session = ready(make_bench, cloud)
    cloud.on("cmm/gvi", kia_error(1072, error_type=2))
    assert bench.run("cached", session)["failure"]["code"] == "unsupported"
    cloud.on("cmm/gvi", kia_error(9001, error_type=2))
    failure = bench.run("cached", session)["failure"]
    assert failure["code"] == "unavailable"
    assert "9001" in failure["message"]


def test_what_was_measured_outlives_a_new_session(make_bench: Any) -> None:
    """Else each renewal would cost a request for a position that did not change."""
    cloud = HyundaiUsa()
    bench, session = ready(make_bench, cloud)
    assert bench.run("cached", session)["ok"]
    renewed = json.loads(json.dumps(bench.run("sign_in", session)["session"]))
    cloud.calls.clear()
    assert bench.run("cached", renewed)["ok"]
    assert not any(path.endswith("findMyCar") for path in cloud.paths)


def test_the_answer_to_a_wake_ends_the_waiting_for_the_car(make_bench: Any) -> None:
    cloud = KiaUsa()
    bench, session = ready(make_bench, cloud)
    cloud.on("rems/rvs", kia_error(9001, error_type=2))
    assert bench.run("force", session)["failure"]["code"] == "unavailable"
    assert bench.worker._watch.seen.is_waking is False
