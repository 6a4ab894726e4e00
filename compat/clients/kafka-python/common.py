"""Shorthand of kafka-python's stories: clients with this run's bootstrap servers, topics, reading to the end."""

import contextlib
import logging
import threading

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from tap import BOOTSTRAP, WAIT_S, Skip, unique, wait_until

VERSION = tuple(int(part) for part in kafka.__version__.split(".")[:3])

QUICK = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 300}  # 6 s is the shortest session that Kafka allows

logging.getLogger("kafka").setLevel(logging.CRITICAL)


def needs(version, feature):
    """Skips the story when this kafka-python came before `feature`."""
    if version > VERSION:
        raise Skip("kafka-python %s has no %s" % (kafka.__version__, feature))


def producer(**options):
    return contextlib.closing(KafkaProducer(bootstrap_servers=[BOOTSTRAP], **options))


def consumer(*topics, **options):
    options.setdefault("auto_offset_reset", "earliest")
    return contextlib.closing(KafkaConsumer(*topics, bootstrap_servers=BOOTSTRAP, **options))


def admin():
    return contextlib.closing(KafkaAdminClient(bootstrap_servers=BOOTSTRAP))


def new_topic(prefix, partitions=1, configs=None):
    """Creates a topic through the admin client and returns its name."""
    topic = unique(prefix)
    with admin() as client:
        client.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs or {})])
    return topic


def send_all(topic, values, **options):
    """Sends values to one partition in order and returns their offsets."""
    with producer(**options) as client:
        futures = [client.send(topic, value, partition=0) for value in values]
        client.flush(timeout=20)
        return [future.get(timeout=20).offset for future in futures]


def read(count, *topics, **options):
    """Reads `count` records from the beginning without a group; fewer when they do not come."""
    options.setdefault("group_id", None)
    with consumer(*topics, **options) as client:
        return take(client, count)


def take(client, count):
    """Polls until `count` records have come."""
    found = []

    def enough():
        for batch in client.poll(timeout_ms=1000).values():
            found.extend(batch)
        return len(found) >= count

    wait_until(enough, "%d records" % count)
    return found


def drain(topic, group, **options):
    """What a consumer of `group` gets until nothing has come for a second; commits when it closes."""
    with consumer(topic, group_id=group, consumer_timeout_ms=1000, **options) as client:
        return [message.value for message in client]


class Member:
    """A group member in a thread of its own, as an application runs it: it polls for as long as it lives."""

    def __init__(self, *topics, **options):
        self.records = []
        settings = dict(QUICK, auto_offset_reset="earliest", bootstrap_servers=BOOTSTRAP)
        settings.update(options)
        self.client = KafkaConsumer(*topics, **settings)
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def _live(self):
        while not self._leaving.is_set():
            for batch in self.client.poll(timeout_ms=300).values():
                self.records.extend(batch)
        self.client.close()

    def owned(self):
        return sorted(partition.partition for partition in self.client.assignment())

    def wait_owned(self, condition, what, timeout_s=WAIT_S):
        """Waits until the numbers of the partitions it owns fulfil a condition; returns them."""
        wait_until(lambda: condition(self.owned()), "%s; owns %r" % (what, self.owned()), timeout_s)
        return self.owned()

    def wait_records(self, count):
        return wait_until(lambda: len(self.records) >= count and list(self.records), "%d records" % count)

    def start(self):
        self._thread.start()

    def leave(self):
        """Closes the consumer, which says farewell to the group."""
        self._leaving.set()
        self._thread.join(WAIT_S)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.leave()


def partition_zero(topic):
    return TopicPartition(topic, 0)
