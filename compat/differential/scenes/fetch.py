"""Fetch without sessions: offsets, sizes, waiting, epochs, ids."""

import time
from typing import Any

from differential.batches import batch
from differential.stage import Stage, scene

STRANGE = "00000000000000000000000000abcdef"


def wanted(topic: str, offset: int, partition: int = 0, topic_id: str = "0" * 32, **more: Any) -> dict[str, Any]:
    """One partition of a Fetch; the name counts until version 12, the id from 13."""
    fields = {"Partition": partition, "FetchOffset": offset, "PartitionMaxBytes": 1 << 20, **more}
    return {"Topic": topic, "TopicId": topic_id, "Partitions": [fields]}


def fetch(stage: Stage, *topics: dict[str, Any], version: int | None = None, note: str = "", **more: Any) -> dict[str, Any]:
    body = {"ReplicaId": -1, "MaxWaitMs": 0, "MinBytes": 0, "SessionEpoch": -1, "Topics": list(topics), **more}
    return stage.ask("Fetch", body, version, note=note)


@scene
def fetch_offsets(stage: Stage) -> None:
    """From the beginning, the middle of a batch, the end, beyond, below; at every version."""
    topic_id = stage.topic("fetched", 2)
    for number in range(3):
        stage.produce("fetched", batch([b"a%d" % number, b"b%d" % number]), note=f"batch {number}")
    low, high = stage.versions("Fetch")
    for version in range(low, high + 1):
        fetch(stage, wanted("fetched", 0, topic_id=topic_id), version=version)
    for offset in (1, 3, 5, 6, 7, 1000, -1, -2):
        fetch(stage, wanted("fetched", offset), version=12, note=f"from {offset}")
    fetch(stage, wanted("fetched", 0, 1), version=12, note="an empty partition")
    fetch(stage, wanted("fetched", 0, 9), version=12, note="a partition that is not there")
    fetch(stage, wanted("unknown", 0), version=12, note="an unknown topic")
    fetch(stage, wanted("bad/name", 0), version=12, note="a wrong name")
    fetch(stage, wanted("", 0, topic_id=STRANGE), version=13, note="an unknown id")
    fetch(stage, wanted("", 0), version=13, note="a zero id")
    fetch(stage, wanted("fetched", 0), wanted("unknown", 0), version=12, note="one known, one not")
    fetch(stage, wanted("fetched", 0, topic_id=topic_id), wanted("", 0, topic_id=STRANGE), version=16, note="one id known, one not")
    fetch(stage, version=12, note="nothing")
    fetch(stage, wanted("fetched", 0), wanted("fetched", 2), version=12, note="the same topic twice")
    stage.ask("DeleteRecords", {"TimeoutMs": 1000, "Topics": [
        {"Name": "fetched", "Partitions": [{"PartitionIndex": 0, "Offset": 3}]}]})
    for offset in (0, 2, 3):
        fetch(stage, wanted("fetched", offset), version=12, note=f"from {offset} after records below 3 are deleted")


@scene
def fetch_sizes(stage: Stage) -> None:
    """Limits in bytes: at least one batch, no more than fits, in the order asked."""
    stage.topic("sized", 3)
    for partition in range(3):
        for number in range(4):
            stage.produce("sized", batch([b"x" * 200]), partition, note=f"{partition} {number}")
    parts = [wanted("sized", 0, partition) for partition in range(3)]
    for limit in (0, 1, 300, 700, 1 << 20):
        limited = [wanted("sized", 0, partition, PartitionMaxBytes=limit) for partition in range(3)]
        fetch(stage, *limited, version=12, note=f"{limit} bytes a partition")
        fetch(stage, *parts, version=12, MaxBytes=limit, note=f"{limit} bytes in all")
    fetch(stage, *reversed(parts), version=12, MaxBytes=300, note="300 bytes in all, the last partition first")
    fetch(stage, *parts, version=12, MaxBytes=-1, note="a negative limit")
    fetch(stage, wanted("sized", 0, 0, PartitionMaxBytes=-1), version=12, note="a negative limit for a partition")
    fetch(stage, wanted("sized", 0, 0), version=12, MaxWaitMs=-1, note="a negative wait")
    fetch(stage, wanted("sized", 0, 0), version=12, MinBytes=-1, MaxWaitMs=100, note="a negative minimum")


@scene
def fetch_waits(stage: Stage) -> None:
    """A fetch waits for its minimum, no longer than it may; an error ends the wait at once."""
    stage.topic("waited")

    def timed(*topics: dict[str, Any], note: str, **more: Any) -> None:
        started = time.monotonic()
        fetch(stage, *topics, version=12, note=note, **more)
        stage.keep(f"{note}: waited", time.monotonic() - started > 0.25)

    timed(wanted("waited", 0), MaxWaitMs=400, MinBytes=1, note="nothing there")
    timed(wanted("waited", 0), MaxWaitMs=400, MinBytes=0, note="a minimum of nothing")
    timed(wanted("waited", 5), MaxWaitMs=400, MinBytes=1, note="out of range")
    timed(wanted("waited", 0), wanted("unknown", 0), MaxWaitMs=400, MinBytes=1, note="an unknown topic beside it")
    timed(MaxWaitMs=400, MinBytes=1, note="no partition")
    stage.produce("waited", batch([b"x"]))
    timed(wanted("waited", 0), MaxWaitMs=400, MinBytes=1, note="something there")
    timed(wanted("waited", 0), MaxWaitMs=400, MinBytes=100000, note="less there than the minimum")


@scene
def fetch_epochs(stage: Stage) -> None:
    """Leader epochs that a consumer gives: current, older, newer; and the last fetched one."""
    stage.topic("epochal")
    stage.produce("epochal", batch([b"x", b"y"]))
    for current in (-1, 0, 1, 50):
        for version in (9, 12):
            fetch(stage, wanted("epochal", 0, CurrentLeaderEpoch=current), version=version, note=f"current epoch {current}")
    for last in (-1, 0, 1):
        fetch(stage, wanted("epochal", 1, CurrentLeaderEpoch=0, LastFetchedEpoch=last), version=12, note=f"last epoch {last}")
    fetch(stage, wanted("epochal", 9, CurrentLeaderEpoch=0, LastFetchedEpoch=0), version=12, note="too far, with an epoch")


@scene
def fetch_isolated(stage: Stage) -> None:
    """Isolation levels, replicas that are none, a rack."""
    stage.topic("isolated")
    stage.produce("isolated", batch([b"x"]))
    for level in (0, 1, 2):
        fetch(stage, wanted("isolated", 0), version=12, IsolationLevel=level, note=f"isolation {level}")
    fetch(stage, wanted("isolated", 0), version=12, RackId="here", note="with a rack")
    for replica in (-2, 1, 7):
        fetch(stage, wanted("isolated", 0), version=12, ReplicaId=replica, note=f"as replica {replica}")
    fetch(stage, wanted("isolated", 0), version=12, ClusterId="wrong", note="a wrong cluster id")
