"""InitProducerId, and partitions that join a transaction."""

import pytest
from transaction_world import BILLS, ORDERS, TransactionWorld, code_of

from pykbroker.coordinator.transaction_state import MAX_PRODUCER_EPOCH
from pykbroker.errors import ErrorCode, KafkaError


@pytest.fixture
def world():
    return TransactionWorld()


def exhaust(world, name="t", epoch=MAX_PRODUCER_EPOCH - 1):
    """Bring a producer's epoch to the last that a client may have."""
    world.shard.transactions[name].producer_epoch = epoch
    return world.shard.transactions[name].producer_id, epoch


def test_a_new_id_gets_a_producer_id_and_epoch_zero(world):
    """The first InitProducerId of a transactional id begins a row of epochs."""
    assert world.producer() == (1000, 0)
    assert world.producer("another") == (1001, 0)


def test_every_instance_gets_a_higher_epoch(world):
    """The same id again is a newer instance of the same producer."""
    world.producer()

    assert world.producer() == (1000, 1)
    assert world.producer() == (1000, 2)


@pytest.mark.parametrize("timeout_ms", [0, -1, 900_001])
def test_a_timeout_out_of_bounds_is_refused(world, timeout_ms):
    """Neither nothing nor more than transaction.max.timeout.ms."""
    assert code_of(world.init(timeout_ms=timeout_ms)) == ErrorCode.INVALID_TRANSACTION_TIMEOUT
    assert code_of(world.engine.submit(type(world.shard).describe, "t")) == ErrorCode.TRANSACTIONAL_ID_NOT_FOUND


def test_two_phase_commit_must_be_allowed(world):
    """transaction.two.phase.commit.enable decides, and lifts the limit on the timeout (KIP-939)."""
    assert code_of(world.init(enable2_pc=True)) == ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED

    world.config.two_phase_commit_enable = True

    assert code_of(world.init(enable2_pc=True, keep_prepared_txn=True)) == ErrorCode.UNSUPPORTED_VERSION
    producer = world.producer(enable2_pc=True)
    world.add(producer, ORDERS)
    world.pass_time(10_000_000)
    assert world.state() == "Ongoing"


def test_a_producer_that_recovers_keeps_its_id(world):
    """KIP-360: with its id and epoch it gets the next epoch; repeated, the same again."""
    producer = world.producer()

    assert world.producer(producer=producer) == (1000, 1)
    assert world.producer(producer=producer) == (1000, 1), "the answer was lost"
    assert world.producer(producer=(1000, 1)) == (1000, 2)


def test_a_producer_that_was_overtaken_cannot_recover(world):
    """A newer instance has taken over: the older one's id and epoch are worth nothing."""
    producer = world.producer()
    world.producer()

    assert code_of(world.init(producer=producer)) == ErrorCode.PRODUCER_FENCED
    assert code_of(world.init(producer=(4711, 1))) == ErrorCode.PRODUCER_FENCED


def test_a_recovering_producer_is_welcome_where_its_id_was_forgotten(world):
    """Nobody else can have its place: it begins anew."""
    assert world.producer(producer=(55, 7)) == (1000, 0)


def test_after_the_last_epoch_comes_a_new_producer_id(world):
    """The highest epoch is kept for fencing, so the one before it is the last that a client gets."""
    world.producer()
    exhaust(world)

    assert world.producer() == (1001, 0)


def test_a_recovering_producer_gets_a_new_id_once(world):
    """The repeated request, with the exhausted epoch of the earlier id, gets the same identity."""
    world.producer()
    exhausted = exhaust(world)

    assert world.producer(producer=exhausted) == (1001, 0)
    assert world.producer(producer=exhausted) == (1001, 0)


def test_an_open_transaction_is_aborted_first(world):
    """A newer instance does not inherit what the older one had open; the epoch in between is nobody's."""
    older = world.producer()
    world.add(older, ORDERS)

    assert code_of(world.init()) == ErrorCode.CONCURRENT_TRANSACTIONS
    assert world.state() == "CompleteAbort"
    (markers,) = world.markers
    assert (1000, 1, False, frozenset({ORDERS})) == (
        markers.producer_id,
        markers.producer_epoch,
        markers.commit,
        markers.partitions,
    )
    assert world.producer() == (1000, 2)
    assert code_of(world.end(older)) == ErrorCode.PRODUCER_FENCED


def test_the_first_partition_begins_a_transaction(world):
    """More may follow; the clock started with the first."""
    producer = world.producer()
    assert world.state() == "Empty"

    world.add(producer, ORDERS).result()
    started = world.shard.transactions["t"].start_ms
    world.pass_time(10)
    world.add(producer, BILLS).result()

    assert world.state() == "Ongoing"
    assert {ORDERS, BILLS} == world.shard.transactions["t"].partitions
    assert started == world.shard.transactions["t"].start_ms


def test_a_partition_that_is_in_already_costs_no_record(world):
    """Adding again is how old producers begin every batch."""
    producer = world.producer()
    world.add(producer, ORDERS)
    size = len(world.journal.logged)

    world.add(producer, ORDERS).result()

    assert size == len(world.journal.logged)


def test_partitions_join_their_own_producer_only(world):
    """Another id, epoch or name has no transaction here."""
    producer_id, epoch = world.producer()

    assert code_of(world.add((producer_id + 1, epoch), ORDERS)) == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert code_of(world.add((producer_id, epoch), ORDERS, name="unknown")) == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert code_of(world.add((producer_id, epoch + 1), ORDERS)) == ErrorCode.PRODUCER_FENCED
    assert code_of(world.add((producer_id, epoch), ORDERS, name="")) == ErrorCode.INVALID_REQUEST


def test_nothing_joins_a_transaction_that_is_being_ended(world):
    """Until the markers are written, everybody has to come again."""
    producer = world.producer()
    world.add(producer, ORDERS)
    world.refusing.add(ORDERS)
    producer = world.ended(producer)

    assert code_of(world.add(producer, ORDERS)) == ErrorCode.CONCURRENT_TRANSACTIONS
    assert code_of(world.verify(producer, ORDERS)) == ErrorCode.CONCURRENT_TRANSACTIONS
    assert code_of(world.init()) == ErrorCode.CONCURRENT_TRANSACTIONS


def test_verifying_says_what_is_outside(world):
    """And adds nothing."""
    producer = world.producer()
    world.add(producer, ORDERS)

    assert frozenset() == world.verify(producer, ORDERS).result()
    assert {BILLS} == world.verify(producer, ORDERS, BILLS).result()
    assert {ORDERS} == world.shard.transactions["t"].partitions


def test_an_epoch_that_cannot_be_stored_is_not_given(world):
    """The id was never heard of; the next attempt begins at the beginning."""
    world.journal.error = KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS)
    assert code_of(world.init()) == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert not world.shard.transactions

    world.journal.error = None
    assert world.producer()[1] == 0
