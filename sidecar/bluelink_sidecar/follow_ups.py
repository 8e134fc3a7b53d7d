"""How the bridge can find out what became of a command that the vendor took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .protocol import Json
from .regions import Family

#: What the newer European cloud answers where it gives no name.
NAMELESS = "gspa:"


@dataclass(frozen=True)
class Pace:
    every_s: int
    #: `over`: a success only means that nothing is pending any more.
    succeeded_means: str = "done"
    most_polls: int | None = None


PACES = {
    Family.EUROPE: Pace(5),
    # It answers for the car's last action, whichever that was.
    Family.EUROPE_CCI: Pace(5, "over", 2),
    Family.AUSTRALIA: Pace(5),
    Family.INDIA: Pace(5),
    Family.CHINA: Pace(5),
    Family.BRAZIL: Pace(5),
    Family.HYUNDAI_USA: Pace(2),
    Family.KIA_USA: Pace(5, "over"),
    Family.CANADA: Pace(10),
}
#: There only the first poll of all asks for the right service.
NOT_POLLED_OF_HYUNDAI_USA = ("lights", "horn")


def action_id_of(answer: object) -> str | None:
    return answer if isinstance(answer, str) and answer not in ("", NAMELESS) else None


def follow_up(api: Any, family: Family, action: str, action_id: str | None) -> Json | None:
    pace = PACES.get(family)
    if pace is None or action_id is None:
        return None
    if family is Family.EUROPE_CCI and not getattr(api, "GSPA_REMOTE_CONTROL_VERIFIED", False):
        return None
    if family is Family.HYUNDAI_USA and action in NOT_POLLED_OF_HYUNDAI_USA:
        return None
    polls = {} if pace.most_polls is None else {"most_polls": pace.most_polls}
    return {
        "action_id": action_id,
        "every_s": pace.every_s,
        "succeeded_means": pace.succeeded_means,
        **polls,
    }
