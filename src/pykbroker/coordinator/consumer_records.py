"""Consumer groups as records of ``__consumer_offsets``, and reading them back.

One function for each way, per kind of record. The invariant: replaying what is written here gives the group
that was decided upon (``GroupCoordinatorRecordHelpers``). Topics and partitions are written in order, so
that equal states are equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterable

from pykbroker.coordinator.assignors import Assignment
from pykbroker.coordinator.consumer_group import ConsumerGroup, ResolvedRegex, Subscription
from pykbroker.coordinator.reconcile import Current, EpochsByPartition, MemberState
from pykbroker.machine.result import Record
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.stored_consumer_groups import (
    ConsumerGroupCurrentMemberAssignmentKey,
    ConsumerGroupCurrentMemberAssignmentValue,
    ConsumerGroupMemberMetadataKey,
    ConsumerGroupMemberMetadataValue,
    ConsumerGroupMetadataKey,
    ConsumerGroupMetadataValue,
    ConsumerGroupPartitionMetadataKey,
    ConsumerGroupPartitionMetadataValue,
    ConsumerGroupRegularExpressionKey,
    ConsumerGroupRegularExpressionValue,
    ConsumerGroupTargetAssignmentMemberKey,
    ConsumerGroupTargetAssignmentMemberValue,
    ConsumerGroupTargetAssignmentMetadataKey,
    ConsumerGroupTargetAssignmentMetadataValue,
    TopicPartition,
    TopicPartitions,
)

RECORD_TYPES: dict[int, tuple[type[StoredMessage], type[StoredMessage]]] = {
    3: (ConsumerGroupMetadataKey, ConsumerGroupMetadataValue),
    4: (ConsumerGroupPartitionMetadataKey, ConsumerGroupPartitionMetadataValue),
    5: (ConsumerGroupMemberMetadataKey, ConsumerGroupMemberMetadataValue),
    6: (ConsumerGroupTargetAssignmentMetadataKey, ConsumerGroupTargetAssignmentMetadataValue),
    7: (ConsumerGroupTargetAssignmentMemberKey, ConsumerGroupTargetAssignmentMemberValue),
    8: (ConsumerGroupCurrentMemberAssignmentKey, ConsumerGroupCurrentMemberAssignmentValue),
    16: (ConsumerGroupRegularExpressionKey, ConsumerGroupRegularExpressionValue),
}

NO_ASSIGNMENT_EPOCH = -1


# -- writing -------------------------------------------------------------------------------------------------


def subscription_record(group_id: str, member_id: str, subscription: Subscription) -> Record:
    """A member came or changed its subscription."""
    value = ConsumerGroupMemberMetadataValue(
        instance_id=subscription.instance_id,
        rack_id=subscription.rack_id,
        client_id=subscription.client_id,
        client_host=subscription.client_host,
        subscribed_topic_names=sorted(subscription.topic_names),
        subscribed_topic_regex=subscription.topic_regex,
        rebalance_timeout_ms=subscription.rebalance_timeout_ms,
        server_assignor=subscription.server_assignor,
    )
    return Record(ConsumerGroupMemberMetadataKey(group_id=group_id, member_id=member_id), value)


def epoch_record(group_id: str, epoch: int, metadata_hash: int) -> Record:
    """The group's epoch."""
    value = ConsumerGroupMetadataValue(epoch=epoch, metadata_hash=metadata_hash)
    return Record(ConsumerGroupMetadataKey(group_id=group_id), value)


def target_record(group_id: str, member_id: str, target: Assignment) -> Record:
    """What a member should have."""
    partitions = [
        TopicPartition(topic_id=topic_id, partitions=sorted(each)) for topic_id, each in sorted(target.items())
    ]
    value = ConsumerGroupTargetAssignmentMemberValue(topic_partitions=partitions)
    return Record(ConsumerGroupTargetAssignmentMemberKey(group_id=group_id, member_id=member_id), value)


def assignment_epoch_record(group_id: str, epoch: int, now_ms: int) -> Record:
    """All targets of an epoch are written."""
    value = ConsumerGroupTargetAssignmentMetadataValue(assignment_epoch=epoch, assignment_timestamp=now_ms)
    return Record(ConsumerGroupTargetAssignmentMetadataKey(group_id=group_id), value)


def current_record(group_id: str, member_id: str, current: Current) -> Record:
    """What a member has."""
    value = ConsumerGroupCurrentMemberAssignmentValue(
        member_epoch=current.member_epoch,
        previous_member_epoch=current.previous_epoch,
        state=current.state,
        assigned_partitions=_write_epochs(current.assigned),
        partitions_pending_revocation=_write_epochs(current.revoking),
    )
    return Record(ConsumerGroupCurrentMemberAssignmentKey(group_id=group_id, member_id=member_id), value)


def _write_epochs(epochs: EpochsByPartition) -> list[TopicPartitions]:
    return [
        TopicPartitions(
            topic_id=topic_id,
            partitions=sorted(each),
            assignment_epochs=[each[partition] for partition in sorted(each)],
        )
        for topic_id, each in sorted(epochs.items())
    ]


