"""Metadata and DescribeTopicPartitions: names, ids, creation on asking, cursors."""

from differential.stage import Stage, scene

STRANGE = "00000000000000000000000000abcdef"


def by_names(*names: str | None) -> list[dict]:
    return [{"Name": name} for name in names]


@scene
def metadata_by_name(stage: Stage) -> None:
    """A topic that is there, one that is not, wrong names, the same twice; at every version."""
    stage.topic("known", 3)
    low, high = stage.versions("Metadata")
    for version in range(low, high + 1):
        allow = {"AllowAutoTopicCreation": False} if version >= 4 else {}
        names = ["known"] if version < 4 else ["known", "unknown"]
        stage.ask("Metadata", {"Topics": by_names(*names), **allow}, version)
    for names in (["bad/name"], [""], ["."], ["x" * 250], ["known", "known"], ["__consumer_offsets_"]):
        stage.ask("Metadata", {"Topics": by_names(*names), "AllowAutoTopicCreation": False}, note=str([n[:20] for n in names]))
    stage.ask("Metadata", {"Topics": []}, note="no topics")
    stage.ask("Metadata", {"Topics": by_names("known"), "IncludeTopicAuthorizedOperations": True},
              note="with authorized operations")
    stage.ask("Metadata", {"Topics": [], "IncludeClusterAuthorizedOperations": True}, 8,
              note="with the cluster's authorized operations")


@scene
def metadata_of_all(stage: Stage) -> None:
    """All topics, by a null list, and by an empty one at version 0: this scene's are among them."""
    stage.topic("among-all")
    for version in (0, 1, 12):
        answer = stage.connection.call("Metadata", version, {"Topics": [] if version == 0 else None})
        kept = [topic for topic in answer["Topics"] if topic["Name"] == "among-all"]
        stage.keep(f"Metadata v{version} of all", answer | {"Topics": kept})


@scene
def metadata_by_id(stage: Stage) -> None:
    """By topic id: known, unknown, with a name beside it, after deletion."""
    topic_id = stage.topic("by-id")
    for version in (10, 11, 12, 13):
        stage.ask("Metadata", {"Topics": [{"TopicId": topic_id, "Name": None}]}, version)
    stage.ask("Metadata", {"Topics": [{"TopicId": STRANGE, "Name": None}]}, note="unknown")
    stage.ask("Metadata", {"Topics": [{"TopicId": topic_id, "Name": "by-id"}]}, note="both")
    stage.ask("Metadata", {"Topics": [{"TopicId": topic_id, "Name": None}, {"Name": "by-id"}]}, note="mixed")
    stage.ask("Metadata", {"Topics": [{"Name": None}]}, note="neither")
    stage.ask("DeleteTopics", {"Topics": [{"TopicId": topic_id, "Name": None}], "TimeoutMs": 5000})
    stage.until(lambda answer: answer["Topics"][0]["ErrorCode"] == 100, "Metadata",
                {"Topics": [{"TopicId": topic_id, "Name": None}]}, note="after deletion")


@scene
def creation_on_asking(stage: Stage) -> None:
    """A topic that is created because it is asked for; wrong and internal names are not."""
    for version, name in ((1, "on-asking-old"), (4, "on-asking-4"), (12, "on-asking-new")):
        stage.ask("Metadata", {"Topics": by_names(name), "AllowAutoTopicCreation": True}, version, note=f"first for {name}")
        stage.until(lambda answer: not answer["Topics"][0]["ErrorCode"], "Metadata",
                    {"Topics": by_names(name), "AllowAutoTopicCreation": True}, 12, note=f"in the end for {name}")
    stage.ask("Metadata", {"Topics": by_names("not/allowed"), "AllowAutoTopicCreation": True}, note="a wrong name")
    stage.ask("Metadata", {"Topics": by_names("not-wanted"), "AllowAutoTopicCreation": False}, note="not wanted")


@scene
def describe_topic_partitions(stage: Stage) -> None:
    """Partitions in pages: limits, cursors, unknown topics, authorized operations."""
    stage.topic("pages-a", 3)
    stage.topic("pages-b", 2)

    def ask(names: tuple[str, ...], limit: int = 2000, cursor: tuple[str, int] | None = None) -> dict:
        place = {"TopicName": cursor[0], "PartitionIndex": cursor[1]} if cursor else None
        body = {"Topics": by_names(*names), "ResponsePartitionLimit": limit, "Cursor": place}
        return stage.ask("DescribeTopicPartitions", body, note=f"{names} limit {limit} from {cursor}")

    ask(("pages-a", "pages-b"))
    ask(("pages-b", "pages-a"), 2)
    ask(("pages-a", "pages-b"), 4)
    ask(("pages-a", "pages-b"), 2, ("pages-a", 2))
    ask(("pages-a", "pages-b"), 2, ("pages-b", 1))
    ask(("pages-a", "pages-b"), 2, ("pages-z", 0))
    ask(("pages-a",), 2, ("pages-a", -1))
    ask(("pages-a",), 0)
    ask(("pages-a",), -5)
    ask(("unknown",))
    ask(("bad/name",))
    ask(("pages-a", "pages-a"))
    ask(("unknown", "pages-a"), 1)
