"""BrokerConfig: layers, changes, and what follows from several configurations."""

from types import SimpleNamespace

import pytest

from pykbroker.config.config import BrokerConfig, effective_topic_config
from pykbroker.config.definitions import ConfigError
from pykbroker.config.presets import KAFKA


def test_lookups_are_typed():
    """By Kafka's names; one that Kafka does not have is our own mistake."""
    config = BrokerConfig({"log.segment.bytes": "2097152"})

    assert config["log.segment.bytes"] == 2097152
    assert config["delete.topic.enable"] is True
    assert config["broker.rack"] is None
    with pytest.raises(KeyError):
        config["log.segment.byte"]


def test_node_id_and_broker_id_are_one():
    """Either name may be given; both are shown."""
    assert BrokerConfig({"broker.id": "7"}).node_id == 7
    assert BrokerConfig({"node.id": "8"})["broker.id"] == 8
    with pytest.raises(ConfigError, match="same as node"):
        BrokerConfig({"node.id": "8", "broker.id": "7"})


def test_the_strongest_layer_wins():
    """This broker's dynamic value, then all brokers', then the static one, then the default."""
    config = BrokerConfig({"log.cleaner.threads": "2"})
    config.apply_dynamic({"log.cleaner.threads": "3"}, {})
    assert config["log.cleaner.threads"] == 3
    config.apply_dynamic({"log.cleaner.threads": "3"}, {"log.cleaner.threads": "4"})
    assert config["log.cleaner.threads"] == 4
    config.apply_dynamic({}, {})
    assert config["log.cleaner.threads"] == 2


def test_who_asked_hears_of_changes():
    """With the names whose values changed, and only then."""
    config = BrokerConfig()
    heard = []
    config.on_change(heard.append)

    config.apply_dynamic({"log.retention.ms": "5"}, {})
    config.apply_dynamic({"log.retention.ms": "5"}, {"log.retention.ms": "5"})
    config.apply_dynamic({}, {})

    assert heard == [{"log.retention.ms"}, {"log.retention.ms"}]


def test_following_the_metadata():
    """Only records about this broker, or about all, concern it."""
    config = BrokerConfig({"node.id": "3"})
    texts = {(4, ""): {"max.connections": "10"}, (4, "3"): {"max.connections": "9"}, (4, "4"): {}}
    image = SimpleNamespace(config=lambda kind, name: texts.get((kind, name), {}))

    config.follow(SimpleNamespace(image=image, configs=frozenset({(4, "4"), (2, "t")})))
    assert config["max.connections"] == 2**31 - 1
    config.follow(SimpleNamespace(image=image, configs=frozenset({(4, "")})))
    assert config["max.connections"] == 9


def test_what_is_wrong_or_fixed_in_the_metadata_is_passed_over(caplog):
    """The broker goes on with what it has, and says so."""
    config = BrokerConfig()
    config.apply_dynamic(
        {"log.segment.bytes": "x", "node.id": "9", "unknown.thing": "1"}, {"ssl.key.password": "secret"}
    )

    assert config["log.segment.bytes"] == 1073741824
    assert config.node_id == 1
    assert "log.segment.bytes=x" in caplog.text
    assert "secret" not in caplog.text


def test_defaults_of_topics_follow_the_broker():
    """In whatever unit they were given, and as they change."""
    config = BrokerConfig({"log.retention.hours": "1", "log.roll.jitter.hours": "2", "log.cleanup.policy": "compact"})
    assert config.topic_defaults()["retention.ms"] == 3_600_000
    assert config.topic_defaults()["segment.jitter.ms"] == 7_200_000
    assert config.topic_defaults()["cleanup.policy"] == ("compact",)

    config.apply_dynamic({"log.retention.ms": "-7"}, {})
    assert config.topic_defaults()["retention.ms"] == -1


@pytest.mark.parametrize(
    ("static", "retention_ms"),
    [
        ({}, 604_800_000),
        ({"log.retention.minutes": "1"}, 60_000),
        ({"log.retention.minutes": "1", "log.retention.ms": "5"}, 5),
        ({"log.retention.hours": "-1"}, -1),
    ],
)
def test_the_finest_unit_counts(static, retention_ms):
    """Milliseconds over minutes over hours."""
    assert BrokerConfig(static).topic_defaults()["retention.ms"] == retention_ms


def test_a_topic_s_own_values():
    """Over the broker's; configured alike means the same object, so that thousands of topics cost one."""
    config = BrokerConfig()
    values = config.topic_config({"retention.ms": "5", "cleanup.policy": "compact,delete"})

    assert values["retention.ms"] == 5
    assert values["cleanup.policy"] == ("compact", "delete")
    assert values is effective_topic_config(config, {"cleanup.policy": "compact,delete", "retention.ms": "5"})
    assert config.topic_config({}) is config.topic_defaults()


def test_a_topic_s_values_follow_the_broker_s():
    """What a topic does not set itself changes under it."""
    config = BrokerConfig()
    config.topic_config({"retention.ms": "5"})
    config.apply_dynamic({"log.segment.bytes": "1048576"}, {})

    assert config.topic_config({"retention.ms": "5"})["segment.bytes"] == 1048576


