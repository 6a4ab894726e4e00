"""``pykbroker groups``."""

import pytest
from kafka import KafkaConsumer

pytestmark = pytest.mark.real


@pytest.fixture
def member(shell, kafka_broker, kafka_topic, kafka_group):
    """A consumer that has read three records of one topic and committed two."""
    shell.ok("produce", kafka_topic, *"abc")
    consumer = KafkaConsumer(
        kafka_topic,
        bootstrap_servers=kafka_broker.bootstrap_servers,
        group_id=kafka_group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    for _ in range(2):
        next(consumer)
    consumer.commit()
    yield consumer
    consumer.close()


def test_groups_are_listed(shell, member, kafka_group):
    """With type and state."""
    assert [kafka_group, "classic", "consumer", "Stable"] in [
        line.split() for line in shell.ok("groups", "list").splitlines()
    ]


def test_a_group_is_described(shell, member, kafka_group, kafka_topic):
    """Members with what they are assigned, and how far they are."""
    text = shell.ok("groups", "describe", kafka_group)

    assert text.startswith(f"{kafka_group}  classic  Stable  range\n")
    assert f"{kafka_topic}:0" in text
    assert [kafka_group, kafka_topic, "0", "2", "3", "1", "-"] in [line.split() for line in text.splitlines()]


def test_lag(shell, member, kafka_group):
    """Log end offset minus committed offset; --total for scripts."""
    assert shell.ok("groups", "lag", kafka_group, "--total") == "1\n"
    assert shell.ok("groups", "lag").count(kafka_group) == 1


def test_a_group_is_deleted_once_it_is_empty(shell, member, kafka_group):
    """Not while it has members."""
    assert "NON_EMPTY_GROUP" in shell.fails("groups", "delete", kafka_group)
    member.close()
    assert shell.ok("groups", "delete", kafka_group) == f"deleted {kafka_group}\n"
    assert "GROUP_ID_NOT_FOUND" in shell.fails("groups", "describe", kafka_group)


def test_a_group_that_never_was(shell, kafka_group):
    """Has no offsets, and that is no mistake to ask."""
    assert shell.ok("groups", "lag", kafka_group) == "no committed offsets\n"


def test_offsets_of_a_topic_that_is_gone(shell, member, kafka_group, kafka_topic):
    """Are shown without a log end, or are gone with the topic."""
    member.close()
    shell.ok("topics", "delete", kafka_topic)

    assert shell.ok("groups", "lag", kafka_group, "--total") == "0\n"
