"""Classic groups and committed offsets as records of ``__consumer_offsets``, in the versions Apache Kafka
4.3 writes.

The invariant: ``read_group(group_record(g, assignments))`` gives back what of ``g`` is durable.
Kafka's counterpart is ``GroupCoordinatorRecordHelpers``.
"""

from __future__ import annotations

from collections.abc import Mapping

from pykbroker.coordinator.classic_group import STABLE, ClassicGroup
from pykbroker.coordinator.classic_member import ClassicMember
from pykbroker.machine.result import Record
from pykbroker.wire.messages.stored_groups import (
    GroupMetadataKey,
    GroupMetadataValue,
    MemberMetadata,
    OffsetCommitKey,
    OffsetCommitValue,
)

GROUP_METADATA_VERSION = 3
OFFSET_COMMIT_VERSION = 4
EXPIRING_OFFSET_COMMIT_VERSION = 1
"""The only version with room for an expiry of its own, which OffsetCommit 2-4 could ask for."""

NO_EXPIRY = -1


def group_record(group: ClassicGroup, assignments: Mapping[str, bytes]) -> Record:
    """The group's current generation; ``assignments`` by member id."""
    protocol = group.protocol_name
    members = []
    for member in group.members.values():
        assert protocol is not None
        members.append(
            MemberMetadata(
                member_id=member.member_id,
                group_instance_id=member.instance_id,
                client_id=member.client_id,
                client_host=member.client_host,
                rebalance_timeout=member.rebalance_timeout_ms,
                session_timeout=member.session_timeout_ms,
                subscription=member.metadata(protocol),
                assignment=assignments.get(member.member_id, b""),
            )
        )
    value = GroupMetadataValue(
        protocol_type=group.protocol_type or "",
        generation=group.generation,
        protocol=protocol,
        leader=group.leader,
        current_state_timestamp=group.state_timestamp_ms,
        members=members,
    )
    return Record(GroupMetadataKey(group=group.group_id), value, GROUP_METADATA_VERSION)


def new_group_record(group_id: str, now_ms: int) -> Record:
    """A group that has just come into being and has no generation yet."""
    value = GroupMetadataValue(
        protocol_type="", generation=0, protocol=None, leader=None, current_state_timestamp=now_ms, members=()
    )
    return Record(GroupMetadataKey(group=group_id), value, GROUP_METADATA_VERSION)


def group_tombstone(group_id: str) -> Record:
    """The group is gone."""
    return Record(GroupMetadataKey(group=group_id))


def read_group(group_id: str, value: GroupMetadataValue) -> ClassicGroup:
    """The group as it stood when the record was written: stable with members, or empty."""
    group = ClassicGroup(group_id, value.current_state_timestamp)
    group.generation = value.generation
    group.protocol_type = value.protocol_type or None
    group.protocol_name = value.protocol
    group.leader = value.leader
    for stored in value.members:
        member = ClassicMember(
            stored.member_id, stored.group_instance_id, stored.client_id, stored.client_host, value.protocol_type
        )
        member.protocols = ((value.protocol or "", bytes(stored.subscription)),)
        member.session_timeout_ms = stored.session_timeout
        # Version 0 of the record did not have it.
        member.rebalance_timeout_ms = (
            stored.session_timeout if stored.rebalance_timeout == -1 else stored.rebalance_timeout
        )
        member.assignment = bytes(stored.assignment)
        group.add(member, None)
    if group.members:
        group.state = STABLE
    group.subscribed_topics = group.read_subscriptions()
    return group


def offset_record(group_id: str, topic: str, partition: int, value: OffsetCommitValue) -> Record:
    """A committed offset."""
    version = OFFSET_COMMIT_VERSION if value.expire_timestamp == NO_EXPIRY else EXPIRING_OFFSET_COMMIT_VERSION
    return Record(OffsetCommitKey(group=group_id, topic=topic, partition=partition), value, version)


def offset_tombstone(group_id: str, topic: str, partition: int) -> Record:
    """A committed offset is gone."""
    return Record(OffsetCommitKey(group=group_id, topic=topic, partition=partition))
