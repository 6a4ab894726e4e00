"""ConsumerGroupDescribe: consumer groups (KIP-848) as clients see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pykbroker.coordinator.consumer_group import ConsumerGroup, preferred_assignor
from pykbroker.coordinator.reconcile import Current
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import MetadataImage
from pykbroker.wire.messages.consumer_groups import (
    ConsumerGroupDescribeResponseAssignment,
    ConsumerGroupDescribeResponseTopicPartitions,
    DescribedGroup,
    Member,
)

CONSUMER_MEMBER = 1
"""The type of a member of the consumer protocol; a member of the classic protocol is 0."""


def describe_consumer(group: ConsumerGroup, default_assignor: str, image: MetadataImage) -> DescribedGroup:
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
    return DescribedGroup(
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


def describe_missing_consumer(group_id: str, error: KafkaError) -> DescribedGroup:
    """A consumer group that is not there."""
    return DescribedGroup(
        error_code=error.code,
        error_message=error.message,
        group_id=group_id,
        group_state="",
        group_epoch=0,
        assignment_epoch=0,
        assignor_name="",
        members=(),
    )
