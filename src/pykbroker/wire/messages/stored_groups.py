"""Records of classic groups and of committed offsets in ``__consumer_offsets``.

The number in ``api_key`` is the record type that its key begins with. All kinds of group:
``stored_group_records.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import ZERO_UUID, Struct, array, data, int32, int64, string, uuid


class LegacyOffsetCommitKey(StoredMessage, api_key=0, versions="0"):
    """A committed offset, as written by the first releases that kept offsets in a topic."""

    group: str = string()
    topic: str = string()
    partition: int = int32()


class LegacyOffsetCommitValue(StoredMessage, api_key=0, versions="0"):
    """The value to it; read by nobody but tools since."""

    offset: int = int64()
    metadata: str = string()
    commit_timestamp: int = int64()


class OffsetCommitKey(StoredMessage, api_key=1, versions="0"):
    """Whose offset: group, topic, partition."""

    group: str = string()
    topic: str = string()
    partition: int = int32()


class OffsetCommitValue(StoredMessage, api_key=1, versions="0-4", flexible="4+"):
    """A committed offset.

    v1  has its own expiry    v3  the leader epoch
    v4  is flexible, so that tags can be added (KIP-915)
    """

    offset: int = int64()
    leader_epoch: int = int32(default=-1, versions="3+")
    metadata: str = string()
    commit_timestamp: int = int64()
    expire_timestamp: int = int64(default=-1, versions="1")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="4+", tag=0)


class GroupMetadataKey(StoredMessage, api_key=2, versions="0"):
    """A classic group."""

    group: str = string()


class MemberMetadata(Struct):
    member_id: str = string()
    group_instance_id: str | None = string(default=None, versions="3+", nullable="3+")
    client_id: str = string()
    client_host: str = string()
    rebalance_timeout: int = int32(default=-1, versions="1+")
    session_timeout: int = int32()
    subscription: bytes = data()
    assignment: bytes = data()


class GroupMetadataValue(StoredMessage, api_key=2, versions="0-4", flexible="4+"):
    """A classic group after a rebalance.

    v2  when its state last changed    v3  static members    v4  flexible (KIP-915)
    """

    protocol_type: str = string()
    generation: int = int32()
    protocol: str | None = string(default=None, nullable="0+")
    leader: str | None = string(default=None, nullable="0+")
    current_state_timestamp: int = int64(default=-1, versions="2+")
    members: Sequence[MemberMetadata] = array(MemberMetadata)
