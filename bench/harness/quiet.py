"""Other people's work on the same machine: wait until there is little, notice when there was much, measure again.

On two cores a neighbour's compiler halves a figure, and a broker with many threads loses less of its share than one
with a single thread. What is ours is known (this process, its children, the brokers); the rest of what the processors
did meanwhile is the neighbours'. Patience is bounded: a machine that is never quiet is measured all the same, and the
result says how much was going on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from harness.process import TICKS_PER_S

QUIET_SHARE = 0.08
"""Of all processors' time; what a machine does for itself stays below."""

LOOK_S = 0.4
CORES = os.cpu_count() or 1


class Neighbours:
    """Knows which processor time is not ours. ``brokers_cpu_s`` is what the living brokers have used."""

    def __init__(self, brokers_cpu_s: Callable[[], float], patience_s: float) -> None:
        self._brokers_cpu_s = brokers_cpu_s
        self.patience_s = patience_s
        self.begin()

    def begin(self) -> None:
        self._began, self._foreign_at_begin = time.monotonic(), self._foreign_s()

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def share(self) -> float:
        """What part of the machine others have used since ``begin``."""
        return max(0.0, (self._foreign_s() - self._foreign_at_begin) / (self.elapsed_s * CORES))

    def wait_until_quiet(self) -> None:
        """Return when others leave the machine alone, or when patience has run out."""
        while self.patience_s > 0:
            self.begin()
            time.sleep(LOOK_S)
            if self.share() < QUIET_SHARE:
                return
            self.patience_s -= self.elapsed_s

    def _foreign_s(self) -> float:
        own = os.times()
        ours = own.user + own.system + own.children_user + own.children_system + self._brokers_cpu_s()
        return _busy_s() - ours


def _busy_s() -> float:
    """What all processors together have worked since the machine started."""
    user, nice, system, _idle, _waiting, interrupts, soft = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    )
    return (user + nice + system + interrupts + soft) / TICKS_PER_S
