"""Reads requests in a thread of its own, so that the end of input ends the process even while a vendor call blocks."""

from __future__ import annotations

import os
import queue
import threading
from typing import BinaryIO

from .checks import BadRequest
from .protocol import LONGEST_LINE, Channel, Request, parse_request
from .replies import unreadable_request


def start_reader(stream: BinaryIO, channel: Channel) -> queue.SimpleQueue[Request]:
    requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
    thread = threading.Thread(
        target=_read, args=(stream, channel, requests), name="stdin", daemon=True
    )
    thread.start()
    return requests


def _read(stream: BinaryIO, channel: Channel, requests: queue.SimpleQueue[Request]) -> None:
    try:
        while line := stream.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                _skip_rest(stream, line)
                channel.log("error", f"line: expected at most {LONGEST_LINE} bytes, got more")
            elif line.strip():
                _take(line, channel, requests)
    except OSError:
        pass
    # Nothing can interrupt a blocked socket or a sleep in another thread; leaving at once does.
    os._exit(0)


def _skip_rest(stream: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(LONGEST_LINE)


def _take(line: bytes, channel: Channel, requests: queue.SimpleQueue[Request]) -> None:
    try:
        requests.put(parse_request(line))
    except BadRequest as bad:
        channel.log("error", f"a request was not understood: {bad}", bad.request_id)
        if bad.request_id is not None:
            channel.send(unreadable_request(bad.request_id, str(bad)))
