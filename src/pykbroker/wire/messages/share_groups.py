"""Share groups (KIP-932): membership (76, 77), fetching and acknowledging records (78, 79), their offsets (90,
91, 92).

Version 0 of keys 76 to 79 was a preview in Apache Kafka 4.0 with a layout of its own; no release since speaks
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    MAX_INT32,
    MIN_INT32,
    Struct,
    Versions,
    array,
    boolean,
    int8,
    int16,
    int32,
    int64,
    records,
    string,
    struct,
    uuid,
)


class ShareGroupHeartbeatResponseTopicPartitions(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[int] = array(int32())


class ShareGroupHeartbeatResponseAssignment(Struct):
    topic_partitions: Sequence[ShareGroupHeartbeatResponseTopicPartitions] = array(
        ShareGroupHeartbeatResponseTopicPartitions
    )


class ShareGroupHeartbeatResponse(Response, versions="1", flexible="0+"):
    """The member's epoch, and its assignment if that changed."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    member_id: str | None = string(default=None, nullable="0+")
    member_epoch: int = int32(default=0)
    heartbeat_interval_ms: int = int32(default=0)
    assignment: ShareGroupHeartbeatResponseAssignment | None = struct(
        ShareGroupHeartbeatResponseAssignment, default=None, nullable="0+"
    )


class ShareGroupHeartbeatRequest(Request[ShareGroupHeartbeatResponse], api_key=76, versions="1", flexible="0+"):
    """A member of a share group joins, stays or leaves (member epoch -1)."""

    group_id: str = string()
    member_id: str = string()
    member_epoch: int = int32()
    rack_id: str | None = string(default=None, nullable="0+")
    subscribed_topic_names: Sequence[str] | None = array(string(), default=None, nullable="0+")


class ShareGroupDescribeResponseTopicPartitions(Struct):
    topic_id: bytes = uuid()
    topic_name: str = string()
    partitions: Sequence[int] = array(int32())


class ShareGroupDescribeResponseAssignment(Struct):
    topic_partitions: Sequence[ShareGroupDescribeResponseTopicPartitions] = array(
        ShareGroupDescribeResponseTopicPartitions
    )


class Member(Struct):
    member_id: str = string()
    rack_id: str | None = string(default=None, nullable="0+")
    member_epoch: int = int32()
    client_id: str = string()
    client_host: str = string()
    subscribed_topic_names: Sequence[str] = array(string())
    assignment: ShareGroupDescribeResponseAssignment = struct(ShareGroupDescribeResponseAssignment)


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


class ShareGroupDescribeResponse(Response, versions="1", flexible="0+"):
    """Groups with members and assignments."""

    throttle_time_ms: int = int32(default=0)
    groups: Sequence[DescribedGroup] = array(DescribedGroup, default=())


class ShareGroupDescribeRequest(Request[ShareGroupDescribeResponse], api_key=77, versions="1", flexible="0+"):
    """Asks for share groups by name."""

    group_ids: Sequence[str] = array(string())
    include_authorized_operations: bool = boolean()


class LeaderIdAndEpoch(Struct):
    leader_id: int = int32()
    leader_epoch: int = int32()


class AcquiredRecords(Struct):
    first_offset: int = int64()
    last_offset: int = int64()
    delivery_count: int = int16()


