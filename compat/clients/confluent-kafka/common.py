"""Shorthand of confluent-kafka's stories: clients with this run's bootstrap servers, topics, reading to the end."""

import contextlib
import functools
import threading

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from tap import BOOTSTRAP, WAIT_S, Skip, unique, wait_until

# version() was a pair of text and number before it was only text.
NAME = confluent_kafka.version() if isinstance(confluent_kafka.version(), str) else confluent_kafka.version()[0]
VERSION = tuple(int(part) for part in NAME.split(".")[:3])
TIMEOUT_S = 20
QUIET = {"bootstrap.servers": BOOTSTRAP, "log_level": 0, "error_cb": lambda error: None}
QUICK = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 300}  # 6 s is the shortest session that Kafka allows


def needs(present, feature):
    if not present:
        raise Skip("confluent-kafka %s has no %s" % (NAME, feature))


def producer(**options):
    """A producer; options are librdkafka's names with _ for the dots."""
    return Producer(dict(QUIET, **dotted(options)))


@contextlib.contextmanager
def consumer(**options):
    settings = dict(QUIET, **{"group.id": unique("nobody"), "auto.offset.reset": "earliest",
                              "fetch.error.backoff.ms": 50})
    settings.update(dotted(options))
    client = Consumer(settings)
    try:
        yield client
    finally:
        client.close()


def dotted(options):
    return {name.replace("_", "."): value for name, value in options.items()}


@functools.lru_cache(maxsize=None)
def admin():
    """One admin client for all stories: what it is still doing dies with it."""
    return AdminClient(QUIET)


def finish(futures):
    """Waits for what an admin call returned; raises the first error."""
    return {key: future.result(timeout=TIMEOUT_S) for key, future in futures.items()}


def fails(error_name, call):
    """Checks that a call raises a KafkaException with this error."""
    try:
        call()
    except KafkaException as exception:
        found = exception.args[0].name()
        if found != error_name:
            raise AssertionError("failed with %s, wanted %s" % (found, error_name)) from exception
    else:
        raise AssertionError("accepted; wanted %s" % error_name)


def new_topic(prefix, partitions=1, config=None):
    """Creates a topic through the admin client and returns its name."""
    topic = unique(prefix)
    finish(admin().create_topics([NewTopic(topic, partitions, 1, config=config or {})]))
    return topic


def send_all(topic, values, **options):
    """Sends values to partition 0 in order and returns their offsets."""
    offsets = []

    def delivered(error, message):
        if error is not None:
            raise KafkaException(error)
        offsets.append(message.offset())

    client = producer(**options)
    for value in values:
        client.produce(topic, value, partition=0, on_delivery=delivered)
    if client.flush(TIMEOUT_S):
        raise AssertionError("not delivered within %d s" % TIMEOUT_S)
    return offsets


def take(client, count):
    """Consumes until `count` records have come."""
    found = []

    def enough():
        for message in client.consume(count - len(found), timeout=0.5):
            if message.error() is not None:
                raise KafkaException(message.error())
            found.append(message)
        return len(found) >= count

    wait_until(enough, "%d records" % count)
    return found


def read(topic, count, partitions=(0,), **options):
    """Reads `count` records from the beginning, without taking part in a group."""
    with consumer(**options) as client:
        client.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        return take(client, count)


def drain(topic, group, **options):
    """What a consumer of `group` gets until nothing has come for a second; commits when it closes."""
    found = []
    with consumer(group_id=group, **options) as client:
        client.subscribe([topic])
        wait_until(lambda: found.extend(values(client.consume(1, timeout=0.2))) or client.assignment(), "an assignment")
        while True:
            batch = client.consume(100, timeout=1)
            if not batch:
                return found
            found.extend(values(batch))


def values(messages):
    return [message.value() for message in messages if message.error() is None]


class Member:
    """A group member in a thread of its own, as an application runs it: it polls for as long as it lives."""

    def __init__(self, topics, on_revoke=None, **options):
        settings = dict(QUIET, **{"auto.offset.reset": "earliest"})
        if options.get("group_protocol") != "consumer":  # there the broker says how long a session is
            settings.update(QUICK)
        settings.update(dotted(options))
        self.records = []
        self.client = Consumer(settings)
        callbacks = {"on_revoke": on_revoke} if on_revoke else {}
        self.client.subscribe(topics, **callbacks)
        self._owned = set()
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def _live(self):
        while not self._leaving.is_set():
            message = self.client.poll(0.1)
            if message is not None and message.error() is None:
                self.records.append(message)
            self._owned = {(p.topic, p.partition) for p in self.client.assignment()}
        self.client.close()

    def owned(self):
        return sorted(partition for _, partition in self._owned)

    def topics_owned(self):
        return {topic for topic, _ in self._owned}

    def wait_owned(self, condition, what, timeout_s=WAIT_S):
        """Waits until the numbers of the partitions it owns fulfil a condition; returns them."""
        wait_until(lambda: condition(self.owned()), "%s; owns %r" % (what, self.owned()), timeout_s)
        return self.owned()

    def wait_records(self, count):
        return wait_until(lambda: len(self.records) >= count and list(self.records), "%d records" % count)

    def leave(self):
        """Closes the consumer, which says farewell to the group."""
        self._leaving.set()
        self._thread.join(WAIT_S)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.leave()
