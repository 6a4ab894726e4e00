"""Transactions of confluent-kafka: exactly once from topic to topic, zombies, a broker that goes away in the middle."""

import time

from common import TIMEOUT_S, consumer, needs, new_topic, producer, read, send_all, take
from confluent_kafka import KafkaException, Producer, TopicPartition
from tap import Skip, equal, require_control, restart_broker, story, unique, wait_until


def transactional(name, **options):
    """A producer whose transactions have been initialised."""
    needs(hasattr(Producer, "send_offsets_to_transaction"), "transactions")
    client = producer(transactional_id=name, **options)
    try:
        client.init_transactions(TIMEOUT_S)
    except KafkaException as error:
        raise Skip("the broker has no transactions: %s" % error.args[0].name()) from error
    return client


def committed_values(topic, count):
    return [message.value() for message in read(topic, count, isolation_level="read_committed")]


def committed_offset(group, topic):
    with consumer(group_id=group) as client:
        return client.committed([TopicPartition(topic, 0)], timeout=TIMEOUT_S)[0].offset


@story
def transaction_consume_transform_produce():
    """Input offsets are committed with the output: an abort takes both back, and every input is seen once."""
    source, target, group = new_topic("source"), new_topic("target"), unique("transform")
    send_all(source, [b"%d" % number for number in range(6)])
    p = transactional(unique("transform"))
    aborted = 0
    with consumer(group_id=group, isolation_level="read_committed", enable_auto_commit=False) as client:
        client.subscribe([source])
        while committed_offset(group, source) < 6:
            message = take(client, 1)[0]
            p.begin_transaction()
            p.produce(target, b"out " + message.value(), partition=0)
            position = [TopicPartition(source, 0, message.offset() + 1)]
            p.send_offsets_to_transaction(position, client.consumer_group_metadata(), TIMEOUT_S)
            if message.offset() == 3 and not aborted:
                p.abort_transaction(TIMEOUT_S)
                aborted += 1
                equal(committed_offset(group, source), 3)
                client.seek(TopicPartition(source, 0, 3))
            else:
                p.commit_transaction(TIMEOUT_S)
    equal(aborted, 1)
    equal(committed_values(target, 6), [b"out %d" % number for number in range(6)])


@story
def transaction_zombie_is_fenced():
    """A second producer with the same id aborts what the first has open; the first can do nothing any more."""
    topic, name = new_topic("zombie"), unique("tx")
    zombie = transactional(name)
    zombie.begin_transaction()
    zombie.produce(topic, b"of the zombie", partition=0)
    equal(zombie.flush(TIMEOUT_S), 0)
    newer = transactional(name)
    try:
        zombie.commit_transaction(TIMEOUT_S)
        raise AssertionError("the zombie could commit")
    except KafkaException as error:
        equal(error.args[0].fatal(), True)
    newer.begin_transaction()
    newer.produce(topic, b"of the newer", partition=0)
    newer.commit_transaction(TIMEOUT_S)
    equal(committed_values(topic, 1), [b"of the newer"])


@story
def transaction_survives_broker_restart():
    """The broker restarts in the middle of a transaction; it goes on, commits, and everything is there once."""
    require_control()
    topic, group = new_topic("restart"), unique("restart")
    p = transactional(unique("tx"), reconnect_backoff_max_ms=500)
    with consumer(group_id=group) as client:
        p.begin_transaction()
        p.produce(topic, b"before", partition=0)
        equal(p.flush(TIMEOUT_S), 0)
        p.send_offsets_to_transaction([TopicPartition(topic, 0, 7)], client.consumer_group_metadata(), TIMEOUT_S)
        restart_broker()
        p.produce(topic, b"after", partition=0)
        p.commit_transaction(TIMEOUT_S)
    equal(committed_values(topic, 2), [b"before", b"after"])
    wait_until(lambda: committed_offset(group, topic) == 7, "the committed offset")


@story
def transaction_left_open_times_out():
    """A transaction whose producer fell silent is aborted by the broker; who reads committed records goes on."""
    topic = new_topic("silent")
    silent = transactional(unique("tx"), transaction_timeout_ms=1000)
    silent.begin_transaction()
    silent.produce(topic, b"left open", partition=0)
    equal(silent.flush(TIMEOUT_S), 0)
    send_all(topic, [b"of nobody's transaction"])
    began = time.time()
    equal(committed_values(topic, 1), [b"of nobody's transaction"])
    assert time.time() - began < 15, "after %.1f s" % (time.time() - began)
