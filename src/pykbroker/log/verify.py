"""Checking a stopped data directory: files by themselves, and against each other.

``verify_log_directory`` yields findings and changes nothing; it never raises for what is in a file. DAMAGE is what a
broker could not put right without losing records, or would serve wrongly; NOTE is what the next start puts right by
itself: a torn tail after a crash, an index that is missing, leftovers of an interrupted deletion.

Checked per partition: every batch (format, checksum, offsets, leader epochs, on demand every record), every row of both
indexes against the batch it speaks of, aborted transactions and the newest producer snapshot against what the batches
say, leader epochs, ``partition.metadata``. Memory is bounded by the index rows of one segment.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from pykbroker.log.aborted import CorruptTransactionIndex, decode_aborted
from pykbroker.log.checkpoints import (
    LOG_START_OFFSET,
    OFFSET_CHECKPOINTS,
    RECOVERY_POINT,
    CorruptCheckpoint,
    decode_offsets,
)
from pykbroker.log.files import (
    CLEANED_SUFFIX,
    DELETED_SUFFIX,
    INDEX_SUFFIX,
    LEADER_EPOCH_CHECKPOINT,
    LOG_SUFFIX,
    PARTITION_METADATA,
    SNAPSHOT_SUFFIX,
    SWAP_SUFFIX,
    TIME_INDEX_SUFFIX,
    TXN_INDEX_SUFFIX,
    Disk,
    join,
    offset_file_name,
    offset_of_file,
)
from pykbroker.log.leader_epochs import LeaderEpochs
from pykbroker.log.metadata_files import (
    CLEAN_SHUTDOWN,
    META_PROPERTIES,
    BadMetadataFile,
    decode_meta_properties,
    decode_partition_metadata,
    parse_directory_name,
)
from pykbroker.log.producer_snapshot import CorruptSnapshot, decode_snapshot
from pykbroker.log.producer_state import ProducerStateManager, read_marker
from pykbroker.log.producers import snapshot_offsets
from pykbroker.log.verify_indexes import OffsetRows, TimeRows
from pykbroker.names import TopicPartition
from pykbroker.wire.records import HEADER_SIZE, BatchHeader, CorruptRecords, check_crc, iterate_records, read_header

READ_BYTES: Final = 4 * 1024 * 1024
MAX_RELATIVE_OFFSET: Final = 2**31 - 1


class Severity(Enum):
    """How bad it is."""

    NOTE = "note"
    DAMAGE = "damage"


class Finding(NamedTuple):
    """One thing that is not as it should be."""

    severity: Severity
    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.severity.value}: {self.path}: {self.what}"


def _note(path: str, what: str) -> Finding:
    return Finding(Severity.NOTE, path, what)


def _damage(path: str, what: str) -> Finding:
    return Finding(Severity.DAMAGE, path, what)


def verify_log_directory(disk: Disk, path: str, *, records: bool = False) -> Iterator[Finding]:
    """Everything below one of ``log.dirs``. With ``records`` every record is decoded, compressed ones included."""
    is_clean = disk.exists(join(path, CLEAN_SHUTDOWN))
    yield from _verify_meta(disk, join(path, META_PROPERTIES))
    checkpoints: dict[str, dict[TopicPartition, int]] = {}
    for name in OFFSET_CHECKPOINTS:
        file = join(path, name)
        try:
            checkpoints[name] = decode_offsets(disk.read_bytes(file))
        except FileNotFoundError:
            pass
        except CorruptCheckpoint as error:
            yield _note(file, f"{error}; it will be made again")
    for name in sorted(disk.list_directories(path)):
        parsed = parse_directory_name(name)
        if parsed is None or parsed[1]:
            yield _note(join(path, name), "not a partition in use")
            continue
        recovery_point = checkpoints.get(RECOVERY_POINT, {}).get(parsed[0])
        log_start = checkpoints.get(LOG_START_OFFSET, {}).get(parsed[0], 0)
        checker = PartitionVerifier(
            disk, join(path, name), is_clean=is_clean, log_start_offset=log_start, records=records
        )
        yield from checker.findings()
        if recovery_point is not None and recovery_point > checker.next_offset:
            yield _damage(
                join(path, name), f"records up to {recovery_point} were on the disk, it ends at {checker.next_offset}"
            )


def _verify_meta(disk: Disk, path: str) -> Iterator[Finding]:
    try:
        decode_meta_properties(disk.read_bytes(path))
    except FileNotFoundError:
        yield _damage(path, "it is missing: this may not be a log directory")
    except BadMetadataFile as error:
        yield _damage(path, str(error))


class PartitionVerifier:
    """One partition's directory: ``findings`` does it all; afterwards ``next_offset`` is where the log ends."""

    def __init__(
        self, disk: Disk, path: str, *, is_clean: bool, log_start_offset: int = 0, records: bool = False
    ) -> None:
        self._disk = disk
        self._path = path
        self._is_clean = is_clean
        self._log_start_offset = log_start_offset
        self._records = records
        self._state = ProducerStateManager()
        self._latest_epoch = -1
        self._latest_live_epoch = -1
        self._is_last = False
        self.next_offset = 0

    def _severity(self) -> Severity:
        """A broker that was killed leaves loose ends, which the next start ties up."""
        return Severity.DAMAGE if self._is_clean else Severity.NOTE

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong."""
        names = sorted(self._disk.list_directory(self._path))
        bases = [offset_of_file(name) or 0 for name in names if name.endswith(LOG_SUFFIX)]
        for name in names:
            yield from self._verify_name(name, bases)
        yield from self._verify_partition_metadata()
        if bases:
            self.next_offset = bases[0]
            self._state.clear(bases[0])
        for number, base in enumerate(bases):
            self._is_last = number + 1 == len(bases)
            if base < self.next_offset:
                path = self._file(base, LOG_SUFFIX)
                yield _damage(path, f"it begins before offset {self.next_offset}, where the one before it ends")
            yield from self._verify_segment(base, names)
        yield from self._verify_epochs(names)
        yield from self._verify_snapshot(names)

    def _file(self, base: int, suffix: str) -> str:
        return join(self._path, offset_file_name(base, suffix))

    def _verify_name(self, name: str, bases: list[int]) -> Iterator[Finding]:
        if name.endswith((DELETED_SUFFIX, CLEANED_SUFFIX, SWAP_SUFFIX)):
            yield _note(join(self._path, name), "left over; the next start removes it, or completes what it belongs to")
        elif name.endswith((INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX)) and offset_of_file(name) not in bases:
            yield _note(join(self._path, name), "it belongs to no segment")

    def _verify_partition_metadata(self) -> Iterator[Finding]:
        path = join(self._path, PARTITION_METADATA)
        try:
            decode_partition_metadata(self._disk.read_bytes(path))
        except FileNotFoundError:
            yield _note(path, "it is missing")
        except BadMetadataFile as error:
            yield _note(path, str(error))

    # --- one segment --------------------------------------------------------------------------------------------

    def _verify_segment(self, base: int, names: list[str]) -> Iterator[Finding]:
        path = self._file(base, LOG_SUFFIX)
        size = self._disk.size_of(path)
        offsets = OffsetRows(self._disk, self._file(base, INDEX_SUFFIX), base)
        times = TimeRows(self._disk, self._file(base, TIME_INDEX_SUFFIX), base)
        aborted: set[tuple[int, int, int]] = set()
        position = 0
        for position, header, batch in self._batches(path, size):
            problem = self._check_batch(base, header, batch)
            if problem is not None:
                yield _damage(path, f"at position {position}: {problem}")
                break
            offsets.see(position, header)
            times.see(header)
            self._learn(header, batch, aborted)
            self.next_offset = header.next_offset
            self._latest_epoch = max(self._latest_epoch, header.partition_leader_epoch)
            if header.last_offset >= self._log_start_offset:
                self._latest_live_epoch = self._latest_epoch
            position += header.size
        else:
            if position < size:
                loose = self._severity() if self._is_last else Severity.DAMAGE
                yield Finding(loose, path, f"{size - position} bytes at the end are no whole batch")
        if self._is_clean or not self._is_last:  # otherwise they are made again from the log
            yield from self._verify_indexes(offsets, names, size)
            yield from self._verify_indexes(times, names, size)
        yield from self._verify_transactions(base, names, aborted)

    def _verify_indexes(self, rows: OffsetRows | TimeRows, names: list[str], log_bytes: int) -> Iterator[Finding]:
        if log_bytes and rows.path.rpartition("/")[2] not in names:
            yield _note(rows.path, "it is missing; the next start makes it again")
            return
        if rows.is_preallocated:
            yield _note(rows.path, "zeros follow its rows: a broker is running here, or was killed")
        for problem in rows.problems():
            yield Finding(self._severity(), rows.path, problem)

    def _batches(self, path: str, size: int) -> Iterator[tuple[int, BatchHeader, memoryview]]:
        """Stretches that look like batches, one after the other, as far as their lengths make sense."""
        position = start = 0
        data = memoryview(b"")
        while position + HEADER_SIZE <= size:
            at = position - start
            wanted = read_header(data, at).size if at + HEADER_SIZE <= len(data) else READ_BYTES
            if at + wanted > len(data):
                data = memoryview(self._disk.read_range(path, position, max(wanted, READ_BYTES)))
                start, at = position, 0
            header = read_header(data, at)
            if header.size < HEADER_SIZE or position + header.size > size:
                return
            if at + header.size > len(data):
                data = memoryview(self._disk.read_range(path, position, header.size))
                start, at = position, 0
            yield position, header, data[at : at + header.size]
            position += header.size

    def _check_batch(self, base: int, header: BatchHeader, batch: memoryview) -> str | None:
        """What is wrong with a batch, if anything is."""
        if header.magic != 2:
            return f"a batch of format {header.magic}"
        if not check_crc(batch, 0, header):
            return f"the batch at offset {header.base_offset} does not match its checksum"
        if header.base_offset < self.next_offset or header.last_offset_delta < 0:
            return f"offsets {header.base_offset} to {header.last_offset} cannot follow {self.next_offset - 1}"
        if header.last_offset - base > MAX_RELATIVE_OFFSET:
            return f"offset {header.last_offset} is too far from the segment's start"
        if header.partition_leader_epoch < self._latest_epoch:
            return f"leader epoch {header.partition_leader_epoch} comes after {self._latest_epoch}"
        if self._records:
            try:
                for record in iterate_records(batch, 0, header):
                    if not header.base_offset <= record.offset <= header.last_offset:
                        return f"a record has offset {record.offset} in a batch that ends at {header.last_offset}"
            except CorruptRecords as error:
                return f"the batch at offset {header.base_offset}: {error}"
        return None

    # --- state --------------------------------------------------------------------------------------------------

    def _learn(self, header: BatchHeader, batch: memoryview, aborted: set[tuple[int, int, int]]) -> None:
        if header.producer_id < 0:
            return
        try:
            marker = read_marker(batch, 0, header) if header.is_control else None
        except CorruptRecords:
            return
        completed = self._state.update(header, marker)
        if completed is not None and completed.is_aborted:
            aborted.add((completed.producer_id, completed.first_offset, completed.last_offset))

    def _verify_transactions(
        self, base: int, names: list[str], aborted: set[tuple[int, int, int]]
    ) -> Iterator[Finding]:
        path = self._file(base, TXN_INDEX_SUFFIX)
        known: set[tuple[int, int, int]] = set()
        if offset_file_name(base, TXN_INDEX_SUFFIX) in names:
            try:
                known = {each[:3] for each in decode_aborted(self._disk.read_bytes(path))}
            except CorruptTransactionIndex as error:
                yield Finding(self._severity(), path, str(error))
                return
        for producer_id, first_offset, last_offset in sorted(aborted - known):
            if first_offset < self._log_start_offset:
                continue  # it may have been forgotten with the deleted records it began with
            what = f"producer {producer_id}'s transaction from {first_offset} on, aborted at {last_offset}, is missing"
            yield Finding(self._severity(), path, what)
        ends = {(producer_id, last_offset) for producer_id, _, last_offset in aborted}
        for producer_id, first_offset, last_offset in sorted(known - aborted):
            # one that began in a segment which has been deleted is told with its true start here alone
            if (producer_id, last_offset) not in ends and last_offset < self.next_offset and first_offset >= base:
                what = f"producer {producer_id} aborted no transaction from {first_offset} to {last_offset}"
                yield Finding(self._severity(), path, what)

    def _verify_epochs(self, names: list[str]) -> Iterator[Finding]:
        if LEADER_EPOCH_CHECKPOINT not in names:
            if self._latest_live_epoch >= 0 and self._is_clean:
                yield _note(join(self._path, LEADER_EPOCH_CHECKPOINT), "it is missing")
            return
        path = join(self._path, LEADER_EPOCH_CHECKPOINT)
        try:
            epochs = LeaderEpochs.decode(self._disk.read_bytes(path))
        except CorruptCheckpoint as error:
            yield Finding(self._severity(), path, str(error))
            return
        known = -1 if epochs.latest_epoch is None else epochs.latest_epoch
        if known < self._latest_live_epoch:
            yield Finding(self._severity(), path, f"it ends with epoch {known}, the log with {self._latest_live_epoch}")

    def _verify_snapshot(self, names: list[str]) -> Iterator[Finding]:
        """Every snapshot can be read; the one at the log's end says what the batches say."""
        for offset in snapshot_offsets(names):
            path = self._file(offset, SNAPSHOT_SUFFIX)
            try:
                producers = decode_snapshot(self._disk.read_bytes(path))
            except CorruptSnapshot as error:
                yield _note(path, f"{error}; it will be made again")
                continue
            if offset > self.next_offset:
                yield _note(path, f"it is of offset {offset}, the log ends at {self.next_offset}")
            if offset != self.next_offset:
                continue
            for producer in producers:
                seen = self._state.producer(producer.producer_id)
                if seen is None or seen.last_offset < self._log_start_offset:
                    continue  # whose records are all deleted may have been forgotten
                if (seen.epoch, seen.last_sequence) != (producer.epoch, producer.last_sequence):
                    what = f"producer {producer.producer_id} is at sequence {producer.last_sequence} of epoch"
                    yield _damage(path, f"{what} {producer.epoch}, the log says {seen.last_sequence} of {seen.epoch}")
