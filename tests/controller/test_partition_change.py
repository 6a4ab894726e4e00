"""PartitionChange: leaders, in-sync and eligible replicas, moves."""

import hypothesis.strategies as st
import pytest
from hypothesis import given
from metadata.sample_records import DIRECTORY, broker, cluster, topic_id, topic_records

from pykbroker.controller.partition_change import Election, PartitionChange
from pykbroker.metadata.image import NO_LEADER
from pykbroker.metadata.replay import replay
from pykbroker.wire.messages.stored_metadata import PartitionChangeRecord

NO_FEATURES = {"metadata.version": 30}


def three_brokers(dead=(), features=None, **partition):
    """Topic "t" with one partition on brokers 1, 2 and 3."""
    values = {"replicas": (1, 2, 3)} | partition
    return cluster(
        *(broker(node, fenced=node in dead) for node in (1, 2, 3, 4)),
        records=topic_records("t", 1, **values),
        features=features,
    )


def change(image, min_insync_replicas=1):
    return PartitionChange(image, topic_id("t"), image.partition("t", 0), min_insync_replicas)


def changed(image, wanted):
    """The partition after the change."""
    return replay(image, [wanted.record()]).partition("t", 0)


def test_nothing_wanted_changes_nothing():
    """No record is better than an empty one."""
    assert change(three_brokers()).record() is None


def test_a_live_leader_stays():
    """An ordinary election does not move a leader that is alive and in sync."""
    image = three_brokers(leader=2)

    assert change(image).record() is None


def test_a_preferred_election_moves_the_leader_back():
    """The first replica leads again if it is in sync."""
    wanted = change(three_brokers(leader=2))
    wanted.election = Election.PREFERRED

    assert wanted.record() == PartitionChangeRecord(partition_id=0, topic_id=topic_id("t"), leader=1)


def test_a_preferred_leader_out_of_sync_does_not_lead():
    """Being first is no use to a replica that has not everything."""
    wanted = change(three_brokers(leader=2, isr=(2, 3)))
    wanted.election = Election.PREFERRED

    assert wanted.record() is None


def test_a_dead_leader_is_replaced_from_the_isr():
    """The next replica in order that is in sync and alive."""
    image = three_brokers(dead=[1], isr=(1, 3))
    wanted = change(image)
    wanted.isr = (3,)
    partition = changed(image, wanted)

    assert (partition.leader, partition.isr, partition.leader_epoch) == (3, (3,), 1)


@pytest.mark.parametrize(
    ("features", "expected"), [(NO_FEATURES, (NO_LEADER, (1,), ())), (None, (NO_LEADER, (), (1,)))]
)
def test_the_last_in_sync_replica_dies(features, expected):
    """Without eligible leader replicas it stays alone in the ISR; with them it is eligible and the ISR empty."""
    image = three_brokers(dead=[1], isr=(1,), features=features)
    wanted = change(image)
    wanted.isr = ()
    partition = changed(image, wanted)

    assert (partition.leader, partition.isr, partition.elr) == expected


def test_it_comes_back_as_eligible_leader():
    """An eligible replica leads again cleanly: nothing was lost."""
    image = three_brokers(leader=NO_LEADER, isr=(), eligible_leader_replicas=(1,), last_known_elr=(1,))
    partition = changed(image, change(image))

    assert (partition.leader, partition.isr, partition.elr, partition.last_known_elr) == (1, (1,), (), ())
    assert partition.leader_recovery_state == 0


def test_after_an_unclean_shutdown_the_last_leader_leads_and_recovers():
    """Nobody is eligible, but the last leader is the best there is (KIP-966): it leads, marked as recovering."""
    image = three_brokers(leader=NO_LEADER, isr=(), last_known_elr=(2,))
    partition = changed(image, change(image))

    assert (partition.leader, partition.isr, partition.leader_recovery_state) == (2, (2,), 1)


def test_unclean_shutdown_leaves_nobody_eligible():
    """A broker that came back without having shut down may have lost what it had not flushed."""
    image = three_brokers(isr=(1,))
    wanted = change(image)
    wanted.isr = ()
    wanted.unclean_shutdown = {1}
    wanted._is_alive = lambda node: node != 1
    partition = changed(image, wanted)

    assert (partition.leader, partition.isr, partition.elr, partition.last_known_elr) == (NO_LEADER, (), (), (1,))


def test_replicas_stay_eligible_while_the_isr_is_below_its_minimum():
    """Who leaves the ISR when it is too small had every committed record; once it is large enough that is forgotten."""
    image = three_brokers(isr=(1, 2))
    wanted = change(image, min_insync_replicas=2)
    wanted.isr = (1,)
    small = replay(image, [wanted.record()])
    assert small.partition("t", 0).elr == (2,)

    wanted = change(small, min_insync_replicas=2)
    wanted.isr = (1, 3)
    assert changed(small, wanted).elr == ()


