"""``pykbroker configs``."""

import pytest

real = pytest.mark.real


@real
def test_a_topic_s_configs(shell, kafka_topic):
    """Set, shown, unset."""
    shell.ok("topics", "create", kafka_topic)
    assert shell.ok("configs", "set", "topic", kafka_topic, "retention.ms=7", "cleanup.policy=compact") == (
        "retention.ms=7\ncleanup.policy=compact\n"
    )
    assert "retention.ms=7  (dynamic topic)\n" in shell.ok("configs", "show", "topic", kafka_topic)
    assert shell.ok("configs", "unset", "topic", kafka_topic, "retention.ms") == "retention.ms unset\n"
    assert "retention.ms" not in shell.ok("configs", "show", "topic", kafka_topic)
    assert "retention.ms=604800000  (default)\n" in shell.ok("configs", "show", "topic", kafka_topic, "--all")


@real
def test_a_broker_s_configs(shell):
    """With what else could give them, and what is fixed."""
    text = shell.ok("configs", "show", "broker", "1", "--synonyms")

    assert "group.initial.rebalance.delay.ms=0  (static broker)  read-only\n" in text
    assert "    group.initial.rebalance.delay.ms=3000  (default)\n" in text


@real
def test_all_brokers_configs(shell):
    """Named by nothing."""
    shell.ok("configs", "set", "broker", "", "log.cleaner.backoff.ms=14000")
    assert "log.cleaner.backoff.ms=14000  (dynamic default broker)\n" in shell.ok("configs", "show", "broker")
    shell.ok("configs", "unset", "broker", "", "log.cleaner.backoff.ms")


@real
def test_what_is_refused(shell, kafka_topic):
    """With the broker's reason."""
    shell.ok("topics", "create", kafka_topic)

    assert "it must be at least 1" in shell.fails("configs", "set", "topic", kafka_topic, "min.insync.replicas=0")
    assert "next start" in shell.fails("configs", "set", "broker", "1", "log.dirs=/x")
    assert "broker 77 is not in the cluster" in shell.fails("configs", "show", "broker", "77")


@real
def test_log_levels(shell):
    """A resource like the others."""
    assert "root=" in shell.ok("configs", "show", "logger", "1")


@real
def test_what_has_configs(shell, kafka_topic):
    """Kinds and names."""
    shell.ok("topics", "create", kafka_topic)

    assert ["topic", kafka_topic] in [line.split() for line in shell.ok("configs", "list").splitlines()]


def test_explaining_needs_no_broker(offline):
    """Meaning, type, rule and default."""
    text = offline.ok("configs", "explain", "min.insync")

    assert "min.insync.replicas  (topic, int, at least 1; default 1)\n" in text
    assert "min.insync.replicas  (broker, int, at least 1; default 1)\n" in text
    assert "num.partitions is" in offline.fails("configs", "explain", "num.partitons")
    assert "no configuration" in offline.fails("configs", "explain", "xyzzy")
