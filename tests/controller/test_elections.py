"""ElectLeaders, as Apache Kafka 4.3.1 answers."""

from metadata.sample_records import broker, cluster, topic_records

from controller.simple_settings import after, settings
from pykbroker.controller.elections import elect_leaders
from pykbroker.errors import ErrorCode
from pykbroker.metadata.image import NO_LEADER
from pykbroker.wire.messages.topics import ElectLeadersRequest, TopicPartitions

PREFERRED, UNCLEAN = 0, 1


def three_topics():
    """ "led" is led by its second replica, "fine" by its first, "lost" by nobody: only a dead broker has it all."""
    return cluster(
        broker(1),
        broker(2),
        broker(3, fenced=True),
        records=[
            *topic_records("led", 1, replicas=(1, 2), leader=2),
            *topic_records("fine", 1),
            *topic_records("lost", 1, replicas=(3, 1), isr=(3,), leader=NO_LEADER),
        ],
        features={"metadata.version": 30},
    )


def elect(image, election_type, *named):
    wanted = [TopicPartitions(topic=topic, partitions=partitions) for topic, partitions in named] if named else None
    request = ElectLeadersRequest(election_type=election_type, topic_partitions=wanted)
    return elect_leaders(image, request, settings())


def codes(decision):
    return {
        topic.topic: [(each.partition_id, ErrorCode(each.error_code).name) for each in topic.partition_result]
        for topic in decision.response.replica_election_results
    }


def test_preferred_elections():
    """The leader moves back; where it need not or cannot, the partition says so."""
    image = three_topics()
    decision = elect(image, PREFERRED, ("led", [0, 5]), ("fine", [0]), ("nope", [0]), ("lost", [0]))

    assert codes(decision) == {
        "led": [(0, "NONE"), (5, "UNKNOWN_TOPIC_OR_PARTITION")],
        "fine": [(0, "ELECTION_NOT_NEEDED")],
        "nope": [(0, "UNKNOWN_TOPIC_OR_PARTITION")],
        "lost": [(0, "PREFERRED_LEADER_NOT_AVAILABLE")],
    }
    assert after(image, decision).partition("led", 0).leader == 1


def test_unclean_elections():
    """Only where nobody leads."""
    image = three_topics()
    decision = elect(image, UNCLEAN, ("led", [0]), ("lost", [0]))

    assert codes(decision) == {"led": [(0, "ELECTION_NOT_NEEDED")], "lost": [(0, "NONE")]}
    assert after(image, decision).partition("lost", 0).leader == 1


def test_nobody_alive():
    """An unclean election needs at least one live replica."""
    image = cluster(broker(1, fenced=True), records=topic_records("t", 1, leader=NO_LEADER))

    assert codes(elect(image, UNCLEAN, ("t", [0]))) == {"t": [(0, "ELIGIBLE_LEADERS_NOT_AVAILABLE")]}


def test_all_partitions():
    """Every topic is named; partitions that need no election are left out."""
    decision = elect(three_topics(), PREFERRED)

    assert codes(decision) == {"led": [(0, "NONE")], "fine": [], "lost": [(0, "PREFERRED_LEADER_NOT_AVAILABLE")]}
    assert decision.response.error_code == ErrorCode.NONE


def test_no_partitions():
    """An empty list is not "all"."""
    request = ElectLeadersRequest(election_type=PREFERRED, topic_partitions=[])

    assert elect_leaders(three_topics(), request, settings()).response.replica_election_results == []


def test_an_unknown_type_of_election():
    """INVALID_REQUEST at the top and for each partition."""
    decision = elect(three_topics(), 7, ("led", [0]))

    assert decision.response.error_code == ErrorCode.INVALID_REQUEST
    assert codes(decision) == {"led": [(0, "INVALID_REQUEST")]}
    assert decision.records == ()
