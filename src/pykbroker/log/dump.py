"""What stands in the files of a log directory, as rows: dictionaries with a `kind` and plain values.

`dump_file` tells the kind of a file by its name, as Kafka does.  `as_text` and `as_json` print a row for people and for
programs.  Reading is streaming and never raises for what is in a file: what is wrong becomes a row of the kind
"problem", and where nothing can be understood behind it, that is the last one.  A torn end is a problem too; the file
may belong to a broker that is writing it.

Nothing here opens files: a `Source` is anything with a size that can be read from.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol, TypeAlias

from pykbroker.log.aborted import ENTRY_SIZE, CorruptTransactionIndex, decode_aborted
from pykbroker.log.checkpoints import CorruptCheckpoint, decode_lines, decode_offsets
from pykbroker.log.files import (
    CLEANED_SUFFIX,
    DELETED_SUFFIX,
    INDEX_SUFFIX,
    LEADER_EPOCH_CHECKPOINT,
    LOG_SUFFIX,
    SNAPSHOT_SUFFIX,
    SWAP_SUFFIX,
    TIME_INDEX_SUFFIX,
    TXN_INDEX_SUFFIX,
    offset_of_file,
)
from pykbroker.log.producer_snapshot import CorruptSnapshot, decode_snapshot
from pykbroker.log.producer_state import Marker, read_marker
from pykbroker.wire.compression import CODEC_NAMES, CorruptRecords
from pykbroker.wire.message_sets import OldMessage, read_messages, unwrap
from pykbroker.wire.records import (
    CONTROL_TYPE_NAMES,
    HEADER_SIZE,
    LOG_OVERHEAD,
    BatchHeader,
    Record,
    check_crc,
    control_type,
    iterate_records,
    magic_at,
    read_header,
)

Row: TypeAlias = dict[str, Any]
Decode: TypeAlias = Callable[[bytes | None, bytes | None], Row]
"""Makes fields of a record's key and value: what the broker's own topics hold."""

_READ_BYTES: Final = 1024 * 1024
_MAX_BATCH_BYTES: Final = 1 << 30
_SMALLEST_MESSAGE: Final = 14
_BATCH_SUFFIXES: Final = (LOG_SUFFIX, ".checkpoint")  # a metadata snapshot is batches, too
_RENAMED: Final = (DELETED_SUFFIX, SWAP_SUFFIX, CLEANED_SUFFIX)

_offset_entry = struct.Struct(">Ii")
_time_entry = struct.Struct(">qI")
_int32 = struct.Struct(">i").unpack_from


class Source(Protocol):
    """A file's content; `LogFile` is one."""

    @property
    def size(self) -> int: ...
    def read(self, position: int, size: int) -> bytes: ...


