"""Where values come from and who wins."""

import pytest

from pykbroker.config.definitions import ConfigError
from pykbroker.config.source import broker_config, nearest_name
from pykbroker.config.topic_values import TopicSpec


def test_the_development_preset():
    """One broker, nothing to wait for, only this machine gets in."""
    config = broker_config()

    assert config["group.initial.rebalance.delay.ms"] == 0
    assert config["offsets.topic.num.partitions"] == 1
    assert config["offsets.topic.replication.factor"] == 1
    assert [(spec.host, spec.port) for spec in config.listeners] == [("localhost", 9092)]
    assert config.log_dirs == (".pykbroker",)
    assert config.answers_auto_creation_at_once
    assert config.warnings == ()


def test_kafkas_preset():
    """Apache Kafka's defaults and manners; internal topics with one replica, as its server.properties says."""
    config = broker_config(preset="kafka")

    assert config["group.initial.rebalance.delay.ms"] == 3000
    assert config["offsets.topic.num.partitions"] == 50
    assert config["offsets.topic.replication.factor"] == 1
    assert [(spec.host, spec.port) for spec in config.listeners] == [("", 9092)]
    assert not config.answers_auto_creation_at_once


def test_an_unknown_preset():
    """Is refused with the names there are."""
    with pytest.raises(ConfigError, match="dev, kafka"):
        broker_config(preset="prod")


@pytest.mark.parametrize("strength", [1, 2, 3])
def test_who_wins(strength):
    """The option over the environment, that over the file, that over the preset."""
    sources = {
        "properties": "offsets.topic.num.partitions=2",
        "environment": {"KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "3"},
        "overrides": {"offsets.topic.num.partitions": 4},
    }
    given = dict(list(sources.items())[:strength])

    assert broker_config(**given)["offsets.topic.num.partitions"] == strength + 1


def test_flags_are_short_for_configurations():
    """host, port, advertise and data_dir end as Kafka's own names."""
    config = broker_config(host="0.0.0.0", port=0, advertise="broker.example", data_dir="/data")

    assert config.static["listeners"] == "PLAINTEXT://0.0.0.0:0"
    assert config.listeners[0].advertised == ("broker.example", 0)
    assert config.log_dirs == ("/data",)


@pytest.mark.parametrize(
    ("advertise", "address"),
    [
        ("h", ("h", 0)),
        ("h:1", ("h", 1)),
        ("::1", ("::1", 0)),
        ("[::1]", ("::1", 0)),
        ("[::1]:2", ("::1", 2)),
        ("10.0.0.1:0", ("10.0.0.1", 0)),
    ],
)
def test_advertise(advertise, address):
    """With a port or without; port 0 is the one listened on."""
    assert broker_config(advertise=advertise).listeners[0].advertised == address


def test_a_port_flag_changes_the_file_s_listener():
    """And leaves the controller's alone."""
    config = broker_config(
        properties="listeners=A://h:1,C://h:2\ncontroller.listener.names=C\nlistener.security.protocol.map=A:PLAINTEXT",
        port=7,
    )

    assert config.static["listeners"] == "A://h:7,C://h:2"


def test_flags_that_cannot_be_understood():
    """Two listeners and one port, or an option and a flag for the same thing."""
    two = "listeners=A://h:1,B://h:2\nlistener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT"
    with pytest.raises(ConfigError, match="which of these"):
        broker_config(properties=two, port=7)
    with pytest.raises(ConfigError, match="--advertise"):
        broker_config(properties=two, advertise="h")
    with pytest.raises(ConfigError, match="either this"):
        broker_config({"listeners": "PLAINTEXT://h:1"}, port=7)
    with pytest.raises(ConfigError, match="either this"):
        broker_config(data_dir="d", ephemeral=True)
    with pytest.raises(ConfigError, match="comma"):
        broker_config(data_dir="a,b")


def test_log_dirs_of_the_file_stay():
    """The default directory is for those who say nothing."""
    assert broker_config(properties="log.dirs=/a,/b").log_dirs == ("/a", "/b")
    assert broker_config(properties="log.dir=/a").log_dirs == ("/a",)


def test_ephemeral():
    """Whoever builds the world learns of it."""
    assert broker_config(ephemeral=True).is_ephemeral


def test_python_values_are_fine():
    """Tests write True, 3 and lists."""
    config = broker_config(
        {"auto.create.topics.enable": False, "num.partitions": 3, "log.cleanup.policy": ["compact", "delete"]}
    )

    assert config["auto.create.topics.enable"] is False
    assert config["num.partitions"] == 3
    assert config["log.cleanup.policy"] == ("compact", "delete")


def test_unknown_names_are_warnings_with_the_nearest_known_one():
    """From file and options always; of variables only those that look like a slip."""
    config = broker_config(
        {"log.retntion.ms": "1", "something.entirely.else": "1", "listener.name.a.ssl.keystore.locaton": "x"},
        properties="zookeeper.connect=localhost:2181\nproducer.acks=1",
        environment={"KAFKA_NUM_PARTITION": "1", "KAFKA_SERVICE_HOST": "10.0.0.1", "KAFKA_ZOOKEEPER_CONNECT": "z"},
    )

    assert "unknown configuration log.retntion.ms; did you mean log.retention.ms?" in config.warnings
    assert "unknown configuration something.entirely.else" in config.warnings
    assert any("listener.name.a.ssl.keystore.location?" in warning for warning in config.warnings)
    assert any("no ZooKeeper" in warning for warning in config.warnings)
    assert any("KAFKA_NUM_PARTITION" in warning and "num.partitions" in warning for warning in config.warnings)
    assert len(config.warnings) == 5


def test_what_somebody_relies_on_and_does_not_get_is_a_warning():
    """Above all an authorizer; false and empty values rely on nothing."""
    relied = broker_config(
        {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "controller.quorum.voters": "1@a:9093,2@b:9093",
            "remote.log.storage.system.enable": "false",
        }
    )

    assert "authorizer.class.name has no effect: there is no authorizer yet, so everybody may do everything" in (
        relied.warnings
    )
    assert any("cluster of its own" in warning for warning in relied.warnings)
    assert len(relied.warnings) == 2
    assert broker_config({"controller.quorum.voters": "1@localhost:9093", "authorizer.class.name": ""}).warnings == ()


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ({"overrides": {"log.retention.ms": "abc"}}, "an option"),
        ({"environment": {"KAFKA_LOG_RETENTION_MS": "abc"}}, "KAFKA_LOG_RETENTION_MS"),
        ({"properties": "log.retention.ms=abc"}, "the configuration file"),
    ],
)
def test_a_wrong_value_names_key_value_rule_and_place(source, where):
    """Everything needed to mend it."""
    with pytest.raises(ConfigError) as caught:
        broker_config(**source)

    assert str(caught.value) == f"log.retention.ms=abc: must be a whole number of 64 bits (set by {where})"