def regex_record(group_id: str, regex: str, resolved: ResolvedRegex) -> Record:
    """What a regular expression stands for."""
    value = ConsumerGroupRegularExpressionValue(
        topics=sorted(resolved.topics), version=resolved.version, timestamp=resolved.timestamp_ms
    )
    return Record(ConsumerGroupRegularExpressionKey(group_id=group_id, regular_expression=regex), value)


def regex_tombstone(group_id: str, regex: str) -> Record:
    """Nobody subscribes to it any more."""
    return Record(ConsumerGroupRegularExpressionKey(group_id=group_id, regular_expression=regex))


def member_tombstones(group_id: str, member_id: str) -> list[Record]:
    """A member is gone, with all that was its own."""
    return [
        Record(ConsumerGroupCurrentMemberAssignmentKey(group_id=group_id, member_id=member_id)),
        Record(ConsumerGroupTargetAssignmentMemberKey(group_id=group_id, member_id=member_id)),
        Record(ConsumerGroupMemberMetadataKey(group_id=group_id, member_id=member_id)),
    ]


def group_tombstones(group: ConsumerGroup) -> list[Record]:
    """An empty group is gone. Kind 4 was written until Apache Kafka 4.0 and is always deleted along."""
    assert group.is_empty
    group_id = group.group_id
    return [
        Record(ConsumerGroupTargetAssignmentMetadataKey(group_id=group_id)),
        *[regex_tombstone(group_id, regex) for regex in group.resolved_regexes],
        Record(ConsumerGroupPartitionMetadataKey(group_id=group_id)),
        Record(ConsumerGroupMetadataKey(group_id=group_id)),
    ]


# -- replaying -----------------------------------------------------------------------------------------------


def is_group_tombstone(record: Record) -> bool:
    """The record that deletes a consumer group."""
    return record.value is None and isinstance(record.key, ConsumerGroupMetadataKey)


def group_id_of(key: StoredMessage) -> str:
    """Every key of these kinds names its group."""
    group_id: str = key.group_id  # type: ignore[attr-defined]  # all keys of RECORD_TYPES have it
    return group_id


def replay(group: ConsumerGroup, key: StoredMessage, value: StoredMessage | None) -> None:
    """Change in a group what the record says."""
    if isinstance(key, ConsumerGroupMemberMetadataKey):
        if value is None:
            group.remove_member(key.member_id)
        else:
            group.set_subscription(key.member_id, _read_subscription(value))
    elif isinstance(key, ConsumerGroupCurrentMemberAssignmentKey):
        group.set_current(key.member_id, None if value is None else _read_current(value))
    elif isinstance(key, ConsumerGroupTargetAssignmentMemberKey):
        group.set_target(key.member_id, None if value is None else _read_target(value))
    elif isinstance(key, ConsumerGroupTargetAssignmentMetadataKey):
        _replay_assignment_epoch(group, value)
    elif isinstance(key, ConsumerGroupRegularExpressionKey):
        group.set_regex(key.regular_expression, None if value is None else _read_regex(value))
    elif isinstance(value, ConsumerGroupMetadataValue):
        group.set_epoch(value.epoch, value.metadata_hash)


def _replay_assignment_epoch(group: ConsumerGroup, value: StoredMessage | None) -> None:
    if value is None:
        group.set_assignment_epoch(NO_ASSIGNMENT_EPOCH, 0)
    else:
        assert isinstance(value, ConsumerGroupTargetAssignmentMetadataValue)
        group.set_assignment_epoch(value.assignment_epoch, value.assignment_timestamp)


def _read_subscription(value: StoredMessage) -> Subscription:
    assert isinstance(value, ConsumerGroupMemberMetadataValue)
    return Subscription(
        value.instance_id,
        value.rack_id,
        value.client_id,
        value.client_host,
        frozenset(value.subscribed_topic_names),
        value.subscribed_topic_regex or "",
        value.rebalance_timeout_ms,
        value.server_assignor,
    )


def _read_current(value: StoredMessage) -> Current:
    assert isinstance(value, ConsumerGroupCurrentMemberAssignmentValue)
    known = value.state in (MemberState.STABLE, MemberState.UNREVOKED_PARTITIONS, MemberState.UNRELEASED_PARTITIONS)
    return Current(
        value.member_epoch,
        value.previous_member_epoch,
        MemberState(value.state) if known else MemberState.UNKNOWN,
        _read_epochs(value.assigned_partitions, value.member_epoch),
        _read_epochs(value.partitions_pending_revocation, value.member_epoch),
    )


def _read_epochs(topics: Iterable[TopicPartitions], member_epoch: int) -> EpochsByPartition:
    # Before KIP-1251 the epochs were not written; the member's own is the latest they can be.
    return {
        topic.topic_id: dict(zip(topic.partitions, topic.assignment_epochs, strict=True))
        if topic.assignment_epochs
        else dict.fromkeys(topic.partitions, member_epoch)
        for topic in topics
    }


def _read_target(value: StoredMessage) -> Assignment:
    assert isinstance(value, ConsumerGroupTargetAssignmentMemberValue)
    return {topic.topic_id: frozenset(topic.partitions) for topic in value.topic_partitions}


def _read_regex(value: StoredMessage) -> ResolvedRegex:
    assert isinstance(value, ConsumerGroupRegularExpressionValue)
    return ResolvedRegex(frozenset(value.topics), value.version, value.timestamp)
