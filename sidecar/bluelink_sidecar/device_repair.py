"""A device that the vendor has forgotten: registered anew, by what the library does in a list of cars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def with_known_device(manager: Any, call: Callable[[], None]) -> None:
    """Runs a library call; once more if the vendor did not know the device. The new id is in the token."""
    try:
        call()
    except Exception as error:
        if not _is_forgotten(error):
            raise
        manager.api.get_vehicles(manager.token)
        call()


def _is_forgotten(error: Exception) -> bool:
    return any(base.__name__ == "DeviceIDError" for base in type(error).__mro__)
