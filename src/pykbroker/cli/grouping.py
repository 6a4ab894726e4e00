"""What the commands know of groups: who is in them, and how far behind they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pykbroker.cli.client import BrokerError, ClientError, check
from pykbroker.cli.offsets import LATEST, offsets_at
from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.consumer_protocol import ConsumerProtocolAssignment
from pykbroker.wire.messages.groups import DescribeGroupsRequest, ListGroupsRequest
from pykbroker.wire.messages.offsets import OffsetFetchRequest, OffsetFetchRequestGroup
from pykbroker.wire.schema import WireError

if TYPE_CHECKING:
    from pykbroker.cli.client import Cluster
    from pykbroker.wire.messages.groups import DescribedGroupMember, ListedGroup
    from pykbroker.wire.messages.offsets import OffsetFetchResponse

CONSUMER = "consumer"
"""The type of groups of KIP-848."""


class Member(NamedTuple):
    """A member as people want to see it."""

    member_id: str
    client_id: str
    host: str
    assignment: str


class Group(NamedTuple):
    """A group as people want to see it."""

    kind: str
    state: str
    assignor: str
    members: list[Member]


class Progress(NamedTuple):
    """How far a group is in one partition. None where it is not known."""

    group_id: str
    topic: str
    partition: int
    committed: int
    log_end: int | None
    lag: int | None
    metadata: str


def listed(cluster: Cluster) -> list[ListedGroup]:
    """The groups of all brokers."""
    cluster.metadata([])
    found: list[ListedGroup] = []
    for node_id in cluster.broker_ids:
        answer = cluster.call_node(node_id, ListGroupsRequest())
        check(answer.error_code)
        found += answer.groups
    return found


def described(cluster: Cluster, name: str) -> Group:
    """One group, whichever protocol its members speak."""
    kinds = {group.group_id: group.group_type for group in listed(cluster)}
    if name not in kinds:
        raise BrokerError(ErrorCode.GROUP_ID_NOT_FOUND, about=name)
    return _consumer_group(cluster, name) if kinds[name].lower() == CONSUMER else _classic_group(cluster, name)


def _classic_group(cluster: Cluster, name: str) -> Group:
    (group,) = cluster.call_coordinator(name, DescribeGroupsRequest(groups=[name])).groups
    check(group.error_code, group.error_message, name)
    members = [
        Member(each.member_id, each.client_id, each.client_host, _classic_assignment(each)) for each in group.members
    ]
    return Group("classic", group.group_state, group.protocol_data, members)


def _classic_assignment(member: DescribedGroupMember) -> str:
    """The partitions in an assignment of the consumer protocol; what other protocols write stays unread."""
    data = member.member_assignment
    if not data:
        return ""
    try:
        version = min(int.from_bytes(data[:2], "big"), ConsumerProtocolAssignment.versions.high)
        assignment = ConsumerProtocolAssignment.decode(data, version, 2)
    except WireError:
        return f"<{len(data)} bytes>"
    return _partitions([(each.topic, each.partitions) for each in assignment.assigned_partitions])


def _consumer_group(cluster: Cluster, name: str) -> Group:
    from pykbroker.wire.messages.consumer_groups import ConsumerGroupDescribeRequest

    request = ConsumerGroupDescribeRequest(group_ids=[name], include_authorized_operations=False)
    (group,) = cluster.call_coordinator(name, request).groups
    check(group.error_code, group.error_message, name)
    members = [
        Member(
            each.member_id,
            each.client_id,
            each.client_host,
            _partitions([(part.topic_name, part.partitions) for part in each.assignment.topic_partitions]),
        )
        for each in group.members
    ]
    return Group(CONSUMER, group.group_state, group.assignor_name, members)


def _partitions(assigned: Sequence[tuple[str, Sequence[int]]]) -> str:
    return " ".join(f"{topic}:{','.join(map(str, sorted(indexes)))}" for topic, indexes in sorted(assigned))


def progress(cluster: Cluster, name: str) -> list[Progress]:
    """Every partition a group has committed an offset of."""
    request = OffsetFetchRequest(
        group_id=name, topics=None, groups=[OffsetFetchRequestGroup(group_id=name, topics=None)]
    )

    def ask() -> OffsetFetchResponse:
        answer = cluster.call_coordinator(name, request)
        check(answer.groups[0].error_code if answer.groups else answer.error_code, about=name)
        return answer

    rows = []
    ends: dict[str, dict[int, int]] = {}
    for topic, partition, committed, metadata in sorted(_committed(cluster.until_it_passes(ask))):
        if topic not in ends:
            ends[topic] = _log_ends(cluster, topic)
        end = ends[topic].get(partition)
        lag = None if end is None else max(0, end - committed)
        rows.append(Progress(name, topic, partition, committed, end, lag, metadata))
    return rows


def _committed(answer: OffsetFetchResponse) -> Iterator[tuple[str, int, int, str]]:
    """(topic, partition, offset, metadata) of either shape of answer."""
    if answer.groups:
        for topic in answer.groups[0].topics:
            for each in topic.partitions:
                if each.committed_offset >= 0:
                    yield topic.name, each.partition_index, each.committed_offset, each.metadata or ""
    for old_topic in answer.topics:
        for old in old_topic.partitions:
            if old.committed_offset >= 0:
                yield old_topic.name, old.partition_index, old.committed_offset, old.metadata or ""


def _log_ends(cluster: Cluster, topic: str) -> dict[int, int]:
    """Nothing for a topic that is gone while the group still has offsets of it."""
    try:
        return offsets_at(cluster, cluster.topic(topic), LATEST)
    except ClientError:
        return {}
