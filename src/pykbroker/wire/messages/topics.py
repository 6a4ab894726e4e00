"""Administration of topics and partitions: CreateTopics (19), DeleteTopics (20), DeleteRecords (21),
CreatePartitions (37), ElectLeaders (43), AlterPartitionReassignments (45), ListPartitionReassignments (46).
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    ZERO_UUID,
    Struct,
    Versions,
    array,
    boolean,
    int8,
    int16,
    int32,
    int64,
    string,
    uuid,
)


class CreatableTopicConfigs(Struct):
    name: str = string()
    value: str | None = string(default=None, nullable="0+")
    read_only: bool = boolean()
    config_source: int = int8(default=-1)
    is_sensitive: bool = boolean()


class CreatableTopicResult(Struct):
    name: str = string()
    topic_id: bytes = uuid(default=ZERO_UUID, versions="7+")
    error_code: int = int16()
    error_message: str | None = string(default=None, versions="1+", nullable="1+")
    topic_config_error_code: int = int16(default=0, versions="5+", tag=0)
    num_partitions: int = int32(default=-1, versions="5+")
    replication_factor: int = int16(default=-1, versions="5+")
    configs: Sequence[CreatableTopicConfigs] | None = array(
        CreatableTopicConfigs, default=(), versions="5+", nullable="5+"
    )


class CreateTopicsResponse(Response, versions="0-7", flexible="5+"):
    """Per topic an error, and since v5 what was created."""

    throttle_time_ms: int = int32(default=0, versions="2+")
    topics: Sequence[CreatableTopicResult] = array(CreatableTopicResult, default=())


class CreatableReplicaAssignment(Struct):
    partition_index: int = int32()
    broker_ids: Sequence[int] = array(int32())


class CreatableTopicConfig(Struct):
    name: str = string()
    value: str | None = string(default=None, nullable="0+")


class CreatableTopic(Struct):
    name: str = string()
    num_partitions: int = int32()
    replication_factor: int = int16()
    assignments: Sequence[CreatableReplicaAssignment] = array(CreatableReplicaAssignment)
    configs: Sequence[CreatableTopicConfig] = array(CreatableTopicConfig)


class CreateTopicsRequest(Request[CreateTopicsResponse], api_key=19, versions="0-7", flexible="5+"):
    """Asks to create topics, by counts or by explicit assignment.

    v1  validate only    v4  -1 means the broker's default (KIP-464)
    v5  flexible; answers with the configs (KIP-525)    v6  may be throttled by quota (KIP-599)
    v7  answers with topic ids
    """

    COUNTS_MAY_BE_DEFAULT = Versions.parse("4+")
    """-1 partitions or replicas mean the broker's default (KIP-464)."""
    KNOWS_QUOTA_EXCEEDED = Versions.parse("6+")
    """May be told THROTTLING_QUOTA_EXCEEDED (KIP-599); before, it only waits."""

    topics: Sequence[CreatableTopic] = array(CreatableTopic)
    timeout_ms: int = int32(default=60000)
    validate_only: bool = boolean(default=False, versions="1+")


class DeletableTopicResult(Struct):
    name: str | None = string(nullable="6+")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="6+")
    error_code: int = int16()
    error_message: str | None = string(default=None, versions="5+", nullable="5+")


class DeleteTopicsResponse(Response, versions="0-6", flexible="4+"):
    """Per topic an error. v3 has TOPIC_DELETION_DISABLED; v5 a message; v6 ids."""

    throttle_time_ms: int = int32(default=0, versions="1+")
    responses: Sequence[DeletableTopicResult] = array(DeletableTopicResult, default=())


class DeleteTopicState(Struct):
    name: str | None = string(default=None, nullable="0+")
    topic_id: bytes = uuid()


class DeleteTopicsRequest(Request[DeleteTopicsResponse], api_key=20, versions="0-6", flexible="4+"):
    """Asks to delete topics.

    v4  flexible    v5  may be throttled (KIP-599)    v6  by id as well, in another field
    """

    BY_TOPIC_ID = Versions.parse("6+")
    """``topics`` holds names or ids; before, ``topic_names``."""
    KNOWS_DELETION_DISABLED = Versions.parse("3+")
    """May be told TOPIC_DELETION_DISABLED; before, INVALID_REQUEST."""
    KNOWS_QUOTA_EXCEEDED = Versions.parse("5+")
    """May be told THROTTLING_QUOTA_EXCEEDED (KIP-599); before, it only waits."""

    topics: Sequence[DeleteTopicState] = array(DeleteTopicState, default=(), versions="6+")
    topic_names: Sequence[str] = array(string(), default=(), versions="0-5")
    timeout_ms: int = int32()


class CreatePartitionsTopicResult(Struct):
    name: str = string()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class CreatePartitionsResponse(Response, versions="0-3", flexible="2+"):
    """Per topic an error."""

    throttle_time_ms: int = int32(default=0)
    results: Sequence[CreatePartitionsTopicResult] = array(CreatePartitionsTopicResult, default=())


class CreatePartitionsAssignment(Struct):
    broker_ids: Sequence[int] = array(int32())


class CreatePartitionsTopic(Struct):
    name: str = string()
    count: int = int32()
    assignments: Sequence[CreatePartitionsAssignment] | None = array(CreatePartitionsAssignment, nullable="0+")


