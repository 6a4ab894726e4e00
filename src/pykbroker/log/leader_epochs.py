"""Which leader wrote which offsets: epoch → first offset of that epoch (KIP-101, Kafka's LeaderEpochFileCache).

Epochs and their offsets both rise; an entry that contradicts this replaces what it contradicts.  A follower finds
with `end_offset_for` where it must truncate; a consumer, whether its position was truncated away.  The caller writes
`encode` to `leader-epoch-checkpoint` whenever a method says that something changed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from pykbroker.log.checkpoints import CorruptCheckpoint, decode_lines, encode_lines

UNDEFINED_EPOCH: Final = -1
UNDEFINED_OFFSET: Final = -1


class EpochEntry(NamedTuple):
    """An epoch and where it began."""

    epoch: int
    start_offset: int


_epoch = itemgetter(0)
_start_offset = itemgetter(1)


class LeaderEpochs:
    """The epochs of one partition.  Entries are a tuple that is replaced: it changes once per leader."""

    __slots__ = ("entries",)

    def __init__(self, entries: Sequence[EpochEntry] = ()) -> None:
        self.entries = tuple(entries)

    @property
    def latest_epoch(self) -> int | None:
        return self.entries[-1].epoch if self.entries else None

    @property
    def latest_entry(self) -> EpochEntry | None:
        return self.entries[-1] if self.entries else None

    def assign(self, epoch: int, start_offset: int) -> bool:
        """Note that records from `start_offset` on are of `epoch`; whether that was news."""
        entries = self.entries
        if entries and epoch == entries[-1].epoch and start_offset >= entries[-1].start_offset:
            return False
        assert epoch >= 0, "a batch's leader epoch is assigned before it is appended"
        assert start_offset >= 0
        kept = len(entries)
        while kept and (entries[kept - 1].epoch >= epoch or entries[kept - 1].start_offset >= start_offset):
            kept -= 1
        self.entries = (*entries[:kept], EpochEntry(epoch, start_offset))
        return True

    def end_offset_for(self, epoch: int, log_end_offset: int) -> tuple[int, int]:
        """The largest epoch known up to `epoch` and where it ended; (-1, -1) when nothing can be said.

        The end of an epoch is the start of the next one, and the log's end for the latest.
        """
        entries = self.entries
        if epoch == UNDEFINED_EPOCH or not entries or epoch > entries[-1].epoch:
            return UNDEFINED_EPOCH, UNDEFINED_OFFSET
        if epoch == entries[-1].epoch:
            return epoch, log_end_offset
        following = bisect_right(entries, epoch, key=_epoch)
        found = entries[following - 1].epoch if following else epoch
        return found, entries[following].start_offset

    def epoch_for_offset(self, offset: int) -> int | None:
        """The epoch that the record at `offset` was written in."""
        following = bisect_right(self.entries, offset, key=_start_offset)
        return self.entries[following - 1].epoch if following else None

    def start_offset_of(self, epoch: int) -> int | None:
        at = bisect_left(self.entries, epoch, key=_epoch)
        if at < len(self.entries) and self.entries[at].epoch == epoch:
            return self.entries[at].start_offset
        return None

    def truncate_from_end(self, end_offset: int) -> bool:
        """Forget epochs that began at `end_offset` or behind it."""
        kept = bisect_left(self.entries, end_offset, key=_start_offset)
        if end_offset < 0 or kept == len(self.entries):
            return False
        self.entries = self.entries[:kept]
        return True

    def truncate_from_start(self, start_offset: int) -> bool:
        """Forget epochs that ended before `start_offset`; the one it lies in begins there from now on."""
        following = bisect_right(self.entries, start_offset, key=_start_offset)
        if not following or (following == 1 and self.entries[0].start_offset == start_offset):
            return False
        first = EpochEntry(self.entries[following - 1].epoch, start_offset)
        self.entries = (first, *self.entries[following:])
        return True

    def clear(self) -> bool:
        """Forget everything."""
        had_entries = bool(self.entries)
        self.entries = ()
        return had_entries

    def encode(self) -> bytes:
        """The bytes of a `leader-epoch-checkpoint` file."""
        return encode_lines(f"{epoch} {start_offset}" for epoch, start_offset in self.entries)

    @staticmethod
    def decode(data: bytes) -> LeaderEpochs:
        """Read a `leader-epoch-checkpoint` file; raises `CorruptCheckpoint`."""
        epochs = LeaderEpochs()
        for line in decode_lines(data):
            try:
                epoch, start_offset = map(int, line.split())
            except ValueError:
                raise CorruptCheckpoint(f"{line!r} is not an epoch and an offset") from None
            if epoch < 0 or start_offset < 0:
                raise CorruptCheckpoint(f"{line!r} has a negative number")
            epochs.assign(epoch, start_offset)
        return epochs
