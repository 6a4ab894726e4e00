"""LogState: what a log is made of, and how its parts come into being.

Four offsets, segments, leader epochs, producers. Substructures are read from the disk or made when they are needed: an
empty partition is this object and one segment object, and one that nobody uses after a restart stays at that.
The invariants are those of ``Log``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from pykbroker.log.config import MAX_LONG, LogConfig
from pykbroker.log.directory import LogDirectory
from pykbroker.log.leader_epochs import LeaderEpochs
from pykbroker.log.producer_state import ProducerStateManager
from pykbroker.log.producers import load_state
from pykbroker.log.recovery import Loaded, read_epochs
from pykbroker.log.segment import Segment
from pykbroker.names import TopicPartition

T = TypeVar("T")

NOT_LOADED: Final = -2
"""The latest epoch before anybody has asked for it."""


class LogState:
    """One partition's segments, offsets, epochs and producers."""

    __slots__ = (
        "_directory",
        "_epochs",
        "_epochs_are_dirty",
        "_first_unstable_offset",
        "_high_watermark",
        "_is_clean",
        "_latest_epoch",
        "_segments",
        "_state",
        "_unsynced",
        "config",
        "has_rolled",
        "has_transactions",
        "last_flushed_ms",
        "log_end_offset",
        "log_start_offset",
        "path",
        "recovery_point",
        "topic_id",
        "topic_partition",
        "truncations",
    )

    def __init__(
        self, directory: LogDirectory, path: str, topic_partition: TopicPartition, topic_id: bytes, config: LogConfig
    ) -> None:
        self._directory = directory
        self.path = path
        self.topic_partition = topic_partition
        self.topic_id = topic_id
        self.config = config
        self.log_start_offset = 0
        self.log_end_offset = 0
        """The offset that the next record will get."""
        self._high_watermark = 0
        self._first_unstable_offset: int | None = None
        self.recovery_point = 0
        """Everything below is known to be on the disk."""
        self.last_flushed_ms = -1
        self._segments: list[Segment] = [Segment(directory.disk, path, 0)]
        self._is_clean = True
        self._state: ProducerStateManager | None = ProducerStateManager()
        self._epochs: LeaderEpochs | None = LeaderEpochs()
        self._latest_epoch = NOT_LOADED
        self._epochs_are_dirty = False
        self.has_transactions = False
        """Whether any transaction was ever aborted here: otherwise there is nothing to look for."""
        self.truncations = 0
        """How often records have been taken back: whoever copies the log must look again."""
        self._unsynced: list[str] | None = None
        """Indexes and snapshots that were written and not flushed."""
        self.has_rolled = False
        """Whether a segment was finished that nobody has flushed yet."""

    def _take(self, loaded: Loaded, is_clean: bool, high_watermark: int) -> None:
        """Become what a directory holds."""
        self._segments = loaded.segments
        self.log_start_offset = loaded.log_start_offset
        self.log_end_offset = loaded.log_end_offset
        self.recovery_point = loaded.recovery_point
        self._high_watermark = min(max(high_watermark, loaded.log_start_offset), loaded.log_end_offset)
        self.has_transactions = loaded.has_transactions
        self._is_clean = is_clean
        self._state = loaded.state
        self._epochs = loaded.epochs
        self._epochs_are_dirty = loaded.epochs is not None
        self._unsynced = loaded.unsynced or None
        self.has_rolled = bool(loaded.unsynced)
        if self._state is not None:
            self._state.on_high_watermark(self._high_watermark)
            self._first_unstable_offset = self._state.first_unstable_offset

    # --- what it is made of -------------------------------------------------------------------------------------

    @property
    def directory(self) -> LogDirectory:
        """The log directory (of ``log.dirs``) that it lives in."""
        return self._directory

    @property
    def segments(self) -> Sequence[Segment]:
        """From the oldest to the active one."""
        return self._segments

    @property
    def size_bytes(self) -> int:
        """Bytes of batches in all segments."""
        return sum(segment.size for segment in self._segments)

    @property
    def high_watermark(self) -> int:
        """Everything below is on every in-sync replica: what consumers may see."""
        return self._high_watermark

    @high_watermark.setter
    def high_watermark(self, offset: int) -> None:
        """It only ever grows, and not beyond the log's end; truncation alone takes it back."""
        if offset > self._high_watermark:
            self._high_watermark = min(offset, self.log_end_offset)
            if self._first_unstable_offset is not None:
                self.producers.on_high_watermark(self._high_watermark)
                self._first_unstable_offset = self.producers.first_unstable_offset

    @property
    def last_stable_offset(self) -> int:
        """Everything below belongs to no open transaction: what read_committed consumers may see."""
        if self._state is None:
            self._load_state()
        first = self._first_unstable_offset
        if first is None or first > self._high_watermark:
            return self._high_watermark
        return max(first, self.log_start_offset)

    @property
    def producers(self) -> ProducerStateManager:
        """What is known of producers, read from disk if it was not yet."""
        return self._load_state() if self._state is None else self._state

    def _load_state(self) -> ProducerStateManager:
        try:
            state = load_state(
                self._directory.disk,
                self.path,
                self._segments,
                log_start_offset=self.log_start_offset,
                end_offset=self.log_end_offset,
                now_ms=0,
                expiration_ms=MAX_LONG,
                is_clean=self._is_clean,
            )
        except OSError as error:
            raise self._directory.failed(error) from error
        state.on_high_watermark(self._high_watermark)
        self._state = state
        self._first_unstable_offset = state.first_unstable_offset
        return state

    @property
    def epochs(self) -> LeaderEpochs:
        """Leader epochs, read from disk if they were not yet."""
        if self._epochs is None:
            try:
                self._epochs = read_epochs(self._directory, self.path)
            except OSError as error:
                raise self._directory.failed(error) from error
            self._epochs.truncate_from_end(self.log_end_offset)
        return self._epochs

    def assign_epoch(self, epoch: int) -> None:
        """A leader of this epoch begins: its first record will be at the log's end (KIP-101)."""
        self._note_epoch(epoch, self.log_end_offset)

    def _note_epoch(self, epoch: int, start_offset: int) -> None:
        if epoch >= 0 and self.epochs.assign(epoch, start_offset):
            self._epochs_are_dirty = True
        self._latest_epoch = epoch

    def _require_online(self) -> None:
        if self._directory.failure is not None:
            raise self._directory.offline_error()

    def _number_of(self, offset: int) -> int:
        """Which segment an offset belongs to."""
        return max(bisect_right(self._segments, offset, key=base_offset_of) - 1, 0)

    def _look_up(self, question: Callable[[], T]) -> T:
        self._require_online()
        try:
            return question()
        except OSError as error:
            raise self._directory.failed(error) from error

    def reconfigure(self, config: LogConfig) -> None:
        """Take on another configuration, for what comes from now on."""
        self.config = config


def base_offset_of(segment: Segment) -> int:
    """What segments are in the order of."""
    return segment.base_offset
