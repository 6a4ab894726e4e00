"""Background work on logs: delayed deletion, retention, flushes, checkpoints, expiry of producers.

A pass is a generator. It yields after each slice of work, so that requests come in between; where the work is waiting
for the disk, it yields a ``Job`` whose ``run`` may be called on a worker thread before the pass is continued. Whoever
does not do that simply continues, and the pass runs the job itself.

The invariant: a slice is a few hundred logs at a glance, or one log's retention. Nothing is assumed to hold across a
yield: a log may have been deleted, a directory may have failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from pykbroker.errors import KafkaError
from pykbroker.log.checkpoints import encode_offsets
from pykbroker.log.config import MAX_LONG
from pykbroker.log.directory import LogDirectory
from pykbroker.log.flushing import Job, RemoveJob, run_here
from pykbroker.names import TopicPartition

if TYPE_CHECKING:
    from pykbroker.log.log import Log
    from pykbroker.log.log_manager import LogManager

LOGS_PER_SLICE: Final = 256


class Intervals(NamedTuple):
    """How often what is done; the defaults are Apache Kafka's."""

    retention_check_ms: int = 300_000
    """``log.retention.check.interval.ms``"""
    recovery_checkpoint_ms: int = 60_000
    """``log.flush.offset.checkpoint.interval.ms``"""
    start_checkpoint_ms: int = 60_000
    """``log.flush.start.offset.checkpoint.interval.ms``"""
    high_watermark_checkpoint_ms: int = 5_000
    """``replica.high.watermark.checkpoint.interval.ms``"""
    producer_expiration_check_ms: int = 600_000
    """``producer.id.expiration.check.interval.ms``"""


class Housekeeping:
    """Remembers when what was done last."""

    def __init__(self, manager: LogManager, intervals: Intervals) -> None:
        self._manager = manager
        self.intervals = intervals
        self._last_ms: dict[str, int] = {}
        self._written: dict[tuple[str, str], Mapping[TopicPartition, int]] = {}

    def _is_due(self, what: str, interval_ms: int, now_ms: int) -> bool:
        """Whether ``interval_ms`` have passed since the last time; the clock starts at the first question."""
        last_ms = self._last_ms.setdefault(what, now_ms)
        if now_ms - last_ms < interval_ms:
            return False
        self._last_ms[what] = now_ms
        return True

    def pass_(self, now_ms: int) -> Iterator[Job | None]:
        """All that is due now."""
        yield from self._flush_due(now_ms)
        intervals = self.intervals
        if self._is_due("retention", intervals.retention_check_ms, now_ms):
            yield from self._retention(now_ms)
        if self._is_due("producers", intervals.producer_expiration_check_ms, now_ms):
            yield from self._expire_producers(now_ms)
        yield from self._manager.moves.pass_(now_ms)
        yield from self._remove_due(now_ms)
        yield from self._checkpoint(now_ms)

    def _online_logs(self) -> Iterator[Log]:
        return iter([log for log in self._manager.logs.values() if log.directory.failure is None])

    def _flush_due(self, now_ms: int) -> Iterator[Job | None]:
        due = [log for log in self._online_logs() if log.has_rolled or log.config.flush_ms != MAX_LONG]
        for log in due:
            try:
                if log.is_flush_due(now_ms):
                    job = log.flush_job(None, now_ms)
                elif log.has_rolled:
                    job = log.flush_job(log.segments[-1].base_offset, now_ms)
                else:
                    continue
                log.has_rolled = False
            except OSError as error:
                log.directory.failed(error)
                continue
            if job is not None:
                yield from run_here(job)

    def _retention(self, now_ms: int) -> Iterator[Job | None]:
        for number, log in enumerate(self._online_logs()):
            try:
                removed = log.retention_pass(now_ms)
            except KafkaError:
                continue  # the directory has failed, and has said so
            if removed or number % LOGS_PER_SLICE == LOGS_PER_SLICE - 1:
                yield None

    def _expire_producers(self, now_ms: int) -> Iterator[Job | None]:
        for number, log in enumerate(self._online_logs()):
            log.expire_producers(now_ms)
            if number % LOGS_PER_SLICE == LOGS_PER_SLICE - 1:
                yield None

    def _remove_due(self, now_ms: int) -> Iterator[Job | None]:
        for directory in self._manager.directories:
            if directory.failure is None:
                paths = directory.due_removals(now_ms)
                if paths:
                    yield from run_here(RemoveJob(directory.disk, paths, directory.failed))

    def _checkpoint(self, now_ms: int) -> Iterator[Job | None]:
        intervals = self.intervals
        due = [
            name
            for name, interval_ms in (
                ("recovery-point-offset-checkpoint", intervals.recovery_checkpoint_ms),
                ("log-start-offset-checkpoint", intervals.start_checkpoint_ms),
                ("replication-offset-checkpoint", intervals.high_watermark_checkpoint_ms),
            )
            if self._is_due(name, interval_ms, now_ms)
        ]
        for directory in self._manager.directories if due else ():
            if directory.failure is not None:
                continue
            offsets = self._manager.checkpoint_offsets(directory)
            for name in due:
                if self._written.get((directory.path, name)) != offsets[name]:
                    self._written[directory.path, name] = offsets[name]
                    yield from run_here(CheckpointJob(directory, name, offsets[name]))


class CheckpointJob:
    """One checkpoint file to be replaced."""

    __slots__ = ("_directory", "_error", "_name", "_offsets", "was_run")

    def __init__(self, directory: LogDirectory, name: str, offsets: Mapping[TopicPartition, int]) -> None:
        self._directory = directory
        self._name = name
        self._offsets = offsets
        self._error: OSError | None = None
        self.was_run = False

    def run(self) -> None:
        """Write it. Never raises."""
        self.was_run = True
        try:
            directory = self._directory
            directory.disk.write_atomic(directory.below(self._name), encode_offsets(self._offsets))
        except OSError as error:
            self._error = error

    def finish(self) -> None:
        """Take the directory offline if it could not be written."""
        if self._error is not None:
            self._directory.failed(self._error)
