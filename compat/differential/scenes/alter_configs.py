"""AlterConfigs and IncrementalAlterConfigs: operations, lists, dynamic broker settings, every way to be wrong."""

from typing import Any

from differential.scenes.configs import BROKER, CLIENT_METRICS, GROUP, LOGGER, TOPIC, about, describe
from differential.stage import Stage, scene

SET, DELETE, APPEND, SUBTRACT = range(4)
WORDS = ("set", "delete", "append", "subtract")


def change(stage: Stage, kind: int, name: str, *ops: tuple[int, str, str | None], validate: bool = False) -> None:
    configs = [{"Name": key, "ConfigOperation": op, "Value": value} for op, key, value in ops]
    body = {"Resources": [{"ResourceType": kind, "ResourceName": name, "Configs": configs}], "ValidateOnly": validate}
    told = "; ".join(f"{WORDS[op] if op < 4 else op} {key}={value}" for op, key, value in ops)
    stage.ask("IncrementalAlterConfigs", body, note=f"{kind} {name!r}: {told}, only validated: {validate}")


@scene
def alter_topic_incrementally(stage: Stage) -> None:
    """Set, delete, append, subtract on a topic, and what it has afterwards."""
    stage.topic("altered", retention_ms="1000")
    shown = about(TOPIC, "altered", "retention.ms", "cleanup.policy", "segment.ms", "leader.replication.throttled.replicas")
    for ops in (
        [(SET, "retention.ms", "5000")], [(DELETE, "retention.ms", None)], [(DELETE, "retention.ms", None)],
        [(APPEND, "cleanup.policy", "compact")], [(APPEND, "cleanup.policy", "compact")],
        [(SUBTRACT, "cleanup.policy", "delete")], [(SUBTRACT, "cleanup.policy", "compact")],
        [(SET, "cleanup.policy", "compact,compact")], [(SET, "cleanup.policy", " compact , delete ")],
        [(APPEND, "leader.replication.throttled.replicas", "0:1")], [(SET, "segment.ms", "10"), (DELETE, "cleanup.policy", "x")],
    ):
        change(stage, TOPIC, "altered", *ops)
        describe(stage, shown, note=f"after {ops}")


@scene
def alter_topic_wrongly(stage: Stage) -> None:
    """Unknown keys, wrong values, wrong operations, twice the same key, unknown topics."""
    stage.topic("altered-wrongly")
    for ops in (
        [(SET, "no.such.config", "1")], [(DELETE, "no.such.config", None)], [(SET, "retention.ms", "soon")],
        [(SET, "retention.ms", None)], [(SET, "retention.ms", "")], [(APPEND, "retention.ms", "1")],
        [(SUBTRACT, "retention.ms", "1")], [(APPEND, "cleanup.policy", None)], [(7, "retention.ms", "1")],
        [(SET, "retention.ms", "1"), (DELETE, "retention.ms", None)], [(SET, "", "1")], [],
        [(SET, "cleanup.policy", "shred")], [(SET, "min.insync.replicas", "5")], [(SET, "remote.storage.enable", "true")],
    ):
        change(stage, TOPIC, "altered-wrongly", *ops)
    change(stage, TOPIC, "altered-wrongly", (SET, "retention.ms", "7"), validate=True)
    change(stage, TOPIC, "unknown", (SET, "retention.ms", "7"))
    change(stage, TOPIC, "bad/name", (SET, "retention.ms", "7"))
    change(stage, TOPIC, "", (SET, "retention.ms", "7"))
    describe(stage, about(TOPIC, "altered-wrongly", "retention.ms"), note="after all that")
    twice = {"ResourceType": TOPIC, "ResourceName": "altered-wrongly", "Configs": [
        {"Name": "retention.ms", "ConfigOperation": SET, "Value": "1"}]}
    stage.ask("IncrementalAlterConfigs", {"Resources": [twice, twice]}, note="the same resource twice")
    stage.ask("IncrementalAlterConfigs", {"Resources": []}, note="nothing")


