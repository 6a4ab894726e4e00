"""Records of Streams groups (KIP-1071) in ``__consumer_offsets``."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import Struct, array, int8, int16, int32, int64, string, struct, uint16


class StreamsGroupMetadataKey(StoredMessage, api_key=17, versions="0"):
    """A Streams group as a whole."""

    group_id: str = string()


class LastAssignmentConfig(Struct):
    key: str = string()
    value: str = string()


class StreamsGroupMetadataValue(StoredMessage, api_key=17, versions="0", flexible="0+"):
    """The group epoch, a hash of the metadata it was computed from, and the topology it was validated
    with.
    """

    epoch: int = int32()
    metadata_hash: int = int64()
    validated_topology_epoch: int = int32(default=-1, tag=0)
    last_assignment_configs: Sequence[LastAssignmentConfig] | None = array(
        LastAssignmentConfig, default=(), nullable="0+", tag=1
    )


class StreamsGroupMemberMetadataKey(StoredMessage, api_key=19, versions="0"):
    """A member of a Streams group: one client instance."""

    group_id: str = string()
    member_id: str = string()


class Endpoint(Struct):
    host: str = string()
    port: int = uint16()


class KeyValue(Struct):
    key: str = string()
    value: str = string()


class StreamsGroupMemberMetadataValue(StoredMessage, api_key=19, versions="0", flexible="0+"):
    """Process, endpoint, tags and topology epoch of a member."""

    instance_id: str | None = string(default=None, nullable="0+")
    rack_id: str | None = string(default=None, nullable="0+")
    client_id: str = string()
    client_host: str = string()
    rebalance_timeout_ms: int = int32(default=-1)
    topology_epoch: int = int32()
    process_id: str = string()
    user_endpoint: Endpoint | None = struct(Endpoint, default=None, nullable="0+")
    client_tags: Sequence[KeyValue] = array(KeyValue)


class StreamsGroupTargetAssignmentMetadataKey(StoredMessage, api_key=20, versions="0"):
    """The target assignment of a Streams group as a whole."""

    group_id: str = string()


class StreamsGroupTargetAssignmentMetadataValue(StoredMessage, api_key=20, versions="0", flexible="0+"):
    """The epoch of the target assignment."""

    assignment_epoch: int = int32()
    assignment_timestamp: int = int64(default=0, tag=0)


class StreamsGroupTargetAssignmentMemberKey(StoredMessage, api_key=21, versions="0"):
    """A member's part of the target assignment."""

    group_id: str = string()
    member_id: str = string()


class StreamsGroupTargetAssignmentMemberValueTaskIds(Struct):
    subtopology_id: str = string()
    partitions: Sequence[int] = array(int32())


class StreamsGroupTargetAssignmentMemberValue(StoredMessage, api_key=21, versions="0", flexible="0+"):
    """The tasks a member shall have: active, standby, warm-up."""

    active_tasks: Sequence[StreamsGroupTargetAssignmentMemberValueTaskIds] = array(
        StreamsGroupTargetAssignmentMemberValueTaskIds
    )
    standby_tasks: Sequence[StreamsGroupTargetAssignmentMemberValueTaskIds] = array(
        StreamsGroupTargetAssignmentMemberValueTaskIds
    )
    warmup_tasks: Sequence[StreamsGroupTargetAssignmentMemberValueTaskIds] = array(
        StreamsGroupTargetAssignmentMemberValueTaskIds
    )


class StreamsGroupCurrentMemberAssignmentKey(StoredMessage, api_key=22, versions="0"):
    """What a member has now."""

    group_id: str = string()
    member_id: str = string()


class StreamsGroupCurrentMemberAssignmentValueTaskIds(Struct):
    subtopology_id: str = string()
    partitions: Sequence[int] = array(int32())
    assignment_epochs: Sequence[int] | None = array(int32(), default=(), nullable="0+", tag=0)


class StreamsGroupCurrentMemberAssignmentValue(StoredMessage, api_key=22, versions="0", flexible="0+"):
    """Epoch, state and tasks of a member, and active tasks it has yet to give back."""

    member_epoch: int = int32()
    previous_member_epoch: int = int32()
    state: int = int8()
    active_tasks: Sequence[StreamsGroupCurrentMemberAssignmentValueTaskIds] = array(
        StreamsGroupCurrentMemberAssignmentValueTaskIds
    )
    standby_tasks: Sequence[StreamsGroupCurrentMemberAssignmentValueTaskIds] = array(
        StreamsGroupCurrentMemberAssignmentValueTaskIds
    )
    warmup_tasks: Sequence[StreamsGroupCurrentMemberAssignmentValueTaskIds] = array(
        StreamsGroupCurrentMemberAssignmentValueTaskIds
    )
    active_tasks_pending_revocation: Sequence[StreamsGroupCurrentMemberAssignmentValueTaskIds] = array(
        StreamsGroupCurrentMemberAssignmentValueTaskIds
    )
    standby_tasks_pending_revocation: Sequence[StreamsGroupCurrentMemberAssignmentValueTaskIds] = array(
        StreamsGroupCurrentMemberAssignmentValueTaskIds
    )
    warmup_tasks_pending_revocation: Sequence[StreamsGroupCurrentMemberAssignmentValueTaskIds] = array(
        StreamsGroupCurrentMemberAssignmentValueTaskIds
    )


class StreamsGroupTopologyKey(StoredMessage, api_key=23, versions="0"):
    """The topology of a Streams group."""

    group_id: str = string()


class TopicConfig(Struct):
    key: str = string()
    value: str = string()


class TopicInfo(Struct):
    name: str = string()
    partitions: int = int32()
    replication_factor: int = int16()
    topic_configs: Sequence[TopicConfig] = array(TopicConfig)


class CopartitionGroup(Struct):
    source_topics: Sequence[int] = array(int16())
    source_topic_regex: Sequence[int] = array(int16())
    repartition_source_topics: Sequence[int] = array(int16())


class Subtopology(Struct):
    subtopology_id: str = string()
    source_topics: Sequence[str] = array(string())
    source_topic_regex: Sequence[str] = array(string())
    state_changelog_topics: Sequence[TopicInfo] = array(TopicInfo)
    repartition_sink_topics: Sequence[str] = array(string())
    repartition_source_topics: Sequence[TopicInfo] = array(TopicInfo)
    copartition_groups: Sequence[CopartitionGroup] = array(CopartitionGroup)


class StreamsGroupTopologyValue(StoredMessage, api_key=23, versions="0", flexible="0+"):
    """Subtopologies with their topics, as the members declared them."""

    epoch: int = int32()
    subtopologies: Sequence[Subtopology] = array(Subtopology)
