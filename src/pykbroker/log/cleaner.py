"""LogCleaner: compacts the dirtiest log, then the next, as long as there is one worth it.

A pass is a generator like those of `housekeeping`: it pauses every few milliseconds and offers jobs that wait for the
disk.  Where it came to with each log is in `cleaner-offset-checkpoint` of the log's directory, written after each
round.  Nothing is assumed to hold across a pause: a log that was deleted, moved, truncated or lost segments to
retention meanwhile is left alone until the next pass.  A log that cannot be cleaned, because a batch in it is
damaged, is remembered as such and not tried again until the broker restarts (Kafka: uncleanable partitions).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from pykbroker.errors import KafkaError
from pykbroker.log.aborted import AbortedTransaction, CorruptTransactionIndex
from pykbroker.log.checkpoints import CLEANER_OFFSET, CorruptCheckpoint, decode_offsets, encode_offsets
from pykbroker.log.cleanable import Dirt, measure_dirt
from pykbroker.log.compaction import CleaningJob, CleanStats, LastRecord, SyncJob, compact
from pykbroker.log.offset_map import DEFAULT_MAX_BYTES, OffsetMap
from pykbroker.names import TopicPartition
from pykbroker.wire.records import CorruptRecords

if TYPE_CHECKING:
    from pykbroker.log.directory import LogDirectory
    from pykbroker.log.log import Log


class LogCleaner:
    """What is known of all compacted logs' cleaning.

    Args:
        logs: all logs of the broker, as they are at the moment of asking.
        max_map_bytes: `log.cleaner.dedupe.buffer.size`.
        on_cleaned: told of each finished round: the partition, what was dirty, and what was done.
    """

    def __init__(
        self,
        logs: Callable[[], Mapping[TopicPartition, Log]],
        *,
        max_map_bytes: int = DEFAULT_MAX_BYTES,
        on_cleaned: Callable[[TopicPartition, Dirt, CleanStats], None] | None = None,
    ) -> None:
        self._logs = logs
        self._max_map_bytes = max_map_bytes
        self._on_cleaned = on_cleaned
        self._checkpoints: dict[str, dict[TopicPartition, int]] = {}
        self.uncleanable: dict[TopicPartition, str] = {}
        """Partitions that cannot be cleaned, and why."""
        self.bytes_done = 0
        """Read and written so far, for throttling by `log.cleaner.io.max.bytes.per.second`."""

    def pass_(self, now_ms: int) -> Iterator[SyncJob | None]:
        """Clean all logs that are worth it, the dirtiest first; each at most once."""
        tried: set[TopicPartition] = set()
        while (found := self._dirtiest(now_ms, tried)) is not None:
            log, dirt = found
            tried.add(log.topic_partition)
            try:
                yield from self._clean(log, dirt, now_ms)
            except (CorruptRecords, CorruptTransactionIndex) as error:
                self.uncleanable[log.topic_partition] = str(error)
            except OSError as error:
                log.directory.failed(error)
            except KafkaError as error:
                if log.directory.failure is None:
                    self.uncleanable[log.topic_partition] = str(error)
            yield None

    def forget(self, topic_partition: TopicPartition) -> None:
        """The partition is gone, or begins anew."""
        self.uncleanable.pop(topic_partition, None)
        for offsets in self._checkpoints.values():
            offsets.pop(topic_partition, None)

    def dirt_of(self, log: Log, now_ms: int) -> Dirt:
        """How dirty a log is."""
        return measure_dirt(
            log.segments,
            log.config,
            checkpoint=self._offsets(log.directory).get(log.topic_partition),
            log_start_offset=log.log_start_offset,
            log_end_offset=log.log_end_offset,
            last_stable_offset=log.last_stable_offset,
            now_ms=now_ms,
        )

    def _dirtiest(self, now_ms: int, tried: set[TopicPartition]) -> tuple[Log, Dirt] | None:
        best: tuple[Log, Dirt] | None = None
        for topic_partition, log in self._logs().items():
            if (
                not log.config.is_compacted
                or len(log.segments) == 1
                or topic_partition in tried
                or topic_partition in self.uncleanable
                or log.directory.failure is not None
            ):
                continue
            try:
                dirt = self.dirt_of(log, now_ms)
            except OSError as error:
                log.directory.failed(error)
                continue
            if dirt.is_worth_cleaning(log.config) and (best is None or dirt.ratio > best[1].ratio):
                best = log, dirt
        return best

    def _clean(self, log: Log, dirt: Dirt, now_ms: int) -> Iterator[SyncJob | None]:
        job = self._job(log, dirt, now_ms)
        before = log.directory
        steps = compact(job)
        last_bytes = 0
        try:
            for step in steps:
                yield step
                stats = job.stats
                now_bytes = stats.map_bytes + stats.bytes_read + stats.bytes_written
                self.bytes_done += now_bytes - last_bytes
                last_bytes = now_bytes
                if not self._is_as_it_was(log, job) or log.directory is not before:
                    return
        finally:
            steps.close()
        self._checkpoint(log, job.end_offset)
        if self._on_cleaned is not None:
            self._on_cleaned(log.topic_partition, dirt, job.stats)

    def _job(self, log: Log, dirt: Dirt, now_ms: int) -> CleaningJob:
        segments = list(log.segments)[:-1]

        def aborted(start_offset: int, end_offset: int) -> list[AbortedTransaction]:
            return collect_aborted(log, start_offset, end_offset)

        return CleaningJob(
            disk=log.directory.disk,
            directory=log.path,
            segments=segments,
            config=log.config,
            first_dirty_offset=dirt.first_dirty_offset,
            first_uncleanable_offset=dirt.first_uncleanable_offset,
            now_ms=now_ms,
            last_records={
                producer.producer_id: LastRecord(producer.last_offset, producer.epoch) for producer in log.producers
            },
            aborted=aborted,
            replace=lambda made, replaced: log.replace_segments(made, replaced, now_ms),
            offset_map=OffsetMap(self._max_map_bytes),
        )

    def _is_as_it_was(self, log: Log, job: CleaningJob) -> bool:
        """Whether the log is still there with the segments that are yet to be cleaned."""
        if self._logs().get(log.topic_partition) is not log or log.directory.failure is not None:
            return False
        there = set(map(id, log.segments))
        return all(id(segment) in there for segment in job.waiting)

    def _offsets(self, directory: LogDirectory) -> dict[TopicPartition, int]:
        offsets = self._checkpoints.get(directory.path)
        if offsets is None:
            try:
                offsets = decode_offsets(directory.disk.read_bytes(directory.below(CLEANER_OFFSET)))
            except (FileNotFoundError, CorruptCheckpoint):
                offsets = {}
            self._checkpoints[directory.path] = offsets
        return offsets

    def _checkpoint(self, log: Log, offset: int) -> None:
        """Remember up to where a log is clean; partitions that are gone are dropped from the file by the way."""
        offsets = self._offsets(log.directory)
        offsets[log.topic_partition] = offset
        logs = self._logs()
        kept = {each: at for each, at in offsets.items() if each in logs}
        log.directory.disk.write_atomic(log.directory.below(CLEANER_OFFSET), encode_offsets(kept), sync=False)


def collect_aborted(log: Log, start_offset: int, end_offset: int) -> list[AbortedTransaction]:
    """A log's aborted transactions that overlap a range of offsets."""
    found: list[AbortedTransaction] = []
    if not log.has_transactions:
        return found
    segments = log.segments
    for number, segment in enumerate(segments):
        if number + 1 < len(segments) and segments[number + 1].base_offset <= start_offset:
            continue
        here, is_complete = segment.transactions().collect(start_offset, end_offset)
        found += here
        if is_complete:
            break
    return found
