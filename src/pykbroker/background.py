"""Work that goes on beside the connections: timers of the state machines, housekeeping of the logs, cleaning.

Each is one task that runs at its own pace and in slices of a few milliseconds, so that requests come in between; what
waits for the disk runs on a worker thread. What is due, and how it is done, is decided in the rooms below.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Protocol

import trio

from pykbroker.apis.context import Services
from pykbroker.config.config import BrokerConfig
from pykbroker.log.cleanable import Dirt
from pykbroker.log.cleaner import LogCleaner
from pykbroker.log.compaction import CleanStats
from pykbroker.machine.timers import Timers
from pykbroker.metadata.delta import ImageDelta
from pykbroker.names import TopicPartition
from pykbroker.world import World

log = logging.getLogger("pykbroker.background")

HOUSEKEEPING_SECONDS = 1.0
"""How often the logs are asked what is due (retention, delayed deletion, flushes, checkpoints)."""

LONGEST_SLEEP_SECONDS = 3600.0


class _Job(Protocol):
    def run(self) -> None: ...


async def drive_timers(timers: Timers, world: World) -> None:
    """Fire the machines' timers when they are due."""
    while True:
        moved = trio.Event()
        timers.bell.listen(moved, moved.set)
        deadline_ms = timers.next_deadline_ms()
        seconds = LONGEST_SLEEP_SECONDS if deadline_ms is None else (deadline_ms - world.clock.now_ms()) / 1000
        with trio.move_on_after(max(seconds, 0)):
            await moved.wait()
        timers.bell.forget(moved)
        timers.run_due(world.clock.now_ms())


async def keep_house(services: Services) -> None:
    """Ask the logs again and again what is due."""
    while True:
        await trio.sleep(HOUSEKEEPING_SECONDS)
        for job in services.logs.pass_(services.world.clock.now_ms()):
            await _do(services.world, job)


def make_cleaner(services: Services) -> LogCleaner:
    """The cleaner of this broker's compacted logs; it forgets partitions as they go."""
    cleaner = LogCleaner(
        lambda: services.logs.logs, max_map_bytes=services.config["log.cleaner.dedupe.buffer.size"], on_cleaned=_tell
    )

    def forget(delta: ImageDelta) -> None:
        for topic in delta.deleted_topics:
            for index in range(len(topic.partitions)):
                cleaner.forget(TopicPartition(topic.name, index))

    services.metadata.subscribe(forget, catch_up=False)
    return cleaner


async def clean_logs(services: Services, cleaner: LogCleaner) -> None:
    """Compact what is dirty enough; look again after ``log.cleaner.backoff.ms`` (log.cleaner.enable)."""
    config = services.config
    if not config["log.cleaner.enable"]:
        return
    while True:
        await trio.sleep(max(config["log.cleaner.backoff.ms"], 1) / 1000)
        await _clean_at_pace(services, cleaner.pass_(services.world.clock.now_ms()), cleaner, config)


async def _clean_at_pace(
    services: Services, slices: Iterator[_Job | None], cleaner: LogCleaner, config: BrokerConfig
) -> None:
    """No faster than ``log.cleaner.io.max.bytes.per.second``."""
    started, done_before = trio.current_time(), cleaner.bytes_done
    for job in slices:
        await _do(services.world, job)
        done = cleaner.bytes_done - done_before
        due = started + done / config["log.cleaner.io.max.bytes.per.second"]
        if due > trio.current_time():
            await trio.sleep_until(due)


def _tell(topic_partition: TopicPartition, dirt: Dirt, stats: CleanStats) -> None:
    log.info(
        "cleaned %s from offset %d on: %d records in %d bytes became %d in %d",
        topic_partition,
        dirt.first_dirty_offset,
        stats.records_read,
        stats.bytes_read,
        stats.records_written,
        stats.bytes_written,
    )


async def _do(world: World, job: _Job | None) -> None:
    """A slice is over: let others run, and do what waits for the disk elsewhere."""
    if job is None:
        await trio.lowlevel.checkpoint()
    else:
        await world.wait_for_disk(job.run)
