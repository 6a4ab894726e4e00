"""How stored messages are framed inside a record's key and value.

Coordinator records (``__consumer_offsets``, ``__transaction_state``, ``__share_group_state``): the key is an
int16 that tells which kind of record it is, then the key's struct; the value is an int16 version, then the
value's struct. A missing value deletes (``CoordinatorRecordSerde``).

Metadata records (``__cluster_metadata``): only a value: frame version 1, the record's type and its version,
each an unsigned varint, then the struct (``MetadataRecordSerde``). Control records have an int16 version and
an int16 type as key (``ControlRecordType``).

Raises ``WireError`` for bytes that are not so; an unknown type is an ``UnknownRecordError``, which replay may
choose to skip.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, TypeVar

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.primitives import MalformedError, encode_uvarint, read_uvarint
from pykbroker.wire.schema import Buffer, WireError

METADATA_FRAME_VERSION = 1

StoredT = TypeVar("StoredT", bound=StoredMessage)
RecordTypes: TypeAlias = Mapping[int, tuple[type[StoredMessage], type[StoredMessage]]]
"""The classes of a coordinator record's key and value by the record's type number."""


class UnknownRecordError(WireError):
    """A record of a type that is not known here: written by a newer version, perhaps."""


def encode_key(key: StoredMessage) -> bytes:
    """A coordinator record's key: its type, then its fields. Keys have one version, 0."""
    return key.api_key.to_bytes(2, "big") + key.encode(0)


def encode_value(value: StoredMessage, version: int) -> bytes:
    """A coordinator record's value: its version, then its fields."""
    return version.to_bytes(2, "big") + value.encode(version)


def decode_key(types: RecordTypes, buffer: Buffer) -> StoredMessage:
    """A coordinator record's key. Raises UnknownRecordError for a type that ``types`` lacks."""
    return _types_of(types, buffer)[0].decode(buffer, 0, 2)


def decode_value(value_type: type[StoredT], buffer: Buffer) -> StoredT:
    """A coordinator record's value; the key's type tells which class it is."""
    return value_type.decode(buffer, _int16(buffer), 2)


def decode_record(types: RecordTypes, key: Buffer, value: Buffer | None) -> tuple[StoredMessage, StoredMessage | None]:
    """A coordinator record's key and value; no value means that the record deletes."""
    key_type, value_type = _types_of(types, key)
    return key_type.decode(key, 0, 2), None if value is None else decode_value(value_type, value)


def _types_of(types: RecordTypes, key: Buffer) -> tuple[type[StoredMessage], type[StoredMessage]]:
    number = _int16(key)
    if number not in types:
        raise UnknownRecordError(f"a record key of type {number}")
    return types[number]


def encode_metadata(record: StoredMessage, version: int) -> bytes:
    """A metadata record in its frame."""
    prefix = bytes((METADATA_FRAME_VERSION, record.api_key)) + encode_uvarint(version)
    return prefix + record.encode(version)


def decode_metadata(types: Mapping[int, type[StoredMessage]], buffer: Buffer) -> tuple[StoredMessage, int]:
    """A metadata record and the version it was written in; ``types`` are the classes by type number."""
    try:
        frame_version, position = read_uvarint(buffer, 0)
        number, position = read_uvarint(buffer, position)
        version, position = read_uvarint(buffer, position)
    except (IndexError, MalformedError):
        raise WireError(f"{len(buffer)} bytes hold no complete metadata record frame") from None
    if frame_version != METADATA_FRAME_VERSION:
        raise WireError(f"a metadata record in frame version {frame_version}")
    if number not in types:
        raise UnknownRecordError(f"a metadata record of type {number}")
    return types[number].decode(buffer, version, position), version


def encode_control_key(control_type: int) -> bytes:
    """The key of a control record, version 0."""
    return b"\0\0" + control_type.to_bytes(2, "big")


def decode_control_key(buffer: Buffer) -> int:
    """The type of a control record; versions above 0 may only add to the end of the key."""
    if _int16(buffer) < 0 or len(buffer) < 4:
        raise WireError(f"{len(buffer)} bytes are not a control record's key")
    return int.from_bytes(buffer[2:4], "big", signed=True)


def _int16(buffer: Buffer) -> int:
    if len(buffer) < 2:
        raise WireError(f"{len(buffer)} bytes where an int16 should stand first")
    return int.from_bytes(buffer[:2], "big", signed=True)
