"""Groups of the newer protocol (KIP-848) and of Streams (KIP-1071): heartbeats, errors, descriptions."""

from typing import Any

from differential.stage import Stage, scene

NEW_MEMBER = "aaaaaaaaaaaaaaaaaaaaaa"


@scene
def consumer_group(stage: Stage) -> None:
    """One member joins, is assigned, acknowledges, is described, leaves."""
    group = "next-generation"
    topic_id = stage.topic("next", 2)
    stage.coordinator(group)

    def beat(epoch: int, note: str, member: str = NEW_MEMBER, **more: Any) -> dict[str, Any]:
        body = {"GroupId": group, "MemberId": member, "MemberEpoch": epoch, **more}
        return stage.ask("ConsumerGroupHeartbeat", body, note=note)

    joining = {"RebalanceTimeoutMs": 5000, "SubscribedTopicNames": ["next"], "TopicPartitions": []}
    beat(0, "no subscription", RebalanceTimeoutMs=5000, TopicPartitions=[])
    beat(0, "no rebalance timeout", SubscribedTopicNames=["next"], TopicPartitions=[])
    beat(0, "no partitions", RebalanceTimeoutMs=5000, SubscribedTopicNames=["next"])
    beat(0, "owning from the start", **(joining | {"TopicPartitions": [{"TopicId": topic_id, "Partitions": [0]}]}))
    beat(0, "no member id", "", **joining)
    beat(0, "an unknown assignor", ServerAssignor="nobody", **joining)
    beat(5, "a member that is not there")
    beat(-1, "a leaver that is not there")
    joined = beat(0, "joining", **joining)
    epoch = joined["MemberEpoch"]
    beat(epoch, "acknowledging", TopicPartitions=[{"TopicId": topic_id, "Partitions": [0, 1]}])
    beat(epoch, "and again")
    beat(epoch + 5, "an epoch too high")
    beat(epoch, "an empty instance id", InstanceId="")
    for names in ([group], ["unknown"], [""]):
        stage.both("ConsumerGroupDescribe", {"GroupIds": names, "IncludeAuthorizedOperations": True}, note=str(names))
    stage.ask("DescribeGroups", {"Groups": [group]}, note="by the older protocol")
    stage.ask("DeleteGroups", {"GroupsNames": [group]}, note="in use")
    beat(epoch, "another subscription", SubscribedTopicNames=["next", "unknown"])
    beat(epoch, "a regex that is wrong", SubscribedTopicNames=None, SubscribedTopicRegex="(")
    beat(-1, "leaving")
    stage.ask("ConsumerGroupDescribe", {"GroupIds": [group]}, note="empty")
    stage.ask("DeleteGroups", {"GroupsNames": [group]}, note="empty")


@scene
def streams_group(stage: Stage) -> None:
    """Streams groups that are not there, and a member without a topology."""
    stage.coordinator("streams")
    stage.ask("StreamsGroupDescribe", {"GroupIds": ["streams", ""]})
    stage.ask("StreamsGroupHeartbeat", {"GroupId": "streams", "MemberId": NEW_MEMBER, "MemberEpoch": 0}, note="no topology")
    stage.ask("StreamsGroupHeartbeat", {"GroupId": "", "MemberId": NEW_MEMBER, "MemberEpoch": 0}, note="no group id")
    stage.ask("StreamsGroupHeartbeat", {"GroupId": "streams", "MemberId": NEW_MEMBER, "MemberEpoch": 4}, note="not there")
