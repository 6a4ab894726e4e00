"""How transactions end: commit, abort, time, a newer instance; and the markers that say so."""

import pytest
from transaction_world import BILLS, ORDERS, TransactionWorld, code_of

from pykbroker.coordinator.transaction_state import MAX_PRODUCER_EPOCH
from pykbroker.errors import ErrorCode, KafkaError


@pytest.fixture
def world():
    return TransactionWorld()


@pytest.fixture
def old_world():
    """A cluster whose transaction.version is 0: records without tags, no epoch bumps."""
    return TransactionWorld(transaction_version=0)


@pytest.mark.parametrize(("commit", "name"), [(True, "CompleteCommit"), (False, "CompleteAbort")])
def test_an_end_writes_markers_and_raises_the_epoch(world, commit, name):
    """KIP-890: the producer goes on in the epoch that the markers have."""
    producer = world.producer()
    world.add(producer, ORDERS, BILLS)

    assert world.ended(producer, commit) == (1000, 1)
    assert name == world.state()
    (markers,) = world.markers
    assert (1000, 1, commit, 7, 2, {ORDERS, BILLS}) == markers[1:]


def test_a_producer_whose_end_was_not_answered_may_start_over(world):
    """InitProducerId with the epoch it had gives the epoch it was not told (KIP-360 and KIP-890 together)."""
    producer = world.producer()
    world.add(producer, ORDERS)
    world.end(producer)

    assert world.producer(producer=producer) == (1000, 1)


def test_an_older_client_keeps_its_epoch(world):
    """EndTxn before v5, also where the cluster could do more."""
    producer = world.producer()
    world.add(producer, ORDERS, version=0)

    world.end(producer, version=0).result()

    assert (producer, 0) == ((world.markers[0].producer_id, world.markers[0].producer_epoch), world.markers[0][5])
    world.add(producer, ORDERS, version=0).result()
    assert world.state() == "Ongoing"


def test_an_end_that_is_repeated_changes_nothing(world):
    """The answer was lost: it is given again, for both kinds of clients."""
    producer = world.producer()
    world.add(producer, ORDERS)
    after = world.ended(producer)
    size = len(world.journal.logged)

    assert after == world.ended(producer)
    assert code_of(world.end(producer, commit=False)) == ErrorCode.INVALID_TXN_STATE
    assert size == len(world.journal.logged)


def test_an_old_end_that_is_repeated_changes_nothing(old_world):
    """As above, where epochs stay: what was committed can be committed but not aborted."""
    producer = old_world.producer()
    old_world.add(producer, ORDERS, version=0)
    old_world.end(producer, version=0).result()

    old_world.end(producer, version=0).result()
    assert code_of(old_world.end(producer, commit=False, version=0)) == ErrorCode.INVALID_TXN_STATE


def test_nothing_can_be_aborted_but_not_committed(world):
    """A newer client aborts to get a new epoch, whatever was before."""
    producer = world.producer()
    assert code_of(world.end(producer)) == ErrorCode.INVALID_TXN_STATE

    first = world.ended(producer, commit=False)
    second = world.ended(first, commit=False)

    assert [first, second] == [(1000, 1), (1000, 2)]
    assert world.state() == "CompleteAbort"
    assert code_of(world.end(second)) == ErrorCode.INVALID_TXN_STATE


def test_an_older_client_has_nothing_to_end(old_world):
    """Without an open transaction there is none to commit or abort."""
    producer = old_world.producer()

    assert code_of(old_world.end(producer, version=0)) == ErrorCode.INVALID_TXN_STATE
    assert code_of(old_world.end(producer, commit=False, version=0)) == ErrorCode.INVALID_TXN_STATE


def test_only_the_current_producer_ends(world):
    """Others are fenced or unknown."""
    producer_id, epoch = world.producer()
    world.add((producer_id, epoch), ORDERS)

    assert code_of(world.end((producer_id + 1, epoch))) == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert code_of(world.end((producer_id, epoch), name="unknown")) == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert code_of(world.end((producer_id, epoch), name="")) == ErrorCode.INVALID_REQUEST
    for wrong in (epoch + 1, epoch - 1):
        assert code_of(world.end((producer_id, wrong))) == ErrorCode.PRODUCER_FENCED
    assert world.state() == "Ongoing"


def test_after_the_last_epoch_the_end_brings_a_new_producer_id(world):
    """The marker still has the old id, in the epoch that no client ever gets."""
    producer_id, _ = world.producer()
    world.shard.transactions["t"].producer_epoch = MAX_PRODUCER_EPOCH - 1
    last = producer_id, MAX_PRODUCER_EPOCH - 1
    world.add(last, ORDERS)

    assert world.ended(last) == (1001, 0)
    assert world.markers[0][1:3] == (1000, MAX_PRODUCER_EPOCH)
    assert world.ended(last) == (1001, 0), "the answer was lost"
    assert world.producer(producer=last) == (1001, 0), "it starts over as the one it was"
    world.add((1001, 0), ORDERS).result()


