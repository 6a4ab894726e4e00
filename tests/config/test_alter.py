"""Which alterations are refused, and with which code, as Apache Kafka 4.3.1 answered them."""

from pathlib import Path

import pytest

from pykbroker.config import alter
from pykbroker.config.config import ALL_BROKERS, BrokerConfig
from pykbroker.config.tables import (
    BROKER_RESOURCE,
    CLIENT_METRICS_RESOURCE,
    GROUP_RESOURCE,
    TOPIC_RESOURCE,
)
from pykbroker.errors import ErrorCode, KafkaError

RESOURCES = {
    "TOPIC": TOPIC_RESOURCE,
    "BROKER": BROKER_RESOURCE,
    "GROUP": GROUP_RESOURCE,
    "CLIENT_METRICS": CLIENT_METRICS_RESOURCE,
}


def _captured():
    lines = (Path(__file__).parent / "altered_by_kafka.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def _said(config, resource, name, configs):
    try:
        alter.validate(config, RESOURCES[resource], name, configs)
        if resource == "BROKER":
            alter.validate_broker_change(config, name, configs)
    except KafkaError as error:
        return error.code.name
    return "OK"


def test_every_answer_is_apache_kafkas():
    """Refused or not, and if so with the same error code."""
    config = BrokerConfig()
    for resource, name, text, answer in _captured():
        configs = dict(entry.split("=", 1) for entry in text.split(" | "))

        assert _said(config, resource, name, configs) == answer, (resource, name, configs)


def test_a_refusal_says_key_and_rule():
    """The message is what a user of an admin client sees."""
    with pytest.raises(KafkaError) as caught:
        alter.validate_topic(BrokerConfig(), "t", {"min.insync.replicas": "0"})

    assert caught.value.message == "Invalid value 0 for min.insync.replicas: it must be at least 1."


def test_a_refused_secret_is_not_repeated():
    """Passwords do not travel back in error messages."""
    with pytest.raises(KafkaError) as caught:
        alter.validate_broker(BrokerConfig(), "1", {"ssl.key.password": "hunter2"})

    assert "hunter2" not in caught.value.message


def test_tiered_storage_has_rules_of_its_own():
    """They hold only where a broker was told to have tiered storage."""
    tiered = BrokerConfig({"remote.log.storage.system.enable": "true"})
    wanted = {"remote.storage.enable": "true"}
    alter.validate_topic_configs(tiered, wanted)

    for more in ({"cleanup.policy": "compact"}, {"retention.ms": "5", "local.retention.ms": "6"}):
        with pytest.raises(KafkaError) as caught:
            alter.validate_topic_configs(tiered, {**wanted, **more})
        assert caught.value.code is ErrorCode.INVALID_CONFIG


def test_a_change_must_fit_what_the_broker_has():
    """Constraints between configurations are checked over all layers."""
    config = BrokerConfig()
    with pytest.raises(KafkaError, match=r"log\.cleaner\.dedupe\.buffer\.size"):
        alter.validate_broker_change(config, "1", {"log.cleaner.dedupe.buffer.size": "5"})
    with pytest.raises(KafkaError, match="half and double"):
        alter.validate_broker_change(config, ALL_BROKERS, {"num.io.threads": "100"})


def test_listeners_of_a_running_broker():
    """To say the same again is fine; to say otherwise is refused rather than accepted without effect."""
    config = BrokerConfig()
    alter.validate_broker_change(config, "1", {"listeners": "PLAINTEXT://localhost:9092"})

    with pytest.raises(KafkaError, match="restart"):
        alter.validate_broker_change(config, "1", {"listeners": "PLAINTEXT://localhost:9093"})


def test_what_can_be_appended_to():
    """Lists, except a telemetry subscription's: Kafka 4.3 says those are none."""
    assert alter.is_list(TOPIC_RESOURCE, "cleanup.policy")
    assert alter.is_list(BROKER_RESOURCE, "listener.name.a.ssl.enabled.protocols")
    assert not alter.is_list(TOPIC_RESOURCE, "retention.ms")
    assert not alter.is_list(TOPIC_RESOURCE, "nope")
    assert not alter.is_list(CLIENT_METRICS_RESOURCE, "metrics")
    assert alter.default_text(TOPIC_RESOURCE, "cleanup.policy") == "delete"
    assert alter.default_text(TOPIC_RESOURCE, "nope") is None


def test_resources_without_configurations():
    """A resource type that has none is refused, not a crash."""
    with pytest.raises(KafkaError) as caught:
        alter.validate(BrokerConfig(), 3, "x", {})
    assert caught.value.code is ErrorCode.INVALID_REQUEST
