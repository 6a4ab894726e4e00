"""The framing of stored messages, and what is found where it should not be."""

import pytest

from pykbroker.wire.messages.stored_group_records import GROUP_RECORDS
from pykbroker.wire.messages.stored_groups import OffsetCommitKey, OffsetCommitValue
from pykbroker.wire.messages.stored_metadata import METADATA_RECORDS, TopicRecord
from pykbroker.wire.messages.stored_shares import SHARE_RECORDS
from pykbroker.wire.messages.stored_transactions import TRANSACTION_RECORDS
from pykbroker.wire.schema import WireError
from pykbroker.wire.stored import (
    UnknownRecordError,
    decode_control_key,
    decode_key,
    decode_metadata,
    decode_record,
    decode_value,
    encode_control_key,
    encode_key,
    encode_metadata,
    encode_value,
)

KEY = OffsetCommitKey(group="g", topic="t", partition=3)
VALUE = OffsetCommitValue(offset=7, metadata="m", commit_timestamp=5)


def test_a_coordinator_record_comes_back():
    """The key begins with its type, the value with its version."""
    key, value = encode_key(KEY), encode_value(VALUE, 3)
    assert key[:2] == b"\0\1"
    assert value[:2] == b"\0\3"
    assert decode_key(GROUP_RECORDS, key) == KEY
    assert decode_value(OffsetCommitValue, value) == VALUE
    assert decode_record(GROUP_RECORDS, memoryview(key), memoryview(value)) == (KEY, VALUE)
    assert decode_record(GROUP_RECORDS, key, None) == (KEY, None)


def test_a_metadata_record_comes_back():
    """Frame version, type and version stand before the struct."""
    record = TopicRecord(name="t", topic_id=bytes(range(16)))
    encoded = encode_metadata(record, 0)
    assert encoded[:3] == b"\1\2\0"
    assert decode_metadata(METADATA_RECORDS, encoded) == (record, 0)


@pytest.mark.parametrize(
    ("decode", "data", "error", "text"),
    [
        (lambda data: decode_key(GROUP_RECORDS, data), b"\0\x63", UnknownRecordError, "key of type 99"),
        (lambda data: decode_key(GROUP_RECORDS, data), b"\0", WireError, "1 bytes where an int16"),
        (lambda data: decode_key(GROUP_RECORDS, data), b"\0\1\0\5", WireError, "group at byte 4"),
        (lambda data: decode_value(OffsetCommitValue, data), b"\0\x09abc", WireError, "no version 9"),
        (lambda data: decode_metadata(METADATA_RECORDS, data), b"\1\x63\0", UnknownRecordError, "type 99"),
        (lambda data: decode_metadata(METADATA_RECORDS, data), b"\2\2\0", WireError, "frame version 2"),
        (lambda data: decode_metadata(METADATA_RECORDS, data), b"\1\2", WireError, "no complete metadata record"),
        (lambda data: decode_metadata(METADATA_RECORDS, data), b"\1\2\7", WireError, "no version 7"),
        (decode_control_key, b"\0\0\0", WireError, "not a control record's key"),
    ],
)
def test_what_is_not_a_record_is_a_wire_error(decode, data, error, text):
    """Unknown types are told apart, so that replay may skip them."""
    with pytest.raises(error, match=text):
        decode(data)


def test_a_control_key_comes_back():
    """Version 0 and the type."""
    assert encode_control_key(1) == b"\0\0\0\1"
    assert decode_control_key(b"\0\0\0\1") == 1
    assert decode_control_key(b"\0\1\0\2more") == 2


@pytest.mark.parametrize("types", [GROUP_RECORDS, TRANSACTION_RECORDS, SHARE_RECORDS])
def test_keys_and_values_belong_together(types):
    """The tables pair the classes that have the same number and name."""
    for number, (key_type, value_type) in types.items():
        assert key_type.api_key == value_type.api_key == number
        assert key_type.__name__.removesuffix("Key") == value_type.__name__.removesuffix("Value")


def test_every_metadata_record_has_its_number():
    """All of Apache Kafka 4.3's, none twice."""
    assert sorted(METADATA_RECORDS) == [*range(0, 6), *range(7, 13), 14, 15, *range(17, 29)]
    assert all(record.api_key == number for number, record in METADATA_RECORDS.items())
