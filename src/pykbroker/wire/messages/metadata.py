"""Who is in the cluster and who leads what: Metadata (3), DescribeCluster (60), DescribeTopicPartitions (75)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    MIN_INT32,
    ZERO_UUID,
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


class MetadataResponseBroker(Struct):
    node_id: int = int32()
    host: str = string()
    port: int = int32()
    rack: str | None = string(default=None, versions="1+", nullable="1+")


class MetadataResponsePartition(Struct):
    error_code: int = int16()
    partition_index: int = int32()
    leader_id: int = int32()
    leader_epoch: int = int32(default=-1, versions="7+")
    replica_nodes: Sequence[int] = array(int32())
    isr_nodes: Sequence[int] = array(int32())
    offline_replicas: Sequence[int] = array(int32(), default=(), versions="5+")


class MetadataResponseTopic(Struct):
    error_code: int = int16()
    name: str | None = string(nullable="12+")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="10+")
    is_internal: bool = boolean(default=False, versions="1+")
    partitions: Sequence[MetadataResponsePartition] = array(MetadataResponsePartition)
    topic_authorized_operations: int = int32(default=MIN_INT32, versions="8+")


class MetadataResponse(Response, versions="0-13", flexible="9+"):
    """Brokers and topics with their partitions. v5 names offline replicas, v7 leader epochs (KIP-320)."""

    throttle_time_ms: int = int32(default=0, versions="3+")
    brokers: Sequence[MetadataResponseBroker] = array(MetadataResponseBroker, default=())
    cluster_id: str | None = string(default=None, versions="2+", nullable="2+")
    controller_id: int = int32(default=-1, versions="1+")
    topics: Sequence[MetadataResponseTopic] = array(MetadataResponseTopic, default=())
    cluster_authorized_operations: int = int32(default=MIN_INT32, versions="8-10")
    error_code: int = int16(default=0, versions="13+")


class MetadataRequestTopic(Struct):
    topic_id: bytes = uuid(default=ZERO_UUID, versions="10+")
    name: str | None = string(nullable="10+")


class MetadataRequest(Request[MetadataResponse], api_key=3, versions="0-13", flexible="9+"):
    """Asks for brokers and for topics: some, or all.

    v0  no topics means all; since v1 null means all and none means none
    v4  auto creation can be refused (before, it is always wanted)
    v8  authorized operations (KIP-430)    v9  flexible    v10  topic ids in the answer (KIP-516)
    v12  topics may be asked for by id
    v13  the answer can send a client back to its bootstrap servers (KIP-1102)
    """

    NO_TOPICS_MEANS_ALL = Versions.parse("0")
    """An empty list asks for every topic; since v1 null does."""
    BY_TOPIC_ID = Versions.parse("12+")
    """Topics may be asked for by id; v10 and v11 have the field, but no broker took it."""
    LISTENER_NOT_FOUND = Versions.parse("6+")
    """A leader without this listener is LISTENER_NOT_FOUND; before, LEADER_NOT_AVAILABLE."""
    OMITS_OFFLINE_REPLICAS = Versions.parse("0")
    """Replicas on brokers that are down are left out, with REPLICA_NOT_AVAILABLE."""
    CLUSTER_AUTHORIZED_OPERATIONS = Versions.parse("8-10")
    """The cluster operations can be asked for here; since v11 by DescribeCluster."""

    topics: Sequence[MetadataRequestTopic] | None = array(MetadataRequestTopic, nullable="1+")
    allow_auto_topic_creation: bool = boolean(default=True, versions="4+")
    include_cluster_authorized_operations: bool = boolean(default=False, versions="8-10")
    include_topic_authorized_operations: bool = boolean(default=False, versions="8+")


class DescribeClusterBroker(Struct):
    broker_id: int = int32()
    host: str = string()
    port: int = int32()
    rack: str | None = string(default=None, nullable="0+")
    is_fenced: bool = boolean(default=False, versions="2+")


class DescribeClusterResponse(Response, versions="0-2", flexible="0+"):
    """The brokers, or the controllers if the request asked for that endpoint type."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    endpoint_type: int = int8(default=1, versions="1+")
    cluster_id: str = string(default="")
    controller_id: int = int32(default=-1)
    brokers: Sequence[DescribeClusterBroker] = array(DescribeClusterBroker, default=())
    cluster_authorized_operations: int = int32(default=MIN_INT32)


class DescribeClusterRequest(Request[DescribeClusterResponse], api_key=60, versions="0-2", flexible="0+"):
    """Asks for cluster id, controller and brokers (KIP-700).

    v1  of controllers too (KIP-919)    v2  fenced brokers (KIP-1073)
    """

    include_cluster_authorized_operations: bool = boolean()
    endpoint_type: int = int8(default=1, versions="1+")
    include_fenced_brokers: bool = boolean(default=False, versions="2+")


class DescribeTopicPartitionsResponsePartition(Struct):
    error_code: int = int16()
    partition_index: int = int32()
    leader_id: int = int32()
    leader_epoch: int = int32(default=-1)
    replica_nodes: Sequence[int] = array(int32())
    isr_nodes: Sequence[int] = array(int32())
    eligible_leader_replicas: Sequence[int] | None = array(int32(), default=None, nullable="0+")
    last_known_elr: Sequence[int] | None = array(int32(), default=None, nullable="0+")
    offline_replicas: Sequence[int] = array(int32(), default=())


class DescribeTopicPartitionsResponseTopic(Struct):
    error_code: int = int16()
    name: str | None = string(default=None, nullable="0+")
    topic_id: bytes = uuid(default=ZERO_UUID)
    is_internal: bool = boolean(default=False)
    partitions: Sequence[DescribeTopicPartitionsResponsePartition] = array(DescribeTopicPartitionsResponsePartition)
    topic_authorized_operations: int = int32(default=MIN_INT32)


class Cursor(Struct):
    topic_name: str = string()
    partition_index: int = int32()


class DescribeTopicPartitionsResponse(Response, versions="0", flexible="0+"):
    """One page, and the cursor of the next if there is one."""

    throttle_time_ms: int = int32(default=0)
    topics: Sequence[DescribeTopicPartitionsResponseTopic] = array(DescribeTopicPartitionsResponseTopic, default=())
    next_cursor: Cursor | None = struct(Cursor, default=None, nullable="0+")


class TopicRequest(Struct):
    name: str = string()


class DescribeTopicPartitionsRequest(Request[DescribeTopicPartitionsResponse], api_key=75, versions="0", flexible="0+"):
    """Asks for partitions of topics page by page, with eligible leader replicas (KIP-966)."""

    topics: Sequence[TopicRequest] = array(TopicRequest)
    response_partition_limit: int = int32(default=2000)
    cursor: Cursor | None = struct(Cursor, default=None, nullable="0+")