class BytesSource:
    """Content that is in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, position: int, size: int) -> bytes:
        return self._data[position : position + size]


def dump_file(name: str, source: Source, *, with_records: bool = False, decode: Decode | None = None) -> Iterator[Row]:
    """The rows of a file, by its name without the directory.

    Args:
        with_records: whether single records are shown (DumpLogSegments --deep-iteration).
        decode: turns keys and values of the broker's own topics into fields.
    """
    name = _plain_name(name)
    if name.endswith(_BATCH_SUFFIXES):
        return dump_batches(source, with_records=with_records, decode=decode)
    reader = _reader_of(name)
    if reader is None:
        return iter([_problem(0, f"{name} is no kind of file that a log directory has")])
    return reader(source, offset_of_file(name) or 0)


def is_known(name: str) -> bool:
    """Whether a file of this name can be shown."""
    name = _plain_name(name)
    return name.endswith(_BATCH_SUFFIXES) or _reader_of(name) is not None


def _plain_name(name: str) -> str:
    for suffix in _RENAMED:
        name = name.removesuffix(suffix)
    return name


def _reader_of(name: str) -> Callable[[Source, int], Iterator[Row]] | None:
    return next((reader for suffix, reader in _BY_SUFFIX.items() if name.endswith(suffix)), None)


def as_json(row: Row) -> str:
    """One JSON line.  Bytes are text where they are printable UTF-8, else an object with the one field base64."""
    return json.dumps(row, default=_json_value, ensure_ascii=False)


def as_text(row: Row) -> str:
    """One line for people; what is null, false or empty is left out."""
    words = [
        f"{name.replace('_', ' ')} {_shown(value)}"
        for name, value in row.items()
        if name != "kind" and value is not None and value is not False and value != []
    ]
    return f"{str(row['kind']).replace('_', ' ')}: {', '.join(words)}"


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        text = _text_of(value)
        return f"0x{value.hex()}" if text is None else repr(text)
    if isinstance(value, (dict, list)):
        return as_json(value)  # type: ignore[arg-type]  # lists are printed the same way
    return "yes" if value is True else str(value)


def _json_value(value: object) -> object:
    assert isinstance(value, bytes)
    text = _text_of(value)
    return {"base64": base64.b64encode(value).decode()} if text is None else text


def _text_of(value: bytes) -> str | None:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _problem(position: int, what: str) -> Row:
    return {"kind": "problem", "position": position, "what": what}


# -- batches ----------------------------------------------------------------------------------------------


def dump_batches(source: Source, *, with_records: bool = False, decode: Decode | None = None) -> Iterator[Row]:
    """Every batch of a segment or a metadata snapshot, and its records if asked for."""
    last_offset = -1
    for position, data in _split(source):
        if isinstance(data, str):
            yield _problem(position, data)
            return
        if magic_at(data) < 2:
            yield from _old_messages(position, data, with_records)
            continue
        header = read_header(data)
        yield _batch(position, header)
        if not check_crc(data, 0, header):
            yield _problem(position, f"the checksum {header.crc} does not fit")
            continue
        if header.base_offset <= last_offset or header.last_offset_delta < 0:
            yield _problem(position, f"offsets go back to {header.base_offset} behind {last_offset}")
        last_offset = max(last_offset, header.last_offset)
        if with_records or decode is not None:
            yield from _records(position, data, header, decode)


def _split(source: Source) -> Iterator[tuple[int, bytes | str]]:
    """Each batch's position and bytes; a text instead of the bytes says why there are no more."""
    position, start, data = 0, 0, b""
    while position < source.size:
        if position + HEADER_SIZE > start + len(data):
            start, data = position, source.read(position, _READ_BYTES)
        at = position - start
        left = source.size - position
        if len(data) - at <= LOG_OVERHEAD:
            yield position, f"{left} bytes are no batch"
            return
        size = _int32(data, at + 8)[0] + LOG_OVERHEAD
        if not any(data[at : at + LOG_OVERHEAD]):
            yield position, f"{left} bytes begin with zeros: room that was reserved"
            return
        if size < _SMALLEST_MESSAGE + LOG_OVERHEAD or size > _MAX_BATCH_BYTES:
            yield position, f"a batch of {size} bytes cannot be"
            return
        if size > left:
            yield position, f"a batch of {size} bytes is cut off after {left}"
            return
        if at + size > len(data):
            start, data, at = position, source.read(position, max(size, _READ_BYTES)), 0
        batch = data[at : at + size]
        magic = magic_at(batch)
        if magic > 2 or (magic == 2 and size < HEADER_SIZE):
            yield position, f"{size} bytes of message format {magic} cannot be"
            return
        yield position, batch
        position += size


def _batch(position: int, header: BatchHeader) -> Row:
    has_producer = header.producer_id >= 0
    return {
        "kind": "batch",
        "position": position,
        "size": header.size,
        "base_offset": header.base_offset,
        "last_offset": header.last_offset,
        "record_count": header.record_count,
        "leader_epoch": header.partition_leader_epoch,
        "compression": CODEC_NAMES[header.compression] if header.compression < len(CODEC_NAMES) else "unknown",
        "timestamp_type": "LogAppendTime" if header.is_log_append_time else "CreateTime",
        "max_timestamp": header.max_timestamp,
        "producer_id": header.producer_id if has_producer else None,
        "producer_epoch": header.producer_epoch if has_producer else None,
        "base_sequence": header.base_sequence if has_producer else None,
        "last_sequence": header.last_sequence if has_producer else None,
        "is_transactional": header.is_transactional,
        "is_control": header.is_control,
        "delete_horizon_ms": header.delete_horizon_ms,
        "crc": header.crc,
    }


