"""The controllers' quorum (KIP-595, KIP-853): Vote (52), BeginQuorumEpoch (53), EndQuorumEpoch (54),
DescribeQuorum (55), FetchSnapshot (59), AddRaftVoter (80), RemoveRaftVoter (81), UpdateRaftVoter (82).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    ALL_DEFAULTS,
    MAX_INT32,
    ZERO_UUID,
    Struct,
    Versions,
    array,
    boolean,
    int16,
    int32,
    int64,
    records,
    string,
    struct,
    uint16,
    uuid,
)


class VoteResponsePartitionData(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    leader_id: int = int32()
    leader_epoch: int = int32()
    vote_granted: bool = boolean()


class VoteResponseTopicData(Struct):
    topic_name: str = string()
    partitions: Sequence[VoteResponsePartitionData] = array(VoteResponsePartitionData)


class NodeEndpoint(Struct):
    node_id: int = int32()
    host: str = string()
    port: int = uint16()


class VoteResponse(Response, versions="0-2", flexible="0+"):
    """Whether the vote is granted, and who leads as far as is known."""

    error_code: int = int16(default=0)
    topics: Sequence[VoteResponseTopicData] = array(VoteResponseTopicData, default=())
    node_endpoints: Sequence[NodeEndpoint] = array(NodeEndpoint, default=(), versions="1+", tag=0)


class VoteRequestPartitionData(Struct):
    partition_index: int = int32()
    replica_epoch: int = int32()
    replica_id: int = int32()
    replica_directory_id: bytes = uuid(default=ZERO_UUID, versions="1+")
    voter_directory_id: bytes = uuid(default=ZERO_UUID, versions="1+")
    last_offset_epoch: int = int32()
    last_offset: int = int64()
    pre_vote: bool = boolean(default=False, versions="2+")


class VoteRequestTopicData(Struct):
    topic_name: str = string()
    partitions: Sequence[VoteRequestPartitionData] = array(VoteRequestPartitionData)


class VoteRequest(Request[VoteResponse], api_key=52, versions="0-2", flexible="0+"):
    """A candidate asks for a vote. v1 voter ids with directories (KIP-853); v2 pre-votes (KIP-996)."""

    HAS_PRE_VOTE = Versions.parse("2+")
    """pre_vote means something (KIP-996)."""

    cluster_id: str | None = string(default=None, nullable="0+")
    voter_id: int = int32(default=-1, versions="1+")
    topics: Sequence[VoteRequestTopicData] = array(VoteRequestTopicData)


class BeginQuorumEpochResponsePartitionData(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    leader_id: int = int32()
    leader_epoch: int = int32()


class BeginQuorumEpochResponseTopicData(Struct):
    topic_name: str = string()
    partitions: Sequence[BeginQuorumEpochResponsePartitionData] = array(BeginQuorumEpochResponsePartitionData)


class BeginQuorumEpochResponse(Response, versions="0-1", flexible="1+"):
    """Who leads, in which epoch."""

    error_code: int = int16(default=0)
    topics: Sequence[BeginQuorumEpochResponseTopicData] = array(BeginQuorumEpochResponseTopicData, default=())
    node_endpoints: Sequence[NodeEndpoint] = array(NodeEndpoint, default=(), versions="1+", tag=0)


class BeginQuorumEpochRequestPartitionData(Struct):
    partition_index: int = int32()
    voter_directory_id: bytes = uuid(default=ZERO_UUID, versions="1+")
    leader_id: int = int32()
    leader_epoch: int = int32()


class BeginQuorumEpochRequestTopicData(Struct):
    topic_name: str = string()
    partitions: Sequence[BeginQuorumEpochRequestPartitionData] = array(BeginQuorumEpochRequestPartitionData)


class LeaderEndpoint(Struct):
    name: str = string()
    host: str = string()
    port: int = uint16()


class BeginQuorumEpochRequest(Request[BeginQuorumEpochResponse], api_key=53, versions="0-1", flexible="1+"):
    """A new leader says so to the voters. v1 flexible; endpoints and directories (KIP-853)."""

    cluster_id: str | None = string(default=None, nullable="0+")
    voter_id: int = int32(default=-1, versions="1+")
    topics: Sequence[BeginQuorumEpochRequestTopicData] = array(BeginQuorumEpochRequestTopicData)
    leader_endpoints: Sequence[LeaderEndpoint] = array(LeaderEndpoint, default=(), versions="1+")


class EndQuorumEpochResponsePartitionData(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    leader_id: int = int32()
    leader_epoch: int = int32()


class EndQuorumEpochResponseTopicData(Struct):
    topic_name: str = string()
    partitions: Sequence[EndQuorumEpochResponsePartitionData] = array(EndQuorumEpochResponsePartitionData)


class EndQuorumEpochResponse(Response, versions="0-1", flexible="1+"):
    """Who leads, in which epoch."""

    error_code: int = int16(default=0)
    topics: Sequence[EndQuorumEpochResponseTopicData] = array(EndQuorumEpochResponseTopicData, default=())
    node_endpoints: Sequence[NodeEndpoint] = array(NodeEndpoint, default=(), versions="1+", tag=0)


class ReplicaInfo(Struct):
    candidate_id: int = int32()
    candidate_directory_id: bytes = uuid()


class EndQuorumEpochRequestPartitionData(Struct):
    partition_index: int = int32()
    leader_id: int = int32()
    leader_epoch: int = int32()
    preferred_successors: Sequence[int] = array(int32(), default=(), versions="0")
    preferred_candidates: Sequence[ReplicaInfo] = array(ReplicaInfo, default=(), versions="1+")


class EndQuorumEpochRequestTopicData(Struct):
    topic_name: str = string()
    partitions: Sequence[EndQuorumEpochRequestPartitionData] = array(EndQuorumEpochRequestPartitionData)


class EndQuorumEpochRequest(Request[EndQuorumEpochResponse], api_key=54, versions="0-1", flexible="1+"):
    """A leader resigns, and names who should be next. v1 flexible; directories (KIP-853)."""

    cluster_id: str | None = string(default=None, nullable="0+")
    topics: Sequence[EndQuorumEpochRequestTopicData] = array(EndQuorumEpochRequestTopicData)
    leader_endpoints: Sequence[LeaderEndpoint] = array(LeaderEndpoint, default=(), versions="1+")


class ReplicaState(Struct):
    replica_id: int = int32()
    replica_directory_id: bytes = uuid(default=ZERO_UUID, versions="2+")
    log_end_offset: int = int64()
    last_fetch_timestamp: int = int64(default=-1, versions="1+")
    last_caught_up_timestamp: int = int64(default=-1, versions="1+")


class DescribeQuorumResponsePartitionData(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, versions="2+", nullable="2+")
    leader_id: int = int32()
    leader_epoch: int = int32()
    high_watermark: int = int64()
    current_voters: Sequence[ReplicaState] = array(ReplicaState)
    observers: Sequence[ReplicaState] = array(ReplicaState)


class DescribeQuorumResponseTopicData(Struct):
    topic_name: str = string()
    partitions: Sequence[DescribeQuorumResponsePartitionData] = array(DescribeQuorumResponsePartitionData)


class Listener(Struct):
    name: str = string()
    host: str = string()
    port: int = uint16()


class Node(Struct):
    node_id: int = int32()
    listeners: Sequence[Listener] = array(Listener)


class DescribeQuorumResponse(Response, versions="0-2", flexible="0+"):
    """Leader, high watermark, voters and observers."""

    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, versions="2+", nullable="2+")
    topics: Sequence[DescribeQuorumResponseTopicData] = array(DescribeQuorumResponseTopicData, default=())
    nodes: Sequence[Node] = array(Node, default=(), versions="2+")


class DescribeQuorumRequestPartitionData(Struct):
    partition_index: int = int32()


class DescribeQuorumRequestTopicData(Struct):
    topic_name: str = string()
    partitions: Sequence[DescribeQuorumRequestPartitionData] = array(DescribeQuorumRequestPartitionData)


class DescribeQuorumRequest(Request[DescribeQuorumResponse], api_key=55, versions="0-2", flexible="0+"):
    """Asks the leader how the quorum stands (KIP-595).

    v1  times of fetches (KIP-836)    v2  directories and listeners (KIP-853)
    """

    topics: Sequence[DescribeQuorumRequestTopicData] = array(DescribeQuorumRequestTopicData)


class SnapshotId(Struct):
    end_offset: int = int64()
    epoch: int = int32()


class LeaderIdAndEpoch(Struct):
    leader_id: int = int32()
    leader_epoch: int = int32()


class FetchSnapshotResponsePartitionSnapshot(Struct):
    index: int = int32()
    error_code: int = int16()
    snapshot_id: SnapshotId = struct(SnapshotId)
    current_leader: LeaderIdAndEpoch = struct(LeaderIdAndEpoch, default=ALL_DEFAULTS, tag=0)
    size: int = int64()
    position: int = int64()
    unaligned_records: Any = records(nullable="none")


class FetchSnapshotResponseTopicSnapshot(Struct):
    name: str = string()
    partitions: Sequence[FetchSnapshotResponsePartitionSnapshot] = array(FetchSnapshotResponsePartitionSnapshot)


class FetchSnapshotResponse(Response, versions="0-1", flexible="0+"):
    """A piece, as bytes that need not be whole batches."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    topics: Sequence[FetchSnapshotResponseTopicSnapshot] = array(FetchSnapshotResponseTopicSnapshot, default=())
    node_endpoints: Sequence[NodeEndpoint] = array(NodeEndpoint, default=(), versions="1+", tag=0)


