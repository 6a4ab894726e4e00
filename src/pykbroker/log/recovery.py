"""Opening a log's directory: what is there, what a crash has left, and what must be made again.

After a clean shutdown nothing is scanned: file names and sizes, and the headers behind the last index entry, tell the
log's end. After any other end every segment from the one that holds the recovery point on is read: batch after batch,
checksum, offsets. At the first batch that is not whole the log is cut off, as Kafka does, and what follows is removed:
a log has no holes. On the way indexes, leader epochs, aborted transactions and producers are made again.

The invariant: a log that this module hands out holds whole batches only, and its indexes say where they are.
Files that an interrupted compaction or deletion has left are finished or removed first. Kafka's LogLoader.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterator
from typing import Final

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.aborted import AbortedTransaction, CorruptTransactionIndex, encode_aborted
from pykbroker.log.checkpoints import CorruptCheckpoint
from pykbroker.log.config import LogConfig
from pykbroker.log.directory import LogDirectory
from pykbroker.log.files import (
    CLEANED_SUFFIX,
    DELETED_SUFFIX,
    INDEX_SUFFIX,
    INDEX_SUFFIXES,
    LEADER_EPOCH_CHECKPOINT,
    LOG_SUFFIX,
    SEGMENT_SUFFIXES,
    SWAP_SUFFIX,
    TIME_INDEX_SUFFIX,
    TXN_INDEX_SUFFIX,
    LogFile,
    join,
    offset_file_name,
    offset_of_file,
)
from pykbroker.log.index_check import indexes_are_complete
from pykbroker.log.leader_epochs import LeaderEpochs
from pykbroker.log.producer_state import ProducerStateManager, read_marker
from pykbroker.log.producers import aborted_entry, load_state, remove_strays, snapshot_path, take_snapshot
from pykbroker.log.segment import Segment
from pykbroker.names import TopicPartition
from pykbroker.wire.batch_header import ATTRIBUTES_POSITION, MAGIC_POSITION
from pykbroker.wire.checksum import crc32c
from pykbroker.wire.records import HEADER_SIZE, LOG_OVERHEAD, BatchHeader, read_header

SCAN_BYTES: Final = 4 * 1024 * 1024
SMALLEST_OLD_MESSAGE_BYTES: Final = 26
PROGRESS_BYTES: Final = 64 * 1024 * 1024
"""How much is scanned between two reports of progress."""

_TEMPORARY: Final = (DELETED_SUFFIX, CLEANED_SUFFIX, SWAP_SUFFIX)

Progress = Callable[[TopicPartition, int, int], None]
"""(partition, bytes scanned, bytes to scan)."""


class RecoveryReport:
    """What was found and done, for the broker's log."""

    __slots__ = ("actions", "removed_segments", "scanned_bytes", "topic_partition", "truncated_bytes")

    def __init__(self, topic_partition: TopicPartition) -> None:
        self.topic_partition = topic_partition
        self.scanned_bytes = 0
        self.truncated_bytes = 0
        self.removed_segments = 0
        self.actions: list[str] = []
        """Sentences, in the order of what happened. None of them: nothing was wrong."""

    def __bool__(self) -> bool:
        return bool(self.actions)

    def __str__(self) -> str:
        return f"{self.topic_partition}: {'; '.join(self.actions) or 'nothing to repair'}"


class Loaded:
    """What a log's directory holds."""

    __slots__ = (
        "epochs",
        "has_transactions",
        "log_end_offset",
        "log_start_offset",
        "recovery_point",
        "segments",
        "state",
        "unsynced",
    )

    def __init__(
        self, segments: list[Segment], log_start_offset: int, log_end_offset: int, recovery_point: int
    ) -> None:
        self.segments = segments
        self.log_start_offset = log_start_offset
        self.log_end_offset = log_end_offset
        self.recovery_point = recovery_point
        self.epochs: LeaderEpochs | None = None
        self.state: ProducerStateManager | None = None
        self.has_transactions = False
        self.unsynced: list[str] = []
        """Indexes and snapshots that were made again and not flushed."""


