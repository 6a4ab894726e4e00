"""CreateTopics and DeleteTopics: every way to be wrong."""

from typing import Any

from differential.stage import Stage, scene

STRANGE = "00000000000000000000000000abcdef"


def new(name: str, partitions: int = 1, replication: int = 1, assignments: dict[int, list[int]] | None = None,
        **configs: str | None) -> dict[str, Any]:
    return {
        "Name": name, "NumPartitions": partitions, "ReplicationFactor": replication,
        "Assignments": [{"PartitionIndex": p, "BrokerIds": brokers} for p, brokers in (assignments or {}).items()],
        "Configs": [{"Name": key.replace("_", "."), "Value": value} for key, value in configs.items()],
    }


def create(stage: Stage, *topics: dict[str, Any], note: str = "", validate: bool = False, every: bool = False) -> None:
    body = {"Topics": list(topics), "timeoutMs": 5000, "validateOnly": validate}
    note = note or " ".join(topic["Name"][:30] for topic in topics)
    (stage.both if every else stage.ask)("CreateTopics", body, note=note)


@scene
def create_topics(stage: Stage) -> None:
    """Created with counts, with defaults, with assignments, with configs; and the answers at each version."""
    low, high = stage.versions("CreateTopics")
    for version in range(low, high + 1):
        stage.ask("CreateTopics", {"Topics": [new(f"created-{version}", 2, 1, retention_ms="1000")], "timeoutMs": 5000},
                  version)
    create(stage, new("defaults", -1, -1))
    create(stage, new("assigned", -1, -1, {0: [1], 1: [1]}))
    create(stage, new("first", 1), new("second", 2), note="two at once")
    create(stage, new("created-7"), every=True, note="again")


@scene
def create_topics_wrongly(stage: Stage) -> None:
    """Names, counts, replication, assignments that are refused."""
    for name in ("", ".", "..", "a/b", "ä", "x" * 249, "x" * 250, "with space"):
        create(stage, new(name), note=f"named {name[:20]!r} ({len(name)})")
    create(stage, new("__consumer_offsets"), validate=True, note="an internal name")
    for partitions, replication in ((0, 1), (-2, 1), (1, 0), (1, 2), (1, -2), (2_000_000, 1)):
        create(stage, new("counted", partitions, replication), note=f"{partitions} partitions, {replication} replicas",
               validate=partitions > 1000)
    for assignments in ({1: [1]}, {0: []}, {0: [1, 1]}, {0: [9]}, {0: [1], 2: [1]}, {0: [1], 1: [1, 9]}, {0: [-1]}):
        create(stage, new("assigned-wrongly", -1, -1, assignments), note=f"assigned {assignments}")
    create(stage, new("both-ways", 2, 1, {0: [1]}), note="a count and an assignment")
    create(stage, new("twin"), new("twin"), note="the same twice")
    create(stage, new("good-one"), new("bad/one"), note="one good, one bad")
    create(stage, note="nothing")


@scene
def create_topics_colliding(stage: Stage) -> None:
    """Names that differ only in . and _ collide, as metric names would."""
    create(stage, new("with.dot"))
    create(stage, new("with_dot"))
    create(stage, new("a.b_c"), new("a_b.c"), note="two that collide with each other")


@scene
def create_topics_with_configs(stage: Stage) -> None:
    """Configurations: unknown names, wrong values, nulls, what may not be combined."""
    for number, (key, value) in enumerate((
        ("no.such.config", "1"), ("retention.ms", "soon"), ("retention.ms", None), ("retention.ms", "-2"),
        ("cleanup.policy", "shred"), ("cleanup.policy", "compact,delete"), ("cleanup.policy", ""),
        ("compression.type", "lzma"), ("compression.gzip.level", "99"), ("min.insync.replicas", "0"),
        ("segment.bytes", "1"), ("max.message.bytes", "-1"), ("message.timestamp.type", "Sometime"),
        ("unclean.leader.election.enable", "maybe"), ("min.cleanable.dirty.ratio", "1.5"),
        ("remote.storage.enable", "true"), ("preallocate", "TRUE"), ("flush.messages", "0"),
        ("leader.replication.throttled.replicas", "0:1,1:1"), ("leader.replication.throttled.replicas", "nonsense"),
        ("local.retention.ms", "99999999999"), ("message.format.version", "2.0"), ("retention.bytes", " 5 "),
        ("message.timestamp.before.max.ms", "-1"), ("max.compaction.lag.ms", "0"),
    )):
        create(stage, new(f"configured-{number}", 1, 1, **{key: value}), note=f"{key}={value}")
    twice = new("twice")
    twice["Configs"] = [{"Name": "retention.ms", "Value": "1"}, {"Name": "retention.ms", "Value": "2"}]
    create(stage, twice, note="a config twice")


@scene
def create_topics_validating(stage: Stage) -> None:
    """Validate-only answers as if and does nothing."""
    create(stage, new("only-validated", 3), validate=True)
    create(stage, new("only-validated", 0), validate=True, note="wrong")
    stage.ask("Metadata", {"Topics": [{"Name": "only-validated"}], "AllowAutoTopicCreation": False})
    stage.ask("CreateTopics", {"Topics": [new("in-no-time")], "timeoutMs": 0}, note="a timeout of 0")


@scene
def delete_topics(stage: Stage) -> None:
    """Deleted by name at every version, by id; unknown, twice, both, neither, internal."""
    low, high = stage.versions("DeleteTopics")
    for version in range(low, 6):
        stage.topic(f"doomed-{version}")
        stage.ask("DeleteTopics", {"TopicNames": [f"doomed-{version}"], "TimeoutMs": 5000}, version)
    stage.ask("DeleteTopics", {"TopicNames": ["unknown", "bad/name", ""], "TimeoutMs": 5000}, 5, note="unknown names")
    topic_id = stage.topic("doomed-id")

    def delete(*topics: dict[str, Any], note: str) -> None:
        stage.ask("DeleteTopics", {"Topics": list(topics), "TimeoutMs": 5000}, note=note)

    delete({"Name": None, "TopicId": STRANGE}, note="an unknown id")
    delete({"Name": "doomed-id", "TopicId": topic_id}, note="name and id")
    delete({"Name": None, "TopicId": "0" * 32}, note="neither")
    delete({"Name": "unknown"}, note="an unknown name")
    delete({"Name": "doomed-id"}, {"Name": "doomed-id"}, note="the same name twice")
    delete({"Name": "doomed-id"}, {"Name": None, "TopicId": topic_id}, note="the same by name and by id")
    delete({"Name": None, "TopicId": topic_id}, {"Name": None, "TopicId": topic_id}, note="the same id twice")
    delete(note="nothing")
    delete({"Name": None, "TopicId": topic_id}, note="by id")
    stage.until(lambda answer: answer["Topics"][0]["ErrorCode"] == 3, "Metadata",
                {"Topics": [{"Name": "doomed-id"}], "AllowAutoTopicCreation": False}, note="gone")
    delete({"Name": None, "TopicId": topic_id}, note="by id, again")
