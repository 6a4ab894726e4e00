"""``pykbroker topics``."""

import pytest

pytestmark = pytest.mark.real


def test_a_topic_s_life(shell, kafka_topic):
    """Created, listed, described, deleted."""
    assert shell.ok("topics", "create", f"{kafka_topic}:3") == f"created {kafka_topic} with 3 partitions\n"
    assert kafka_topic in shell.ok("topics", "list", "--names").splitlines()
    assert [kafka_topic, "3", "1"] in [line.split() for line in shell.ok("topics", "list").splitlines()]

    shell.ok("produce", kafka_topic, "x", "-p", 1)
    described = shell.ok("topics", "describe", kafka_topic).splitlines()
    assert [line.split() for line in described if line.split()[0] in "012"] == [
        ["0", "1", "1", "1", "0", "0"],
        ["1", "1", "1", "1", "0", "1"],
        ["2", "1", "1", "1", "0", "0"],
    ]

    assert shell.ok("topics", "delete", kafka_topic) == f"deleted {kafka_topic}\n"
    assert kafka_topic not in shell.ok("topics", "list", "--names").splitlines()


def test_configs_are_given_and_shown(shell, kafka_topic):
    """-o as everywhere; describe shows what was set and no defaults."""
    shell.ok("topics", "create", kafka_topic, "-o", "retention.ms=5000", "-p", 2)
    described = shell.ok("topics", "describe", kafka_topic)

    assert "  retention.ms=5000\n" in described
    assert "segment.bytes" not in described


def test_what_the_broker_refuses(shell, kafka_topic):
    """Its code and its reason, in one line, and exit status 1."""
    shell.ok("topics", "create", kafka_topic)

    assert "TOPIC_ALREADY_EXISTS" in shell.fails("topics", "create", kafka_topic)
    assert shell.ok("topics", "create", kafka_topic, "--if-not-exists") == f"{kafka_topic} exists\n"
    assert "INVALID_CONFIG" in shell.fails("topics", "create", f"{kafka_topic}-2", "-o", "retention.ms=soon")
    assert "UNKNOWN_TOPIC_OR_PARTITION" in shell.fails("topics", "describe", "no-such-topic")
    assert "UNKNOWN_TOPIC_OR_PARTITION" in shell.fails("topics", "delete", "no-such-topic")
    assert "NAME:PARTITIONS" in shell.fails("topics", "create", "a:b")


def test_internal_topics_are_shown_when_asked_for(shell, kafka_topic, kafka_group):
    """They are the broker's own."""
    shell.fails("groups", "describe", kafka_group)
    shell.ok("topics", "create", kafka_topic)
    assert "__consumer_offsets" not in shell.ok("topics", "list")


def test_nobody_answers(offline):
    """One line, not a traceback."""
    assert "no broker answers at localhost:1" in offline.fails("topics", "list", "-b", "localhost:1")
