"""Looking at groups: DescribeGroups, ConsumerGroupDescribe and ListGroups as clients see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pykbroker.coordinator.classic_group import STABLE, ClassicGroup
from pykbroker.coordinator.consumer_group import ConsumerGroup, preferred_assignor
from pykbroker.coordinator.reconcile import Current
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import MetadataImage
from pykbroker.wire.messages.consumer_groups import (
    ConsumerGroupDescribeResponseAssignment,
    ConsumerGroupDescribeResponseTopicPartitions,
    Member,
)
from pykbroker.wire.messages.consumer_groups import DescribedGroup as ConsumerDescribed
from pykbroker.wire.messages.groups import DescribedGroup, DescribedGroupMember, ListedGroup

DEAD = "Dead"
"""What DescribeGroups calls a group that does not exist."""

CONSUMER_MEMBER = 1
"""The type of a member of the consumer protocol; a member of the classic protocol is 0."""


def describe(group: ClassicGroup) -> DescribedGroup:
    """A classic group. Its protocol, and what members said of themselves, are shown while it is stable."""
    protocol = group.protocol_name if group.state is STABLE else None
    members = [
        DescribedGroupMember(
            member_id=member.member_id,
            group_instance_id=member.instance_id,
            client_id=member.client_id,
            client_host=member.client_host,
            member_metadata=b"" if protocol is None else member.metadata(protocol),
            member_assignment=member.assignment,
        )
        for member in group.members.values()
    ]
    return DescribedGroup(
        error_code=ErrorCode.NONE,
        group_id=group.group_id,
        group_state=group.state.value,
        protocol_type=group.protocol_type or "",
        protocol_data=protocol or "",
        members=members,
    )


def describe_missing(group_id: str, *, as_error: bool, is_other_kind: bool) -> DescribedGroup:
    """A group that is not there, or is no classic group: dead to older clients, an error to newer ones (KIP-1043)."""
    why = "is not a classic group" if is_other_kind else "not found"
    return DescribedGroup(
        error_code=ErrorCode.GROUP_ID_NOT_FOUND if as_error else ErrorCode.NONE,
        error_message=f"Group {group_id} {why}." if as_error else None,
        group_id=group_id,
        group_state=DEAD,
        protocol_type="",
        protocol_data="",
        members=(),
    )


def describe_consumer(group: ConsumerGroup, default_assignor: str, image: MetadataImage) -> ConsumerDescribed:
    """A consumer group, with what each member has and should have; topics that are gone are left out."""
    subscriptions = [each.subscription for each in group.members.values()]
    members = [
        Member(
            member_id=member.member_id,
            instance_id=member.subscription.instance_id,
            rack_id=member.subscription.rack_id,
            member_epoch=member.current.member_epoch,
            client_id=member.subscription.client_id,
            client_host=member.subscription.client_host,
            subscribed_topic_names=sorted(member.subscription.topic_names),
            subscribed_topic_regex=member.subscription.topic_regex,
            assignment=_assignment(_held(member.current), image),
            target_assignment=_assignment(group.target_of(member.member_id), image),
            member_type=CONSUMER_MEMBER,
        )
        for member in group.members.values()
    ]
    return ConsumerDescribed(
        error_code=ErrorCode.NONE,
        group_id=group.group_id,
        group_state=group.state_name,
        group_epoch=group.epoch,
        assignment_epoch=group.assignment_epoch,
        assignor_name=preferred_assignor(subscriptions, default_assignor),
        members=members,
    )


def _held(current: Current) -> dict[bytes, set[int]]:
    """What a member has, and what it has not given up yet."""
    held = {topic_id: set(partitions) for topic_id, partitions in current.assigned.items()}
    for topic_id, partitions in current.revoking.items():
        held.setdefault(topic_id, set()).update(partitions)
    return held


def _assignment(
    partitions: Mapping[bytes, Iterable[int]], image: MetadataImage
) -> ConsumerGroupDescribeResponseAssignment:
    topics = image.topics_by_id
    return ConsumerGroupDescribeResponseAssignment(
        topic_partitions=[
            ConsumerGroupDescribeResponseTopicPartitions(
                topic_id=topic_id, topic_name=topics[topic_id].name, partitions=sorted(each)
            )
            for topic_id, each in sorted(partitions.items())
            if topic_id in topics
        ]
    )


def describe_missing_consumer(group_id: str, error: KafkaError) -> ConsumerDescribed:
    """A consumer group that is not there."""
    return ConsumerDescribed(
        error_code=error.code,
        error_message=error.message,
        group_id=group_id,
        group_state="",
        group_epoch=0,
        assignment_epoch=0,
        assignor_name="",
        members=(),
    )


def listed(group: ClassicGroup | ConsumerGroup) -> ListedGroup:
    """One line of ListGroups."""
    return ListedGroup(
        group_id=group.group_id,
        protocol_type=group.protocol_type or "",
        group_state=group.state_name,
        group_type=group.type.value,
    )


class Filter:
    """Which groups ListGroups should show: empty filters let everything through; case does not matter."""

    __slots__ = ("_states", "_types")

    def __init__(self, states: Sequence[str], types: Sequence[str]) -> None:
        self._states = {state.lower() for state in states}
        self._types = {kind.lower() for kind in types}

    def lets_through(self, group: ClassicGroup | ConsumerGroup) -> bool:
        """Whether the group is to be shown."""
        if self._states and group.state_name.lower() not in self._states:
            return False
        return not self._types or group.type.value in self._types