@scene
def alter_broker(stage: Stage) -> None:
    """Dynamic settings of one broker and of all; settings that are not dynamic; other brokers."""
    shown = about(BROKER, "1", "log.retention.ms", "log.cleaner.threads", "message.max.bytes", "num.io.threads", "max.connections")
    for name, ops in (
        ("", [(SET, "log.retention.ms", "9999")]), ("1", [(SET, "log.retention.ms", "8888")]),
        ("1", [(SET, "num.network.threads", "0")]), ("1", [(SET, "num.io.threads", "abc")]),
        ("1", [(SET, "node.id", "5")]), ("1", [(SET, "log.dirs", "/tmp")]), ("1", [(SET, "no.such.config", "1")]),
        ("", [(SET, "no.such.config", "1")]), ("", [(SET, "listeners", "PLAINTEXT://:1")]),
        ("2", [(SET, "log.retention.ms", "1")]), ("one", [(SET, "log.retention.ms", "1")]),
        ("", [(SET, "max.connections", "500")]), ("1", [(SET, "auto.create.topics.enable", "false")]),
        ("", [(SET, "ssl.keystore.password", "secret")]),
    ):
        change(stage, BROKER, name, *ops)
    describe(stage, shown, note="with dynamic values")
    describe(stage, about(BROKER, "", everything=True), note="of all brokers, with dynamic values")
    stage.topic("under-dynamic-default")
    describe(stage, about(TOPIC, "under-dynamic-default", "retention.ms"), note="a topic under a dynamic default")
    for name, key in (("", "log.retention.ms"), ("1", "log.retention.ms"), ("", "max.connections")):
        change(stage, BROKER, name, (DELETE, key, None))
    describe(stage, shown, note="without dynamic values")


@scene
def alter_others(stage: Stage) -> None:
    """Groups, client metrics, loggers, kinds that are none."""
    for ops in (
        [(SET, "consumer.session.timeout.ms", "50000")], [(SET, "consumer.session.timeout.ms", "1")],
        [(SET, "consumer.heartbeat.interval.ms", "abc")], [(SET, "no.such.config", "1")],
        [(SET, "share.auto.offset.reset", "earliest")], [(SET, "share.auto.offset.reset", "sometime")],
        [(DELETE, "consumer.session.timeout.ms", None)],
    ):
        change(stage, GROUP, "altered-group", *ops)
    change(stage, GROUP, "", (SET, "consumer.session.timeout.ms", "50000"))
    describe(stage, about(GROUP, "altered-group", everything=True), note="a group with values")
    for ops in (
        [(SET, "interval.ms", "5000")], [(SET, "interval.ms", "1")], [(SET, "metrics", "org.apache.kafka.")],
        [(SET, "match", "client_id=abc.*")], [(SET, "match", "nonsense")], [(SET, "no.such.config", "1")],
    ):
        change(stage, CLIENT_METRICS, "altered-metrics", *ops)
    describe(stage, about(CLIENT_METRICS, "altered-metrics", everything=True), note="client metrics with values")
    change(stage, CLIENT_METRICS, "", (SET, "interval.ms", "5000"))
    for name, ops in (("1", [(SET, "no.such.logger", "INFO")]), ("9", [(SET, "root", "INFO")]),
                      ("1", [(APPEND, "root", "INFO")])):
        change(stage, LOGGER, name, *ops)
    change(stage, 64, "x", (SET, "a", "b"))


@scene
def alter_whole(stage: Stage) -> None:
    """The older AlterConfigs replaces all that a resource has."""
    stage.topic("replaced", retention_ms="1000", segment_ms="7777777")

    def alter(kind: int, name: str, validate: bool = False, **values: str | None) -> None:
        configs: list[dict[str, Any]] = [{"Name": key.replace("_", "."), "Value": value} for key, value in values.items()]
        body = {"Resources": [{"ResourceType": kind, "ResourceName": name, "Configs": configs}], "ValidateOnly": validate}
        stage.both("AlterConfigs", body, note=f"{kind} {name!r} {values}, only validated: {validate}")

    alter(TOPIC, "replaced", retention_ms="2000")
    describe(stage, about(TOPIC, "replaced", "retention.ms", "segment.ms"), note="after replacing")
    alter(TOPIC, "replaced", validate=True, retention_ms="3000")
    alter(TOPIC, "replaced", retention_ms=None)
    alter(TOPIC, "replaced", retention_ms="soon")
    alter(TOPIC, "replaced", no_such="1")
    alter(TOPIC, "unknown", retention_ms="1")
    alter(TOPIC, "replaced")
    describe(stage, about(TOPIC, "replaced", "retention.ms", "segment.ms"), note="after replacing by nothing")
    alter(BROKER, "1", log_retention_ms="123456")
    alter(BROKER, "1")
    alter(LOGGER, "1", root="INFO")
    alter(64, "x", a="b")
