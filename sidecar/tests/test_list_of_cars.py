"""The cars listed anew with the session as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouds import HyundaiUsa, KiaUsa
from clouds_elsewhere import HTML, REGIONS, Elsewhere, Region, session_of
from clouds_with_codes import Canada
from conftest import reply


def kept(outcome: Any) -> dict[str, Any]:
    session: dict[str, Any] = json.loads(json.dumps(outcome["session"]))
    return session


@pytest.mark.parametrize("region", REGIONS, ids=str)
def test_a_list_takes_one_request(make_bench: Any, region: Region) -> None:
    bench = make_bench(Elsewhere(region), region=region.word, brand=region.brand)
    outcome = bench.run("list", session_of())
    assert outcome["ok"], outcome
    assert outcome["result"]["operation"] == "list"
    assert [car["id"] for car in outcome["result"]["vehicles"]] == ["car-1"]
    assert outcome["requests"] == 1
    assert outcome["session"]["token"]["access_token"] == "Bearer old-access"
    assert outcome["session"]["token"]["refresh_token"] == "old-refresh"
    assert outcome["session"]["listed_at"] > session_of()["listed_at"]
    assert outcome["session"]["vehicles"][0]["VIN"]


def test_cars_that_were_sold_go_and_new_ones_come(make_bench: Any) -> None:
    cloud = Canada(wants_code=False)
    session = kept(make_bench(cloud, region="canada").run("sign_in"))
    assert [car["id"] for car in session["vehicles"]] == ["car-1", "car-2"]
    session["vehicles"][0]["id"] = "sold"
    outcome = make_bench(cloud, region="canada").run("list", session)
    assert [car["id"] for car in outcome["session"]["vehicles"]] == ["car-1", "car-2"]
    # The token is not tried out first.
    assert outcome["requests"] == 1


def test_what_only_a_read_tells_stays_known(make_bench: Any) -> None:
    cloud = KiaUsa()
    cloud.fuel_type = 1
    bench = make_bench(cloud)
    session = kept(bench.run("sign_in"))
    learnt = kept(bench.run("cached", session))
    outcome = make_bench(cloud).run("list", learnt)
    assert outcome["result"]["vehicles"][0]["drivetrain"] == "ev"
    assert outcome["session"]["vehicles"][0]["engine_type"] == "EV"
    assert cloud.sign_ins == 1


@pytest.mark.parametrize("where", ["usa", "canada"])
def test_a_dropped_session_is_not_repaired_by_a_list(make_bench: Any, where: str) -> None:
    cloud: Any = Canada(wants_code=False) if where == "canada" else KiaUsa()
    session = kept(make_bench(cloud, region=where).run("sign_in"))
    cloud.sign_ins = 2
    outcome = make_bench(cloud, region=where).run("list", session)
    assert outcome["failure"]["code"] == "auth_failed"
    assert outcome["failure"]["sent"] is False
    assert outcome["requests"] == 1
    assert cloud.sign_ins == 2
    assert "session" not in outcome


def test_a_list_that_fails_leaves_the_cars(make_bench: Any) -> None:
    cloud = HyundaiUsa()
    bench = make_bench(cloud, brand="hyundai")
    session = kept(bench.run("sign_in"))
    healthy = cloud.answers["driver@example.com"]
    cloud.on("driver@example.com", reply(HTML, status=503))
    outcome = bench.run("list", session)
    assert outcome["failure"]["code"] == "unavailable"
    assert "session" not in outcome
    # Older releases ask for the list in a read too.
    cloud.on("driver@example.com", healthy)
    assert bench.run("cached", session)["ok"]


def test_a_list_without_a_session_makes_no_request(make_bench: Any) -> None:
    outcome = make_bench(KiaUsa()).run("list")
    assert outcome["failure"]["code"] == "auth_failed"
    assert outcome["requests"] == 0
