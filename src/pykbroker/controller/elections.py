"""Elections: who leads a partition (ElectLeaders, API key 43).

Lives here: preferred elections (the first replica leads again) and unclean ones (anybody alive, rather than nobody).
Never: moves a leader that need not move: ELECTION_NOT_NEEDED.

Kafka: ``ReplicationControlManager.electLeaders``. With no partitions named it elects wherever an election is due; the
answer then names every topic, and of their partitions only those where something happened or went wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pykbroker.controller.decision import Decision, check_size
from pykbroker.controller.partition_change import Election, PartitionChange
from pykbroker.controller.settings import Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import NO_LEADER, MetadataImage
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.stored_metadata_topics import PartitionChangeRecord
from pykbroker.wire.messages.topics import (
    ElectLeadersRequest,
    ElectLeadersResponse,
    PartitionResult,
    ReplicaElectionResult,
)

ELECTION_TYPES = {0: Election.PREFERRED, 1: Election.UNCLEAN}
_NOBODY_CAN_LEAD = {
    Election.PREFERRED: ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
    Election.UNCLEAN: ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
}


def elect_leaders(
    image: MetadataImage, request: ElectLeadersRequest, settings: Settings
) -> Decision[ElectLeadersResponse]:
    """Elect a leader for each partition named, or for all."""
    records: list[StoredMessage] = []
    election = ELECTION_TYPES.get(request.election_type)
    if election is None:
        error = KafkaError(ErrorCode.INVALID_REQUEST, f"there is no election type {request.election_type}")
        return Decision((), _everywhere(request, error))

    def elect(topic: str, partition_id: int) -> PartitionResult:
        try:
            records.append(_elect(image, topic, partition_id, election, settings))
        except KafkaError as error:
            return _result(partition_id, error)
        return PartitionResult(partition_id=partition_id, error_code=ErrorCode.NONE)

    if request.topic_partitions is None:
        wanted: Iterable[tuple[str, Iterable[int]]] = (
            (topic.name, range(len(topic.partitions))) for topic in image.topics.values()
        )
        results = [_elect_all(name, partitions, elect) for name, partitions in wanted]
    else:
        results = [
            ReplicaElectionResult(topic=each.topic, partition_result=[elect(each.topic, p) for p in each.partitions])
            for each in request.topic_partitions
        ]
    check_size(records)
    return Decision(records, ElectLeadersResponse(replica_election_results=results))


def _elect(
    image: MetadataImage, topic: str, partition_id: int, election: Election, settings: Settings
) -> PartitionChangeRecord:
    partition = image.partition(topic, partition_id)
    if partition is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no partition {topic}-{partition_id}")
    if election is Election.PREFERRED:
        satisfied = partition.leader == partition.preferred_leader
    else:
        satisfied = partition.leader != NO_LEADER
    if satisfied:
        raise KafkaError(ErrorCode.ELECTION_NOT_NEEDED)
    change = PartitionChange(image, image.topics[topic].topic_id, partition, settings.min_insync_replicas(image, topic))
    change.election = election
    record = change.record()
    if record is None:
        raise KafkaError(_NOBODY_CAN_LEAD[election])
    return record


def _elect_all(
    name: str, partitions: Iterable[int], elect: Callable[[str, int], PartitionResult]
) -> ReplicaElectionResult:
    results = [elect(name, partition_id) for partition_id in partitions]
    told = [result for result in results if result.error_code != ErrorCode.ELECTION_NOT_NEEDED]
    return ReplicaElectionResult(topic=name, partition_result=told)


def _everywhere(request: ElectLeadersRequest, error: KafkaError) -> ElectLeadersResponse:
    """The same error for the request and for each partition it names."""
    results = [
        ReplicaElectionResult(topic=topic.topic, partition_result=[_result(p, error) for p in topic.partitions])
        for topic in request.topic_partitions or ()
    ]
    return ElectLeadersResponse(error_code=error.code, replica_election_results=results)


def _result(partition_id: int, error: KafkaError) -> PartitionResult:
    return PartitionResult(partition_id=partition_id, error_code=error.code, error_message=error.message)
