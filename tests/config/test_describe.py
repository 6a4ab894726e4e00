"""DescribeConfigs entries equal those of Apache Kafka 4.3.1, captured from a running broker."""

from collections import defaultdict
from pathlib import Path

import pytest

from pykbroker.config import describe
from pykbroker.config.config import BrokerConfig
from pykbroker.config.describe import ConfigSource
from pykbroker.config.presets import Preset

NO_PRESET = Preset("none", {}, answers_auto_creation_at_once=False)
KAFKAS_SOURCE_NAMES = {"GROUP_CONFIG": "DYNAMIC_GROUP_CONFIG", "CLIENT_METRICS_CONFIG": "DYNAMIC_CLIENT_METRICS_CONFIG"}

OF_FRESH_CLUSTER = {"min.insync.replicas": "1"}
"""Eligible leader replicas make a fresh cluster start with this for all brokers."""
ALTERED_DEFAULT = {**OF_FRESH_CLUSTER, "log.retention.ms": "123456", "log.roll.jitter.ms": "5"}
ALTERED_OWN = {"log.retention.ms": "99999", "log.flush.interval.ms": "7777"}
ALTERED_AGAIN_DEFAULT = {
    **ALTERED_DEFAULT,
    "follower.replication.throttled.rate": "1000",
    "custom.thing": "x",
    "listener.name.foo.max.connections": "5",
}
ALTERED_AGAIN_OWN = {
    "log.retention.ms": "-7",
    "log.flush.interval.ms": "7777",
    "max.connections": "5",
    "max.connections.per.ip": "5",
    "nope": "1",
    "listener.name.foo.max.connections": "5",
    "listener.name.foo.log.dirs": "5",
    "log.cleanup.policy": "delete,compact",
    "leader.replication.throttled.rate": "1000",
    "listener.name.foo.custom": "x",
}


