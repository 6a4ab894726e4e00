"""The producers of one log and the snapshot files that remember them.

The invariant: the state is that of every batch below ``map_end_offset``. It is made of the newest snapshot that fits
and the batches behind it, and only when somebody asks: a log that is opened after a clean shutdown and never written
to does not even read its snapshot.

Snapshots are taken when a segment rolls (named after the new segment) and when the log closes (named after its end).
Kafka: UnifiedLog.rebuildProducerState and the file half of ProducerStateManager.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from pykbroker.log.aborted import AbortedTransaction
from pykbroker.log.files import SNAPSHOT_SUFFIX, Disk, join, offset_file_name, offset_of_file
from pykbroker.log.producer_snapshot import CorruptSnapshot, decode_snapshot, encode_snapshot, stray_snapshots
from pykbroker.log.producer_state import CompletedTransaction, Marker, ProducerStateManager, read_marker
from pykbroker.wire.records import BatchHeader

if TYPE_CHECKING:
    from pykbroker.log.segment import Segment

EMPTY_SNAPSHOT_BYTES: Final = 10


def snapshot_path(directory: str, offset: int) -> str:
    """Where the snapshot taken at an offset is."""
    return join(directory, offset_file_name(offset, SNAPSHOT_SUFFIX))


def snapshot_offsets(names: Iterable[str]) -> list[int]:
    """Offsets of all snapshots among the names of a log's files, ascending."""
    found = (offset_of_file(name) for name in names if name.endswith(SNAPSHOT_SUFFIX))
    return sorted(offset for offset in found if offset is not None)


def remove_strays(disk: Disk, directory: str, names: Iterable[str], bases: Sequence[int]) -> None:
    """Remove snapshots that belong to no segment, but for the newest."""
    for offset in stray_snapshots(snapshot_offsets(names), bases):
        disk.remove_file(snapshot_path(directory, offset))


def take_snapshot(disk: Disk, directory: str, state: ProducerStateManager) -> bool:
    """Write what is known to a file named after ``map_end_offset``; not if the newest file says the same."""
    if not state.should_snapshot():
        return False
    disk.write_file(snapshot_path(directory, state.map_end_offset), encode_snapshot(list(state)))
    state.snapshot_offset = state.map_end_offset
    return True


def load_state(
    disk: Disk,
    directory: str,
    segments: Sequence[Segment],
    *,
    log_start_offset: int,
    end_offset: int,
    now_ms: int,
    expiration_ms: int,
    is_clean: bool,
) -> ProducerStateManager:
    """What the log knows of producers at ``end_offset``: the newest snapshot that can be read, and the batches since.

    Snapshots beyond ``end_offset`` are of records that are gone, and are removed. Without any snapshot a log that was
    closed in good order has none because no producer ever wrote to it (``is_clean``); else every batch is looked at.
    """
    state = ProducerStateManager(log_start_offset)
    offsets = snapshot_offsets(disk.list_directory(directory))
    for offset in offsets:
        if offset > end_offset:
            disk.remove_file(snapshot_path(directory, offset))
    usable = [offset for offset in offsets if log_start_offset <= offset <= end_offset]
    if not usable and is_clean:
        state.clear(end_offset)
        return state
    while usable:
        offset = usable.pop()
        path = snapshot_path(directory, offset)
        try:
            producers = decode_snapshot(disk.read_bytes(path))
        except CorruptSnapshot:
            disk.remove_file(path)
            continue
        state.load(producers, offset, now_ms, expiration_ms)
        break
    replay(state, segments, end_offset)
    return state


def replay(state: ProducerStateManager, segments: Sequence[Segment], end_offset: int) -> None:
    """Learn from every batch between where the state is and ``end_offset``."""
    start = state.map_end_offset
    for segment, position, header in _batches_between(segments, start, end_offset):
        if header.producer_id < 0:
            continue
        marker = read_marker(segment.read_batch(position, header), 0, header) if header.is_control else None
        state.update(header, marker)
    state.map_end_offset = max(start, end_offset)


def _batches_between(
    segments: Sequence[Segment], start_offset: int, end_offset: int
) -> Iterator[tuple[Segment, int, BatchHeader]]:
    for number, segment in enumerate(segments):
        is_before = number + 1 < len(segments) and segments[number + 1].base_offset <= start_offset
        if is_before or start_offset >= end_offset:
            continue
        for position, header in segment.headers(segment.position_of(start_offset)):
            if header.base_offset >= end_offset:
                return
            yield segment, position, header


def learn(state: ProducerStateManager, header: BatchHeader, marker: Marker | None, segment: Segment) -> bool:
    """Learn from a batch that has been appended or recovered; whether it aborted a transaction."""
    completed = state.update(header, marker)
    if completed is None or not completed.is_aborted:
        return False
    segment.transactions().append(aborted_entry(completed))
    return True


def aborted_entry(completed: CompletedTransaction) -> AbortedTransaction:
    """What the transaction index keeps of an aborted transaction."""
    return AbortedTransaction(
        completed.producer_id, completed.first_offset, completed.last_offset, completed.last_stable_offset
    )
