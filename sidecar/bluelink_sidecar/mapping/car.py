"""A Vehicle of the library as the mapping reads it: any attribute may be missing in another release."""

from __future__ import annotations

from typing import Any

from ..regions import USA, Family
from . import values

#: Top keys of a reply in the newer protocol (CCS2), whatever region it comes from.
CCS2_KEYS = frozenset({"Drivetrain", "Cabin", "Chassis", "Green"})


class Car:
    def __init__(self, vehicle: Any, family: Family) -> None:
        self.vehicle = vehicle
        self.family = family
        self.data: Any = getattr(vehicle, "data", None)
        self.is_ccs2 = family is Family.EUROPE_CCI or (
            isinstance(self.data, dict) and not CCS2_KEYS.isdisjoint(self.data)
        )

    def get(self, name: str) -> Any:
        return getattr(self.vehicle, name, None)

    def raw(self, path: str) -> Any:
        return values.child(self.data, path)

    def unit(self, name: str) -> str | None:
        """The public unit, else the private one: only some attributes publish theirs."""
        for attribute in (f"{name}_unit", f"_{name}_unit"):
            unit = getattr(self.vehicle, attribute, None)
            if isinstance(unit, str):
                return unit
        return None

    def flag(self, name: str) -> bool | None:
        return values.flag(self.get(name))

    def number(self, name: str) -> float | None:
        return values.number(self.get(name))

    def percent(self, name: str) -> int | float | None:
        return values.percent(self.get(name))

    def km(self, name: str) -> float | None:
        """Not rounded; may be negative."""
        default = "mi" if self.family in USA else "km"
        return values.kilometres(self.get(name), self.unit(name), default)

    def celsius(self, name: str) -> float | None:
        default = "°F" if self.family in USA else "°C"
        return values.celsius(self.get(name), self.unit(name), default)

    @property
    def drivetrain(self) -> str | None:
        word = values.word(getattr(self.get("engine_type"), "value", None))
        return word if word in ("ev", "phev", "hev", "ice") else None

    @property
    def is_told_by_ccs2(self) -> bool:
        """Whether it takes commands of the newer protocol, as its list says."""
        return bool(self.get("ccu_ccs2_protocol_support"))

    @property
    def has_plug(self) -> bool:
        """Of a car whose kind is not known yet, a charge level tells."""
        if self.drivetrain is None:
            return self.percent("ev_battery_percentage") is not None
        return self.drivetrain in ("ev", "phev")

    @property
    def has_tank(self) -> bool:
        if self.drivetrain is None:
            return not self.has_plug
        return self.drivetrain != "ev"
