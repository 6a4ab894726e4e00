"""Records of the broker's own topics, in words.

Which topic a segment belongs to is told by its directory: ``__consumer_offsets-3`` holds groups and offsets.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final

from pykbroker.wire.describe import explain_message
from pykbroker.wire.schema import WireError
from pykbroker.wire.stored import RecordTypes, decode_control_key, decode_key, decode_metadata

Describe = Callable[[bytes | None, bytes | None], str]

KEYED_TOPICS: Final = {
    "__consumer_offsets": ("stored_group_records", "GROUP_RECORDS"),
    "__transaction_state": ("stored_transactions", "TRANSACTION_RECORDS"),
    "__share_group_state": ("stored_shares", "SHARE_RECORDS"),
}
METADATA_TOPIC: Final = "__cluster_metadata"

CONTROL_TYPES: Final = {
    0: "abort",
    1: "commit",
    2: "leader change",
    3: "snapshot header",
    4: "snapshot footer",
    5: "KRaft version",
    6: "KRaft voters",
}
TEXT_LENGTH: Final = 200


def describer_for(path: Path) -> Describe | None:
    """How to say what records in a segment mean; None for users' topics."""
    topic = path.resolve().parent.name.rpartition("-")[0]
    if topic == METADATA_TOPIC:
        return _metadata_text
    if topic not in KEYED_TOPICS:
        return None
    module, table = KEYED_TOPICS[topic]
    types: RecordTypes = getattr(import_module(f"pykbroker.wire.messages.{module}"), table)
    return lambda key, value: _keyed_text(types, key, value)


def _keyed_text(types: RecordTypes, key: bytes | None, value: bytes | None) -> str:
    try:
        if key is None:
            return plain_text(key, value)
        shown_key = decode_key(types, key)
        key_words = explain_message(type(shown_key), 0, key, 2).line()
        if value is None:
            return f"{key_words}  deleted"
        value_type = types[shown_key.api_key][1]
        version = min(int.from_bytes(value[:2], "big"), value_type.versions.high)
        return f"{key_words}  {explain_message(value_type, version, value, 2).line()}"
    except WireError as error:
        return f"{plain_text(key, value)}  ({error})"


def _metadata_text(key: bytes | None, value: bytes | None) -> str:
    from pykbroker.wire.messages.stored_metadata import METADATA_RECORDS

    try:
        record, version = decode_metadata(METADATA_RECORDS, value or b"")
    except WireError as error:
        return f"{plain_text(key, value)}  ({error})"
    return explain_message(type(record), version, record.encode(version)).line()


def control_text(key: bytes | None) -> str:
    """What a control record says."""
    try:
        kind = decode_control_key(key or b"")
    except WireError as error:
        return f"control record ({error})"
    return f"control record: {CONTROL_TYPES.get(kind, kind)}"


def plain_text(key: bytes | None, value: bytes | None) -> str:
    """Key and value as text where they are text, cut where they are long."""
    return f"key {_shown(key)}  value {_shown(value)}"


def _shown(data: bytes | None) -> str:
    if data is None:
        return "null"
    cut = data[:TEXT_LENGTH]
    more = f"... ({len(data)} bytes)" if len(data) > TEXT_LENGTH else ""
    text = cut.decode("utf-8", "replace")
    is_text = text.isprintable() and "\ufffd" not in text
    return (repr(text) if is_text else f"<{cut.hex(' ')}>") + more