def test_a_file_that_is_no_properties_file():
    """Is refused as a whole."""
    with pytest.raises(ConfigError, match="configuration file"):
        broker_config(properties=r"a=\u12")


def test_topics():
    """Short notation on the command line and in the variable of an image."""
    config = broker_config(topics=["orders:3", "events"], environment={"KAFKA_CREATE_TOPICS": "c:1:1:compact"})

    assert config.topics == (
        TopicSpec("c", 1, 1, {"cleanup.policy": "compact"}),
        TopicSpec("orders", 3, -1, {}),
        TopicSpec("events", -1, -1, {}),
    )


@pytest.mark.parametrize("text", ["", "a b", "a:x", "a:0", "a:-2", "a:1:0", "a:1:1:compact:x", "a:1:1:wrong"])
def test_topics_that_are_refused(text):
    """Illegal names, impossible numbers, unknown policies."""
    with pytest.raises(ConfigError):
        broker_config(topics=[text])


def test_cluster_id_from_the_environment():
    """As the images take it."""
    assert broker_config(environment={"CLUSTER_ID": "MkU3OEVBNTcwNTJENDM2Qg"}).cluster_id == "MkU3OEVBNTcwNTJENDM2Qg"


def test_nearest_name():
    """Near enough to be meant, or nothing."""
    assert nearest_name("num.partition") == "num.partitions"
    assert nearest_name("completely.different") is None
