"""The cluster as a whole: nodes, quorum, features, log directories, telemetry."""

from differential.batches import batch
from differential.stage import Stage, scene

ZERO, STRANGE = "0" * 32, "00000000000000000000000000abcdef"


@scene
def describe_cluster(stage: Stage) -> None:
    """Brokers, controllers, fenced ones, authorized operations."""
    stage.every("DescribeCluster", {"IncludeClusterAuthorizedOperations": True})
    for endpoint in (0, 2, 3):
        stage.ask("DescribeCluster", {"EndpointType": endpoint}, note=f"endpoint type {endpoint}")
    stage.ask("DescribeCluster", {"IncludeFencedBrokers": True}, note="with fenced brokers")
    stage.ask("DescribeCluster", {"EndpointType": 2, "IncludeFencedBrokers": True}, note="controllers, with fenced")


@scene
def describe_quorum(stage: Stage) -> None:
    """The metadata partition's leader, voters and observers; other partitions are unknown."""

    def about(topic: str, partition: int) -> dict:
        return {"Topics": [{"TopicName": topic, "Partitions": [{"PartitionIndex": partition}]}]}

    def without_offsets(answer: dict) -> dict:
        for topic in answer.get("Topics", ()):
            for partition in topic["Partitions"]:
                partition["HighWatermark"] = "(offset)" if partition["HighWatermark"] > 0 else partition["HighWatermark"]
                partition["LeaderEpoch"] = "(epoch)" if partition["LeaderEpoch"] > 0 else partition["LeaderEpoch"]
                for replica in partition["CurrentVoters"] + partition["Observers"]:
                    replica["LogEndOffset"] = "(offset)" if replica["LogEndOffset"] > 0 else replica["LogEndOffset"]
        return answer

    low, high = stage.versions("DescribeQuorum")
    for version in range(low, high + 1):
        answer = stage.connection.call("DescribeQuorum", version, about("__cluster_metadata", 0))
        stage.keep(f"DescribeQuorum v{version}", without_offsets(answer))
    stage.ask("DescribeQuorum", about("__cluster_metadata", 1), note="partition 1")
    stage.ask("DescribeQuorum", about("other", 0), note="another topic")
    stage.ask("DescribeQuorum", {"Topics": []}, note="no topic")


@scene
def update_features(stage: Stage) -> None:
    """Feature levels: unknown names, levels out of range, downgrades, validate-only."""

    def update(feature: str, level: int, kind: int = 1, validate: bool = True) -> None:
        body = {"FeatureUpdates": [{"Feature": feature, "MaxVersionLevel": level, "UpgradeType": kind,
                                    "AllowDowngrade": kind == 2}], "ValidateOnly": validate}
        stage.both("UpdateFeatures", body, note=f"{feature} to {level}, type {kind}")

    stage.ask("UpdateFeatures", {"FeatureUpdates": []}, note="nothing")
    update("no.such.feature", 1)
    update("metadata.version", 1000)
    update("metadata.version", 7, 2)
    update("group.version", 1)
    update("group.version", 9)
    update("group.version", 0, 1)
    update("share.version", -1)
    update("transaction.version", 2)
    update("transaction.version", 1, 7)


@scene
def broker_membership(stage: Stage) -> None:
    """Brokers that are not there cannot be unregistered; voters cannot be added to or removed from a static quorum."""
    stage.ask("UnregisterBroker", {"BrokerId": 77})
    stage.both("AddRaftVoter", {"VoterId": 5, "VoterDirectoryId": STRANGE, "TimeoutMs": 1000,
                                "Listeners": [{"Name": "CONTROLLER", "Host": "127.0.0.1", "Port": 1}]})
    stage.ask("AddRaftVoter", {"ClusterId": "wrong", "VoterId": 5, "VoterDirectoryId": STRANGE, "TimeoutMs": 1000})
    stage.ask("RemoveRaftVoter", {"VoterId": 5, "VoterDirectoryId": STRANGE})
    stage.ask("RemoveRaftVoter", {"ClusterId": "wrong", "VoterId": 5, "VoterDirectoryId": STRANGE})


