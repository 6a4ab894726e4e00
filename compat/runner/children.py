"""The processes that a run has started: none of them outlives it, however it ends."""

import os
import signal
import subprocess
from types import FrameType
from typing import Any

RUNNING: set[subprocess.Popen[Any]] = set()


def end(process: subprocess.Popen[Any]) -> None:
    """Ends a process with everything it started: each has a process group of its own."""
    RUNNING.discard(process)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def end_all_when_told_to_stop() -> None:
    """On SIGTERM and Ctrl-C, ends what is running and then this process, at once."""

    def stop(number: int, _: FrameType | None) -> None:
        for process in list(RUNNING):
            end(process)
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
