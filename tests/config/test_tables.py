"""The tables hold what Apache Kafka 4.3.1 holds: names, types, defaults and rules."""

from pathlib import Path

import pytest

from pykbroker.config.definitions import ConfigType
from pykbroker.config.descriptions import documentation, documentation_of
from pykbroker.config.rules import duration_ms
from pykbroker.config.tables import (
    BROKER_CONFIGS,
    BROKER_RESOURCE,
    BROKER_THEMES,
    CLIENT_METRICS_CONFIGS,
    CONFIGS_BY_RESOURCE,
    GROUP_CONFIGS,
    TOPIC_CONFIGS,
    base_name,
    broker_definition,
)

TABLES = {
    "broker": BROKER_CONFIGS,
    "topic": TOPIC_CONFIGS,
    "group": GROUP_CONFIGS,
    "client_metrics": CLIENT_METRICS_CONFIGS,
}
WITHOUT_A_TABLE_IN_KAFKA = {
    "follower.replication.throttled.rate",
    "leader.replication.throttled.rate",
    "replica.alter.log.dirs.io.max.bytes.per.second",
}
"""Dynamic configurations that ``KafkaConfig`` does not define."""


def _facts():
    lines = (Path(__file__).parent / "rules_of_kafka.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


FACTS = _facts()


def test_the_same_names():
    """None is missing and none is invented."""
    for resource, table in TABLES.items():
        theirs = {name for kind, name, *_ in FACTS if kind == resource}

        assert set(table) - WITHOUT_A_TABLE_IN_KAFKA == theirs


def test_the_same_types_and_defaults():
    """As Kafka prints them; lists stand in brackets there."""
    for resource, name, kafka_type, default, _ in FACTS:
        definition = TABLES[resource][name]
        text = definition.default_text
        if definition.type is ConfigType.LIST and text is not None:
            text = f"[{text.replace(',', ', ')}]"

        assert definition.type.name == kafka_type, name
        assert ("<NULL>" if text is None else text) == default.replace("<NO_DEFAULT>", "<NULL>"), name


def test_the_same_ranges():
    """The lowest and highest value are taken, their neighbours are not."""
    checked = 0
    for resource, name, _, _, validator in FACTS:
        if ",..." not in validator or "partitionId" in validator or " or " in validator:
            continue
        definition = TABLES[resource][name]
        low, _, rest = validator.lstrip("[").partition(",...")
        high = rest.lstrip(",").partition("]")[0]
        assert definition.parse(low) is not None, name
        with pytest.raises(ValueError, match="must be"):
            definition.parse(str(float(low) - 1) if definition.type is ConfigType.DOUBLE else str(int(low) - 1))
        if high:
            definition.parse(high)
            with pytest.raises(ValueError, match="must be"):
                definition.parse(str(float(high) + 1) if definition.type is ConfigType.DOUBLE else str(int(high) + 1))
        checked += 1

    assert checked > 180


def test_the_same_choices():
    """Every word that Kafka takes is taken, another is not."""
    for resource, name, _, _, validator in FACTS:
        if "..." in validator or "[" not in validator or "by_duration" in validator:
            continue
        definition = TABLES[resource][name]
        for word in validator.partition("[")[2].rstrip("]").split(", "):
            definition.parse(word)
        with pytest.raises(ValueError, match="must be"):
            definition.parse("neither-of-these")


def test_every_default_follows_its_own_rule():
    """A table that contradicts itself would refuse its own values."""
    for table in CONFIGS_BY_RESOURCE.values():
        for definition in table.values():
            if definition.default is not None and definition.default_text != "":
                assert definition.parse(definition.default_text) == definition.default


def test_every_configuration_has_words_and_none_has_them_twice():
    """Words without a configuration are as wrong as a configuration without words."""
    for resource, table in CONFIGS_BY_RESOURCE.items():
        words = documentation(resource)

        assert set(words) == set(table)
        assert all(text[0].isupper() or text[0].islower() for text in words.values())
        assert all(text.endswith(".") for text in words.values())


def test_synonyms_of_topics_and_groups_are_the_brokers():
    """What gives a default must exist, with the same type."""
    for table in (TOPIC_CONFIGS, GROUP_CONFIGS):
        for definition in table.values():
            if definition.synonym is not None:
                assert BROKER_CONFIGS[definition.synonym].type is definition.type


def test_each_theme_is_in_order():
    """Rows by name, so that a reader finds them; those that exist only as dynamic ones come last."""
    for table in BROKER_THEMES.values():
        names = [definition.name for definition in table if definition.name not in WITHOUT_A_TABLE_IN_KAFKA]

        assert names == sorted(names)


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("listener.name.internal.ssl.keystore.location", "ssl.keystore.location"),
        ("listener.name.x.scram-sha-256.sasl.jaas.config", "sasl.jaas.config"),
        ("listener.name.x.max.connections", "max.connections"),
        ("listener.name.x", "listener.name.x"),
        ("log.dirs", "log.dirs"),
    ],
)
def test_listener_prefixes(name, base):
    """listener.name.NAME.[MECHANISM.]KEY is KEY for one listener."""
    assert base_name(name) == base


def test_a_prefixed_name_has_the_definition_and_words_of_its_base():
    """So it is parsed and explained alike."""
    assert broker_definition("listener.name.a.max.connections") is BROKER_CONFIGS["max.connections"]
    assert documentation_of(BROKER_RESOURCE, "listener.name.a.max.connections")
    assert documentation_of(BROKER_RESOURCE, "no.such.thing") is None


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("PT1H", 3_600_000), ("P1DT2H3M4.5S", 93_784_500), ("pt0.0015s", 1), ("P2D", 172_800_000)],
)
def test_durations(text, milliseconds):
    """As java.time.Duration reads them."""
    assert duration_ms(text) == milliseconds


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "1H", "PT-1H", "P1M", "PT1H ", "PT.5S"])
def test_what_is_not_a_duration(text):
    """Months and years are not durations, nor are negative ones here."""
    assert duration_ms(text) is None