def test_segments_below_the_limit_for_tests():
    """internal.segment.bytes has no lower limit and wins."""
    assert BrokerConfig().topic_config({"internal.segment.bytes": "100"})["segment.bytes"] == 100


def test_wrong_values_of_topics_are_passed_over(caplog):
    """They were checked when written; another version's rules may differ."""
    values = BrokerConfig().topic_config({"retention.ms": "x", "no.such": "1"})

    assert values["retention.ms"] == 604_800_000
    assert "retention.ms=x" in caplog.text


def test_a_group_s_values_stay_within_the_broker_s_bounds():
    """Bounds may have become narrower since a value was accepted."""
    config = BrokerConfig({"group.streams.max.standby.replicas": "1"})
    values = config.group_config(
        {
            "consumer.session.timeout.ms": "1",
            "share.session.timeout.ms": "9999999",
            "streams.num.standby.replicas": "2",
            "share.auto.offset.reset": "earliest",
            "consumer.heartbeat.interval.ms": "x",
        }
    )

    assert values["consumer.session.timeout.ms"] == 45_000
    assert values["share.session.timeout.ms"] == 60_000
    assert values["streams.num.standby.replicas"] == 1
    assert values["share.auto.offset.reset"] == "earliest"
    assert values["consumer.heartbeat.interval.ms"] == 5_000


def test_a_listener_s_own_value():
    """listener.name.NAME.KEY over KEY."""
    config = BrokerConfig({"listener.name.plaintext.max.connections": "5", "max.connections": "9"})

    assert config.for_listener("PLAINTEXT", "max.connections") == 5
    assert config.for_listener("OTHER", "max.connections") == 9


def test_directories():
    """log.dirs over log.dir; the metadata log is in the first unless it has its own."""
    config = BrokerConfig({"log.dirs": "/a,/b"})
    assert (config.log_dirs, config.metadata_log_dir) == (("/a", "/b"), "/a")
    assert BrokerConfig({"log.dir": "/c", "metadata.log.dir": "/m"}).metadata_log_dir == "/m"


def test_connections_per_ip():
    """Host and count."""
    config = BrokerConfig({"max.connections.per.ip.overrides": "10.0.0.1:3, host:4"})
    assert config.connection_overrides() == {"10.0.0.1": 3, "host": 4}


@pytest.mark.parametrize(
    ("static", "complaint"),
    [
        ({"process.roles": "controller"}, "must contain broker"),
        ({"queued.max.request.bytes": "5"}, "socket.request.max.bytes"),
        ({"max.connections.per.ip": "0"}, "nobody could connect"),
        ({"max.connections.per.ip.overrides": "host"}, "host:count"),
        ({"log.retention.ms": "0"}, "at least 1"),
        ({"log.retention.minutes": "0"}, "at least 1"),
        ({"log.roll.ms": "0"}, "at least 1"),
        ({"log.roll.jitter.ms": "-1"}, "at least 0"),
        ({"log.cleaner.threads": "1000"}, "1 MiB"),
        ({"broker.heartbeat.interval.ms": "9000"}, "half of"),
        ({"replica.fetch.wait.max.ms": "40000"}, "replica.socket.timeout.ms"),
        ({"group.min.session.timeout.ms": "9999999"}, "group.max.session.timeout.ms"),
        ({"group.consumer.heartbeat.interval.ms": "16000"}, "group.consumer.max.heartbeat.interval.ms"),
        ({"group.consumer.session.timeout.ms": "1"}, "group.consumer.min.session.timeout.ms"),
        ({"group.consumer.max.session.timeout.ms": "1"}, "must be at least group.consumer.min.session.timeout.ms"),
        (
            {"group.share.heartbeat.interval.ms": "50000", "group.share.max.heartbeat.interval.ms": "50000"},
            "must be less than group.share.session.timeout.ms",
        ),
        ({"connections.max.idle.ms": "50"}, "must be less than connections.max.idle.ms"),
    ],
)
def test_values_that_do_not_fit_together(static, complaint):
    """Each may be fine by itself; the start is refused with the reason."""
    with pytest.raises(ConfigError, match=complaint):
        BrokerConfig(static)


def test_retention_in_a_coarser_unit_does_not_matter_if_a_finer_one_is_set():
    """Kafka looks only at the one that counts."""
    assert BrokerConfig({"log.retention.ms": "-1", "log.retention.hours": "0"})["log.retention.hours"] == 0


def test_an_idle_time_of_minus_one_is_no_limit():
    """So nothing is compared with it."""
    assert BrokerConfig({"connections.max.idle.ms": "-1"})["connections.max.idle.ms"] == -1


def test_presets_are_static_values():
    """DescribeConfigs shows them as such."""
    assert BrokerConfig(preset=KAFKA).static["process.roles"] == "broker,controller"
    assert "group.initial.rebalance.delay.ms" in BrokerConfig().static