class Loader:
    """Opens one log. ``load`` is all there is to it."""

    def __init__(
        self,
        directory: LogDirectory,
        path: str,
        topic_partition: TopicPartition,
        config: LogConfig,
        *,
        is_clean: bool,
        recovery_point: int,
        log_start_offset: int,
        now_ms: int,
        on_progress: Progress | None = None,
    ) -> None:
        """``recovery_point`` and ``log_start_offset`` are what the directory's checkpoints say; 0 if nothing."""
        self._directory = directory
        self._disk = directory.disk
        self._path = path
        self._config = config
        self._is_clean = is_clean
        self._recovery_point = recovery_point
        self._log_start_offset = log_start_offset
        self._now_ms = now_ms
        self._on_progress = on_progress
        self._buffer: bytearray | None = None
        self._total_bytes = 0
        self._reported_bytes = 0
        self._has_aborted = False
        self._unsynced: list[str] = []
        self.report = RecoveryReport(topic_partition)

    def load(self) -> Loaded:
        """Open, repair if need be. Raises OSError, or KafkaError for a log that is beyond us."""
        names = set(self._disk.list_directory(self._path))
        if any(name.endswith(_TEMPORARY) for name in names):
            names = self._finish_interrupted(names)
        segments = self._find_segments(names)
        epochs = state = None
        if not self._is_clean and segments:
            epochs = self._read_epochs(names)
            state = self._recover(segments, names, epochs)
        elif segments:
            self._repair_indexes(segments, names)
        end = segments[-1].next_offset() if segments else self._log_start_offset
        if segments and end < self._log_start_offset:
            end, state = self._log_start_offset, None
            self._act(f"all segments end before the log start offset {end}: removed")
            self._remove_segments(segments, 0)
        if not segments:
            segments.append(self._first_segment())
        start = max(self._log_start_offset, segments[0].base_offset)
        loaded = Loaded(segments, start, end, end if self._is_clean else min(self._recovery_point, end))
        loaded.has_transactions = self._has_aborted or any(name.endswith(TXN_INDEX_SUFFIX) for name in names)
        if epochs is not None:
            epochs.truncate_from_end(end)
            epochs.truncate_from_start(self._log_start_offset)
        loaded.epochs, loaded.state, loaded.unsynced = epochs, state, self._unsynced
        if not self._is_clean:
            names = set(self._disk.list_directory(self._path))  # recovery takes and removes snapshots itself
        remove_strays(self._disk, self._path, names, [segment.base_offset for segment in segments])
        return loaded

    def _act(self, what: str) -> None:
        self.report.actions.append(what)

    def _first_segment(self) -> Segment:
        segment = Segment(self._disk, self._path, self._log_start_offset)
        if self._log_start_offset:
            segment.create()
        return segment

    # --- files --------------------------------------------------------------------------------------------------

    def _finish_interrupted(self, names: set[str]) -> set[str]:
        """Complete swaps that had begun, and remove what was on its way in or out (LogLoader.load, first passes)."""
        cleaned = [name for name in names if name.endswith(CLEANED_SUFFIX)]
        first_cleaned = min((offset_of_file(name) or 0 for name in cleaned), default=None)
        swaps = {name for name in names if name.endswith(SWAP_SUFFIX)}
        # A swap beside files still being cleaned belongs to a split that was not complete (KAFKA-6264).
        invalid = {name for name in swaps if first_cleaned is not None and (offset_of_file(name) or 0) >= first_cleaned}
        for name in names:
            if name.endswith((DELETED_SUFFIX, CLEANED_SUFFIX)) or name in invalid:
                self._disk.remove_file(join(self._path, name))
        self._swap_in(names, swaps - invalid)
        return set(self._disk.list_directory(self._path))

    def _swap_in(self, names: set[str], swaps: set[str]) -> None:
        logs = [name for name in swaps if name.endswith(LOG_SUFFIX + SWAP_SUFFIX)]
        if logs:
            starts = [offset_of_file(name) or 0 for name in logs]
            first, end = min(starts), max(map(self._end_of_swap, starts))
            self._act(f"an interrupted compaction of offsets {first} to {end - 1} was completed")
            for name in names - swaps:
                offset = offset_of_file(name)
                if offset is not None and first <= offset < end and name.endswith(SEGMENT_SUFFIXES):
                    self._disk.remove_file(join(self._path, name))
        for name in swaps:
            self._disk.rename(join(self._path, name), join(self._path, name.removesuffix(SWAP_SUFFIX)))

    def _end_of_swap(self, base_offset: int) -> int:
        name = offset_file_name(base_offset, LOG_SUFFIX) + SWAP_SUFFIX
        segment = Segment(self._disk, self._path, base_offset, self._disk.size_of(join(self._path, name)), SWAP_SUFFIX)
        try:
            return max(segment.next_offset(), base_offset + 1)
        finally:
            segment.close()

    def _find_segments(self, names: set[str]) -> list[Segment]:
        bases = sorted(offset_of_file(name) or 0 for name in names if name.endswith(LOG_SUFFIX))
        known = set(bases)
        for name in names:
            if name.endswith(INDEX_SUFFIXES) and offset_of_file(name) not in known:
                self._act(f"{name} has no log file: removed")
                self._disk.remove_file(join(self._path, name))
        return [
            Segment(
                self._disk, self._path, base, self._disk.size_of(join(self._path, offset_file_name(base, LOG_SUFFIX)))
            )
            for base in bases
        ]

    def _remove_segments(self, segments: list[Segment], first: int) -> None:
        """Take segments from number ``first`` on out of the log; their files go later, as always."""
        for segment in segments[first:]:
            segment.close()
            segment.change_suffix(DELETED_SUFFIX)
            for path in segment.files():
                self._directory.remove_later(path, self._now_ms + self._config.file_delete_delay_ms)
        self.report.removed_segments += len(segments) - first
        del segments[first:]

    # --- after a clean shutdown ---------------------------------------------------------------------------------

    def _repair_indexes(self, segments: list[Segment], names: set[str]) -> None:
        for number, segment in enumerate(segments):
            if not segment.size:
                continue
            missing = [
                suffix
                for suffix in (INDEX_SUFFIX, TIME_INDEX_SUFFIX)
                if offset_file_name(segment.base_offset, suffix) not in names
            ]
            if missing:
                self._act(f"{' and '.join(missing)} of segment {segment.base_offset} rebuilt")
                segment.rebuild_indexes(self._config.index_interval_bytes)
                self._seal(segment)
            if offset_file_name(segment.base_offset, TXN_INDEX_SUFFIX) in names:
                self._check_transactions(segments, number)

    def _check_transactions(self, segments: list[Segment], number: int) -> None:
        segment = segments[number]
        try:
            segment.transactions().check(segment.base_offset)
        except CorruptTransactionIndex as error:
            self._act(f"transaction index of segment {segment.base_offset} rebuilt: {error}")
            state = self._state_before(segments, segment.base_offset)
            self._recover_segment(segment, state, LeaderEpochs())
            self._seal(segment)

    def _seal(self, segment: Segment) -> None:
        segment.seal()
        self._unsynced += segment.index_files()

    # --- after a crash ------------------------------------------------------------------------------------------

    def _read_epochs(self, names: set[str]) -> LeaderEpochs:
        return read_epochs(self._directory, self._path) if LEADER_EPOCH_CHECKPOINT in names else LeaderEpochs()

    def _state_before(self, segments: list[Segment], offset: int) -> ProducerStateManager:
        return load_state(
            self._disk,
            self._path,
            segments,
            log_start_offset=self._log_start_offset,
            end_offset=offset,
            now_ms=self._now_ms,
            expiration_ms=self._config.producer_id_expiration_ms,
            is_clean=False,
        )

    def _recover(self, segments: list[Segment], names: set[str], epochs: LeaderEpochs) -> ProducerStateManager:
        """Scan from the segment that holds the recovery point on; the producers' state at the end."""
        first = 0
        while first + 1 < len(segments) and segments[first + 1].base_offset <= self._recovery_point:
            first += 1
        self._repair_indexes(segments[:first], names)
        if first and segments[first].base_offset == self._recovery_point:
            self._complete_indexes(segments[first - 1])
        epochs.truncate_from_end(segments[first].base_offset)  # what the batches say themselves is better
        self._total_bytes = sum(segment.size for segment in segments[first:])
        state = self._state_before(segments[:first], segments[first].base_offset)
        for number in range(first, len(segments)):
            segment = segments[number]
            truncated = self._recover_segment(segment, state, epochs)
            if number + 1 == len(segments):
                break
            self._seal(segment)
            if take_snapshot(self._disk, self._path, state):
                self._unsynced.append(snapshot_path(self._path, state.map_end_offset))
            if truncated or self._has_lost_records(segment, segments[number + 1]):
                self._act(f"{len(segments) - number - 1} segments behind the damage removed")
                self._remove_segments(segments, number + 1)
                break
        self._buffer = None
        return state

    def _complete_indexes(self, segment: Segment) -> None:
        """The segment before the recovery point: its records are on the disk, its indexes may have come too late."""
        if not indexes_are_complete(segment, self._config.index_interval_bytes):
            self._act(f"indexes of segment {segment.base_offset} rebuilt")
            segment.rebuild_indexes(self._config.index_interval_bytes)
            self._seal(segment)

    def _has_lost_records(self, segment: Segment, following: Segment) -> bool:
        """Whether a power loss has cut a segment exactly between two batches, which its own bytes do not show.

        Kafka goes on behind the hole. Only compaction makes legitimate ones, so elsewhere we end the log before it.
        """
        end = segment.next_offset()
        if self._config.is_compacted or end == following.base_offset:
            return False
        self._act(f"offsets {end} to {following.base_offset - 1} are missing")
        return True

    def _recover_segment(self, segment: Segment, state: ProducerStateManager, epochs: LeaderEpochs) -> int:
        """Check every batch and make the indexes anew; how many bytes had to be cut off."""
        self._refuse_old_format(segment)
        interval = self._config.index_interval_bytes
        segment.start_indexes_empty()
        segment.is_dirty = True
        aborted: list[AbortedTransaction] = []
        next_offset, valid_bytes = segment.base_offset, 0
        for position, header, view in self._scan(segment.file, segment.size):
            last_offset = header.base_offset + header.last_offset_delta
            if header.base_offset < next_offset or header.last_offset_delta < 0 or not segment.can_hold(last_offset):
                self._act(f"offsets {header.base_offset} to {last_offset} cannot follow {next_offset - 1}")
                break
            segment.note_batch(position, header, interval)
            if header.partition_leader_epoch > (epochs.latest_epoch if epochs.entries else -1):  # type: ignore[operator]
                epochs.assign(header.partition_leader_epoch, header.base_offset)
            if header.producer_id >= 0:
                marker = read_marker(view, 0, header) if header.is_control else None
                completed = state.update(header, marker)
                if completed is not None and completed.is_aborted:
                    aborted.append(aborted_entry(completed))
            next_offset, valid_bytes = last_offset + 1, position + header.batch_length + LOG_OVERHEAD
            self._report_progress(valid_bytes)
        state.map_end_offset = max(state.map_end_offset, next_offset)
        self._write_transactions(segment, aborted)
        self.report.scanned_bytes += segment.size
        truncated = segment.size - valid_bytes
        if truncated:
            self._act(f"{truncated} bytes cut off segment {segment.base_offset} at offset {next_offset}")
            self.report.truncated_bytes += truncated
            segment.file.truncate(valid_bytes)
            segment.size = valid_bytes
        return truncated

    def _write_transactions(self, segment: Segment, aborted: list[AbortedTransaction]) -> None:
        """Make the transaction index anew if it is wrong. One that is right stays untouched: it may be on the disk."""
        self._has_aborted |= bool(aborted)
        path = segment.path(TXN_INDEX_SUFFIX)
        known = self._disk.read_bytes(path) if self._disk.exists(path) else b""
        if known != b"".join(map(encode_aborted, aborted)):
            transactions = segment.transactions()
            transactions.reset()
            for each in aborted:
                transactions.append(each)

    def _report_progress(self, segment_bytes: int) -> None:
        done = self.report.scanned_bytes + segment_bytes
        if self._on_progress is not None and done - self._reported_bytes >= PROGRESS_BYTES:
            self._reported_bytes = done
            self._on_progress(self.report.topic_partition, done, self._total_bytes)

    def _scan(self, file: LogFile, size: int) -> Iterator[tuple[int, BatchHeader, memoryview]]:
        """Every whole batch from the start of a file, until the first that is not; the view is valid until the next."""
        if self._buffer is None:
            self._buffer = bytearray(min(size, SCAN_BYTES))
        position = 0
        while position + HEADER_SIZE <= size:
            view = memoryview(self._buffer)
            got = file.read_into(position, view[: size - position])
            at = wanted = 0
            while got - at >= HEADER_SIZE:
                header = read_header(view, at)
                wanted = header.batch_length + LOG_OVERHEAD
                if wanted < HEADER_SIZE or position + at + wanted > size or at + wanted > got:
                    break
                batch = view[at : at + wanted]
                if header.magic != 2 or crc32c(batch[ATTRIBUTES_POSITION:]) != header.crc:
                    return
                yield position + at, header, batch
                at += wanted
            position += at
            if at == 0:
                if not HEADER_SIZE <= wanted <= size - position or wanted <= len(self._buffer):
                    return
                self._buffer = bytearray(wanted)

    def _refuse_old_format(self, segment: Segment) -> None:
        """Whole messages of format 0 or 1 are no damage, but data of another time; they must not be cut off."""
        head = segment.file.read(0, MAGIC_POSITION + 1) if segment.size else b""
        magic = head[MAGIC_POSITION] if len(head) > MAGIC_POSITION else 2
        if magic >= 2:
            return
        size = LOG_OVERHEAD + int.from_bytes(head[8:12], "big")
        message = segment.file.read(0, min(size, segment.size))
        is_whole = SMALLEST_OLD_MESSAGE_BYTES <= size == len(message)
        if is_whole and binascii.crc32(message[MAGIC_POSITION:]) == int.from_bytes(message[12:16], "big"):
            raise KafkaError(
                ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT,
                f"{self._path} holds messages of format {magic}, which Kafka 0.10 and older wrote",
            )


def read_epochs(directory: LogDirectory, path: str) -> LeaderEpochs:
    """The leader epochs of a log; none when there is no file or it cannot be read."""
    try:
        return LeaderEpochs.decode(directory.disk.read_bytes(join(path, LEADER_EPOCH_CHECKPOINT)))
    except (FileNotFoundError, CorruptCheckpoint):
        return LeaderEpochs()
