from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from bluelink_sidecar.protocol import Account
from bluelink_sidecar.regions import Family
from bluelink_sidecar.session import build_manager, has_changed, serialised
from clouds import HyundaiUsa, KiaUsa, kia_error, kia_ok
from conftest import reply


def signed_in(bench: Any) -> dict[str, Any]:
    outcome = bench.run("sign_in")
    assert outcome["ok"], outcome
    session: dict[str, Any] = json.loads(json.dumps(outcome["session"]))
    return session


def test_kia_sign_in_lists_the_cars_with_vin_and_year(make_bench: Any) -> None:
    bench = make_bench(KiaUsa())
    outcome = bench.run("sign_in")
    offered = outcome["result"]["vehicles"][0].pop("commands")
    assert sorted(offered) == ["charge", "charge_limits", "climate", "lock"]
    assert outcome["result"] == {
        "operation": "sign_in",
        "vehicles": [
            {
                "id": "car-1",
                "vin": "KNDCC3LG0L5000001",
                "name": "Blue",
                "model": "NIRO EV",
                "year": 2020,
                "brand": "kia",
                "drivetrain": "ev",
            }
        ],
    }
    assert outcome["requests"] == 2
    assert outcome["library"].startswith("hyundai_kia_connect_api 4.")


def test_hyundai_sign_in_lists_the_cars(make_bench: Any) -> None:
    bench = make_bench(HyundaiUsa(evStatus="P"), brand="hyundai")
    (car,) = bench.run("sign_in")["result"]["vehicles"]
    assert (car["vin"], car["year"], car["brand"]) == ("KM8KNDAF0PU000001", 2024, "hyundai")


def test_genesis_in_the_usa_speaks_as_hyundai(make_bench: Any) -> None:
    bench = make_bench(HyundaiUsa(), brand=3, region=3)
    (car,) = bench.run("sign_in")["result"]["vehicles"]
    assert car["brand"] == "genesis"


def test_the_session_holds_no_password_and_no_pin(make_bench: Any) -> None:
    text = json.dumps(signed_in(make_bench(HyundaiUsa(), brand="hyundai")))
    assert "correct horse" not in text
    assert "4711" not in text


@pytest.mark.parametrize("brand", ["kia", "hyundai"])
def test_a_restored_session_reads_without_signing_in(make_bench: Any, brand: str) -> None:
    cloud: Any = KiaUsa() if brand == "kia" else HyundaiUsa()
    session = signed_in(make_bench(cloud, brand=brand))
    fresh = make_bench(cloud, brand=brand)
    outcome = fresh.run("cached", session)
    assert outcome["ok"], outcome
    assert cloud.sign_ins == 1
    assert "session" not in outcome


def test_kia_goes_on_under_the_device_that_signed_in(make_bench: Any) -> None:
    cloud = KiaUsa()
    session = signed_in(make_bench(cloud))
    make_bench(cloud).run("cached", session)
    devices = {call.headers["deviceid"] for call in cloud.calls}
    assert len(devices) == 1


def test_what_a_read_learns_of_a_car_goes_into_the_session_once(make_bench: Any) -> None:
    cloud = KiaUsa()
    cloud.fuel_type = 1
    bench = make_bench(cloud)
    session = signed_in(bench)
    assert "engine_type" not in session["vehicles"][0]
    learnt = bench.run("cached", session)["session"]
    assert learnt["vehicles"][0]["engine_type"] == "EV"
    assert "session" not in bench.run("cached", json.loads(json.dumps(learnt)))
    # The vendor's list still does not tell, but it is not forgotten.
    again = make_bench(cloud).run("sign_in", learnt)
    assert again["result"]["vehicles"][0]["drivetrain"] == "ev"


def test_a_renewal_keeps_the_device_and_lists_once(make_bench: Any) -> None:
    cloud = KiaUsa()
    session = signed_in(make_bench(cloud))
    cloud.calls.clear()
    outcome = make_bench(cloud).run("sign_in", session)
    assert outcome["ok"]
    assert outcome["requests"] == 2
    assert outcome["session"]["token"]["access_token"] == "sid-2"
    assert outcome["session"]["token"]["device_id"] == session["token"]["device_id"]
    assert outcome["session"]["vehicles"][0]["key"] == "key-of-sid-2"


