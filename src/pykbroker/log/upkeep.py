"""LogUpkeep: all that changes or removes what has been written to a log.

Rolling, truncating, deleting, flushing, closing: the half of ``Log`` that is not on the way of a record.

The invariants are those of ``Log``. Files are never removed while somebody may read them: they are renamed to
``.deleted`` and go after ``file.delete.delay.ms``; slices that are being sent keep their file open anyway.
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.directory import LogDirectory
from pykbroker.log.files import (
    DELETED_SUFFIX,
    LEADER_EPOCH_CHECKPOINT,
    SWAP_SUFFIX,
    TXN_INDEX_SUFFIX,
    join,
)
from pykbroker.log.flushing import FlushJob
from pykbroker.log.producer_state import ProducerStateManager
from pykbroker.log.producers import snapshot_path, take_snapshot
from pykbroker.log.retention import due_segments
from pykbroker.log.segment import Segment
from pykbroker.log.state import NOT_LOADED, LogState, base_offset_of
from pykbroker.wire.checksum import crc32c


class LogUpkeep(LogState):
    """A log as housekeeping sees it."""

    __slots__ = ()

    # --- segments -----------------------------------------------------------------------------------------------

    def roll(self, base_offset: int = 0) -> Segment:
        """Begin a new segment at ``base_offset``, or at the log's end if that is further."""
        base_offset = max(base_offset, self.log_end_offset)
        active = self._segments[-1]
        if not active.size and active.base_offset == base_offset:
            return active
        self._seal(active)
        self.has_rolled = True
        segment = self._new_segment(base_offset)
        self._segments.append(segment)
        state = self.producers
        state.map_end_offset = base_offset
        self._take_snapshot(state)
        return segment

    def _seal(self, segment: Segment) -> None:
        """Write a segment's indexes, to be flushed later."""
        if segment.is_dirty:
            segment.seal()
            self._unsynced = [*(self._unsynced or ()), *segment.index_files()]

    def _take_snapshot(self, state: ProducerStateManager) -> None:
        if take_snapshot(self._directory.disk, self.path, state):
            self._unsynced = [*(self._unsynced or ()), snapshot_path(self.path, state.map_end_offset)]

    def _new_segment(self, base_offset: int) -> Segment:
        """An empty segment; its file is made at once, because its name is where the log ends."""
        segment = Segment(self._directory.disk, self.path, base_offset)
        segment.create()
        if self.config.segment_jitter_ms > 0:
            # Spread rolls that were due together, the same way in every run.
            seed = crc32c(f"{self.topic_partition}@{base_offset}".encode())
            segment.jitter_ms = seed % min(self.config.segment_jitter_ms, max(self.config.segment_ms, 1))
        return segment

    def _remove_segments(self, segments: Sequence[Segment], now_ms: int) -> None:
        """Out of the log now, off the disk later."""
        due_ms = now_ms + self.config.file_delete_delay_ms
        for segment in segments:
            self._segments.remove(segment)
            self._discard(segment, due_ms)
            self._directory.remove_later(snapshot_path(self.path, segment.base_offset), due_ms)

    def _discard(self, segment: Segment, due_ms: int) -> None:
        segment.close()
        segment.change_suffix(DELETED_SUFFIX)
        for path in segment.files():
            self._directory.remove_later(path, due_ms)

    def remove_oldest(self, count: int, now_ms: int) -> None:
        """Remove the ``count`` oldest segments because of retention; the log starts behind them."""
        try:
            if count == len(self._segments):
                self.roll()
            doomed = self._segments[:count]
            if not doomed or doomed[-1] is self._segments[-1]:
                return
            self._start_at(self._segments[count].base_offset)
            self._remove_segments(doomed, now_ms)
        except OSError as error:
            raise self._directory.failed(error) from error

    def retention_pass(self, now_ms: int) -> int:
        """Remove segments that are due by log start, size or time; how many there were."""
        removed = 0
        while True:
            due = self._look_up(
                lambda: due_segments(
                    self._segments,
                    self.config,
                    log_start_offset=self.log_start_offset,
                    log_end_offset=self.log_end_offset,
                    high_watermark=self._high_watermark,
                    now_ms=now_ms,
                )
            )
            if due is None:
                return removed
            self.remove_oldest(due.segment_count, now_ms)
            removed += due.segment_count

    def expire_producers(self, now_ms: int) -> None:
        """Forget producers that have been silent for ``producer.id.expiration.ms``."""
        if self._state is not None:
            self._state.expire(now_ms, self.config.producer_id_expiration_ms)

    def replace_segments(self, made: Sequence[Segment], replaced: Sequence[Segment], now_ms: int) -> None:
        """Put cleaned segments in the place of those they were made of, safe against a crash at every step.

        ``made`` have the suffix ``.cleaned``, are sealed and flushed. Once all are called ``.swap`` a restart completes
        what is left to do (LocalLog.replaceSegments).
        """
        try:
            for segment in reversed(made):
                segment.change_suffix(SWAP_SUFFIX)
            due_ms = now_ms + self.config.file_delete_delay_ms
            for segment in replaced:
                self._segments.remove(segment)
                self._discard(segment, due_ms)
                if all(each.base_offset != segment.base_offset for each in made):
                    self._directory.remove_later(snapshot_path(self.path, segment.base_offset), due_ms)
            for segment in made:
                segment.change_suffix("")
            self._segments = sorted([*self._segments, *made], key=base_offset_of)
            self._directory.disk.sync_directory(self.path)
        except OSError as error:
            raise self._directory.failed(error) from error

    # --- the ends -----------------------------------------------------------------------------------------------

    def delete_records_before(self, offset: int) -> None:
        """Let the log start at ``offset``; whole segments before it go at the next retention pass (KIP-107)."""
        if offset > self._high_watermark:
            raise KafkaError(
                ErrorCode.OFFSET_OUT_OF_RANGE, f"{offset} is beyond the high watermark {self._high_watermark}"
            )
        self._start_at(offset)

    def _start_at(self, offset: int) -> None:
        if offset > self.log_start_offset:
            self.log_start_offset = offset
            if self.epochs.truncate_from_start(offset):
                self._epochs_are_dirty = True
            self.producers.on_log_start_offset(offset)
            self._first_unstable_offset = self.producers.first_unstable_offset

    def truncate_to(self, offset: int, now_ms: int = 0) -> None:
        """Drop every batch that reaches ``offset`` or beyond: a leader has said that they were never committed."""
        assert offset >= 0
        self._require_online()
        if offset >= self.log_end_offset:
            self._epochs_are_dirty |= self.epochs.truncate_from_end(self.log_end_offset)
            self._latest_epoch = NOT_LOADED
            return
        if self._segments[0].base_offset > offset:
            self.truncate_fully_and_start_at(offset, now_ms)
            return
        try:
            self._lower_recovery_point(offset)
            self._remove_segments([each for each in self._segments if each.base_offset > offset], now_ms)
            segment = self._segments[-1]
            segment.truncate_to(offset)
            if segment.txn_index is not None or self.has_transactions:
                segment.transactions().truncate_to(offset)
            self._end_at(offset)
            self.log_start_offset = min(offset, self.log_start_offset)
            self._state = None
            self._is_clean = False
            self._load_state()
        except OSError as error:
            raise self._directory.failed(error) from error

    def _lower_recovery_point(self, offset: int) -> None:
        """What will be written from ``offset`` on is other records: no start may believe they are on the disk."""
        if self.recovery_point > offset:
            self.recovery_point = offset
            if self._directory.on_truncation is not None:
                self._directory.on_truncation(self._directory)

    def _end_at(self, offset: int) -> None:
        self.log_end_offset = offset
        self.truncations += 1
        self._high_watermark = min(self._high_watermark, offset)
        self._epochs_are_dirty |= self.epochs.truncate_from_end(offset)
        self._latest_epoch = NOT_LOADED
        for path, data in self._epochs_to_write():
            self._directory.disk.write_atomic(path, data)

    def truncate_fully_and_start_at(self, offset: int, now_ms: int = 0) -> None:
        """Drop everything; the next record gets ``offset``."""
        self._require_online()
        try:
            self._lower_recovery_point(offset if offset < self.log_end_offset else 0)
            doomed = list(self._segments)
            if doomed[-1].base_offset == offset:  # the same names again: out of the way first
                for segment in doomed:
                    segment.remove()
                self._segments = []
            else:
                self._segments = [*doomed]
                self._remove_segments(doomed, now_ms)
            self._segments.append(self._new_segment(offset))
            self._epochs_are_dirty |= self.epochs.clear()
            self._end_at(offset)
            self._high_watermark = self.log_start_offset = offset
            self.producers.clear(offset)
            self._first_unstable_offset = None
        except OSError as error:
            raise self._directory.failed(error) from error

    # --- the disk -----------------------------------------------------------------------------------------------

    def is_flush_due(self, now_ms: int) -> bool:
        """Whether ``flush.messages`` or ``flush.ms`` ask for a flush."""
        unflushed = self.log_end_offset - self.recovery_point
        config = self.config
        if unflushed <= 0:
            return False
        return unflushed >= config.flush_messages or now_ms - self.last_flushed_ms >= config.flush_ms

    def flush_job(self, up_to_offset: int | None = None, now_ms: int = 0) -> FlushJob | None:
        """What must be done so that all below ``up_to_offset`` (None: the log's end) is on the disk; None if it is."""
        end = self.log_end_offset if up_to_offset is None else up_to_offset
        if self._directory.failure is not None or (end <= self.recovery_point and not self._unsynced):
            return None
        unflushed = [
            segment
            for segment in self._segments[self._number_of(self.recovery_point) :]
            if segment.base_offset < end and self.recovery_point < end
        ]
        targets = [target for segment in unflushed for target in segment.sync_targets()]
        files, self._unsynced = self._unsynced or [], None
        files += [segment.path(TXN_INDEX_SUFFIX) for segment in unflushed if segment.has_written_transactions]
        writes = self._epochs_to_write()

        def done(error: OSError | None) -> None:
            if isinstance(error, FileNotFoundError):  # deleted or moved meanwhile: nothing is known to be on the disk
                self._epochs_are_dirty = True
                return
            if error is not None:
                self._directory.failed(error)
                return
            self.recovery_point = max(self.recovery_point, min(end, self.log_end_offset))
            self.last_flushed_ms = max(self.last_flushed_ms, now_ms)

        directories = [self.path] if self.recovery_point else [self.path, self._directory.path]
        return FlushJob(self._directory.disk, targets, files, writes, directories, done)

    def _epochs_to_write(self) -> list[tuple[str, bytes]]:
        if not self._epochs_are_dirty or self._epochs is None:
            return []
        self._epochs_are_dirty = False
        return [(join(self.path, LEADER_EPOCH_CHECKPOINT), self._epochs.encode())]

    def flush(self, up_to_offset: int | None = None, now_ms: int = 0) -> None:
        """Bring everything to the disk, waiting for it here. Raises KAFKA_STORAGE_ERROR."""
        job = self.flush_job(up_to_offset, now_ms)
        if job is not None:
            job.run()
            job.finish()
            self._require_online()

    def close(self, *, sync: bool = True) -> None:
        """Leave everything as the next start wants to find it.

        With ``sync=False`` the caller brings it all to the disk afterwards (``Disk.sync_all``).
        """
        if self._directory.failure is not None:
            self._let_go()
            return
        try:
            for segment in self._segments:
                self._seal(segment)
            if self._state is not None and self.log_end_offset > 0:
                self._take_snapshot(self._state)
            if self.log_end_offset or self.log_start_offset:
                for path, data in self._epochs_to_write():
                    self._directory.disk.write_atomic(path, data, sync=sync)
            if sync:
                self.flush()
            else:
                self.recovery_point = self.log_end_offset
        except OSError as error:
            raise self._directory.failed(error) from error
        finally:
            self._let_go()

    def abandon(self) -> None:
        """Close without writing anything: the log is about to be deleted."""
        self._let_go()

    def _let_go(self) -> None:
        for segment in self._segments:
            segment.close()

    def take_over(self, log: LogUpkeep) -> None:
        """Be in the place of a log that this one is a copy of."""
        self.high_watermark = log.high_watermark
        self._start_at(log.log_start_offset)
        self.config = log.config
        if (latest := log.epochs.latest_entry) is not None:
            self._note_epoch(*latest)  # a leader that has not written anything yet

    def moved(self, directory: LogDirectory, path: str) -> None:
        """The log's directory has been renamed, perhaps to belong to another of the log directories."""
        self._directory.renamed(self.path, path)
        if self._unsynced:
            self._unsynced = [path + each[len(self.path) :] for each in self._unsynced]
        self._directory = directory
        self.path = path
        for segment in self._segments:
            segment.moved(path)
