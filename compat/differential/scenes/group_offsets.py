"""OffsetCommit, OffsetFetch, OffsetDelete."""

from typing import Any

from differential.scenes.group_members import join, sync
from differential.stage import Stage, scene

STRANGE = "00000000000000000000000000abcdef"


def offsets(topic: str, *pairs: tuple[int, int], metadata: str | None = "", epoch: int = -1) -> list[dict[str, Any]]:
    return [{"Name": topic, "Partitions": [
        {"PartitionIndex": p, "CommittedOffset": o, "CommittedLeaderEpoch": epoch, "CommittedMetadata": metadata} for p, o in pairs]}]


@scene
def commit_and_fetch(stage: Stage) -> None:
    """Committed at every version by nobody in particular, fetched at every version."""
    group = "offsets-alone"
    topic_id = stage.topic("committed", 3)
    stage.coordinator(group)
    low, high = stage.versions("OffsetCommit")
    for version in range(low, high + 1):
        topics = offsets("committed", (0, 10 + version), metadata=f"at {version}", epoch=0)
        if version >= 10:
            topics[0] = {"TopicId": topic_id, "Partitions": topics[0]["Partitions"]}
        stage.ask("OffsetCommit", {"GroupId": group, "Topics": topics}, version)
    low, high = stage.versions("OffsetFetch")
    for version in range(low, high + 1):
        name = {"TopicId": topic_id} if version >= 10 else {"Name": "committed"}
        some = [name | {"PartitionIndexes": [0, 1, 9]}]
        groups = [{"GroupId": group, "Topics": some}, {"GroupId": "unknown-group", "Topics": some}]
        body = {"GroupId": group, "Topics": some} if version < 8 else {"Groups": groups}
        stage.ask("OffsetFetch", body, version, note="some")
        if version >= 2:
            whole = {"GroupId": group, "Topics": None}
            stage.ask("OffsetFetch", whole if version < 8 else {"Groups": [whole]}, version, note="all")
    stage.ask("OffsetFetch", {"Groups": []}, note="no group")
    stage.ask("OffsetFetch", {"Groups": [{"GroupId": "", "Topics": None}]}, note="an empty group id")
    stage.ask("OffsetFetch", {"GroupId": "nobody", "Topics": []}, 7, note="no topics")
    stage.ask("OffsetFetch", {"Groups": [{"GroupId": group, "MemberId": "m", "MemberEpoch": 5, "Topics": None}]}, 9,
              note="as a member")
    unknown = [{"TopicId": STRANGE, "PartitionIndexes": [0]}]
    stage.ask("OffsetFetch", {"Groups": [{"GroupId": group, "Topics": unknown}]}, 10, note="an unknown id")


@scene
def commit_errors(stage: Stage) -> None:
    """Unknown topics, large metadata, members of groups that are not there, odd offsets."""
    group = "commits-wrongly"
    stage.topic("committed-wrongly", 1)
    stage.coordinator(group)

    def commit(topics: list[dict[str, Any]], note: str, generation: int = -1, member: str = "", group_id: str = group) -> None:
        body = {"GroupId": group_id, "GenerationIdOrMemberEpoch": generation, "MemberId": member, "Topics": topics}
        stage.ask("OffsetCommit", body, 9, note=note)

    good = offsets("committed-wrongly", (0, 1))
    commit(offsets("unknown", (0, 1)), "an unknown topic")
    commit(offsets("committed-wrongly", (9, 1)), "an unknown partition")
    commit(offsets("bad/name", (0, 1)), "a wrong name")
    commit(offsets("committed-wrongly", (0, 1), metadata="x" * 5000), "metadata too large")
    commit(offsets("committed-wrongly", (0, 1), metadata=None), "no metadata")
    for offset in (-1, -5, 2**62):
        commit(offsets("committed-wrongly", (0, offset)), f"offset {offset}")
    commit(good, "a generation without a group", 5, "member", "nobody-here")
    commit(good, "a member without a generation", -1, "member", "nobody-here")
    commit(good, "no group id", group_id="")
    commit([], "nothing")
    stage.ask("OffsetCommit", {"GroupId": group, "Topics": [
        {"TopicId": STRANGE, "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1, "CommittedMetadata": ""}]}]}, 10,
        note="an unknown id")
    member = join(stage, group)["MemberId"]
    generation = join(stage, group, member)["GenerationId"]
    commit(good, "before syncing", generation, member)
    sync(stage, group, generation, member, b"x")
    commit(good, "as a member", generation, member)
    commit(good, "a wrong generation", generation + 1, member)
    commit(good, "a wrong member", generation, "other")
    commit(good, "by nobody while there are members")
    stage.ask("LeaveGroup", {"GroupId": group, "Members": [{"MemberId": member}]})
    commit(good, "by a member who has left", generation, member)
    commit(good, "by nobody when there are no members")


@scene
def offset_delete(stage: Stage) -> None:
    """Deleting offsets: of unknown groups and partitions, of a topic in use."""
    group = "offsets-deleted"
    stage.topic("t", 2)
    stage.topic("unused-by-members")
    stage.coordinator(group)

    def delete(topic: str, partition: int, group_id: str = group) -> None:
        body = {"GroupId": group_id, "Topics": [{"Name": topic, "Partitions": [{"PartitionIndex": partition}]}]}
        stage.ask("OffsetDelete", body, note=f"{topic} {partition} of {group_id!r}")

    delete("t", 0, "nobody-there")
    delete("t", 0, "")
    stage.ask("OffsetCommit", {"GroupId": group, "Topics": [*offsets("t", (0, 1), (1, 1)), *offsets("unused-by-members", (0, 5))]}, 9)
    delete("unknown", 0)
    delete("t", 9)
    delete("t", 0)
    delete("t", 0)
    member = join(stage, group)["MemberId"]
    generation = join(stage, group, member)["GenerationId"]
    sync(stage, group, generation, member, b"x")
    delete("t", 1)
    delete("unused-by-members", 0)
    stage.ask("OffsetFetch", {"Groups": [{"GroupId": group, "Topics": None}]}, 9)
    stage.ask("LeaveGroup", {"GroupId": group, "Members": [{"MemberId": member}]})
    delete("t", 1)
    stage.ask("OffsetFetch", {"Groups": [{"GroupId": group, "Topics": None}]}, 9, note="at last")
    stage.ask("OffsetDelete", {"GroupId": group, "Topics": []}, note="nothing")
