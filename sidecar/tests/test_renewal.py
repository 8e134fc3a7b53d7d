"""A session is renewed without the password, and an outage of the token server costs no sign-in."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import requests

from clouds import HyundaiUsa, KiaUsa, kia_error
from clouds_elsewhere import HTML, REGIONS, Elsewhere, Region, session_of, skip_if_old
from clouds_with_codes import Canada
from conftest import reply, utc_now

CALLBACK_OF_CHINA = b"""<script>var found = `{"code": 0, "data": {"uarsToken": "u", "ccspToken":
{"accessToken": "new-access", "refreshToken": "new-refresh", "expiresIn": 21600}}}`</script>"""
GATE = {"code": 9036, "message": "no"}


@pytest.fixture(params=REGIONS, ids=str)
def region(request: pytest.FixtureRequest) -> Region:
    chosen: Region = request.param
    return chosen


def bench_of(make_bench: Any, region: Region) -> Any:
    skip_if_old(region, "europe", "china", "brazil")
    return make_bench(Elsewhere(region), region=region.word, brand=region.brand)


OUTAGES: dict[str, tuple[Any, str]] = {
    "too many, in words": (reply({"message": "Too many requests"}, status=400), "rate_limited"),
    "too many without a time": (reply({"error": "slow down"}, status=429), "rate_limited"),
    "reset": (requests.exceptions.ConnectionError("reset"), "unavailable"),
    "time-out": (requests.exceptions.ReadTimeout("read timed out"), "unavailable"),
    "5xx in JSON": (reply({"error": "oops"}, status=503), "unavailable"),
    "5xx in HTML": (reply(HTML, status=502), "unavailable"),
    "firewall": (reply(HTML, status=403), "unavailable"),
    "too many": (
        reply({"error": "slow down"}, status=429, **{"retry-after": "90"}),
        "rate_limited",
    ),
    "too many for the day": (
        reply({"retCode": "F", "resCode": "5091"}, status=509),
        "rate_limited",
    ),
    "garbage": (reply(b"\x00\xff}{"), "unavailable"),
    "HTML": (reply(HTML), "unavailable"),
}


WAITS_S = {"too many": 90, "too many without a time": 900, "too many, in words": 900}
#: China renews by a web page: any answer of it that holds no token is a refusal.
PAGES = ("garbage", "HTML")


@pytest.mark.parametrize(
    ("region", "outage"),
    [
        pytest.param(region, outage, id=f"{region}-{outage}")
        for region in REGIONS
        for outage in OUTAGES
        if region.word != "china" or outage not in PAGES
    ],
)
def test_an_outage_of_the_token_server_costs_no_sign_in(
    make_bench: Any, region: Region, outage: str
) -> None:
    bench = bench_of(make_bench, region)
    answer, code = OUTAGES[outage]
    bench.cloud.on(region.refresh, answer)
    outcome = bench.run("sign_in", session_of())
    assert outcome["failure"]["code"] == code
    assert outcome["failure"]["retryable"] is True
    assert outcome["failure"].get("retry_after_s") == WAITS_S.get(outage)
    assert outcome["requests"] == 1
    assert len(bench.cloud.calls) == 1
    assert "session" not in outcome
    assert "correct horse" not in json.dumps(outcome)


@pytest.mark.parametrize("page", PAGES)
def test_china_says_no_by_a_page_without_a_token(make_bench: Any, page: str) -> None:
    region = next(one for one in REGIONS if one.word == "china")
    bench = bench_of(make_bench, region)
    bench.cloud.on(region.refresh, OUTAGES[page][0])
    bench.run("sign_in", session_of())
    assert bench.cloud.paths[1].endswith(region.first_of_sign_in)


def test_a_refused_renewal_is_followed_by_one_sign_in(make_bench: Any, region: Region) -> None:
    bench = bench_of(make_bench, region)
    if region.word == "usa":
        answers = iter([region.refused, reply(HTML, status=503)])
        bench.cloud.on(region.refresh, lambda _: next(answers))
    else:
        bench.cloud.on(region.refresh, region.refused)
    outcome = bench.run("sign_in", session_of())
    paths = bench.cloud.paths
    assert paths[1].endswith(region.first_of_sign_in)
    assert [path.endswith(region.first_of_sign_in) for path in paths[1:]].count(True) == 1
    assert not outcome["ok"]


def test_a_renewal_needs_no_sign_in(make_bench: Any, region: Region) -> None:
    bench = bench_of(make_bench, region)
    if region.word == "china":
        bench.cloud.answer_first("loginCallback.do", reply(CALLBACK_OF_CHINA))
    outcome = bench.run("sign_in", session_of())
    assert outcome["ok"], outcome
    assert outcome["requests"] == region.requests
    assert outcome["session"]["token"]["refresh_token"] == "new-refresh"
    assert [car["id"] for car in outcome["result"]["vehicles"]] == ["car-1"]
    assert bench.cloud.paths[-1].endswith(region.cars)


@pytest.mark.parametrize("brand", ["kia", "hyundai"])
def test_the_new_cloud_of_europe_keeps_the_user_it_signs_for(make_bench: Any, brand: str) -> None:
    region = next(one for one in REGIONS if (one.word, one.brand) == ("europe-cci", brand))
    token = bench_of(make_bench, region).run("sign_in", session_of())["session"]["token"]
    assert token["user_id"] == "user-uid-1"
    assert token["device_id"] == session_of()["token"]["device_id"]


@pytest.mark.parametrize("word", ["europe", "europe-cci"])
def test_an_outdated_signature_is_no_matter_of_the_password(make_bench: Any, word: str) -> None:
    region = next(one for one in REGIONS if one.word == word)
    bench = bench_of(make_bench, region)
    bench.cloud.on(region.refresh, reply(GATE, status=403))
    # The library tries its older way once, which is refused in its own words.
    bench.cloud.answer_first("domain/api/v2/auth/token-refresh", reply({"error": "no"}, status=401))
    outcome = bench.run("sign_in", session_of())
    assert outcome["failure"]["code"] == "unavailable"
    assert "newer library" in outcome["failure"]["message"]
    assert all("token-refresh" in path for path in bench.cloud.paths)


@pytest.mark.parametrize("word", ["europe", "europe-cci"])
def test_half_an_outage_costs_no_sign_in_either(make_bench: Any, word: str) -> None:
    region = next(one for one in REGIONS if one.word == word)
    bench = bench_of(make_bench, region)
    bench.cloud.on("auth/v1/token-exchange", reply(HTML, status=503))
    outcome = bench.run("sign_in", session_of())
    assert outcome["failure"]["code"] == "unavailable"
    assert outcome["requests"] == 2
    # The first half has voided the old tokens: the next try needs the new ones.
    kept = outcome["session"]["token"]
    assert kept["refresh_token"] == "new-refresh"
    assert kept["access_token"] == session_of()["token"]["access_token"]


def test_europe_may_say_in_a_5xx_that_a_token_has_ended(make_bench: Any) -> None:
    region = next(one for one in REGIONS if one.word == "europe-cci")
    bench = bench_of(make_bench, region)
    bench.cloud.on(region.refresh, reply({"code": 4111}, status=500))
    bench.run("sign_in", session_of())
    assert bench.cloud.paths[1].endswith(region.first_of_sign_in)


@pytest.mark.parametrize(("cloud", "where"), [(KiaUsa, "usa"), (Canada, "canada")])
def test_where_signing_in_is_how_a_session_is_renewed_it_is_done_once(
    make_bench: Any, cloud: Any, where: str
) -> None:
    used = Canada(wants_code=False) if where == "canada" else cloud()
    bench = make_bench(used, region=where)
    session = bench.run("sign_in")["session"]
    used.calls.clear()
    outcome = make_bench(used, region=where).run("sign_in", session)
    assert outcome["ok"], outcome
    # In Canada too: the token is not tried out first.
    assert outcome["requests"] == 2


def test_a_session_that_is_refused_at_once_is_no_reason_to_go_on(make_bench: Any) -> None:
    cloud = KiaUsa()
    cloud.on("ownr/gvl", kia_error(1003))
    outcome = make_bench(cloud).run("sign_in")
    assert outcome["failure"]["code"] == "unavailable"
    assert [path.rsplit("/", 1)[-1] for path in cloud.paths] == ["authUser", "gvl"]


def test_a_session_without_anything_to_renew_it_with_is_opened_anew(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    session = session_of(refresh_token=None, cci_access_token=None, non_ccs_token=None)
    outcome = make_bench(cloud, brand="hyundai").run("sign_in", session)
    assert outcome["ok"], outcome
    assert outcome["requests"] == 2


@pytest.mark.parametrize(("word", "is_asked"), [("europe", True), ("europe-cci", False)])
def test_in_its_last_minute_a_token_of_the_new_cloud_counts_as_expired(
    make_bench: Any, word: str, is_asked: bool
) -> None:
    region = next(one for one in REGIONS if one.word == word)
    bench = bench_of(make_bench, region)
    outcome = bench.run("cached", session_of(dt.timedelta(seconds=80)))
    assert (outcome["requests"] > 0) is is_asked
    assert (outcome["failure"]["code"] == "auth_failed") is not is_asked
    later = bench.run("cached", session_of(dt.timedelta(seconds=120)))
    assert later["requests"] > 0


def test_the_process_that_served_a_session_keeps_its_cookies(make_bench: Any) -> None:
    region = next(one for one in REGIONS if one.word == "china")
    bench = bench_of(make_bench, region)
    session = session_of()
    bench.run("cached", session)
    first = bench.worker._state.manager
    bench.cloud.on(region.refresh, reply(HTML, status=503))
    assert bench.run("sign_in", session)["failure"]["code"] == "unavailable"
    assert bench.worker._state.manager is first


def test_a_renewed_session_asks_for_the_pin_anew(make_bench: Any) -> None:
    region = next(one for one in REGIONS if one.word == "china")
    skip_if_old(region, "china")
    bench = make_bench(Elsewhere(region), region="china", brand=region.brand)
    bench.cloud.answer_first("loginCallback.do", reply(CALLBACK_OF_CHINA))
    later = (utc_now() + dt.timedelta(minutes=9)).timestamp()
    session = session_of(control_token="Bearer control-1", control_token_expiry=later)
    outcome = bench.run("sign_in", session)
    assert outcome["ok"], outcome
    assert outcome["session"]["token"]["control_token"] is None