def _captured():
    scenes = defaultdict(dict)
    text = (Path(__file__).parent / "described_by_kafka.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            scene, name, *cells = line.split("\t")
            scenes[scene][name] = (cells + [""] * 7)[:7]
    for scene in list(scenes):
        base = scene.partition(",")[0]
        if base != scene and base != "all brokers":
            scenes[scene] = scenes[base] | scenes[scene]
    scenes["all brokers, altered"] = scenes["all brokers"] | scenes["all brokers, altered"]
    return scenes


CAPTURED = _captured()


def _kafkas_broker(default=OF_FRESH_CLUSTER, own=None):
    """A configuration with what the captured broker had been started with."""
    static = {
        name: cells[0]
        for name, cells in CAPTURED["broker"].items()
        if cells[1] == "STATIC_BROKER_CONFIG" and name != "broker.id"
    }
    config = BrokerConfig(static, preset=NO_PRESET)
    config.apply_dynamic(default, own or {})
    return config


def _cells(entry):
    """An entry as the captured file writes it."""
    synonyms = [
        f"{synonym.name}={'null' if synonym.value is None else synonym.value}@{_source(synonym.source)}"
        for synonym in entry.synonyms
    ]
    return [
        "null" if entry.value is None else entry.value,
        _source(entry.source),
        "RO" if entry.read_only else "rw",
        "default" if entry.is_default else "set",
        "SENS" if entry.is_sensitive else "-",
        entry.type.name,
        " | ".join(synonyms),
    ]


def _source(source):
    return KAFKAS_SOURCE_NAMES.get(source.name, source.name)


SCENES = {
    "broker": lambda: describe.describe_broker(_kafkas_broker()),
    "all brokers": lambda: describe.describe_all_brokers(_kafkas_broker()),
    "topic": lambda: describe.describe_topic(_kafkas_broker(), {"retention.ms": "1000"}),
    "group": lambda: describe.describe_group(_kafkas_broker(), {}),
    "client metrics": lambda: describe.describe_client_metrics({}),
    "broker, altered": lambda: describe.describe_broker(_kafkas_broker(ALTERED_DEFAULT, ALTERED_OWN)),
    "all brokers, altered": lambda: describe.describe_all_brokers(_kafkas_broker(ALTERED_DEFAULT, ALTERED_OWN)),
    "topic, altered": lambda: describe.describe_topic(
        _kafkas_broker(ALTERED_DEFAULT, ALTERED_OWN),
        {"retention.ms": "1000", "segment.ms": "60000", "cleanup.policy": "compact,delete"},
    ),
    "group, altered": lambda: describe.describe_group(_kafkas_broker(), {"consumer.session.timeout.ms": "50000"}),
    "client metrics, altered": lambda: describe.describe_client_metrics(
        {
            "interval.ms": "60000",
            "metrics": "org.apache.kafka.",
            "match": "client_id=foo.*,client_software_name=x",
        }
    ),
    "broker, altered again": lambda: describe.describe_broker(_kafkas_broker(ALTERED_AGAIN_DEFAULT, ALTERED_AGAIN_OWN)),
    "topic, altered again": lambda: describe.describe_topic(
        _kafkas_broker(ALTERED_AGAIN_DEFAULT, ALTERED_AGAIN_OWN),
        {
            "segment.ms": "60000",
            "cleanup.policy": "compact",
            "flush.messages": "1",
            "internal.segment.bytes": "100",
            "leader.replication.throttled.replicas": "0:1,1:2",
            "local.retention.bytes": "60",
            "local.retention.ms": "60",
            "message.timestamp.type": "LogAppendTime",
            "min.compaction.lag.ms": "10",
            "min.insync.replicas": "5",
            "preallocate": "TRUE",
            "remote.log.copy.disable": "true",
            "retention.bytes": "50",
        },
    ),
    "group, altered again": lambda: describe.describe_group(
        _kafkas_broker(),
        {"consumer.heartbeat.interval.ms": "15000", "share.auto.offset.reset": "by_duration:PT1H"},
    ),
}


@pytest.mark.parametrize("scene", SCENES)
def test_entries_are_those_of_apache_kafka(scene):
    """Names, values, sources, types, flags and the order of synonyms."""
    mine = {entry.name: _cells(entry) for entry in SCENES[scene]()}

    assert mine == {name: list(cells) for name, cells in CAPTURED[scene].items()}


def test_only_what_was_asked_for():
    """Keys filter; unknown ones are silently absent."""
    entries = describe.describe_topic(_kafkas_broker(), {}, {"retention.ms", "nope"})

    assert [entry.name for entry in entries] == ["retention.ms"]


def test_a_secret_is_never_shown():
    """Not as value and not among the synonyms."""
    config = BrokerConfig({"ssl.key.password": "hunter2", "my.plugin.token": "hunter2"})
    entries = describe.describe_broker(config, {"ssl.key.password", "my.plugin.token"})

    assert len(entries) == 2
    assert all(entry.is_sensitive and entry.value is None for entry in entries)
    assert "hunter2" not in repr(entries)


def test_where_a_value_comes_from():
    """The strongest layer that has one."""
    config = _kafkas_broker(ALTERED_DEFAULT, ALTERED_OWN)

    assert describe.source_of(config, "log.retention.ms") is ConfigSource.DYNAMIC_BROKER_CONFIG
    assert describe.source_of(config, "log.roll.jitter.ms") is ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG
    assert describe.source_of(config, "node.id") is ConfigSource.STATIC_BROKER_CONFIG
    assert describe.source_of(config, "num.partitions") is ConfigSource.DEFAULT_CONFIG


def test_what_is_wrong_in_the_metadata_log_does_not_break_the_answer(caplog):
    """Another version of the broker may have written it: the default holds and is shown."""
    config = _kafkas_broker({"log.segment.bytes": "many"}, {"listener.name.a.max.connections": "few"})
    by_name = {entry.name: entry for entry in describe.describe_broker(config)}

    assert by_name["log.segment.bytes"].value == "1073741824"
    assert by_name["listener.name.a.max.connections"].value is None
    assert describe.describe_topic(config, {"segment.ms": "long"}, {"segment.ms"})[0].value == "604800000"
    assert describe.describe_all_brokers(config)[0].value is None
    assert "passing over" in caplog.text
