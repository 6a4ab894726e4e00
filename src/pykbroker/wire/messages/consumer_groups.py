"""The consumer group protocol of KIP-848: ConsumerGroupHeartbeat (68), ConsumerGroupDescribe (69)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    MIN_INT32,
    Struct,
    Versions,
    array,
    boolean,
    int8,
    int16,
    int32,
    string,
    struct,
    uuid,
)


class ConsumerGroupHeartbeatResponseTopicPartitions(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[int] = array(int32())


class ConsumerGroupHeartbeatResponseAssignment(Struct):
    topic_partitions: Sequence[ConsumerGroupHeartbeatResponseTopicPartitions] = array(
        ConsumerGroupHeartbeatResponseTopicPartitions
    )


class ConsumerGroupHeartbeatResponse(Response, versions="0-1", flexible="0+"):
    """The member's epoch, and its assignment if that changed."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    member_id: str | None = string(default=None, nullable="0+")
    member_epoch: int = int32(default=0)
    heartbeat_interval_ms: int = int32(default=0)
    assignment: ConsumerGroupHeartbeatResponseAssignment | None = struct(
        ConsumerGroupHeartbeatResponseAssignment, default=None, nullable="0+"
    )


class ConsumerGroupHeartbeatRequestTopicPartitions(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[int] = array(int32())


class ConsumerGroupHeartbeatRequest(Request[ConsumerGroupHeartbeatResponse], api_key=68, versions="0-1", flexible="0+"):
    """A member joins, stays, changes its subscription or leaves (member epoch -1, or -2 for a static one),
    all in one request.

    Fields that have not changed since the last request are null.
    v1  subscription by regular expression; the client makes its own member id (KIP-1082)
    """

    MEMBER_MAKES_ITS_ID = Versions.parse("1+")
    """The client must bring a member id (KIP-1082); before, the coordinator makes it."""

    group_id: str = string()
    member_id: str = string()
    member_epoch: int = int32()
    instance_id: str | None = string(default=None, nullable="0+")
    rack_id: str | None = string(default=None, nullable="0+")
    rebalance_timeout_ms: int = int32(default=-1)
    subscribed_topic_names: Sequence[str] | None = array(string(), default=None, nullable="0+")
    subscribed_topic_regex: str | None = string(default=None, versions="1+", nullable="1+")
    server_assignor: str | None = string(default=None, nullable="0+")
    topic_partitions: Sequence[ConsumerGroupHeartbeatRequestTopicPartitions] | None = array(
        ConsumerGroupHeartbeatRequestTopicPartitions, default=None, nullable="0+"
    )


class ConsumerGroupDescribeResponseTopicPartitions(Struct):
    topic_id: bytes = uuid()
    topic_name: str = string()
    partitions: Sequence[int] = array(int32())


class ConsumerGroupDescribeResponseAssignment(Struct):
    topic_partitions: Sequence[ConsumerGroupDescribeResponseTopicPartitions] = array(
        ConsumerGroupDescribeResponseTopicPartitions
    )


class Member(Struct):
    member_id: str = string()
    instance_id: str | None = string(default=None, nullable="0+")
    rack_id: str | None = string(default=None, nullable="0+")
    member_epoch: int = int32()
    client_id: str = string()
    client_host: str = string()
    subscribed_topic_names: Sequence[str] = array(string())
    subscribed_topic_regex: str | None = string(default=None, nullable="0+")
    assignment: ConsumerGroupDescribeResponseAssignment = struct(ConsumerGroupDescribeResponseAssignment)
    target_assignment: ConsumerGroupDescribeResponseAssignment = struct(ConsumerGroupDescribeResponseAssignment)
    member_type: int = int8(default=-1, versions="1+")


class DescribedGroup(Struct):
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    group_id: str = string()
    group_state: str = string()
    group_epoch: int = int32()
    assignment_epoch: int = int32()
    assignor_name: str = string()
    members: Sequence[Member] = array(Member)
    authorized_operations: int = int32(default=MIN_INT32)


class ConsumerGroupDescribeResponse(Response, versions="0-1", flexible="0+"):
    """Groups with members, current and target assignments.

    v1  tells classic from consumer members (KIP-1099)
    """

    throttle_time_ms: int = int32(default=0)
    groups: Sequence[DescribedGroup] = array(DescribedGroup, default=())


class ConsumerGroupDescribeRequest(Request[ConsumerGroupDescribeResponse], api_key=69, versions="0-1", flexible="0+"):
    """Asks for consumer groups by name."""

    group_ids: Sequence[str] = array(string())
    include_authorized_operations: bool = boolean()
