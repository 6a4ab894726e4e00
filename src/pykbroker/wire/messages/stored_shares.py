"""Records of ``__share_group_state`` (KIP-932): what was delivered and acknowledged, per share-partition."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import Struct, array, int8, int16, int32, int64, string, uuid
from pykbroker.wire.stored import RecordTypes


class ShareSnapshotKey(StoredMessage, api_key=0, versions="0"):
    """The whole state of a share-partition."""

    group_id: str = string()
    topic_id: bytes = uuid()
    partition: int = int32()


class StateBatch(Struct):
    first_offset: int = int64()
    last_offset: int = int64()
    delivery_state: int = int8()
    delivery_count: int = int16()


class ShareSnapshotValue(StoredMessage, api_key=0, versions="0", flexible="0+"):
    """Epochs, start offset and the states of batches after it."""

    snapshot_epoch: int = int32()
    state_epoch: int = int32()
    leader_epoch: int = int32()
    start_offset: int = int64()
    delivery_complete_count: int = int32(default=-1, tag=0)
    create_timestamp: int = int64()
    write_timestamp: int = int64()
    state_batches: Sequence[StateBatch] = array(StateBatch)


class ShareUpdateKey(StoredMessage, api_key=1, versions="0"):
    """A change since the last snapshot of a share-partition."""

    group_id: str = string()
    topic_id: bytes = uuid()
    partition: int = int32()


class ShareUpdateValue(StoredMessage, api_key=1, versions="0", flexible="0+"):
    """What changed: the start offset and some batches."""

    snapshot_epoch: int = int32()
    leader_epoch: int = int32()
    start_offset: int = int64()
    delivery_complete_count: int = int32(default=-1, tag=0)
    state_batches: Sequence[StateBatch] = array(StateBatch)


SHARE_RECORDS: RecordTypes = {
    0: (ShareSnapshotKey, ShareSnapshotValue),
    1: (ShareUpdateKey, ShareUpdateValue),
}
"""The key's and the value's class by type number."""
