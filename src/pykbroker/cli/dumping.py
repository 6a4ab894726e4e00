"""The files of a log directory, line by line: one function per kind of file, found by its name.

Reads files that another process may be writing: a torn last batch is normal there, and is said, not raised.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from pykbroker.log.aborted import CorruptTransactionIndex, decode_aborted
from pykbroker.log.producer_snapshot import CorruptSnapshot, decode_snapshot
from pykbroker.wire.batch_header import BatchHeader
from pykbroker.wire.compression import CorruptRecords
from pykbroker.wire.records import check_crc, iterate_records, magic_at, read_header

CODECS: Final = {0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
OFFSET_ENTRY: Final = struct.Struct(">ii")
TIME_ENTRY: Final = struct.Struct(">qi")
HEADER_SIZE: Final = 61
CURRENT_MAGIC: Final = 2


class Line(NamedTuple):
    """One line of output."""

    text: str
    is_damage: bool = False


def lines_of(path: Path, *, show_records: bool = False, raw: bool = False) -> Iterator[Line]:
    """What stands in a file."""
    if path.suffix == ".log" or path.name.endswith(".checkpoint"):
        yield from _segment(path, show_records, raw)
        return
    reader = _BY_SUFFIX.get(path.suffix) or (_text if _is_text(path) else None)
    if reader is None:
        yield Line("not a file of a kind this command knows", is_damage=False)
    else:
        yield from reader(path)


def _is_text(path: Path) -> bool:
    data = path.read_bytes()[:4096]
    return b"\0" not in data and data.isascii()


def _text(path: Path) -> Iterator[Line]:
    """Checkpoints, meta.properties, partition.metadata: text already."""
    for line in path.read_text().splitlines():
        yield Line(line)


def _segment(path: Path, show_records: bool, raw: bool) -> Iterator[Line]:
    from pykbroker.cli.stored_records import describer_for

    data = memoryview(path.read_bytes())
    describe = None if raw else describer_for(path)
    position = 0
    while position < len(data):
        if len(data) - position < HEADER_SIZE:
            yield Line(f"position {position}: {len(data) - position} bytes that are no whole batch", is_damage=True)
            return
        if magic_at(data, position) != CURRENT_MAGIC:
            yield Line(f"position {position}: message format {magic_at(data, position)}, which stays unread")
            return
        header = read_header(data, position)
        if header.size < HEADER_SIZE or position + header.size > len(data):
            yield Line(f"position {position}: a batch of {header.size} bytes is cut off", is_damage=True)
            return
        yield Line(_batch_text(position, header))
        if not check_crc(data, position, header):
            yield Line(f"position {position}: the checksum is wrong", is_damage=True)
        elif show_records or describe is not None:
            yield from _records(data, position, header, describe)
        position += header.size


def _batch_text(position: int, header: BatchHeader) -> str:
    flags = [
        word
        for word, is_set in (
            ("transactional", header.is_transactional),
            ("control", header.is_control),
            ("log append time", header.is_log_append_time),
        )
        if is_set
    ]
    producer = ""
    if header.producer_id >= 0:
        producer = f"  producer {header.producer_id}/{header.producer_epoch} sequence {header.base_sequence}"
    return (
        f"position {position}: offsets {header.base_offset}-{header.last_offset}  {header.record_count} records"
        f"  {header.size} bytes  epoch {header.partition_leader_epoch}  {CODECS.get(header.compression, '?')}"
        f"  timestamp {header.max_timestamp}{producer}" + "".join(f"  {flag}" for flag in flags)
    )


def _records(
    data: memoryview,
    position: int,
    header: BatchHeader,
    describe: Callable[[bytes | None, bytes | None], str] | None,
) -> Iterator[Line]:
    from pykbroker.cli.stored_records import control_text, plain_text

    try:
        for record in iterate_records(data, position, header):
            if header.is_control:
                words = control_text(record.key)
            else:
                words = (describe or plain_text)(record.key, record.value)
            headers = "".join(f"  {name}={value!r}" for name, value in record.headers)
            yield Line(f"    {record.offset}  {record.timestamp}  {words}{headers}")
    except CorruptRecords as error:
        yield Line(f"position {position}: {error}", is_damage=True)


def _offset_index(path: Path) -> Iterator[Line]:
    base, last = _base_offset(path), -1
    data = path.read_bytes()
    for relative, position in OFFSET_ENTRY.iter_unpack(data[: len(data) // OFFSET_ENTRY.size * OFFSET_ENTRY.size]):
        if relative == position == 0:
            continue  # reserved room
        yield Line(f"offset {base + relative} at position {position}")
        if relative <= last:
            yield Line(f"offset {base + relative} does not follow {base + last}", is_damage=True)
        last = relative


def _time_index(path: Path) -> Iterator[Line]:
    base, last = _base_offset(path), -1
    data = path.read_bytes()
    for timestamp, relative in TIME_ENTRY.iter_unpack(data[: len(data) // TIME_ENTRY.size * TIME_ENTRY.size]):
        if timestamp == relative == 0:
            continue
        yield Line(f"timestamp {timestamp} up to offset {base + relative}")
        if timestamp < last:
            yield Line(f"timestamp {timestamp} comes after {last}", is_damage=True)
        last = timestamp


def _transaction_index(path: Path) -> Iterator[Line]:
    try:
        for each in decode_aborted(path.read_bytes()):
            yield Line(
                f"producer {each.producer_id} aborted offsets {each.first_offset}-{each.last_offset}"
                f"  last stable offset {each.last_stable_offset}"
            )
    except CorruptTransactionIndex as error:
        yield Line(str(error), is_damage=True)


def _producer_snapshot(path: Path) -> Iterator[Line]:
    try:
        producers = decode_snapshot(path.read_bytes())
    except CorruptSnapshot as error:
        yield Line(str(error), is_damage=True)
        return
    for each in producers:
        yield Line(
            f"producer {each.producer_id}/{each.epoch}  last sequence {each.last_sequence}"
            f"  last offset {each.last_offset}  last timestamp {each.last_timestamp}"
            f"  coordinator epoch {each.coordinator_epoch}"
            + (f"  transaction from {each.transaction_first_offset}" if each.transaction_first_offset >= 0 else "")
        )


def _base_offset(path: Path) -> int:
    return int(path.stem) if path.stem.isdigit() else 0


_BY_SUFFIX: Final[dict[str, Callable[[Path], Iterator[Line]]]] = {
    ".index": _offset_index,
    ".timeindex": _time_index,
    ".txnindex": _transaction_index,
    ".snapshot": _producer_snapshot,
}
