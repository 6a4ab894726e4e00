"""The fixtures that users get, used as users use them: kafka-python against the broker in this process."""

from __future__ import annotations

import pytest
from kafka import KafkaConsumer, KafkaProducer

from pykbroker.errors import KafkaError
from pykbroker.testing import EmbeddedBroker

pytestmark = pytest.mark.real


def test_what_is_sent_arrives(kafka_broker, kafka_topic):
    """The README's test: produce to a topic nobody created, consume it."""
    producer = KafkaProducer(bootstrap_servers=kafka_broker.bootstrap_servers)
    producer.send(kafka_topic, b"hello").get(timeout=5)
    producer.close()

    consumer = KafkaConsumer(
        kafka_topic, bootstrap_servers=kafka_broker.bootstrap_servers, auto_offset_reset="earliest"
    )
    assert next(consumer).value == b"hello"
    consumer.close()


def test_names_are_unique(kafka_broker, kafka_topic, kafka_group):
    """No two topics, groups or names given out by one broker are the same."""
    names = [kafka_topic, kafka_group, kafka_broker.unique_name(), kafka_broker.unique_name()]

    assert len(set(names)) == len(names)


def test_a_broker_can_be_configured_and_keeps_its_data_directory(tmp_path):
    """Configs are Kafka's; with a data directory a second broker finds what the first one left."""
    with EmbeddedBroker({"num.partitions": "3"}, data_dir=str(tmp_path)) as first:
        producer = KafkaProducer(bootstrap_servers=first.bootstrap_servers)
        assert len(producer.partitions_for("t")) == 3
        producer.send("t", b"kept", partition=1).get(timeout=5)
        producer.close()

    with EmbeddedBroker(data_dir=str(tmp_path)) as second:
        consumer = KafkaConsumer("t", bootstrap_servers=second.bootstrap_servers, auto_offset_reset="earliest")
        record = next(consumer)
        consumer.close()

    assert (record.partition, record.value) == (1, b"kept")


def test_a_second_broker_on_the_same_directory_is_refused(tmp_path):
    """The directory is locked; the message says so."""
    with EmbeddedBroker(data_dir=str(tmp_path)), pytest.raises(KafkaError, match="in use"):
        EmbeddedBroker(data_dir=str(tmp_path)).start()
