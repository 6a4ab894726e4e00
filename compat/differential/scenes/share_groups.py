"""Share groups (KIP-932): heartbeats, acquiring, acknowledging, descriptions."""

import base64
from typing import Any

from differential.batches import batch
from differential.stage import Stage, scene

MEMBER = "bbbbbbbbbbbbbbbbbbbbbb"


@scene
def share_group(stage: Stage) -> None:
    """A member joins, acquires records, acknowledges them, leaves."""
    group = "sharing"
    topic_id = stage.topic("shared", 1)
    stage.coordinator(group)
    stage.ask("IncrementalAlterConfigs", {"Resources": [{"ResourceType": 32, "ResourceName": group, "Configs": [
        {"Name": "share.auto.offset.reset", "ConfigOperation": 0, "Value": "earliest"}]}]})
    stage.produce("shared", batch([b"a", b"b", b"c"]))

    def beat(epoch: int, note: str, **more: Any) -> dict[str, Any]:
        return stage.ask("ShareGroupHeartbeat", {"GroupId": group, "MemberId": MEMBER, "MemberEpoch": epoch, **more}, note=note)

    beat(0, "no subscription")
    beat(7, "not there", SubscribedTopicNames=["shared"])
    stage.until(lambda answer: answer["Assignment"] and answer["Assignment"]["TopicPartitions"], "ShareGroupHeartbeat",
                {"GroupId": group, "MemberId": MEMBER, "MemberEpoch": 0, "SubscribedTopicNames": ["shared"]}, note="joining")
    stage.ask("ShareGroupDescribe", {"GroupIds": [group, "unknown", ""], "IncludeAuthorizedOperations": True})

    def share_fetch(epoch: int, note: str, acknowledged: list[tuple[int, int, int]] | None = None) -> dict[str, Any]:
        batches = [{"FirstOffset": a, "LastOffset": b, "AcknowledgeTypes": [kind]} for a, b, kind in acknowledged or []]
        body = {"GroupId": group, "MemberId": MEMBER, "ShareSessionEpoch": epoch, "MaxWaitMs": 500, "MinBytes": 0,
                "MaxRecords": 10, "BatchSize": 10, "Topics": [{"TopicId": topic_id, "Partitions": [
                    {"PartitionIndex": 0, "AcknowledgementBatches": batches}]}]}
        return stage.ask("ShareFetch", body, note=note)

    share_fetch(5, "no session")
    first = share_fetch(0, "a new session")
    if not first["Responses"] or not first["Responses"][0]["Partitions"][0]["AcquiredRecords"]:
        share_fetch(1, "again")
    stage.ask("DescribeShareGroupOffsets", {"Groups": [{"GroupId": group, "Topics": None}, {"GroupId": "unknown", "Topics": None}]})
    stage.ask("ShareAcknowledge", {"GroupId": group, "MemberId": MEMBER, "ShareSessionEpoch": 77, "Topics": []}, note="a wrong epoch")
    stage.ask("ShareAcknowledge", {"GroupId": group, "MemberId": "nobody", "ShareSessionEpoch": 1, "Topics": []}, note="nobody")
    stage.ask("AlterShareGroupOffsets", {"GroupId": group, "Topics": [
        {"TopicName": "shared", "Partitions": [{"PartitionIndex": 0, "StartOffset": 0}]}]}, note="in use")
    stage.ask("DeleteShareGroupOffsets", {"GroupId": group, "Topics": [{"TopicName": "shared"}]}, note="in use")
    beat(-1, "leaving")
    stage.ask("DeleteShareGroupOffsets", {"GroupId": group, "Topics": [{"TopicName": "shared"}, {"TopicName": "unknown"}]},
              note="when empty")
    stage.ask("DeleteGroups", {"GroupsNames": [group]})


@scene
def share_state(stage: Stage) -> None:
    """What share groups keep, asked for from outside."""
    topic_id = stage.topic("share-state")
    part = {"TopicId": topic_id, "Partitions": [{"Partition": 0}]}
    stage.ask("ReadShareGroupState", {"GroupId": "", "Topics": [part]}, note="no group id")
    stage.ask("ReadShareGroupState", {"GroupId": "g", "Topics": []}, note="no topic")
    stage.ask("DeleteShareGroupState", {"GroupId": "g", "Topics": []}, note="no topic")
    for api, fields in (
        ("InitializeShareGroupState", {"StateEpoch": 0, "StartOffset": 0}),
        ("ReadShareGroupState", {"LeaderEpoch": 0}),
        ("WriteShareGroupState", {"StateEpoch": 0, "LeaderEpoch": 0, "StartOffset": 1}),
        ("ReadShareGroupState", {"LeaderEpoch": 0}),
        ("ReadShareGroupStateSummary", {"LeaderEpoch": 0}),
        ("WriteShareGroupState", {"StateEpoch": -5, "LeaderEpoch": -5, "StartOffset": -1}),
        ("DeleteShareGroupState", {}),
        ("ReadShareGroupState", {"LeaderEpoch": 0}),
    ):
        stage.coordinator(f"g:{as_text(topic_id)}:0", 2, "the share partition")
        stage.ask(api, {"GroupId": "g", "Topics": [{"TopicId": topic_id, "Partitions": [{"Partition": 0, **fields}]}]})


def as_text(topic_id: str) -> str:
    """A topic id as Kafka writes it."""
    return base64.urlsafe_b64encode(bytes.fromhex(topic_id)).decode().rstrip("=")
