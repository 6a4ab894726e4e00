"""The scripts that every tutorial has, as they are printed there; only the addresses and names are this run's."""

import json
from collections import Counter

from common import drain, new_topic, producer, read
from confluent_kafka import Consumer, Producer
from tap import BOOTSTRAP, equal, story, unique


@story
def hundred_messages_to_a_new_topic():
    """A producer sends 100 messages to a topic nobody created; every one of them is there."""
    topic = unique("my-topic")
    failures = []

    p = Producer({"bootstrap.servers": BOOTSTRAP})
    for i in range(100):
        p.poll(0)
        p.produce(topic, ("message %d" % i).encode(), on_delivery=lambda error, m: error and failures.append(error))
    equal(p.flush(20), 0, "messages left")

    equal(failures, [])
    partitions = range(len(p.list_topics(topic, timeout=10).topics[topic].partitions))
    found = sorted(m.value() for m in read(topic, 100, partitions))
    equal(found, sorted(b"message %d" % i for i in range(100)))


@story
def json_acks_0_gzip():
    """A producer of JSON that compresses and does not wait; a consumer that decodes."""
    topic = new_topic("numtest")
    p = Producer({"bootstrap.servers": BOOTSTRAP, "acks": 0, "compression.type": "gzip"})
    for e in range(50):
        p.produce(topic, json.dumps({"number": e}).encode("utf-8"))
    p.flush(20)
    equal([json.loads(m.value())["number"] for m in read(topic, 50)], list(range(50)))


@story
def group_from_earliest():
    """A consumer in a group prints everything from the beginning; run again, it prints nothing."""
    topic, group = new_topic("greetings"), unique("my-group")
    p = producer()
    for i in range(5):
        p.produce(topic, key="k%d" % i, value="hello %d" % i)
    p.flush(20)

    c = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": group, "auto.offset.reset": "earliest"})
    c.subscribe([topic])
    printed = []
    while len(printed) < 5:
        message = c.poll(1.0)
        if message is None:
            continue
        equal(message.error(), None)
        printed.append("%d: key=%s value=%s" % (message.offset(), message.key().decode(), message.value().decode()))
    c.close()

    equal(printed, ["%d: key=k%d value=hello %d" % (i, i, i) for i in range(5)])
    equal(drain(topic, group), [], "the second run")


@story
def keys_choose_partitions():
    """Records of one key are always in one partition, in order; records without a key spread."""
    topic = new_topic("keyed", partitions=4)
    p = producer()
    for i in range(80):
        p.produce(topic, key=b"user-%d" % (i % 8), value=b"%d" % i)
    p.flush(20)
    found = read(topic, 80, range(4))
    homes = {m.key(): {other.partition() for other in found if other.key() == m.key()} for m in found}
    equal({len(partitions) for partitions in homes.values()}, {1}, "partitions of one key")
    for key in homes:
        numbers = [int(m.value()) for m in found if m.key() == key]
        equal(numbers, sorted(numbers), "order of one key")

    spread = new_topic("keyless", partitions=4)
    p = producer(**{"linger.ms": 0})
    for i in range(200):
        p.produce(spread, b"%d" % i)
        if i % 10 == 9:
            p.flush(20)  # the partitioner sticks to a partition for one batch
    counts = Counter(m.partition() for m in read(spread, 200, range(4)))
    assert len(counts) >= 3, "records without key should spread: %r" % counts