def _records(position: int, data: bytes, header: BatchHeader, decode: Decode | None) -> Iterator[Row]:
    try:
        marker = read_marker(data, 0, header) if header.is_control else None
        for record in iterate_records(data, 0, header):
            if header.is_control:
                yield _control_record(record, marker)
            else:
                yield _record(record) | (decode(record.key, record.value) if decode else {})
    except CorruptRecords as error:
        yield _problem(position, str(error))


def _record(record: Record | OldMessage) -> Row:
    row: Row = {"kind": "record", "offset": record.offset, "timestamp": record.timestamp}
    row |= {"key": record.key, "value": record.value}
    if isinstance(record, Record):
        row["headers"] = [[name, value] for name, value in record.headers]
    return row


def _control_record(record: Record, marker: Marker | None) -> Row:
    kind = control_type(record.key)
    row: Row = {"kind": "control_record", "offset": record.offset, "timestamp": record.timestamp}
    row["type"] = CONTROL_TYPE_NAMES[kind] if kind >= 0 else "unknown"
    if marker is not None:
        row["coordinator_epoch"] = marker.coordinator_epoch
    else:
        row["value"] = record.value
    return row


def _old_messages(position: int, data: bytes, with_records: bool) -> Iterator[Row]:
    """One message of format 0 or 1, from before Kafka 0.11."""
    try:
        for message in read_messages(data):
            yield {
                "kind": "message",
                "position": position,
                "size": len(data),
                "offset": message.offset,
                "magic": message.magic,
                "compression": CODEC_NAMES[message.compression] if message.compression < 5 else "unknown",
                "timestamp": message.timestamp,
            }
            if not message.crc_is_right:
                yield _problem(position, "the checksum does not fit")
            elif with_records:
                yield from map(_record, unwrap(message) if message.compression else [message])
    except CorruptRecords as error:
        yield _problem(position, str(error))


# -- what stands beside the batches -----------------------------------------------------------------------


def _dump_offset_index(source: Source, base_offset: int) -> Iterator[Row]:
    last_relative, last_position = -1, -1
    for at, (relative, position) in _entries(source, _offset_entry):
        if relative == position == 0 and at:
            return  # room that Kafka has reserved
        yield {"kind": "offset_index_entry", "offset": base_offset + relative, "position": position}
        if relative <= last_relative or position <= last_position:
            yield _problem(at, f"offset {base_offset + relative} does not follow {base_offset + last_relative}")
        last_relative, last_position = relative, position
    yield from _torn(source, _offset_entry.size)


def _dump_time_index(source: Source, base_offset: int) -> Iterator[Row]:
    last_timestamp = -2
    for at, (timestamp, relative) in _entries(source, _time_entry):
        if timestamp == relative == 0 and at:
            return
        yield {"kind": "time_index_entry", "timestamp": timestamp, "offset": base_offset + relative}
        if timestamp <= last_timestamp:
            yield _problem(at, f"timestamp {timestamp} does not follow {last_timestamp}")
        last_timestamp = timestamp
    yield from _torn(source, _time_entry.size)


def _entries(source: Source, entry: struct.Struct) -> Iterator[tuple[int, tuple[int, int]]]:
    step = _READ_BYTES // entry.size * entry.size
    for start in range(0, source.size, step):
        data = source.read(start, step)
        whole = len(data) // entry.size * entry.size
        for number, (first, second) in enumerate(entry.iter_unpack(data[:whole])):
            yield start + number * entry.size, (first, second)


