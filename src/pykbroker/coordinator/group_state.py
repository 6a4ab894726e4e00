"""The hard state of one partition of ``__consumer_offsets``: groups by id and committed offsets, and how
records change it.

Nothing is decided here. A classic group is read from the log while loading; afterwards the live group is
ahead of its records, and replaying one tells it that it is stored. A consumer group is nothing but its
records, before and after. A group may change its kind while it is empty: the tombstones of the old kind
stand before the records of the new one, and each touches groups of its own kind only.
"""

from __future__ import annotations

from pykbroker.coordinator import consumer_records
from pykbroker.coordinator.classic_group import ClassicGroup
from pykbroker.coordinator.classic_sync import replay_assignment
from pykbroker.coordinator.consumer_group import ConsumerGroup
from pykbroker.coordinator.group_records import read_group
from pykbroker.coordinator.offset_store import OffsetStore
from pykbroker.coordinator.offsets import committed_offset
from pykbroker.machine.result import Record
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.stored_groups import (
    GroupMetadataKey,
    GroupMetadataValue,
    LegacyOffsetCommitKey,
    OffsetCommitKey,
    OffsetCommitValue,
)
from pykbroker.wire.stored import UnknownRecordError, decode_record

Group = ClassicGroup | ConsumerGroup

RECORD_TYPES: dict[int, tuple[type[StoredMessage], type[StoredMessage]]] = {
    0: (LegacyOffsetCommitKey, OffsetCommitValue),  # another name for type 1: their values are the same
    1: (OffsetCommitKey, OffsetCommitValue),
    2: (GroupMetadataKey, GroupMetadataValue),
    **consumer_records.RECORD_TYPES,
}


class GroupState:
    """Groups and offsets of one partition."""

    __slots__ = ("groups", "is_loaded", "offsets")

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.offsets = OffsetStore()
        self.is_loaded = False
        """The whole log has been read: groups are live."""

    def decode(self, key: bytes, value: bytes | None) -> Record | None:
        """A record of the log; kinds that are not known here are None."""
        try:
            return Record(*decode_record(RECORD_TYPES, key, value))
        except UnknownRecordError:
            return None

    def replay(self, record: Record, offset: int, producer_id: int) -> None:
        """Change what the record says."""
        key, value = record.key, record.value
        if isinstance(key, OffsetCommitKey | LegacyOffsetCommitKey):
            if value is None:
                self.offsets.remove(key.group, key.topic, key.partition)
                return
            assert isinstance(value, OffsetCommitValue)
            if key.group not in self.groups:
                # Somebody commits without membership; the group has no record of its own.
                self.groups[key.group] = ClassicGroup(key.group, value.commit_timestamp)
            committed = committed_offset(value, offset)
            self.offsets.put(key.group, key.topic, key.partition, committed, producer_id)
        elif isinstance(key, GroupMetadataKey):
            assert value is None or isinstance(value, GroupMetadataValue)
            self._replay_classic(key.group, value)
        else:
            self._replay_consumer(record)

    def _replay_classic(self, group_id: str, value: GroupMetadataValue | None) -> None:
        group = self.groups.get(group_id)
        is_classic = isinstance(group, ClassicGroup)
        if value is None:
            if is_classic:
                del self.groups[group_id]
        elif isinstance(group, ClassicGroup) and self.is_loaded:
            replay_assignment(group, value)
        else:
            self.groups[group_id] = read_group(group_id, value)

    def _replay_consumer(self, record: Record) -> None:
        group_id = consumer_records.group_id_of(record.key)
        group = self.groups.get(group_id)
        if not isinstance(group, ConsumerGroup):
            if record.value is None:
                return
            group = self.groups[group_id] = ConsumerGroup(group_id)
        if consumer_records.is_group_tombstone(record):
            del self.groups[group_id]
        else:
            consumer_records.replay(group, record.key, record.value)

    def replay_marker(self, producer_id: int, producer_epoch: int, commit: bool) -> None:
        """A transaction has ended."""
        self.offsets.end_transaction(producer_id, commit)
