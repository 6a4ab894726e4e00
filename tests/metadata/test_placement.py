"""Placement: who gets the replicas of new partitions."""

import random
from collections import Counter

import hypothesis.strategies as st
import pytest
from hypothesis import given

from metadata.sample_records import DIRECTORY, broker, cluster
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.placement import place


def dice(seed=1):
    return random.Random(seed)


def test_one_broker_gets_everything():
    """The everyday cluster of one."""
    assert place(cluster(), 3, 1, dice()) == [(1,)] * 3


@given(
    racks=st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=9),
    fenced=st.sets(st.integers(0, 8), max_size=5),
    replication_factor=st.integers(1, 9),
    count=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_placement_keeps_its_promises(racks, fenced, replication_factor, count, seed):
    """Replicas are on different brokers, the leader is alive, a rack is used twice only when all are used."""
    image = cluster(*(broker(node, rack=rack, fenced=node in fenced) for node, rack in enumerate(racks)))
    if all(each.fenced for each in image.brokers.values()) or replication_factor > len(racks):
        with pytest.raises(KafkaError):
            place(image, count, replication_factor, dice(seed))
        return
    placed = place(image, count, replication_factor, dice(seed))

    assert len(placed) == count
    for replicas in placed:
        assert len(replicas) == len(set(replicas)) == replication_factor
        assert image.is_active(replicas[0])
        used = Counter(image.brokers[node].rack for node in replicas)
        assert len(used) == min(replication_factor, len(set(racks)))


def test_leaders_are_spread_evenly():
    """Thirty partitions on six brokers in three racks: each leads five."""
    image = cluster(*(broker(node, rack="abc"[node % 3]) for node in range(6)))
    placed = place(image, 30, 3, dice())

    assert set(Counter(replicas[0] for replicas in placed).values()) == {5}
    assert set(Counter(node for replicas in placed for node in replicas).values()) == {15}


def test_the_same_dice_place_the_same():
    """A seeded run can be repeated."""
    image = cluster(*(broker(node) for node in range(5)))

    assert place(image, 9, 2, dice(7)) == place(image, 9, 2, dice(7))


def test_fenced_brokers_come_last():
    """A fenced broker gets a replica only when the live ones of its rack are used up."""
    image = cluster(broker(1), broker(2, fenced=True), broker(3))

    assert all(2 not in replicas for replicas in place(image, 9, 2, dice()))
    assert all(2 in replicas for replicas in place(image, 9, 3, dice()))


@pytest.mark.parametrize(
    "unusable",
    [
        broker(2, in_controlled_shutdown=True),
        broker(2, cordoned_log_dirs=(DIRECTORY,)),
    ],
)
def test_brokers_without_a_future_get_nothing(unusable):
    """A broker that is leaving, or whose directories are all cordoned (KIP-1066), counts as not there.

    Apache Kafka 4.3.1 says so in its answer: "... or some brokers have all their log directories cordoned".
    """
    image = cluster(broker(1), unusable)

    assert place(image, 2, 1, dice()) == [(1,), (1,)]
    with pytest.raises(KafkaError):
        place(image, 1, 2, dice())


@pytest.mark.parametrize(
    ("brokers", "replication_factor", "complaint"),
    [
        ((broker(1),), 2, "more than the 1 broker"),
        ((broker(1),), 0, "not positive"),
        ((broker(1, fenced=True),), 1, "every broker is fenced"),
    ],
)
def test_impossible_placements_are_refused(brokers, replication_factor, complaint):
    """INVALID_REPLICATION_FACTOR, with the reason."""
    with pytest.raises(KafkaError, match=complaint) as refusal:
        place(cluster(*brokers), 1, replication_factor, dice())

    assert refusal.value.code is ErrorCode.INVALID_REPLICATION_FACTOR
