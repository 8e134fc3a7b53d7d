"""Log lines of the library and of Python, without secrets, as protocol lines."""

from __future__ import annotations

import logging
from collections.abc import Callable

from .protocol import Channel
from .redaction import Redactor


class ChannelHandler(logging.Handler):
    """Third-party lines are details to us: what a task ends with is told by its outcome.

    Tracebacks are left out, since they may quote replies; so are lines below WARNING, where the library prints
    whole requests.
    """

    def __init__(
        self, channel: Channel, redactor: Redactor, current_id: Callable[[], int | None]
    ) -> None:
        super().__init__(logging.WARNING)
        self._channel = channel
        self._redactor = redactor
        self._current_id = current_id

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = f"{record.name}: {record.getMessage()}"
        except Exception:
            text = f"{record.name}: a line that could not be put together"
        self._channel.log("debug", self._redactor.text(text), self._current_id())


def route_logging(handler: logging.Handler) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
