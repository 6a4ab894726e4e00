"""Listeners, what is advertised, and how they must fit together."""

import pytest

from pykbroker.config.config import BrokerConfig
from pykbroker.config.definitions import ConfigError
from pykbroker.config.listeners import ListenerSpec, parse_protocol_map


def test_one_listener():
    """Without advertised.listeners, nothing is advertised but the address a client reaches."""
    (spec,) = BrokerConfig({"listeners": "PLAINTEXT://0.0.0.0:9092"}).listeners

    assert spec == ListenerSpec("PLAINTEXT", "0.0.0.0", 9092, "PLAINTEXT", None)


def test_as_compose_files_have_it():
    """Two listeners of one protocol, each advertised, and a controller's that is not opened."""
    config = BrokerConfig(
        {
            "process.roles": "broker,controller",
            "listeners": "PLAINTEXT://:29092,CONTROLLER://:29093,PLAINTEXT_HOST://0.0.0.0:9092",
            "advertised.listeners": "PLAINTEXT://broker:29092,PLAINTEXT_HOST://localhost:9092",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": "1@broker:29093",
        }
    )

    assert config.listeners == (
        ListenerSpec("PLAINTEXT", "", 29092, "PLAINTEXT", ("broker", 29092)),
        ListenerSpec("PLAINTEXT_HOST", "0.0.0.0", 9092, "PLAINTEXT", ("localhost", 9092)),
    )


def test_names_are_upper_case():
    """Kafka takes listener names in any case and shows them in capitals."""
    config = BrokerConfig({"listeners": "plaintext://h:1", "advertised.listeners": "Plaintext://other:0"})

    assert config.listeners == (ListenerSpec("PLAINTEXT", "h", 1, "PLAINTEXT", ("other", 0)),)


def test_both_families_may_share_a_port():
    """One IPv4 and one IPv6 address."""
    specs = BrokerConfig(
        {
            "listeners": "PLAINTEXT://127.0.0.1:9092,SIX://[::1]:9092",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SIX:PLAINTEXT",
        }
    ).listeners

    assert [spec.host for spec in specs] == ["127.0.0.1", "::1"]


def test_port_zero_may_be_used_twice():
    """Each gets a free port of its own."""
    specs = BrokerConfig(
        {"listeners": "PLAINTEXT://a:0,B://a:0", "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,B:PLAINTEXT"}
    ).listeners

    assert [spec.port for spec in specs] == [0, 0]


@pytest.mark.parametrize(
    ("configs", "complaint"),
    [
        ({"listeners": ""}, "must not be empty"),
        ({"listeners": "9092"}, "NAME://host:port"),
        ({"listeners": "PLAINTEXT://h"}, "NAME://host:port"),
        ({"listeners": "PLAINTEXT://h:x"}, "port"),
        ({"listeners": "PLAINTEXT://h:65536"}, "port"),
        ({"listeners": "PLAINTEXT://::1:9092"}, "brackets"),
        ({"listeners": "MINE://h:1"}, "security protocol of listener MINE"),
        ({"listeners": "SSL://h:1"}, "not served yet"),
        ({"listeners": "PLAINTEXT://a:1,PLAINTEXT://b:2"}, "name of its own"),
        ({"listeners": "PLAINTEXT://a:1,SSL://b:1"}, "may be used once"),
        ({"listeners": "C://:1", "controller.listener.names": "C"}, "clients need a listener"),
        ({"advertised.listeners": "PLAINTEXT://0.0.0.0:9092"}, "not an address"),
        ({"advertised.listeners": "OTHER://h:9092"}, "not in listeners"),
        ({"advertised.listeners": "C://h:9092", "controller.listener.names": "C"}, "one listener for clients"),
        ({"advertised.listeners": "PLAINTEXT://a:1,PLAINTEXT://b:2"}, "name of its own"),
        ({"inter.broker.listener.name": "INSIDE"}, "advertised listener"),
        ({"listener.security.protocol.map": "PLAINTEXT"}, "LISTENER: and one of"),
        ({"listener.security.protocol.map": "PLAINTEXT:QUIC"}, "LISTENER: and one of"),
    ],
)
def test_what_does_not_fit_is_refused(configs, complaint):
    """At the start, with a message that says what to change."""
    with pytest.raises(ConfigError, match=complaint):
        BrokerConfig(configs)


def test_protocol_map():
    """Blanks and case do not count."""
    assert parse_protocol_map(" a:plaintext , B : SSL ") == {"A": "PLAINTEXT", "B": "SSL"}