class FetchSnapshotRequestPartitionSnapshot(Struct):
    partition: int = int32()
    current_leader_epoch: int = int32()
    snapshot_id: SnapshotId = struct(SnapshotId)
    position: int = int64()
    replica_directory_id: bytes = uuid(default=ZERO_UUID, versions="1+", tag=0)


class FetchSnapshotRequestTopicSnapshot(Struct):
    name: str = string()
    partitions: Sequence[FetchSnapshotRequestPartitionSnapshot] = array(FetchSnapshotRequestPartitionSnapshot)


class FetchSnapshotRequest(Request[FetchSnapshotResponse], api_key=59, versions="0-1", flexible="0+"):
    """Asks for a piece of a snapshot (KIP-630). v1 directory id (KIP-853)."""

    cluster_id: str | None = string(default=None, nullable="0+", tag=0)
    replica_id: int = int32(default=-1)
    max_bytes: int = int32(default=MAX_INT32)
    topics: Sequence[FetchSnapshotRequestTopicSnapshot] = array(FetchSnapshotRequestTopicSnapshot)


class AddRaftVoterResponse(Response, versions="0-1", flexible="0+"):
    """Whether it worked."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")


class AddRaftVoterRequest(Request[AddRaftVoterResponse], api_key=80, versions="0-1", flexible="0+"):
    """Asks to make a controller a voter (KIP-853). v1 can be answered before the change is committed."""

    cluster_id: str | None = string(default=None, nullable="0+")
    timeout_ms: int = int32()
    voter_id: int = int32()
    voter_directory_id: bytes = uuid()
    listeners: Sequence[Listener] = array(Listener)
    ack_when_committed: bool = boolean(default=True, versions="1+")


class RemoveRaftVoterResponse(Response, versions="0", flexible="0+"):
    """Whether it worked."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")


