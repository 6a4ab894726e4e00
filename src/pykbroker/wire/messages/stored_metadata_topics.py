"""Metadata records about topics, partitions and configurations."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import array, int8, int32, string, uuid


class TopicRecord(StoredMessage, api_key=2, versions="0", flexible="0+"):
    """A topic was created."""

    name: str = string()
    topic_id: bytes = uuid()


class RemoveTopicRecord(StoredMessage, api_key=9, versions="0", flexible="0+"):
    """A topic was deleted, with its partitions."""

    topic_id: bytes = uuid()


class PartitionRecord(StoredMessage, api_key=3, versions="0-2", flexible="0+"):
    """A partition as a whole. v1 directories (KIP-858); v2 eligible leader replicas (KIP-966)."""

    partition_id: int = int32(default=-1)
    topic_id: bytes = uuid()
    replicas: Sequence[int] = array(int32())
    isr: Sequence[int] = array(int32())
    removing_replicas: Sequence[int] = array(int32(), default=())
    adding_replicas: Sequence[int] = array(int32(), default=())
    leader: int = int32(default=-1)
    leader_recovery_state: int = int8(default=0, tag=0)
    leader_epoch: int = int32(default=-1)
    partition_epoch: int = int32(default=-1)
    directories: Sequence[bytes] = array(uuid(), default=(), versions="1+")
    eligible_leader_replicas: Sequence[int] | None = array(int32(), default=None, versions="2+", nullable="2+", tag=1)
    last_known_elr: Sequence[int] | None = array(int32(), default=None, versions="2+", nullable="2+", tag=2)


class PartitionChangeRecord(StoredMessage, api_key=5, versions="0-2", flexible="0+"):
    """What changed in a partition; what did not is left out.

    v1  directories (KIP-858)    v2  eligible leader replicas (KIP-966)
    """

    partition_id: int = int32(default=-1)
    topic_id: bytes = uuid()
    isr: Sequence[int] | None = array(int32(), default=None, nullable="0+", tag=0)
    leader: int = int32(default=-2, tag=1)
    replicas: Sequence[int] | None = array(int32(), default=None, nullable="0+", tag=2)
    removing_replicas: Sequence[int] | None = array(int32(), default=None, nullable="0+", tag=3)
    adding_replicas: Sequence[int] | None = array(int32(), default=None, nullable="0+", tag=4)
    leader_recovery_state: int = int8(default=-1, tag=5)
    directories: Sequence[bytes] | None = array(uuid(), default=None, versions="1+", nullable="1+", tag=8)
    eligible_leader_replicas: Sequence[int] | None = array(int32(), default=None, versions="2+", nullable="2+", tag=6)
    last_known_elr: Sequence[int] | None = array(int32(), default=None, versions="2+", nullable="2+", tag=7)


class ClearElrRecord(StoredMessage, api_key=28, versions="0", flexible="0+"):
    """Forgets eligible leader replicas of one topic, or of all if it has no name (KIP-966)."""

    topic_name: str = string()


class ConfigRecord(StoredMessage, api_key=4, versions="0", flexible="0+"):
    """An entry of a configuration was set, or with a null value removed."""

    resource_type: int = int8()
    resource_name: str = string()
    name: str = string()
    value: str | None = string(default=None, nullable="0+")
