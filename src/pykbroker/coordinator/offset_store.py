"""Committed offsets by group, topic and partition, and those of transactions that have not ended yet. Hard
state only.

The invariants: changed by replay alone; of a transactional and a plain commit of the same partition the one
that stands later in the log wins, whenever the transaction's marker comes (compaction of the log may remove
the earlier one at any time, so nothing else would survive it); empty dictionaries are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

Offsets = dict[str, dict[str, dict[int, "CommittedOffset"]]]
"""Group, topic, partition."""

ZERO_UUID = bytes(16)


class CommittedOffset(NamedTuple):
    """Where a group stands in a partition (Kafka's ``OffsetAndMetadata``)."""

    offset: int
    leader_epoch: int
    metadata: str
    commit_timestamp_ms: int
    expire_timestamp_ms: int
    topic_id: bytes
    record_offset: int
    """Where in the log of the coordinator it is written."""

    def is_of(self, topic_id: bytes) -> bool:
        """Whether it was committed for this incarnation of the topic; an unknown id on either side counts
        as yes."""
        return topic_id == self.topic_id or topic_id == ZERO_UUID or self.topic_id == ZERO_UUID


class OffsetStore:
    """What the groups of one shard have committed."""

    __slots__ = ("_committed", "_open_by_group", "_pending")

    def __init__(self) -> None:
        self._committed: Offsets = {}
        self._pending: dict[int, Offsets] = {}
        """Of open transactions, by producer id."""
        self._open_by_group: dict[str, set[int]] = {}
        """Producers with open transactions that touch a group."""

    # -- questions -------------------------------------------------------------------------------------------

    def get(self, group_id: str, topic: str, partition: int) -> CommittedOffset | None:
        """The committed offset, if there is one."""
        topics = self._committed.get(group_id)
        partitions = None if topics is None else topics.get(topic)
        return None if partitions is None else partitions.get(partition)

    def of_group(self, group_id: str) -> dict[str, dict[int, CommittedOffset]]:
        """All committed offsets of a group, to be read."""
        return self._committed.get(group_id, {})

    def is_pending(self, group_id: str, topic: str, partition: int) -> bool:
        """An open transaction has an offset for this partition."""
        producers = self._open_by_group.get(group_id)
        if not producers:
            return False
        return any(partition in self._pending[each].get(group_id, {}).get(topic, {}) for each in producers)

    def has_open_transactions(self, group_id: str) -> bool:
        """An open transaction has offsets of the group."""
        return group_id in self._open_by_group

    def keys_of_group(self, group_id: str) -> Iterator[tuple[str, int]]:
        """Every (topic, partition) with a committed or pending offset, each once."""
        seen: set[tuple[str, int]] = set()
        sources = [self._committed, *(self._pending[each] for each in self._open_by_group.get(group_id, ()))]
        for source in sources:
            for topic, partitions in source.get(group_id, {}).items():
                seen.update((topic, partition) for partition in partitions)
        return iter(sorted(seen))

    def of_topic(self, topic: str) -> Iterator[tuple[str, int, CommittedOffset]]:
        """Every (group, partition, offset) committed or pending for a topic; a partition may come more than
        once."""
        for source in (self._committed, *self._pending.values()):
            for group_id, topics in source.items():
                for partition, committed in topics.get(topic, {}).items():
                    yield group_id, partition, committed

    def group_ids(self) -> Iterator[str]:
        """Groups with committed offsets."""
        return iter(self._committed)

    def __len__(self) -> int:
        return sum(len(partitions) for topics in self._committed.values() for partitions in topics.values())

    # -- replay ----------------------------------------------------------------------------------------------

    def put(self, group_id: str, topic: str, partition: int, committed: CommittedOffset, producer_id: int) -> None:
        """An offset has been written, by a transaction if ``producer_id`` is one."""
        if producer_id < 0:
            target = self._committed
        else:
            target = self._pending.setdefault(producer_id, {})
            self._open_by_group.setdefault(group_id, set()).add(producer_id)
        _put(target, group_id, topic, partition, committed)

    def remove(self, group_id: str, topic: str, partition: int) -> None:
        """A tombstone has been written: the committed offset is gone, and what open transactions have for
        it."""
        _remove(self._committed, group_id, topic, partition)
        for producer_id in self._open_by_group.get(group_id, ()):
            _remove(self._pending[producer_id], group_id, topic, partition)

    def end_transaction(self, producer_id: int, commit: bool) -> None:
        """A marker has been written: the transaction's offsets count now, or never will."""
        pending = self._pending.pop(producer_id, None)
        if pending is None:
            return
        for group_id in [each for each, producers in self._open_by_group.items() if producer_id in producers]:
            producers = self._open_by_group[group_id]
            producers.discard(producer_id)
            if not producers:
                del self._open_by_group[group_id]
        if not commit:
            return
        for group_id, topics in pending.items():
            for topic, partitions in topics.items():
                for partition, committed in partitions.items():
                    before = self.get(group_id, topic, partition)
                    if before is None or before.record_offset < committed.record_offset:
                        _put(self._committed, group_id, topic, partition, committed)


def _put(offsets: Offsets, group_id: str, topic: str, partition: int, committed: CommittedOffset) -> None:
    topics = offsets.get(group_id)
    if topics is None:
        topics = offsets[group_id] = {}
    partitions = topics.get(topic)
    if partitions is None:
        partitions = topics[topic] = {}
    partitions[partition] = committed


def _remove(offsets: Offsets, group_id: str, topic: str, partition: int) -> None:
    topics = offsets.get(group_id)
    partitions = None if topics is None else topics.get(topic)
    if topics is None or partitions is None:
        return
    partitions.pop(partition, None)
    if not partitions:
        del topics[topic]
    if not topics:
        del offsets[group_id]