class CreatePartitionsRequest(Request[CreatePartitionsResponse], api_key=37, versions="0-3", flexible="2+"):
    """Asks to raise the number of partitions of topics (KIP-195). v3 may be throttled (KIP-599)."""

    KNOWS_QUOTA_EXCEEDED = Versions.parse("3+")
    """May be told THROTTLING_QUOTA_EXCEEDED (KIP-599); before, it only waits."""

    topics: Sequence[CreatePartitionsTopic] = array(CreatePartitionsTopic)
    timeout_ms: int = int32()
    validate_only: bool = boolean()


class DeleteRecordsPartitionResult(Struct):
    partition_index: int = int32()
    low_watermark: int = int64()
    error_code: int = int16()


class DeleteRecordsTopicResult(Struct):
    name: str = string()
    partitions: Sequence[DeleteRecordsPartitionResult] = array(DeleteRecordsPartitionResult)


class DeleteRecordsResponse(Response, versions="0-2", flexible="2+"):
    """Per partition the low watermark: the lowest log start offset of its replicas."""

    throttle_time_ms: int = int32(default=0)
    topics: Sequence[DeleteRecordsTopicResult] = array(DeleteRecordsTopicResult, default=())


class DeleteRecordsPartition(Struct):
    partition_index: int = int32()
    offset: int = int64()


class DeleteRecordsTopic(Struct):
    name: str = string()
    partitions: Sequence[DeleteRecordsPartition] = array(DeleteRecordsPartition)


class DeleteRecordsRequest(Request[DeleteRecordsResponse], api_key=21, versions="0-2", flexible="2+"):
    """Asks to move log start offsets forward (KIP-107); -1 is the high watermark."""

    topics: Sequence[DeleteRecordsTopic] = array(DeleteRecordsTopic)
    timeout_ms: int = int32()


class PartitionResult(Struct):
    partition_id: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class ReplicaElectionResult(Struct):
    topic: str = string()
    partition_result: Sequence[PartitionResult] = array(PartitionResult)


class ElectLeadersResponse(Response, versions="0-2", flexible="2+"):
    """Per partition an error."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0, versions="1+")
    replica_election_results: Sequence[ReplicaElectionResult] = array(ReplicaElectionResult, default=())


class TopicPartitions(Struct):
    topic: str = string()
    partitions: Sequence[int] = array(int32())


class ElectLeadersRequest(Request[ElectLeadersResponse], api_key=43, versions="0-2", flexible="2+"):
    """Asks to elect leaders (KIP-183).

    v0  preferred ones    v1  a type: preferred 0, unclean 1 (KIP-460). Null means all partitions
    """

    election_type: int = int8(default=0, versions="1+")
    topic_partitions: Sequence[TopicPartitions] | None = array(TopicPartitions, nullable="0+")
    timeout_ms: int = int32(default=60000)


class ReassignablePartitionResponse(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class ReassignableTopicResponse(Struct):
    name: str = string()
    partitions: Sequence[ReassignablePartitionResponse] = array(ReassignablePartitionResponse)


class AlterPartitionReassignmentsResponse(Response, versions="0-1", flexible="0+"):
    """Per partition an error."""

    throttle_time_ms: int = int32(default=0)
    allow_replication_factor_change: bool = boolean(default=True, versions="1+")
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    responses: Sequence[ReassignableTopicResponse] = array(ReassignableTopicResponse, default=())


class ReassignablePartition(Struct):
    partition_index: int = int32()
    replicas: Sequence[int] | None = array(int32(), default=None, nullable="0+")


class ReassignableTopic(Struct):
    name: str = string()
    partitions: Sequence[ReassignablePartition] = array(ReassignablePartition)


class AlterPartitionReassignmentsRequest(
    Request[AlterPartitionReassignmentsResponse], api_key=45, versions="0-1", flexible="0+"
):
    """Asks to move replicas (KIP-455); null replicas cancel.

    v1  can forbid a change of the replication factor (KIP-860)
    """

    timeout_ms: int = int32(default=60000)
    allow_replication_factor_change: bool = boolean(default=True, versions="1+")
    topics: Sequence[ReassignableTopic] = array(ReassignableTopic)


class OngoingPartitionReassignment(Struct):
    partition_index: int = int32()
    replicas: Sequence[int] = array(int32())
    adding_replicas: Sequence[int] = array(int32())
    removing_replicas: Sequence[int] = array(int32())


class OngoingTopicReassignment(Struct):
    name: str = string()
    partitions: Sequence[OngoingPartitionReassignment] = array(OngoingPartitionReassignment)


class ListPartitionReassignmentsResponse(Response, versions="0", flexible="0+"):
    """Partitions under way: replicas, those being added, those being removed."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    topics: Sequence[OngoingTopicReassignment] = array(OngoingTopicReassignment, default=())


class ListPartitionReassignmentsTopics(Struct):
    name: str = string()
    partition_indexes: Sequence[int] = array(int32())


class ListPartitionReassignmentsRequest(
    Request[ListPartitionReassignmentsResponse], api_key=46, versions="0", flexible="0+"
):
    """Asks which partitions are being moved (KIP-455); null means all."""

    timeout_ms: int = int32(default=60000)
    topics: Sequence[ListPartitionReassignmentsTopics] | None = array(
        ListPartitionReassignmentsTopics, default=None, nullable="0+"
    )
