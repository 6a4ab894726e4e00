"""The scripts that every tutorial has, as they are printed there; only the addresses and names are this run's."""

import json
from collections import Counter

from common import consumer, new_topic, producer, read
from kafka import KafkaConsumer, KafkaProducer
from tap import BOOTSTRAP, equal, story, unique


@story
def hundred_messages_to_a_new_topic():
    """A producer sends 100 messages to a topic nobody created; every one of them is there."""
    topic = unique("my-topic")

    producer = KafkaProducer(bootstrap_servers=[BOOTSTRAP])
    for i in range(100):
        producer.send(topic, b"message %d" % i)
    producer.flush()
    producer.close()

    equal(sorted(m.value for m in read(100, topic)), sorted(b"message %d" % i for i in range(100)))


@story
def json_acks_0_gzip():
    """A producer of JSON that compresses and does not wait; a consumer that decodes."""
    topic = new_topic("numtest")

    producer = KafkaProducer(bootstrap_servers=[BOOTSTRAP], acks=0, compression_type="gzip",
                             value_serializer=lambda value: json.dumps(value).encode("utf-8"))
    for e in range(50):
        producer.send(topic, value={"number": e})
    producer.flush()
    producer.close()

    found = read(50, topic, value_deserializer=lambda data: json.loads(data.decode("utf-8")))
    equal([m.value["number"] for m in found], list(range(50)))


@story
def group_from_earliest():
    """A consumer in a group prints everything from the beginning, then stops when nothing comes; run again, it prints nothing."""
    topic, group = new_topic("greetings"), unique("my-group")
    with producer() as client:
        for i in range(5):
            client.send(topic, key=b"k%d" % i, value=b"hello %d" % i)

    def print_all():
        consumer = KafkaConsumer(topic, bootstrap_servers=[BOOTSTRAP], auto_offset_reset="earliest",
                                 enable_auto_commit=True, group_id=group, consumer_timeout_ms=1000)
        printed = ["%s:%d:%d: key=%s value=%s" % (m.topic, m.partition, m.offset, m.key, m.value) for m in consumer]
        consumer.close()
        return printed

    equal(print_all(), ["%s:0:%d: key=b'k%d' value=b'hello %d'" % (topic, i, i, i) for i in range(5)])
    equal(print_all(), [], "the second run")


@story
def consumer_without_group():
    """Without a group every run begins at the beginning, and nothing is committed."""
    topic = new_topic("no-group")
    with producer() as client:
        client.send(topic, b"only")

    for _ in range(2):
        with consumer(topic, consumer_timeout_ms=1000) as client:
            equal([m.value for m in client], [b"only"])


@story
def keys_choose_partitions():
    """Records of one key are always in one partition, in order; records without a key spread."""
    topic = new_topic("keyed", partitions=4)
    with producer() as client:
        for i in range(80):
            client.send(topic, key=b"user-%d" % (i % 8), value=b"%d" % i)
        client.flush()

    found = read(80, topic)
    homes = {m.key: {other.partition for other in found if other.key == m.key} for m in found}
    equal({len(partitions) for partitions in homes.values()}, {1}, "partitions of one key")
    for key in homes:
        numbers = [int(m.value) for m in found if m.key == key]
        equal(numbers, sorted(numbers), "order of one key")

    spread = new_topic("keyless", partitions=4)
    with producer(linger_ms=0) as client:
        for i in range(200):
            client.send(spread, b"%d" % i)
            if i % 10 == 9:
                client.flush()  # a partitioner that sticks moves on with every batch
    counts = Counter(m.partition for m in read(200, spread))
    assert len(counts) >= 3, "records without key should spread: %r" % counts
