"""Groups of Kafka Streams applications (KIP-1071): StreamsGroupHeartbeat (88), StreamsGroupDescribe (89)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    MIN_INT32,
    Struct,
    array,
    boolean,
    int8,
    int16,
    int32,
    int64,
    string,
    struct,
    uint16,
)


class Status(Struct):
    status_code: int = int8()
    status_detail: str = string()


class TaskIds(Struct):
    subtopology_id: str = string()
    partitions: Sequence[int] = array(int32())


class Endpoint(Struct):
    host: str = string()
    port: int = uint16()


class TopicPartition(Struct):
    topic: str = string()
    partitions: Sequence[int] = array(int32())


class EndpointToPartitions(Struct):
    user_endpoint: Endpoint = struct(Endpoint)
    active_partitions: Sequence[TopicPartition] = array(TopicPartition)
    standby_partitions: Sequence[TopicPartition] = array(TopicPartition)


class StreamsGroupHeartbeatResponse(Response, versions="0", flexible="0+"):
    """Tasks to run, where others run, and what is wrong with the topology if anything is."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    member_id: str = string(default="")
    member_epoch: int = int32(default=0)
    heartbeat_interval_ms: int = int32(default=0)
    acceptable_recovery_lag: int = int32(default=0)
    task_offset_interval_ms: int = int32(default=0)
    status: Sequence[Status] | None = array(Status, default=(), nullable="0+")
    active_tasks: Sequence[TaskIds] | None = array(TaskIds, default=None, nullable="0+")
    standby_tasks: Sequence[TaskIds] | None = array(TaskIds, default=None, nullable="0+")
    warmup_tasks: Sequence[TaskIds] | None = array(TaskIds, default=None, nullable="0+")
    endpoint_information_epoch: int = int32(default=0)
    partitions_by_user_endpoint: Sequence[EndpointToPartitions] | None = array(
        EndpointToPartitions, default=None, nullable="0+"
    )


class KeyValue(Struct):
    key: str = string()
    value: str = string()


class TopicInfo(Struct):
    name: str = string()
    partitions: int = int32()
    replication_factor: int = int16()
    topic_configs: Sequence[KeyValue] = array(KeyValue)


class CopartitionGroup(Struct):
    source_topics: Sequence[int] = array(int16())
    source_topic_regex: Sequence[int] = array(int16())
    repartition_source_topics: Sequence[int] = array(int16())


class StreamsGroupHeartbeatRequestSubtopology(Struct):
    subtopology_id: str = string()
    source_topics: Sequence[str] = array(string())
    source_topic_regex: Sequence[str] = array(string())
    state_changelog_topics: Sequence[TopicInfo] = array(TopicInfo)
    repartition_sink_topics: Sequence[str] = array(string())
    repartition_source_topics: Sequence[TopicInfo] = array(TopicInfo)
    copartition_groups: Sequence[CopartitionGroup] = array(CopartitionGroup)


class StreamsGroupHeartbeatRequestTopology(Struct):
    epoch: int = int32()
    subtopologies: Sequence[StreamsGroupHeartbeatRequestSubtopology] = array(StreamsGroupHeartbeatRequestSubtopology)


class TaskOffset(Struct):
    subtopology_id: str = string()
    partition: int = int32()
    offset: int = int64()


class StreamsGroupHeartbeatRequest(Request[StreamsGroupHeartbeatResponse], api_key=88, versions="0", flexible="0+"):
    """A process of a Streams application joins, stays, brings its topology, or leaves.

    Fields that have not changed since the last request are null.
    """

    group_id: str = string()
    member_id: str = string()
    member_epoch: int = int32()
    endpoint_information_epoch: int = int32()
    instance_id: str | None = string(default=None, nullable="0+")
    rack_id: str | None = string(default=None, nullable="0+")
    rebalance_timeout_ms: int = int32(default=-1)
    topology: StreamsGroupHeartbeatRequestTopology | None = struct(
        StreamsGroupHeartbeatRequestTopology, default=None, nullable="0+"
    )
    active_tasks: Sequence[TaskIds] | None = array(TaskIds, default=None, nullable="0+")
    standby_tasks: Sequence[TaskIds] | None = array(TaskIds, default=None, nullable="0+")
    warmup_tasks: Sequence[TaskIds] | None = array(TaskIds, default=None, nullable="0+")
    process_id: str | None = string(default=None, nullable="0+")
    user_endpoint: Endpoint | None = struct(Endpoint, default=None, nullable="0+")
    client_tags: Sequence[KeyValue] | None = array(KeyValue, default=None, nullable="0+")
    task_offsets: Sequence[TaskOffset] | None = array(TaskOffset, default=None, nullable="0+")
    task_end_offsets: Sequence[TaskOffset] | None = array(TaskOffset, default=None, nullable="0+")
    shutdown_application: bool = boolean(default=False)


class StreamsGroupDescribeResponseSubtopology(Struct):
    subtopology_id: str = string()
    source_topics: Sequence[str] = array(string())
    repartition_sink_topics: Sequence[str] = array(string())
    state_changelog_topics: Sequence[TopicInfo] = array(TopicInfo)
    repartition_source_topics: Sequence[TopicInfo] = array(TopicInfo)


class StreamsGroupDescribeResponseTopology(Struct):
    epoch: int = int32()
    subtopologies: Sequence[StreamsGroupDescribeResponseSubtopology] | None = array(
        StreamsGroupDescribeResponseSubtopology, default=None, nullable="0+"
    )


class Assignment(Struct):
    active_tasks: Sequence[TaskIds] = array(TaskIds)
    standby_tasks: Sequence[TaskIds] = array(TaskIds)
    warmup_tasks: Sequence[TaskIds] = array(TaskIds)


class Member(Struct):
    member_id: str = string()
    member_epoch: int = int32()
    instance_id: str | None = string(default=None, nullable="0+")
    rack_id: str | None = string(default=None, nullable="0+")
    client_id: str = string()
    client_host: str = string()
    topology_epoch: int = int32()
    process_id: str = string()
    user_endpoint: Endpoint | None = struct(Endpoint, default=None, nullable="0+")
    client_tags: Sequence[KeyValue] = array(KeyValue)
    task_offsets: Sequence[TaskOffset] = array(TaskOffset)
    task_end_offsets: Sequence[TaskOffset] = array(TaskOffset)
    assignment: Assignment = struct(Assignment)
    target_assignment: Assignment = struct(Assignment)
    is_classic: bool = boolean()


class DescribedGroup(Struct):
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    group_id: str = string()
    group_state: str = string()
    group_epoch: int = int32()
    assignment_epoch: int = int32()
    topology: StreamsGroupDescribeResponseTopology | None = struct(
        StreamsGroupDescribeResponseTopology, default=None, nullable="0+"
    )
    members: Sequence[Member] = array(Member)
    authorized_operations: int = int32(default=MIN_INT32)


class StreamsGroupDescribeResponse(Response, versions="0", flexible="0+"):
    """Groups with topology, members and tasks."""

    throttle_time_ms: int = int32(default=0)
    groups: Sequence[DescribedGroup] = array(DescribedGroup, default=())


class StreamsGroupDescribeRequest(Request[StreamsGroupDescribeResponse], api_key=89, versions="0", flexible="0+"):
    """Asks for Streams groups by name."""

    group_ids: Sequence[str] = array(string())
    include_authorized_operations: bool = boolean()