def _torn(source: Source, entry_size: int) -> Iterator[Row]:
    if rest := source.size % entry_size:
        yield _problem(source.size - rest, f"{rest} bytes are no whole entry")


def _dump_transaction_index(source: Source, base_offset: int) -> Iterator[Row]:
    last_offset = base_offset - 1
    try:
        for number, aborted in enumerate(decode_aborted(source.read(0, source.size))):
            yield {"kind": "aborted_transaction", **aborted._asdict()}
            if aborted.last_offset <= last_offset or aborted.first_offset > aborted.last_offset:
                what = f"a transaction that ends at {aborted.last_offset} does not follow {last_offset}"
                yield _problem(number * ENTRY_SIZE, what)
            last_offset = aborted.last_offset
    except CorruptTransactionIndex as error:
        yield _problem(0, str(error))
    yield from _torn(source, ENTRY_SIZE)


def _dump_snapshot(source: Source, offset: int) -> Iterator[Row]:
    try:
        producers = decode_snapshot(source.read(0, source.size))
    except CorruptSnapshot as error:
        yield _problem(0, str(error))
        return
    for producer in producers:
        first_offset = producer.transaction_first_offset
        yield {
            "kind": "producer",
            "producer_id": producer.producer_id,
            "producer_epoch": producer.epoch,
            "last_sequence": producer.last_sequence,
            "last_offset": producer.last_offset,
            "last_timestamp": producer.last_timestamp,
            "coordinator_epoch": producer.coordinator_epoch,
            "transaction_first_offset": first_offset if first_offset >= 0 else None,
        }


def _dump_offsets(source: Source, base_offset: int) -> Iterator[Row]:
    try:
        offsets = decode_offsets(source.read(0, source.size))
    except CorruptCheckpoint as error:
        yield _problem(0, str(error))
        return
    for (topic, partition), offset in offsets.items():
        yield {"kind": "checkpoint", "topic": topic, "partition": partition, "offset": offset}


def _dump_leader_epochs(source: Source, base_offset: int) -> Iterator[Row]:
    try:
        lines = decode_lines(source.read(0, source.size))
    except CorruptCheckpoint as error:
        yield _problem(0, str(error))
        return
    for line in lines:
        epoch, _, start_offset = line.partition(" ")
        if epoch.isdigit() and start_offset.isdigit():
            yield {"kind": "leader_epoch", "epoch": int(epoch), "start_offset": int(start_offset)}
        else:
            yield _problem(0, f"{line!r} is not an epoch and an offset")


def _dump_properties(source: Source, base_offset: int) -> Iterator[Row]:
    """`meta.properties` and `partition.metadata`: a name and a value per line."""
    for line in source.read(0, source.size).decode("utf-8", "replace").splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.replace(":", "=", 1).partition("=") if "=" not in line else line.partition("=")
            yield {"kind": "property", "name": name.strip(), "value": value.strip()}


def _dump_state(source: Source, base_offset: int) -> Iterator[Row]:
    """`quorum-state` and `.kafka_cleanshutdown`: one JSON object."""
    try:
        state = json.loads(source.read(0, source.size) or b"{}")  # before KIP-966 the marker was empty
    except ValueError as error:
        yield _problem(0, f"it is not JSON: {error}")
        return
    yield {"kind": "state", "state": state}


_BY_SUFFIX: Final[dict[str, Callable[[Source, int], Iterator[Row]]]] = {
    TIME_INDEX_SUFFIX: _dump_time_index,
    TXN_INDEX_SUFFIX: _dump_transaction_index,
    INDEX_SUFFIX: _dump_offset_index,
    SNAPSHOT_SUFFIX: _dump_snapshot,
    LEADER_EPOCH_CHECKPOINT: _dump_leader_epochs,
    "-checkpoint": _dump_offsets,
    "meta.properties": _dump_properties,
    "partition.metadata": _dump_properties,
    "quorum-state": _dump_state,
    ".kafka_cleanshutdown": _dump_state,
}