class ShareFetchResponsePartitionData(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    acknowledge_error_code: int = int16()
    acknowledge_error_message: str | None = string(default=None, nullable="0+")
    current_leader: LeaderIdAndEpoch = struct(LeaderIdAndEpoch)
    records: Any = records(nullable="none")
    acquired_records: Sequence[AcquiredRecords] = array(AcquiredRecords)


class ShareFetchableTopicResponse(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[ShareFetchResponsePartitionData] = array(ShareFetchResponsePartitionData)


class NodeEndpoint(Struct):
    node_id: int = int32()
    host: str = string()
    port: int = int32()
    rack: str | None = string(default=None, nullable="0+")


class ShareFetchResponse(Response, versions="1-2", flexible="0+"):
    """Records, and which of them were acquired how often."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    acquisition_lock_timeout_ms: int = int32(default=0)
    responses: Sequence[ShareFetchableTopicResponse] = array(ShareFetchableTopicResponse, default=())
    node_endpoints: Sequence[NodeEndpoint] = array(NodeEndpoint, default=())


class AcknowledgementBatch(Struct):
    first_offset: int = int64()
    last_offset: int = int64()
    acknowledge_types: Sequence[int] = array(int8())


class FetchPartition(Struct):
    partition_index: int = int32()
    acknowledgement_batches: Sequence[AcknowledgementBatch] = array(AcknowledgementBatch)


class FetchTopic(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[FetchPartition] = array(FetchPartition)


class ForgottenTopic(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[int] = array(int32())


class ShareFetchRequest(Request[ShareFetchResponse], api_key=78, versions="1-2", flexible="0+"):
    """Asks for records to be acquired for this member, and acknowledges earlier ones in passing.

    v2  how strictly max_records is kept (KIP-1206); acquisitions can be renewed (KIP-1222)
    """

    CAN_RENEW = Versions.parse("2+")
    """Acknowledgement type 4 renews (KIP-1222)."""

    group_id: str | None = string(default=None, nullable="0+")
    member_id: str | None = string(default=None, nullable="0+")
    share_session_epoch: int = int32()
    max_wait_ms: int = int32()
    min_bytes: int = int32()
    max_bytes: int = int32(default=MAX_INT32)
    max_records: int = int32()
    batch_size: int = int32()
    share_acquire_mode: int = int8(default=0, versions="2+")
    is_renew_ack: bool = boolean(default=False, versions="2+")
    topics: Sequence[FetchTopic] = array(FetchTopic)
    forgotten_topics_data: Sequence[ForgottenTopic] = array(ForgottenTopic)


class ShareAcknowledgeResponsePartitionData(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    current_leader: LeaderIdAndEpoch = struct(LeaderIdAndEpoch)


class ShareAcknowledgeTopicResponse(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[ShareAcknowledgeResponsePartitionData] = array(ShareAcknowledgeResponsePartitionData)


class ShareAcknowledgeResponse(Response, versions="1-2", flexible="0+"):
    """Per partition an error. v2 tells how long acquisitions last."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    acquisition_lock_timeout_ms: int = int32(default=0, versions="2+")
    responses: Sequence[ShareAcknowledgeTopicResponse] = array(ShareAcknowledgeTopicResponse, default=())
    node_endpoints: Sequence[NodeEndpoint] = array(NodeEndpoint, default=())


class AcknowledgePartition(Struct):
    partition_index: int = int32()
    acknowledgement_batches: Sequence[AcknowledgementBatch] = array(AcknowledgementBatch)


class AcknowledgeTopic(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[AcknowledgePartition] = array(AcknowledgePartition)


class ShareAcknowledgeRequest(Request[ShareAcknowledgeResponse], api_key=79, versions="1-2", flexible="0+"):
    """Acknowledges records: gap 0, accept 1, release 2, reject 3; v2 renew 4 (KIP-1222)."""

    CAN_RENEW = Versions.parse("2+")
    """Acknowledgement type 4 renews (KIP-1222)."""

    group_id: str | None = string(default=None, nullable="0+")
    member_id: str | None = string(default=None, nullable="0+")
    share_session_epoch: int = int32()
    is_renew_ack: bool = boolean(default=False, versions="2+")
    topics: Sequence[AcknowledgeTopic] = array(AcknowledgeTopic)


class DescribeShareGroupOffsetsResponsePartition(Struct):
    partition_index: int = int32()
    start_offset: int = int64()
    leader_epoch: int = int32()
    lag: int = int64(default=-1, versions="1+")
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class DescribeShareGroupOffsetsResponseTopic(Struct):
    topic_name: str = string()
    topic_id: bytes = uuid()
    partitions: Sequence[DescribeShareGroupOffsetsResponsePartition] = array(DescribeShareGroupOffsetsResponsePartition)


class DescribeShareGroupOffsetsResponseGroup(Struct):
    group_id: str = string()
    topics: Sequence[DescribeShareGroupOffsetsResponseTopic] = array(DescribeShareGroupOffsetsResponseTopic)
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class DescribeShareGroupOffsetsResponse(Response, versions="0-1", flexible="0+"):
    """Start offsets per share-partition. v1 the lag (KIP-1226)."""

    throttle_time_ms: int = int32(default=0)
    groups: Sequence[DescribeShareGroupOffsetsResponseGroup] = array(DescribeShareGroupOffsetsResponseGroup, default=())


class DescribeShareGroupOffsetsRequestTopic(Struct):
    topic_name: str = string()
    partitions: Sequence[int] = array(int32())


class DescribeShareGroupOffsetsRequestGroup(Struct):
    group_id: str = string()
    topics: Sequence[DescribeShareGroupOffsetsRequestTopic] | None = array(
        DescribeShareGroupOffsetsRequestTopic, nullable="0+"
    )


class DescribeShareGroupOffsetsRequest(
    Request[DescribeShareGroupOffsetsResponse], api_key=90, versions="0-1", flexible="0+"
):
    """Asks where share groups stand; null topics mean all."""

    groups: Sequence[DescribeShareGroupOffsetsRequestGroup] = array(DescribeShareGroupOffsetsRequestGroup)


class AlterShareGroupOffsetsResponsePartition(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class AlterShareGroupOffsetsResponseTopic(Struct):
    topic_name: str = string()
    topic_id: bytes = uuid()
    partitions: Sequence[AlterShareGroupOffsetsResponsePartition] = array(AlterShareGroupOffsetsResponsePartition)


class AlterShareGroupOffsetsResponse(Response, versions="0", flexible="0+"):
    """Per partition an error."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    responses: Sequence[AlterShareGroupOffsetsResponseTopic] = array(AlterShareGroupOffsetsResponseTopic, default=())


class AlterShareGroupOffsetsRequestPartition(Struct):
    partition_index: int = int32()
    start_offset: int = int64()


class AlterShareGroupOffsetsRequestTopic(Struct):
    topic_name: str = string()
    partitions: Sequence[AlterShareGroupOffsetsRequestPartition] = array(AlterShareGroupOffsetsRequestPartition)


class AlterShareGroupOffsetsRequest(Request[AlterShareGroupOffsetsResponse], api_key=91, versions="0", flexible="0+"):
    """Sets the start offsets of an empty share group."""

    group_id: str = string()
    topics: Sequence[AlterShareGroupOffsetsRequestTopic] = array(AlterShareGroupOffsetsRequestTopic)


class DeleteShareGroupOffsetsResponseTopic(Struct):
    topic_name: str = string()
    topic_id: bytes = uuid()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class DeleteShareGroupOffsetsResponse(Response, versions="0", flexible="0+"):
    """Per topic an error."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    responses: Sequence[DeleteShareGroupOffsetsResponseTopic] = array(DeleteShareGroupOffsetsResponseTopic, default=())


class DeleteShareGroupOffsetsRequestTopic(Struct):
    topic_name: str = string()


class DeleteShareGroupOffsetsRequest(Request[DeleteShareGroupOffsetsResponse], api_key=92, versions="0", flexible="0+"):
    """Forgets topics of an empty share group."""

    group_id: str = string()
    topics: Sequence[DeleteShareGroupOffsetsRequestTopic] = array(DeleteShareGroupOffsetsRequestTopic)
