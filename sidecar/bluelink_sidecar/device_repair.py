"""A device that the vendor has forgotten: registered anew, by what the library does in a list of cars."""

from __future__ import annotations

from collections.abc import Callable

from .account import AccountState
from .regions import Family

#: Where the library repairs its lists and commands, but not its reads.
UNREPAIRED = frozenset({Family.AUSTRALIA, Family.INDIA, Family.CHINA})


def with_known_device(
    state: AccountState, call: Callable[[], None], unrepaired: frozenset[Family] = UNREPAIRED
) -> None:
    """Runs a library call; once more if the vendor did not know the device. The new id is in the token."""
    try:
        call()
    except Exception as error:
        if not _is_forgotten(state, error, unrepaired):
            raise
        state.manager.api.get_vehicles(state.manager.token)
        call()


def _is_forgotten(state: AccountState, error: Exception, unrepaired: frozenset[Family]) -> bool:
    if state.place is None or state.place.family not in unrepaired:
        return False
    return any(base.__name__ == "DeviceIDError" for base in type(error).__mro__)
