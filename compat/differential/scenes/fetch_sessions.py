"""Fetch sessions (KIP-227): made, used, changed, wrong epochs, ended."""

from typing import Any

from differential.batches import batch
from differential.scenes.fetch import wanted
from differential.stage import Stage, scene

VERSION = 12


def session(stage: Stage, session_id: int, epoch: int, *topics: dict[str, Any], forget: list[tuple[str, list[int]]] | None = None,
            note: str, version: int = VERSION) -> dict[str, Any]:
    forgotten = [{"Topic": topic, "Partitions": partitions} for topic, partitions in forget or []]
    body = {"ReplicaId": -1, "MaxWaitMs": 0, "MinBytes": 0, "SessionId": session_id, "SessionEpoch": epoch,
            "Topics": list(topics), "ForgottenTopicsData": forgotten}
    return stage.ask("Fetch", body, version, note=note)


@scene
def fetch_session(stage: Stage) -> None:
    """A session answers only what has changed; partitions join and leave it."""
    stage.topic("remembered", 3)
    stage.produce("remembered", batch([b"x"]))
    made = session(stage, 0, 0, wanted("remembered", 0, 0), wanted("remembered", 0, 1), note="a new session")["SessionId"]
    session(stage, made, 1, note="nothing has changed")
    session(stage, made, 2, wanted("remembered", 1, 0), note="one has been read")
    session(stage, made, 3, note="still nothing")
    stage.produce("remembered", batch([b"y"]), 1)
    session(stage, made, 4, note="one has grown")
    session(stage, made, 5, wanted("remembered", 1, 1), wanted("remembered", 0, 2), note="read, and a third joins")
    session(stage, made, 6, forget=[("remembered", [0, 1])], note="two leave")
    stage.produce("remembered", batch([b"z"]), 1)
    session(stage, made, 7, note="one that has left has grown")
    session(stage, made, 8, wanted("remembered", 9, 2), note="out of range")
    session(stage, made, 9, note="out of range again")
    session(stage, made, 10, wanted("unknown", 0), wanted("remembered", 0, 77), note="partitions that are not there")
    session(stage, made, 11, note="which stay wrong")
    session(stage, made, 12, forget=[("unknown", [0]), ("never-there", [3])], note="forgetting what was never there")
    session(stage, made, -1, wanted("remembered", 0, 0), note="the session ends")
    session(stage, made, 13, note="after its end")


@scene
def fetch_session_errors(stage: Stage) -> None:
    """Wrong ids and epochs."""
    stage.topic("misremembered")
    session(stage, 12345, 1, wanted("misremembered", 0), note="an id nobody gave")
    session(stage, 12345, 0, wanted("misremembered", 0), note="an id nobody gave, epoch 0")
    session(stage, 12345, -1, wanted("misremembered", 0), note="an id nobody gave, epoch -1")
    session(stage, 0, 5, wanted("misremembered", 0), note="no id, but an epoch")
    session(stage, 0, -7, wanted("misremembered", 0), note="an epoch of -7")
    made = session(stage, 0, 0, wanted("misremembered", 0), note="a new session")["SessionId"]
    session(stage, made, 5, note="an epoch too high")
    session(stage, made, 1, note="the right one")
    session(stage, made, 1, note="the same again")
    session(stage, made, 0, wanted("misremembered", 0), note="a new one with an old id")
    session(stage, made, 2, note="the old one")
    session(stage, 0, 0, note="a session of nothing")


@scene
def fetch_session_with_ids(stage: Stage) -> None:
    """Sessions that name topics by id; changing from names to ids; a topic that goes away."""
    topic_id = stage.topic("remembered-by-id")
    stage.produce("remembered-by-id", batch([b"x"]))
    by_id = wanted("", 0, topic_id=topic_id)
    made = session(stage, 0, 0, by_id, note="a new session by id", version=13)["SessionId"]
    session(stage, made, 1, note="nothing new", version=13)
    session(stage, made, 2, wanted("remembered-by-id", 0), note="by name at an older version")
    made = session(stage, 0, 0, wanted("remembered-by-id", 0), note="a new session by name")["SessionId"]
    session(stage, made, 1, by_id, note="by id at a newer version", version=13)
    made = session(stage, 0, 0, by_id, note="by id, to be deleted", version=16)["SessionId"]
    stage.ask("DeleteTopics", {"Topics": [{"Name": "remembered-by-id"}], "TimeoutMs": 5000})
    stage.until(lambda answer: answer["Topics"][0]["ErrorCode"], "Metadata",
                {"Topics": [{"Name": "remembered-by-id"}], "AllowAutoTopicCreation": False})
    session(stage, made, 1, note="after deletion", version=16)
