"""Coordinators and groups from the outside: finding, listing, describing, deleting."""

from typing import Any

from differential.stage import Stage, scene

UNKNOWN = "no-such-group"


@scene
def find_coordinator(stage: Stage) -> None:
    """Of groups, transactions and share groups; wrong kinds; several at once; at every version."""
    stage.coordinator("found")
    low, high = stage.versions("FindCoordinator")
    for version in range(low, high + 1):
        stage.ask("FindCoordinator", {"Key": "found", "CoordinatorKeys": ["found"]}, version)
    stage.ask("FindCoordinator", {"Key": "found", "KeyType": 7}, 3, note="an unknown kind")
    stage.ask("FindCoordinator", {"CoordinatorKeys": ["found"], "KeyType": 7}, note="an unknown kind")
    stage.ask("FindCoordinator", {"CoordinatorKeys": ["a", "b", "a", ""]}, note="several")
    stage.ask("FindCoordinator", {"CoordinatorKeys": []}, note="none")
    stage.ask("FindCoordinator", {"Key": ""}, 3, note="an empty key")
    for key in ("no-colon", "group:topic", "group:" + "A" * 22 + ":0", "group:zzz:x", ""):
        stage.ask("FindCoordinator", {"CoordinatorKeys": [key], "KeyType": 2}, note=f"a share key {key!r}")


@scene
def describe_unknown_groups(stage: Stage) -> None:
    """Groups that are not there, at every version."""
    stage.coordinator(UNKNOWN)
    stage.every("DescribeGroups", {"Groups": [UNKNOWN, "another"], "IncludeAuthorizedOperations": True})
    stage.ask("DescribeGroups", {"Groups": [""]}, note="an empty name")
    stage.ask("DescribeGroups", {"Groups": []}, note="none")
    stage.ask("DescribeGroups", {"Groups": [UNKNOWN, UNKNOWN]}, note="the same twice")
    stage.every("DeleteGroups", {"GroupsNames": [UNKNOWN, ""]})
    stage.ask("DeleteGroups", {"GroupsNames": []}, note="none")
    stage.ask("DeleteGroups", {"GroupsNames": [UNKNOWN, UNKNOWN]}, note="the same twice")


@scene
def list_groups(stage: Stage) -> None:
    """Listing by state and type; unknown states and types. Groups of other scenes are left out."""
    stage.coordinator("listed-offsets")
    stage.topic("for-listing")
    stage.ask("OffsetCommit", {"GroupId": "listed-offsets", "Topics": [
        {"Name": "for-listing", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 0, "CommittedMetadata": ""}]}]}, 9)

    def listed(version: int, **filters: Any) -> None:
        answer = stage.connection.call("ListGroups", version, filters)
        answer["Groups"] = [group for group in answer["Groups"] if group["GroupId"] == "listed-offsets"]
        stage.keep(f"ListGroups v{version} {filters}", answer)

    for version in range(6):
        listed(version)
    for states in (["Empty"], ["empty"], ["Stable"], ["Nonsense"], ["Empty", "Stable"]):
        listed(5, StatesFilter=states)
    for kinds in (["classic"], ["Classic"], ["consumer"], ["share"], ["streams"], ["nonsense"]):
        listed(5, TypesFilter=kinds)
    listed(5, StatesFilter=["Empty"], TypesFilter=["consumer"])
    stage.ask("DescribeGroups", {"Groups": ["listed-offsets"]})
    stage.ask("DeleteGroups", {"GroupsNames": ["listed-offsets"]})
    stage.ask("DescribeGroups", {"Groups": ["listed-offsets"]}, note="after deletion")
