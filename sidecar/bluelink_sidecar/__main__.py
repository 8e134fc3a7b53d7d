"""Entry: `python -W ignore -m bluelink_sidecar`, requests on stdin, answers on stdout."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from .log import ChannelHandler, route_logging
from .outcomes import failure
from .protocol import Channel, Request
from .redaction import Redactor
from .replies import failed, hello, outcome_line
from .stdin_reader import start_reader

if TYPE_CHECKING:
    from .worker import Worker

SETUP_HINT = "the vehicle library cannot be loaded: run `bluelink2mqtt setup`"


def take_stdout() -> BinaryIO:
    """Keeps the real stdout for the protocol; all that others print goes to stderr."""
    protocol_out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return protocol_out


def prepare_process() -> None:
    # The library "corrects" times by the local offset; in UTC there is none.
    os.environ["TZ"] = "UTC"
    time.tzset()
    warnings.simplefilter("ignore")
    # On a terminal Ctrl-C reaches us too; the bridge stops in its own order and then closes stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def load_worker(channel: Channel, redactor: Redactor) -> Worker | None:
    """Says hello. None when the library is missing or broken."""
    try:
        from .library import load_library
        from .worker import Worker

        library = load_library()
    except Exception as error:
        channel.send(hello(None, redactor.text(f"{type(error).__name__}: {error}")))
        return None
    worker = Worker(library, channel, redactor)
    worker.install()
    channel.send(hello(library, None))
    return worker


def serve(requests: SimpleQueue[Request], channel: Channel, worker: Worker | None) -> NoReturn:
    while True:
        request = requests.get()
        if worker is not None:
            worker.run(request)
        else:
            outcome = failed(failure("internal", SETUP_HINT, sent=False), 0)
            channel.send(outcome_line(request.id, outcome))


def main() -> NoReturn:
    prepare_process()
    channel = Channel(take_stdout())
    redactor = Redactor()
    requests = start_reader(sys.stdin.buffer, channel)
    worker: Worker | None = None
    route_logging(ChannelHandler(channel, redactor, lambda: worker.current_id if worker else None))
    worker = load_worker(channel, redactor)
    serve(requests, channel, worker)


if __name__ == "__main__":
    main()