@scene
def log_dirs(stage: Stage) -> None:
    """Sizes of partitions in the log directory; moving to a directory that is not there."""
    stage.topic("in-a-directory", 2)
    stage.produce("in-a-directory", batch([b"x" * 100]))
    for topics in ([{"Topic": "in-a-directory", "Partitions": [0, 1]}], [{"Topic": "unknown", "Partitions": [0]}],
                   [{"Topic": "in-a-directory", "Partitions": [9]}], []):
        stage.both("DescribeLogDirs", {"Topics": topics}, note=str(topics))
    for topic, partition in (("in-a-directory", 0), ("unknown", 0), ("in-a-directory", 9)):
        stage.both("AlterReplicaLogDirs", {"Dirs": [{"Path": "/no/such/directory", "Topics": [
            {"Name": topic, "Partitions": [partition]}]}]}, note=f"{topic} {partition}")
    stage.ask("AlterReplicaLogDirs", {"Dirs": []}, note="nothing")
    stage.ask("AlterReplicaLogDirs", {"Dirs": [{"Path": "relative", "Topics": [
        {"Name": "in-a-directory", "Partitions": [0]}]}]}, note="a relative path")


@scene
def telemetry(stage: Stage) -> None:
    """Client metrics: a broker that collects none says so; pushing without a subscription is refused."""
    answer = stage.ask("GetTelemetrySubscriptions", {"ClientInstanceId": ZERO})
    stage.ask("GetTelemetrySubscriptions", {"ClientInstanceId": STRANGE}, note="an id of our own")
    mine = answer.get("ClientInstanceId", ZERO)
    stage.ask("PushTelemetry", {"ClientInstanceId": mine, "SubscriptionId": 12345, "Metrics": b""}, note="a wrong id")
    stage.ask("PushTelemetry", {"ClientInstanceId": ZERO, "SubscriptionId": 0, "Metrics": b""}, note="no instance")
    stage.ask("PushTelemetry", {"ClientInstanceId": STRANGE, "SubscriptionId": 0, "CompressionType": 9,
                                "Metrics": b"x"}, note="an unknown compression")


@scene
def config_resources(stage: Stage) -> None:
    """The resources that have configurations."""
    stage.topic("listed-resource")
    stage.settle()
    for kinds in ([], [16], [4], [8], [2], [32], [99], [4, 16]):
        answer = stage.connection.call("ListConfigResources", 1, {"ResourceTypes": kinds})
        names = {(entry["ResourceType"], entry["ResourceName"]) for entry in answer["ConfigResources"]}
        kept = sorted(name for name in names if name[0] != 2 or name[1] == "listed-resource")
        stage.keep(f"ListConfigResources v1 of {kinds}", [answer["ErrorCode"], [list(pair) for pair in kept]])
    stage.ask("ListConfigResources", {}, 0)


@scene
def elections(stage: Stage) -> None:
    """Leader elections: not needed, unknown partitions, all partitions, an unknown kind."""
    stage.topic("elected", 2)
    for kind in (0, 1, 5):
        stage.both("ElectLeaders", {"ElectionType": kind, "TimeoutMs": 5000, "TopicPartitions": [
            {"Topic": "elected", "Partitions": [0, 1, 7]}, {"Topic": "unknown", "Partitions": [0]}]}, note=f"kind {kind}")
    stage.ask("ElectLeaders", {"ElectionType": 0, "TimeoutMs": 5000, "TopicPartitions": None}, note="all, preferred")
    stage.ask("ElectLeaders", {"ElectionType": 0, "TopicPartitions": []}, note="none")


@scene
def reassignments(stage: Stage) -> None:
    """Reassigning on one node: to itself, to brokers that are not there, twice the same, cancelling nothing."""
    stage.topic("reassigned", 2)

    def alter(replicas: list[int] | None, topic: str = "reassigned", partition: int = 0, allow: bool = True) -> None:
        body = {"TimeoutMs": 5000, "AllowReplicationFactorChange": allow, "Topics": [
            {"Name": topic, "Partitions": [{"PartitionIndex": partition, "Replicas": replicas}]}]}
        stage.both("AlterPartitionReassignments", body, note=f"{topic} {partition} to {replicas}, allow {allow}")

    alter([1])
    alter([1, 1])
    alter([1, 9])
    alter([-1])
    alter([])
    alter(None)
    alter([1], partition=9)
    alter([1], topic="unknown")
    alter([1], allow=False)
    stage.ask("AlterPartitionReassignments", {"Topics": []}, note="nothing")
    for topics in (None, [], [{"Name": "reassigned", "PartitionIndexes": [0, 9]}],
                   [{"Name": "unknown", "PartitionIndexes": [0]}]):
        stage.ask("ListPartitionReassignments", {"Topics": topics}, note=str(topics))
