"""World: the only door through which time, chance, disk and network come in.

The broker is built from one ``World``. In production its parts are real; in tests they are in memory, seeded and on
virtual time, and the same broker code runs over them. Faults on disk and network are wrappers around the same doors.

What lives here: the clocks, and the bundle. The doors themselves stand in ``disk.py`` and ``network.py``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import trio

if TYPE_CHECKING:
    from pykbroker.disk import RealDisk
    from pykbroker.memory_disk import MemoryDisk
    from pykbroker.network import Network


class Clock(Protocol):
    """What time it is, in milliseconds since the Unix epoch (the unit of every Kafka timestamp)."""

    def now_ms(self) -> int: ...


class RealClock:
    """The machine's wall clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class VirtualClock:
    """Wall time that follows trio's clock, so that a ``MockClock`` jump moves waits and record timestamps together.

    ``start_ms`` is the wall time at trio time zero: a fixed instant, so that a test sees the same timestamps in every
    run.
    """

    START_MS = 1_700_000_000_000

    def __init__(self, start_ms: int = START_MS) -> None:
        self._start_ms = start_ms

    def now_ms(self) -> int:
        return self._start_ms + round(trio.current_time() * 1000)


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside the broker that the broker may touch."""

    clock: Clock
    random: random.Random
    disk: RealDisk | MemoryDisk
    network: Network
    disk_waits: bool = True
    """Whether waiting for the disk is worth a thread; in memory it is not, and under a virtual clock none may run."""

    async def wait_for_disk(self, work: Callable[[], object]) -> None:
        """Run what waits for the disk, so that requests are served meanwhile."""
        if self.disk_waits:
            await trio.to_thread.run_sync(work)
        else:
            work()
            await trio.lowlevel.checkpoint()


def real_world(*, ephemeral: bool = False, seed: int | None = None) -> World:
    """The world a broker in production lives in.

    ``ephemeral`` keeps files in memory only; ``seed`` makes ids and jitter repeatable (``PYKBROKER_SEED``).
    """
    from pykbroker.disk import RealDisk
    from pykbroker.memory_disk import MemoryDisk
    from pykbroker.network import SocketNetwork

    disk: RealDisk | MemoryDisk = MemoryDisk() if ephemeral else RealDisk()
    return World(RealClock(), random.Random(seed), disk, SocketNetwork(), disk_waits=not ephemeral)
