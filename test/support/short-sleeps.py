"""An interpreter whose programs sleep less: `short-sleeps.py SCALE [-W ignore] (-m MODULE | FILE) [ARGUMENT...]`.

The vendor library sleeps half a minute and more where it waits for a car; it is left as it is.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from pathlib import Path


def main(scale: float, arguments: list[str]) -> None:
    """Does with the arguments what the interpreter would; questions to the interpreter itself it answers itself."""
    rest = arguments
    while rest[:1] == ["-W"]:
        rest = rest[2:]
    if not rest or (rest[0] != "-m" and rest[0].startswith("-")):
        os.execv(sys.executable, [sys.executable, *arguments])
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(float(seconds) * scale)
    if rest[0] == "-m":
        sys.argv = rest[1:]
        sys.path[0] = ""
        runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = rest
        sys.path[0] = str(Path(rest[0]).parent)
        runpy.run_path(rest[0], run_name="__main__")


main(float(sys.argv[1]), sys.argv[2:])