class RemoveRaftVoterRequest(Request[RemoveRaftVoterResponse], api_key=81, versions="0", flexible="0+"):
    """Asks to remove a voter (KIP-853)."""

    cluster_id: str | None = string(default=None, nullable="0+")
    voter_id: int = int32()
    voter_directory_id: bytes = uuid()


class CurrentLeader(Struct):
    leader_id: int = int32(default=-1)
    leader_epoch: int = int32(default=-1)
    host: str = string()
    port: int = int32()


class UpdateRaftVoterResponse(Response, versions="0", flexible="0+"):
    """Whether it worked, and who leads."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    current_leader: CurrentLeader = struct(CurrentLeader, default=ALL_DEFAULTS, tag=0)


class KRaftVersionFeature(Struct):
    min_supported_version: int = int16()
    max_supported_version: int = int16()


class UpdateRaftVoterRequest(Request[UpdateRaftVoterResponse], api_key=82, versions="0", flexible="0+"):
    """A voter tells its endpoints and the kraft.version it supports (KIP-853)."""

    cluster_id: str | None = string(default=None, nullable="0+")
    current_leader_epoch: int = int32()
    voter_id: int = int32()
    voter_directory_id: bytes = uuid()
    listeners: Sequence[Listener] = array(Listener)
    kraft_version_feature: KRaftVersionFeature = struct(KRaftVersionFeature)
