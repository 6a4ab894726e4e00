"""DescribeConfigs: every entry of every kind of resource, with sources, synonyms, types, documentation."""

from typing import Any

from differential.stage import Stage, scene

TOPIC, BROKER, LOGGER, CLIENT_METRICS, GROUP = 2, 4, 8, 16, 32


def about(kind: int, name: str, *keys: str, everything: bool = False) -> dict[str, Any]:
    return {"ResourceType": kind, "ResourceName": name, "ConfigurationKeys": None if everything else list(keys)}


def describe(stage: Stage, *resources: dict[str, Any], note: str, version: int | None = None, synonyms: bool = True,
             documentation: bool = False) -> None:
    """Documentation is in everybody's own words: only whether there is some counts."""
    stage.settle()
    version = stage.versions("DescribeConfigs")[1] if version is None else version
    body = {"Resources": list(resources), "IncludeSynonyms": synonyms, "IncludeDocumentation": documentation}
    answer = stage.connection.call("DescribeConfigs", version, body)
    for result in answer["Results"]:
        for entry in result["Configs"] or ():
            if "Documentation" in entry:
                entry["Documentation"] = entry["Documentation"] is not None
    stage.keep(f"DescribeConfigs v{version} {note}", answer)


@scene
def describe_topic_configs(stage: Stage) -> None:
    """All of a topic, at every version; some of it; unknown keys."""
    stage.topic("described-topic", retention_ms="1000", cleanup_policy="compact")
    low, high = stage.versions("DescribeConfigs")
    for version in range(low, high + 1):
        describe(stage, about(TOPIC, "described-topic", everything=True), version=version, note="all of a topic")
    one = about(TOPIC, "described-topic", "retention.ms", "segment.bytes")
    describe(stage, one, synonyms=False, note="without synonyms")
    describe(stage, one, documentation=True, note="with documentation")
    describe(stage, about(TOPIC, "described-topic", "no.such.config"), note="an unknown key")
    describe(stage, about(TOPIC, "described-topic"), note="no key")
    describe(stage, about(TOPIC, "unknown", everything=True), note="an unknown topic")
    describe(stage, about(TOPIC, "bad/name", everything=True), note="a wrong name")
    describe(stage, about(TOPIC, "", everything=True), note="no name")
    describe(stage, one, one, note="the same twice")
    describe(stage, note="nothing")


@scene
def describe_broker_configs(stage: Stage) -> None:
    """All of a broker; of all brokers; another's; a broker that is none."""
    describe(stage, about(BROKER, "1", everything=True), note="all of the broker")
    describe(stage, about(BROKER, "1", everything=True), synonyms=False, version=1, note="all of the broker")
    describe(stage, about(BROKER, "", everything=True), note="of all brokers")
    describe(stage, about(BROKER, "1", "log.retention.ms", "log.retention.hours", "advertised.listeners",
                          "ssl.keystore.password", "no.such.config"), note="some")
    for name in ("2", "-1", "one"):
        describe(stage, about(BROKER, name, "log.retention.ms"), note=f"broker {name!r}")
    describe(stage, about(BROKER, "1", "min.insync.replicas"), about(TOPIC, "described-topic", "retention.ms"), note="two kinds")


@scene
def describe_other_configs(stage: Stage) -> None:
    """Loggers, groups, client metrics, kinds that are none."""
    describe(stage, about(LOGGER, "1", "no.such.logger"), note="an unknown logger")
    describe(stage, about(LOGGER, "9", everything=True), note="another's loggers")
    describe(stage, about(LOGGER, "", "root"), note="loggers of nobody")
    describe(stage, about(GROUP, "some-group", everything=True), note="a group")
    describe(stage, about(GROUP, "some-group", everything=True), documentation=True, note="a group, documented")
    describe(stage, about(GROUP, "", everything=True), note="a group without a name")
    describe(stage, about(CLIENT_METRICS, "some-metrics", everything=True), note="client metrics")
    describe(stage, about(CLIENT_METRICS, "", everything=True), note="client metrics without a name")
    for kind in (0, 1, 3, 64):
        describe(stage, about(kind, "x", everything=True), note=f"kind {kind}")