def test_a_renewal_uses_the_refresh_token_though_the_session_looks_valid(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    session = signed_in(make_bench(cloud, brand="hyundai"))
    make_bench(cloud, brand="hyundai").run("sign_in", session)
    last = [call.body for call in cloud.calls if call.path.endswith("oauth/token")][-1]
    assert last["refresh_token"] == "refresh-token-number-1"


def test_a_renewed_token_comes_back_although_the_list_fails(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    session = signed_in(make_bench(cloud, brand="hyundai"))
    cloud.on("driver@example.com", reply(b"<html>", status=503))
    outcome = make_bench(cloud, brand="hyundai").run("sign_in", session)
    assert outcome["failure"]["code"] == "unavailable"
    assert outcome["session"]["token"]["access_token"] == "access-token-number-2"
    assert [car["id"] for car in outcome["session"]["vehicles"]] == ["car-1"]


def test_a_renewal_that_fails_leaves_the_session_as_it_was(make_bench: Any) -> None:
    cloud = KiaUsa()
    session = signed_in(make_bench(cloud))
    cloud.on("prof/authUser", ConnectionResetError())
    outcome = make_bench(cloud).run("sign_in", session)
    assert not outcome["ok"]
    assert "session" not in outcome


def test_an_expired_session_asks_for_a_sign_in_without_a_request(make_bench: Any) -> None:
    cloud = KiaUsa()
    session = signed_in(make_bench(cloud))
    session["token"]["valid_until"] = "2026-01-01T00:00:00+00:00"
    cloud.calls.clear()
    outcome = make_bench(cloud).run("cached", session)
    assert outcome["failure"]["code"] == "auth_failed"
    assert outcome["failure"]["sent"] is False
    assert outcome["failure"]["retryable"] is False
    assert cloud.calls == []
    assert "session" not in outcome


@pytest.mark.parametrize("operation", ["cached", "force"])
def test_a_session_that_the_vendor_dropped_is_not_repaired_in_a_read(
    make_bench: Any, operation: str
) -> None:
    cloud = KiaUsa()
    session = signed_in(make_bench(cloud))
    cloud.sign_ins = 2
    outcome = make_bench(cloud).run(operation, session)
    assert outcome["failure"]["code"] == "auth_failed"
    assert outcome["failure"]["sent"] is False
    assert cloud.sign_ins == 2
    assert outcome["requests"] == 1


def test_hyundai_tokens_that_the_vendor_dropped_ask_for_a_sign_in(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    session = signed_in(make_bench(cloud, brand="hyundai"))
    cloud.on("rvs/vehicleStatus", reply({"errorCode": 401, "errorMessage": "Invalid access token"}))
    outcome = make_bench(cloud, brand="hyundai").run("cached", session)
    assert outcome["failure"]["code"] == "auth_failed"
    assert outcome["failure"]["sent"] is False
    assert cloud.sign_ins == 1


@pytest.mark.parametrize("session", [None, {"version": 1}])
def test_a_read_without_a_session_asks_for_a_sign_in(make_bench: Any, session: Any) -> None:
    outcome = make_bench(KiaUsa()).run("cached", session)
    assert outcome["failure"]["code"] == "auth_failed"
    assert outcome["requests"] == 0
    assert "session" not in outcome


def test_a_refused_read_does_not_hand_back_an_older_session(make_bench: Any) -> None:
    bench = make_bench(KiaUsa())
    session = signed_in(bench)
    assert bench.run("cached", session)["ok"]
    assert "session" not in bench.run("cached", None)


def test_a_session_of_another_user_is_not_used(make_bench: Any) -> None:
    cloud = KiaUsa()
    session = signed_in(make_bench(cloud))
    other = make_bench(cloud, username="other@example.com")
    assert other.run("cached", session)["failure"]["code"] == "auth_failed"
    assert other.run("sign_in", session)["session"]["token"]["username"] == "other@example.com"
    assert cloud.calls[-2].body["userCredential"]["userId"] == "other@example.com"
    assert "rmtoken" not in cloud.calls[-2].headers


def test_a_newer_session_replaces_the_one_at_hand(make_bench: Any) -> None:
    cloud = KiaUsa()
    reader = make_bench(cloud)
    old = signed_in(reader)
    assert reader.run("cached", old)["ok"]
    new = signed_in(reader)
    assert reader.run("cached", new)["ok"]
    assert reader.run("cached", old)["failure"]["code"] == "auth_failed"
    assert reader.run("cached", new)["ok"]


def test_a_car_that_is_not_listed_is_unknown(make_bench: Any) -> None:
    bench = make_bench(KiaUsa())
    outcome = bench.run("cached", signed_in(bench), vehicle="car-2")
    assert outcome["failure"]["code"] == "unknown_vehicle"
    assert outcome["failure"]["sent"] is False


def test_a_car_without_subscription_says_so(make_bench: Any) -> None:
    bench = make_bench(HyundaiUsa(enrollmentStatus="CANCELLED"), brand="hyundai")
    assert bench.run("cached", signed_in(bench))["failure"]["code"] == "unsupported"


def test_wrong_credentials_are_refused(make_bench: Any) -> None:
    cloud = KiaUsa()
    cloud.on("prof/authUser", kia_error(1001))
    assert make_bench(cloud).run("sign_in")["failure"]["code"] == "auth_failed"
    hyundai = HyundaiUsa()
    refusal = reply({"errorCode": 401, "errorMessage": "wrong"}, status=401)
    hyundai.on("oauth/token", refusal)
    bench = make_bench(hyundai, brand="hyundai")
    assert bench.run("sign_in")["failure"]["code"] == "auth_failed"


@pytest.mark.parametrize("with_session", [False, True])
def test_a_one_time_code_is_asked_for(make_bench: Any, with_session: bool) -> None:
    cloud = KiaUsa()
    session = signed_in(make_bench(cloud)) if with_session else None
    before = copy.deepcopy(session)
    cloud.on(
        "prof/authUser", kia_ok({"otpKey": "k", "hasEmail": True, "email": "d@e.com"}, xid="x")
    )
    outcome = make_bench(cloud).run("sign_in", session)
    assert outcome["failure"]["code"] == "otp_required"
    assert "session" not in outcome
    assert session == before


@pytest.mark.parametrize("account", [{"region": "moon"}, {"brand": "lada"}, {"region": 77}])
def test_an_unknown_region_or_brand_is_told(make_bench: Any, account: Any) -> None:
    outcome = make_bench(KiaUsa(), **account).run("sign_in")
    assert outcome["failure"]["code"] == "internal"
    assert outcome["requests"] == 0


def test_canada_may_not_send_a_request_four_times(library: Any) -> None:
    account = Account("canada", "kia", "u", "p", "")
    assert build_manager(library, account, 2, 1, None).api.sessions.max_retries == 1


@pytest.mark.parametrize("region", [1, 2, 3, 5, 6])
def test_identities_of_every_region_survive_the_round_trip(library: Any, region: int) -> None:
    account = Account(region, "kia", "u@example.com", "p", "")
    manager = build_manager(library, account, region, 1, None)
    manager.token = library.token(username="u@example.com", device_id="d")
    manager.vehicles["car-1"] = library.vehicle(
        id="car-1",
        timezone=manager.api.data_timezone,
        engine_type=library.const.ENGINE_TYPES.PHEV,
        ccu_ccs2_protocol_support=1,
        generation=2,
    )
    session = json.loads(json.dumps(serialised(manager, Family.OTHER, None)))
    again = build_manager(library, account, region, 1, session)
    assert again.vehicles["car-1"] == manager.vehicles["car-1"]
    assert not has_changed(session, serialised(again, Family.OTHER, None) or {})


@pytest.mark.parametrize("brand", ["kia", "hyundai"])
def test_a_new_token_is_told_before_anything_is_asked_with_it(make_bench: Any, brand: str) -> None:
    cloud: Any = KiaUsa() if brand == "kia" else HyundaiUsa()
    bench = make_bench(cloud, brand=brand)
    session = signed_in(bench)
    kinds = [json.loads(line)["type"] for line in bench.lines.getvalue().splitlines()]
    assert [kind for kind in kinds if kind != "log"] == ["request", "session", "request"]
    (early,) = bench.lines.messages("session")
    assert early["session"]["token"] == session["token"]

    outcome = bench.run("sign_in", session)
    assert outcome["ok"], outcome
    _, renewed = bench.lines.messages("session")
    assert renewed["session"]["token"] == outcome["session"]["token"]
    # The list of cars is on its way: until then those that are known go with the token.
    assert renewed["session"]["vehicles"] == session["vehicles"]


def test_a_read_tells_its_session_with_its_outcome_only(make_bench: Any) -> None:
    bench = make_bench(KiaUsa())
    session = signed_in(bench)
    before = len(bench.lines.messages("session"))
    assert bench.run("cached", session)["ok"]
    assert len(bench.lines.messages("session")) == before
