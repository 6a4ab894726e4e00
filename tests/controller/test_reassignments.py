"""AlterPartitionReassignments and ListPartitionReassignments, as Apache Kafka 4.3.1 answers."""

import pytest
from metadata.sample_records import broker, cluster, topic_records

from controller.simple_settings import after, settings
from pykbroker.controller.reassignments import alter_partition_reassignments, list_partition_reassignments
from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.stored_metadata import ConfigRecord
from pykbroker.wire.messages.topics import (
    AlterPartitionReassignmentsRequest,
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsTopics,
    ReassignablePartition,
    ReassignableTopic,
)


def reassign(image, *topics, may_change_factor=True):
    request = AlterPartitionReassignmentsRequest(
        allow_replication_factor_change=may_change_factor,
        topics=[
            ReassignableTopic(
                name=name,
                partitions=[ReassignablePartition(partition_index=p, replicas=replicas) for p, replicas in partitions],
            )
            for name, partitions in topics
        ],
    )
    return alter_partition_reassignments(image, request, settings())


def codes(decision):
    return [
        (topic.name, [(each.partition_index, ErrorCode(each.error_code).name) for each in topic.partitions])
        for topic in decision.response.responses
    ]


def listed(image, *topics):
    named = [ListPartitionReassignmentsTopics(name=name, partition_indexes=p) for name, p in topics] if topics else None
    response = list_partition_reassignments(image, ListPartitionReassignmentsRequest(topics=named))
    return {
        topic.name: [(p.partition_index, p.replicas, p.adding_replicas, p.removing_replicas) for p in topic.partitions]
        for topic in response.topics
    }


def moving():
    """Partition t-0 on its way from broker 1 to broker 2."""
    image = cluster(broker(1), broker(2), broker(3), records=topic_records("t", 2))
    return after(image, reassign(image, ("t", [(0, [2])])))


def test_on_one_broker_every_move_is_over_at_once():
    """To the broker it is on: success, nothing written. Cancelling: NO_REASSIGNMENT_IN_PROGRESS."""
    image = cluster(records=topic_records("t", 2))
    decision = reassign(image, ("t", [(0, [1]), (1, None), (5, [1])]), ("nope", [(0, [1]), (1, None)]))

    assert codes(decision) == [
        ("t", [(0, "NONE"), (1, "NO_REASSIGNMENT_IN_PROGRESS"), (5, "UNKNOWN_TOPIC_OR_PARTITION")]),
        ("nope", [(0, "UNKNOWN_TOPIC_OR_PARTITION"), (1, "UNKNOWN_TOPIC_OR_PARTITION")]),
    ]
    assert decision.records == []
    assert listed(image) == {}


@pytest.mark.parametrize("replicas", [[2], [], [1, 1], [-1]])
def test_bad_assignments(replicas):
    """INVALID_REPLICA_ASSIGNMENT."""
    image = cluster(records=topic_records("t", 1))

    assert codes(reassign(image, ("t", [(0, replicas)]))) == [("t", [(0, "INVALID_REPLICA_ASSIGNMENT")])]


def test_a_topic_may_be_named_twice():
    """Each is answered."""
    image = cluster(records=topic_records("t", 2))

    assert codes(reassign(image, ("t", [(0, [1])]), ("t", [(1, [1])]))) == [("t", [(0, "NONE")]), ("t", [(1, "NONE")])]


def test_a_move_is_listed_until_it_is_over():
    """All partitions or those asked for; unknown ones are left out."""
    image = moving()

    assert listed(image) == {"t": [(0, (2, 1), (2,), (1,))]}
    assert listed(image, ("t", [0, 1, 9]), ("nope", [0])) == {"t": [(0, (2, 1), (2,), (1,))]}
    assert listed(image, ("t", [1])) == {}


def test_a_move_is_cancelled():
    """The replicas from before, at once."""
    image = moving()
    decision = reassign(image, ("t", [(0, None)]))
    partition = after(image, decision).partition("t", 0)

    assert codes(decision) == [("t", [(0, "NONE")])]
    assert (partition.replicas, partition.isr, partition.is_reassigning) == ((1,), (1,), False)


@pytest.mark.parametrize(("allowed", "code"), [("false", "INVALID_REPLICA_ASSIGNMENT"), ("true", "NONE")])
def test_cancelling_when_only_new_replicas_are_in_sync(allowed, code):
    """Going back would be an unclean election, so the topic must allow one."""
    records = [
        *topic_records("t", 1, replicas=(2, 1), isr=(2,), leader=2, adding_replicas=(2,)),
        ConfigRecord(resource_type=2, resource_name="t", name="unclean.leader.election.enable", value=allowed),
    ]
    image = cluster(broker(1), broker(2), records=records)
    decision = reassign(image, ("t", [(0, None)]))

    assert codes(decision) == [("t", [(0, code)])]
    if code == "NONE":
        assert after(image, decision).partition("t", 0).isr == (1,)


def test_the_replication_factor_may_be_protected():
    """allow_replication_factor_change=false (version 1): INVALID_REPLICATION_FACTOR, compared with the move's end."""
    image = moving()

    assert codes(reassign(image, ("t", [(0, [2, 3]), (1, [2])]), may_change_factor=False)) == [
        ("t", [(0, "INVALID_REPLICATION_FACTOR"), (1, "NONE")])
    ]
