"""The temperatures that a car's climate can be set to: each cloud has a table of its own, and a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .mapping.car import Car
from .regions import USA, Family

HALF_DEGREES = tuple(half / 2 for half in range(28, 64))
WHOLE_FAHRENHEIT = tuple(float(degree) for degree in range(62, 83))
WHOLE_CELSIUS_BRAZIL = tuple(float(degree) for degree in range(17, 28))
#: The library's own bounds for a departure.
OF_A_SCHEDULE = tuple(half / 2 for half in range(34, 55))
STEPS = {"C": 0.5, "F": 1.0}
#: From this model year on Canada has the longer table.
CANADA_NEW_TABLE = 2020


@dataclass(frozen=True)
class SetPoints:
    values: tuple[float, ...]
    #: In which the vendor is told: C or F.
    unit: str

    @property
    def step(self) -> float:
        return self.values[1] - self.values[0]

    def nearest(self, temperature: float, unit: str) -> float | int:
        """The entry for a temperature that may have another unit; one without decimals is whole."""
        wanted = converted(temperature, unit, self.unit)
        found = min(self.values, key=lambda value: abs(value - wanted))
        return int(found) if self.step == 1 else found

    def range_in(self, unit: str) -> dict[str, Any]:
        """As a person may set it: in another unit whole degrees of Fahrenheit, or half ones of Celsius."""
        step = self.step if unit == self.unit else STEPS[unit]
        low, high = (round(converted(end(self.values), self.unit, unit), 6) for end in (min, max))
        lowest, highest = -(-low // step) * step, high // step * step
        return {"min": tidy(lowest), "max": tidy(highest), "step": tidy(step), "unit": f"°{unit}"}


def set_points(api: Any, car: Car) -> SetPoints:
    if car.family in USA:
        return SetPoints(WHOLE_FAHRENHEIT, "F")
    if car.family is Family.BRAZIL:
        return SetPoints(WHOLE_CELSIUS_BRAZIL, "C")
    return SetPoints(_table(api, _table_name(car)), "C")


def range_of_schedule(unit: str) -> dict[str, Any]:
    return SetPoints(OF_A_SCHEDULE, "C").range_in(unit)


def _table_name(car: Car) -> str:
    if car.family is not Family.CANADA:
        return "temperature_range"
    is_new = (car.number("year") or 0) >= CANADA_NEW_TABLE
    return "temperature_range_c_new" if is_new else "temperature_range_c_old"


def _table(api: Any, name: str) -> tuple[float, ...]:
    """The library's own, which refuses what is not in it; the newer European cloud has none."""
    return tuple(float(value) for value in getattr(api, name, None) or HALF_DEGREES)


def converted(temperature: float, unit: str, wanted: str) -> float:
    if unit == wanted:
        return temperature
    return temperature * 1.8 + 32 if wanted == "F" else (temperature - 32) / 1.8


def tidy(value: float) -> float | int:
    return int(value) if value == int(value) else value
