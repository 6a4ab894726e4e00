"""CreatePartitions, as Apache Kafka 4.3.1 answers."""

import pytest
from metadata.sample_records import broker, cluster, topic_records

from controller.simple_settings import after, settings
from pykbroker.controller.decision import Requester
from pykbroker.controller.partitions import create_partitions
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.topics import CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsTopic


def wanted(name, count, assignments=None):
    if assignments is not None:
        assignments = [CreatePartitionsAssignment(broker_ids=brokers) for brokers in assignments]
    return CreatePartitionsTopic(name=name, count=count, assignments=assignments)


def grow(*topics, image=None, validate_only=False, requester=None):
    image = image or cluster(records=topic_records("a", 1))
    request = CreatePartitionsRequest(topics=topics, timeout_ms=0, validate_only=validate_only)
    return create_partitions(image, request, settings(), requester or Requester())


def codes(decision):
    return [(result.name, ErrorCode(result.error_code).name) for result in decision.response.results]


def test_new_partitions_follow_the_old():
    """A topic of one grows to three: partitions 1 and 2 are made."""
    decision = grow(wanted("a", 3))

    assert codes(decision) == [("a", "NONE")]
    assert [record.partition_id for record in decision.records] == [1, 2]
    assert len(after(cluster(records=topic_records("a", 1)), decision).topics["a"].partitions) == 3


def test_they_have_as_many_replicas():
    """The topic's replication factor holds for its new partitions, placed or assigned."""
    image = cluster(broker(1), broker(2), broker(3), records=topic_records("a", 1, replicas=(1, 2)))

    assert all(len(record.replicas) == 2 for record in grow(wanted("a", 9), image=image).records)
    assert codes(grow(wanted("a", 2, [[3]]), image=image)) == [("a", "INVALID_REPLICA_ASSIGNMENT")]


@pytest.mark.parametrize("count", [1, 0, -1])
def test_a_topic_only_grows(count):
    """As many or fewer: INVALID_PARTITIONS."""
    assert codes(grow(wanted("a", count))) == [("a", "INVALID_PARTITIONS")]


def test_unknown_topics():
    """UNKNOWN_TOPIC_OR_PARTITION, legal name or not; the others are grown all the same."""
    decision = grow(wanted("nope", 3), wanted("a b", 3), wanted("a", 2))

    assert codes(decision) == [
        ("nope", "UNKNOWN_TOPIC_OR_PARTITION"),
        ("a b", "UNKNOWN_TOPIC_OR_PARTITION"),
        ("a", "NONE"),
    ]
    assert len(decision.records) == 1


def test_a_topic_named_twice():
    """INVALID_REQUEST, once, ahead of the other answers."""
    assert codes(grow(wanted("b", 2), wanted("a", 3), wanted("a", 4))) == [
        ("a", "INVALID_REQUEST"),
        ("b", "UNKNOWN_TOPIC_OR_PARTITION"),
    ]


@pytest.mark.parametrize("assignments", [[[1]], [], [[1], [2]], [[1], []], [[1], [1, 1]]])
def test_bad_assignments(assignments):
    """Two new partitions need two lists of brokers that exist, none twice."""
    assert codes(grow(wanted("a", 3, assignments))) == [("a", "INVALID_REPLICA_ASSIGNMENT")]


def test_an_assignment_to_dead_brokers():
    """Nobody would be in sync: INVALID_REPLICA_ASSIGNMENT."""
    image = cluster(broker(1), broker(2, fenced=True), records=topic_records("a", 1))

    assert codes(grow(wanted("a", 2, [[2]]), image=image)) == [("a", "INVALID_REPLICA_ASSIGNMENT")]


def test_validate_only():
    """The answer without the partitions."""
    decision = grow(wanted("a", 3, [[1], [1]]), validate_only=True)

    assert (codes(decision), decision.records) == ([("a", "NONE")], ())


def test_too_many_at_once():
    """Ours: POLICY_VIOLATION, and nothing made (4.3.1: UNKNOWN_SERVER_ERROR, with 10,000 partitions made)."""
    decision = grow(wanted("a", 20_000))

    assert (codes(decision), decision.records) == ([("a", "POLICY_VIOLATION")], [])


def test_rights_and_quota():
    """Who may not alter is refused first; the quota counts the partitions added."""

    def charge(partitions):
        assert partitions == 2
        raise KafkaError(ErrorCode.THROTTLING_QUOTA_EXCEEDED)

    assert codes(grow(wanted("nope", 3), requester=Requester(may_create=lambda name: False))) == [
        ("nope", "TOPIC_AUTHORIZATION_FAILED")
    ]
    assert codes(grow(wanted("a", 3), requester=Requester(charge=charge))) == [("a", "THROTTLING_QUOTA_EXCEEDED")]