def test_markers_are_tried_until_they_are_written(world):
    """A partition without a leader keeps the transaction prepared; only what is left is asked again."""
    producer = world.producer()
    world.add(producer, ORDERS, BILLS)
    world.refusing.add(BILLS)
    world.end(producer).result()

    assert world.state() == "PrepareCommit"
    assert code_of(world.end(producer)) == ErrorCode.CONCURRENT_TRANSACTIONS
    assert code_of(world.end(producer, commit=False)) == ErrorCode.INVALID_TXN_STATE

    world.pass_time(250)
    world.refusing.clear()
    world.pass_time(100)

    assert world.state() == "CompleteCommit"
    assert [{ORDERS, BILLS}, {BILLS}, {BILLS}, {BILLS}] == [markers.partitions for markers in world.markers]


def test_markers_of_a_prepared_transaction_are_written_after_a_restart(world):
    """The decision is in the log: whoever reads it carries it out."""
    producer = world.producer()
    world.add(producer, ORDERS)
    world.holds_markers = True
    after = world.ended(producer)
    world.holds_markers = False

    world.restart()

    assert world.state() == "CompleteCommit"
    assert world.markers[0] == world.markers[1]
    world.add(after, ORDERS).result()


def test_a_late_word_about_markers_is_ignored(world):
    """Markers may be reported twice, the second time in the middle of the next transaction."""
    producer = world.producer()
    world.add(producer, ORDERS)
    producer = world.ended(producer)
    world.add(producer, ORDERS)

    world.write(world.markers[0])

    assert world.state() == "Ongoing"


def test_a_transaction_out_of_time_is_aborted(world):
    """transaction.timeout.ms after the first partition, at the next look."""
    producer = world.producer(timeout_ms=30_000)
    world.pass_time(100_000)
    world.add(producer, ORDERS)

    world.pass_time(29_000)
    assert world.state() == "Ongoing"
    world.pass_time(11_500)

    assert world.state() == "CompleteAbort"
    assert world.markers[0][1:3] == (1000, 1)
    assert code_of(world.end(producer)) == ErrorCode.INVALID_TXN_STATE, "it cannot commit"
    assert world.ended(producer, commit=False) == (1000, 1), "it can go on after an abort of its own"


def test_a_transaction_that_was_open_before_a_restart_is_still_watched(world):
    """Nobody asks for it any more, and it is aborted all the same."""
    producer = world.producer()
    world.add(producer, ORDERS)
    world.restart()

    world.pass_time(75_000)

    assert world.state() == "CompleteAbort"


def test_an_old_cluster_fences_by_one_epoch_too(old_world):
    """transaction.version 0: the abort itself raises the epoch, as no client does."""
    producer = old_world.producer()
    old_world.add(producer, ORDERS, version=0)

    old_world.pass_time(75_000)

    assert old_world.markers[0][1:4] == (1000, 1, False)
    assert code_of(old_world.end(producer, version=0)) == ErrorCode.PRODUCER_FENCED
    assert old_world.producer()[1] == 2


def test_many_that_are_out_of_time_are_aborted_in_batches(world):
    """None is forgotten."""
    for number in range(1_201):
        world.add(world.producer(str(number)), ORDERS, name=str(number))

    world.pass_time(75_000)

    assert len(world.markers) == 1_201
    assert len(world.listed(state_filters=["CompleteAbort"])) == 1_201


def test_a_decision_that_cannot_be_stored_is_none(world):
    """The producer asks again; no marker has been written."""
    producer = world.producer()
    world.add(producer, ORDERS)
    world.journal.error = KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS)
    assert code_of(world.end(producer)) == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert world.markers == []

    world.journal.error = None
    assert world.ended(producer) == (1000, 1)


def test_a_completion_that_cannot_be_stored_is_tried_again(world):
    """The markers are written again, which does no harm."""
    producer = world.producer()
    world.add(producer, ORDERS)
    world.holds_markers = True
    world.end(producer).result()
    world.journal.error = KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS)
    world.holds_markers = False
    world.write(world.markers[0])
    assert world.state() == "PrepareCommit"

    world.journal.error = None
    world.pass_time(100)

    assert world.state() == "CompleteCommit"


def test_markers_wait_until_the_decision_is_committed(world):
    """Nobody acts on what the replicas may still lose."""
    producer = world.producer()
    world.add(producer, ORDERS)
    world.journal.holds_commits = True
    reply = world.end(producer)
    assert not reply.done
    assert world.markers == []

    world.journal.holds_commits = False
    world.journal.commit()

    assert reply.done
    assert len(world.markers) == 1


def test_ids_at_rest_expire(world):
    """transactional.id.expiration.ms after the last change, but not while a transaction is open."""
    world.producer("old")
    open_producer = world.producer("open", timeout_ms=900_000)
    world.config.id_expiration_ms = 100_000
    world.config.abort_timed_out_interval_ms = 10_000_000
    world.add(open_producer, ORDERS, name="open")

    world.pass_time(3_600_000)

    assert {"open"} == world.listed()
    assert {"open"} == set(world.loaded_copy().transactions)