def test_an_unclean_election_takes_anybody_alive():
    """Out of sync, so records may be lost: the ISR is the new leader alone, and it recovers."""
    image = three_brokers(dead=[1], isr=(1,), leader=NO_LEADER, features=NO_FEATURES)
    wanted = change(image)
    wanted.election = Election.UNCLEAN
    partition = changed(image, wanted)

    assert (partition.leader, partition.isr, partition.leader_recovery_state) == (2, (2,), 1)


def test_a_clean_leader_goes_before_an_unclean_one():
    """Allowed is not wanted."""
    image = three_brokers(dead=[1], isr=(1, 3))
    wanted = change(image)
    wanted.election = Election.UNCLEAN

    assert changed(image, wanted).leader == 3


def test_a_replica_in_a_lost_directory_does_not_lead():
    """The broker lives, but its disk does not (KIP-858)."""
    image = three_brokers(leader=NO_LEADER, directories=(b"x" * 16, DIRECTORY, DIRECTORY))

    assert changed(image, change(image)).leader == 2


def test_a_move_begins_and_waits_for_the_new_replica():
    """Replica 4 is added first; 1 is dropped when 4 is in sync."""
    image = three_brokers()
    wanted = change(image)
    wanted.replicas, wanted.adding, wanted.removing = (2, 3, 4, 1), (4,), (1,)
    begun = replay(image, [wanted.record()])
    partition = begun.partition("t", 0)
    assert (partition.replicas, partition.adding_replicas, partition.removing_replicas) == ((2, 3, 4, 1), (4,), (1,))
    assert partition.directory_of(4) == DIRECTORY
    assert partition.leader == 1

    wanted = change(begun)
    wanted.isr = (1, 2, 3, 4)
    partition = changed(begun, wanted)
    assert (partition.replicas, partition.isr) == ((2, 3, 4), (2, 3, 4))
    assert not partition.is_reassigning
    assert (partition.leader, partition.leader_epoch) == (2, 1)


def test_dropping_a_follower_bumps_the_leader_epoch():
    """The dropped replica must notice that it no longer belongs."""
    image = three_brokers()
    wanted = change(image)
    wanted.replicas, wanted.removing = (1, 2, 3), (3,)
    partition = changed(image, wanted)

    assert (partition.replicas, partition.isr, partition.leader, partition.leader_epoch) == ((1, 2), (1, 2), 1, 1)


@pytest.mark.parametrize(("metadata_version", "leader_epoch"), [(11, 1), (12, 0)])
def test_a_smaller_isr_bumps_the_leader_epoch_only_for_old_brokers(metadata_version, leader_epoch):
    """KAFKA-15021: brokers before 3.6 needed it."""
    image = three_brokers(features={"metadata.version": metadata_version})
    wanted = change(image)
    wanted.isr = (1, 2)

    assert changed(image, wanted).leader_epoch == leader_epoch


def test_recovery_ends():
    """The leader says that it has all there is."""
    image = three_brokers(leader_recovery_state=1)
    wanted = change(image)
    wanted.leader_recovery_state = 0

    assert changed(image, wanted).leader_recovery_state == 0


nodes = st.sets(st.integers(1, 3))


@given(
    isr=nodes, target=nodes, elr=nodes, dead=nodes, election=st.sampled_from(Election),
    leader=st.integers(1, 3), min_isr=st.integers(1, 3), elr_enabled=st.booleans(),
)  # fmt: skip
def test_whatever_happens(isr, target, elr, dead, election, leader, min_isr, elr_enabled):
    """A leader is alive and in sync; nobody is both in sync and eligible; the partition epoch grows by one."""
    image = three_brokers(
        dead=dead,
        isr=tuple(sorted(isr)),
        leader=leader if leader in isr else NO_LEADER,
        eligible_leader_replicas=tuple(sorted(elr - isr)) if elr_enabled else (),
        features=None if elr_enabled else NO_FEATURES,
    )
    before = image.partition("t", 0)
    wanted = change(image, min_isr)
    wanted.election = election
    wanted.isr = tuple(sorted(target & isr))
    record = wanted.record()
    partition = before if record is None else replay(image, [record]).partition("t", 0)

    if record is not None:
        assert partition.partition_epoch == before.partition_epoch + 1
    if partition.leader != NO_LEADER:
        assert image.is_active(partition.leader)
        assert partition.leader in partition.isr
    assert not set(partition.isr) & set(partition.elr)
    if election is Election.UNCLEAN and len(dead) < 3:
        assert partition.leader != NO_LEADER
