"""Transactions of kafka-python 3: exactly once from topic to topic, zombies, a broker that goes away in the middle."""

import contextlib

from common import consumer, needs, new_topic, partition_zero, producer, read, send_all, take
from tap import Skip, equal, require_control, restart_broker, story, unique, wait_until


@contextlib.contextmanager
def transactional(name, **options):
    """A producer whose transactions have been initialised."""
    needs((3, 0, 0), "transactions")
    with producer(transactional_id=name, acks="all", **options) as client:
        try:
            client.init_transactions()
        except Exception as error:
            raise Skip("the broker has no transactions: %s" % type(error).__name__) from error
        yield client


def committed_values(topic, count):
    return [message.value for message in read(count, topic, isolation_level="read_committed")]


def committed_offset(group, topic):
    with consumer(group_id=group) as client:
        return client.committed(partition_zero(topic))


@story
def transaction_consume_transform_produce():
    """Input offsets are committed with the output: an abort takes both back, and every input is seen once."""
    from kafka.structs import OffsetAndMetadata

    source, target, group = new_topic("source"), new_topic("target"), unique("transform")
    needs((3, 0, 0), "transactions")
    send_all(source, [b"%d" % number for number in range(6)])
    aborted = 0
    with transactional(unique("transform")) as p, consumer(
        source, group_id=group, isolation_level="read_committed", enable_auto_commit=False, max_poll_records=1
    ) as client:
        done = 0
        while done < 6:
            message = take(client, 1)[0]
            p.begin_transaction()
            p.send(target, b"out " + message.value, partition=0)
            position = {partition_zero(source): OffsetAndMetadata(message.offset + 1, "", -1)}
            p.send_offsets_to_transaction(position, client.group_metadata())
            if message.offset == 3 and not aborted:
                p.flush()
                p.abort_transaction()
                aborted += 1
                equal(committed_offset(group, source), 3)
                client.seek(partition_zero(source), 3)
            else:
                p.commit_transaction()
                done = message.offset + 1
    equal(aborted, 1)
    equal(committed_offset(group, source), 6)
    equal(committed_values(target, 6), [b"out %d" % number for number in range(6)])


@story
def transaction_zombie_is_fenced():
    """A second producer with the same id aborts what the first has open; the first can do nothing any more."""
    topic, name = new_topic("zombie"), unique("tx")
    with transactional(name) as zombie:
        zombie.begin_transaction()
        zombie.send(topic, b"of the zombie", partition=0)
        zombie.flush()
        with transactional(name) as newer:
            try:
                zombie.commit_transaction()
            except Exception as error:
                assert "Fenced" in type(error).__name__ or "Epoch" in type(error).__name__, repr(error)
            else:
                raise AssertionError("the zombie could commit")
            newer.begin_transaction()
            newer.send(topic, b"of the newer", partition=0)
            newer.commit_transaction()
    equal(committed_values(topic, 1), [b"of the newer"])


@story
def transaction_survives_broker_restart():
    """The broker restarts in the middle of a transaction; it goes on, commits, and everything is there once."""
    require_control()
    topic = new_topic("restart")
    with transactional(unique("tx")) as p:
        p.begin_transaction()
        p.send(topic, b"before", partition=0)
        p.flush()
        restart_broker()
        p.send(topic, b"after", partition=0)
        p.commit_transaction()
    wait_until(lambda: committed_values(topic, 2) == [b"before", b"after"], "both records")
