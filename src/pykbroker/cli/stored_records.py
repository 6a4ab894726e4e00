"""Records of the broker's own topics, as what they mean: functions for ``log.dump`` that make fields of key and value.

Which topic a segment belongs to is told by its directory: ``__consumer_offsets-3`` holds groups and offsets. What
cannot be read stays as it is, and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from pykbroker.log.dump import Decode, Row
from pykbroker.wire.api import Message
from pykbroker.wire.describe import Explanation, explain_message
from pykbroker.wire.schema import WireError
from pykbroker.wire.stored import RecordTypes, decode_key, decode_metadata

Show = Callable[[Explanation], Any]

KEYED_TOPICS: Final = {
    "__consumer_offsets": ("stored_group_records", "GROUP_RECORDS"),
    "__transaction_state": ("stored_transactions", "TRANSACTION_RECORDS"),
    "__share_group_state": ("stored_shares", "SHARE_RECORDS"),
}
METADATA_TOPIC: Final = "__cluster_metadata"


def decoder_for(path: Path, *, as_json: bool) -> Decode | None:
    """How to say what records in a segment mean; None for users' topics."""
    topic = path.resolve().parent.name.rpartition("-")[0]
    show = _as_fields if as_json else Explanation.line
    if topic == METADATA_TOPIC or path.name == "bootstrap.checkpoint":
        return partial(_metadata, show)
    if topic not in KEYED_TOPICS:
        return None
    module, table = KEYED_TOPICS[topic]
    types: RecordTypes = getattr(import_module(f"pykbroker.wire.messages.{module}"), table)
    return partial(_keyed, show, types)


def _as_fields(explanation: Explanation) -> dict[str, Any]:
    name, _, version = explanation.title.rpartition(" v")
    return {"type": name, "version": int(version), "data": explanation.fields()}


def _keyed(show: Show, types: RecordTypes, key: bytes | None, value: bytes | None) -> Row:
    if key is None:
        return {"unread": "it has no key"}
    try:
        shown_key = decode_key(types, key)
        row: Row = {"key": show(explain_message(type(shown_key), 0, key, 2))}
        if value is None:
            return row | {"deleted": True}
        value_type = types[shown_key.api_key][1]
        version = min(int.from_bytes(value[:2], "big"), value_type.versions.high)
        return row | {"value": show(_whole(explain_message(value_type, version, value, 2)))}
    except WireError as error:
        return {"unread": str(error)}


def _metadata(show: Show, key: bytes | None, value: bytes | None) -> Row:
    from pykbroker.wire.messages.stored_metadata import METADATA_RECORDS

    try:
        record, version = decode_metadata(METADATA_RECORDS, value or b"")
    except WireError as error:
        return {"unread": str(error)}
    record_type: type[Message] = type(record)
    return {"value": show(explain_message(record_type, version, record.encode(version)))}


def _whole(explanation: Explanation) -> Explanation:
    if explanation.stopped_by is not None:
        raise explanation.stopped_by
    return explanation
