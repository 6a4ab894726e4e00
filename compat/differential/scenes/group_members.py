"""Members of classic groups: joining, syncing, heartbeats, leaving, static members; and every error on the way."""

from typing import Any

from differential.stage import Stage, scene

META = b"\0\1\0\0\0\1\0\1t\xff\xff\xff\xff"


def join(stage: Stage, group: str, member: str = "", version: int | None = None, note: str = "", **more: Any) -> dict[str, Any]:
    body = {"GroupId": group, "SessionTimeoutMs": 10000, "RebalanceTimeoutMs": 10000, "MemberId": member,
            "ProtocolType": "consumer", "Protocols": [{"Name": "range", "Metadata": META}], **more}
    return stage.ask("JoinGroup", body, version, note=note or f"{group}")


def sync(stage: Stage, group: str, generation: int, member: str, assign: bytes | None = None, version: int | None = None,
         note: str = "", **more: Any) -> dict[str, Any]:
    assignments = [] if assign is None else [{"MemberId": member, "Assignment": assign}]
    body = {"GroupId": group, "GenerationId": generation, "MemberId": member, "ProtocolType": "consumer",
            "ProtocolName": "range", "Assignments": assignments, **more}
    return stage.ask("SyncGroup", body, version, note=note or group)


def beat(stage: Stage, group: str, generation: int, member: str, version: int | None = None, note: str = "", **more: Any) -> None:
    stage.ask("Heartbeat", {"GroupId": group, "GenerationId": generation, "MemberId": member, **more}, version, note=note or group)


@scene
def one_member(stage: Stage) -> None:
    """The life of a group with one member, described at each turn."""
    group = "one-member"
    stage.coordinator(group)
    first = join(stage, group, note="the first time")
    member = first["MemberId"]
    joined = join(stage, group, member, note="with the id given")
    generation = joined["GenerationId"]
    stage.every("DescribeGroups", {"Groups": [group]}, note="joined")
    beat(stage, group, generation, member, note="before syncing")
    sync(stage, group, generation, member, b"assigned", note="as the leader")
    sync(stage, group, generation, member, note="again")
    beat(stage, group, generation, member)
    stage.every("DescribeGroups", {"Groups": [group], "IncludeAuthorizedOperations": True}, note="stable")
    stage.ask("DeleteGroups", {"GroupsNames": [group]}, note="in use")
    join(stage, group, member, note="again, unchanged, as the leader")
    stage.ask("LeaveGroup", {"GroupId": group, "MemberId": member, "Members": [{"MemberId": member}]}, note="leaving")
    beat(stage, group, generation, member, note="after leaving")
    stage.ask("DescribeGroups", {"Groups": [group]}, note="empty")
    stage.ask("DeleteGroups", {"GroupsNames": [group]}, note="empty")
    stage.ask("DescribeGroups", {"Groups": [group]}, note="deleted")


@scene
def old_members(stage: Stage) -> None:
    """Each version of JoinGroup by itself; before version 4 nobody is asked to come again with an id."""
    for version in range(*stage.versions("JoinGroup")):
        group = f"member-at-{version}"
        stage.coordinator(group)
        joined = join(stage, group, version=version)
        if joined["ErrorCode"] == 79:
            joined = join(stage, group, joined["MemberId"], version=version, note="with the id given")
        sync_version = min(version, stage.versions("SyncGroup")[1])
        sync(stage, group, joined["GenerationId"], joined["MemberId"], b"x", version=sync_version)
        beat(stage, group, joined["GenerationId"], joined["MemberId"], version=min(version, 4))
        leave_version = min(version, 5)
        members = [{"MemberId": joined["MemberId"]}]
        stage.ask("LeaveGroup", {"GroupId": group, "MemberId": joined["MemberId"], "Members": members}, leave_version)


@scene
def join_errors(stage: Stage) -> None:
    """What JoinGroup refuses."""
    group = "joined-wrongly"
    stage.coordinator(group)
    join(stage, "", note="no group id")
    join(stage, group, "made-up", note="a member id nobody gave")
    for timeout in (0, 1, 5999, 1800001, -1):
        join(stage, group, SessionTimeoutMs=timeout, note=f"a session of {timeout} ms")
    join(stage, group, RebalanceTimeoutMs=-5, note="a negative rebalance timeout")
    join(stage, group, Protocols=[], note="no protocol")
    join(stage, group, ProtocolType="", note="no protocol type")
    join(stage, group, GroupInstanceId="", note="an empty instance id")
    join(stage, group, GroupInstanceId="bad/instance", note="an instance id with a slash")
    join(stage, group, GroupInstanceId=".", note="an instance id of a dot")
    member = join(stage, group)["MemberId"]
    generation = join(stage, group, member)["GenerationId"]
    sync(stage, group, generation, member, b"x")
    join(stage, group, ProtocolType="connect", note="another protocol type")
    join(stage, group, Protocols=[{"Name": "other", "Metadata": b""}], note="no protocol in common")
    join(stage, group, "made-up", note="a member id nobody gave, of a group that is there")
    stage.ask("LeaveGroup", {"GroupId": group, "Members": [{"MemberId": member}]})


@scene
def sync_and_heartbeat_errors(stage: Stage) -> None:
    """Wrong members, generations, protocols; groups that are not there."""
    group = "synced-wrongly"
    stage.coordinator(group)
    sync(stage, "not-there", 1, "m", note="no such group")
    beat(stage, "not-there", 1, "m", note="no such group")
    sync(stage, "", 1, "m", note="no group id")
    beat(stage, "", 1, "m", note="no group id")
    stage.ask("LeaveGroup", {"GroupId": "not-there", "Members": [{"MemberId": "m"}]}, note="no such group")
    stage.ask("LeaveGroup", {"GroupId": "", "Members": [{"MemberId": "m"}]}, note="no group id")
    member = join(stage, group)["MemberId"]
    beat(stage, group, -1, member, note="promised but not joined")
    generation = join(stage, group, member)["GenerationId"]
    for wrong, note in (("made-up", "a wrong member"), ("", "no member")):
        sync(stage, group, generation, wrong, note=note)
        beat(stage, group, generation, wrong, note=note)
    for wrong_generation in (0, generation + 1, -1):
        sync(stage, group, wrong_generation, member, note=f"generation {wrong_generation}")
        beat(stage, group, wrong_generation, member, note=f"generation {wrong_generation}")
    sync(stage, group, generation, member, ProtocolType="connect", note="another protocol type")
    sync(stage, group, generation, member, ProtocolName="other", note="another protocol")
    sync(stage, group, generation, member, ProtocolType=None, ProtocolName=None, note="no protocol named")
    members = [{"MemberId": "made-up"}, {"MemberId": member}, {"MemberId": member}, {"MemberId": "", "GroupInstanceId": "nobody"}]
    stage.ask("LeaveGroup", {"GroupId": group, "Members": members}, note="several, some wrong")
    stage.ask("LeaveGroup", {"GroupId": group, "Members": []}, note="nobody")


@scene
def static_members(stage: Stage) -> None:
    """A member with an instance id comes back: it has a new member id, its old one is fenced, nothing is rebalanced."""
    group = "static-members"
    stage.coordinator(group)
    first = join(stage, group, GroupInstanceId="one", note="the first time")
    sync(stage, group, first["GenerationId"], first["MemberId"], b"mine", GroupInstanceId="one")
    stage.ask("DescribeGroups", {"Groups": [group]}, note="with an instance id")
    again = join(stage, group, GroupInstanceId="one", note="back again")
    beat(stage, group, again["GenerationId"], first["MemberId"], GroupInstanceId="one", note="the old member id")
    sync(stage, group, again["GenerationId"], again["MemberId"], GroupInstanceId="one", note="the new member id")
    beat(stage, group, again["GenerationId"], again["MemberId"], GroupInstanceId="two", note="another instance id")
    join(stage, group, first["MemberId"], GroupInstanceId="one", note="with the old member id")
    stage.ask("OffsetCommit", {"GroupId": group, "GenerationIdOrMemberEpoch": again["GenerationId"],
                               "MemberId": first["MemberId"], "GroupInstanceId": "one", "Topics": []}, 9,
              note="a commit by the old member id")
    stage.ask("LeaveGroup", {"GroupId": group, "Members": [{"MemberId": first["MemberId"], "GroupInstanceId": "one"}]},
              note="the old member id leaves")
    stage.ask("LeaveGroup", {"GroupId": group, "Members": [{"MemberId": "", "GroupInstanceId": "two"}]}, note="another leaves")
    stage.ask("LeaveGroup", {"GroupId": group, "Members": [{"MemberId": "", "GroupInstanceId": "one"}]}, note="by instance id")
    stage.ask("DescribeGroups", {"Groups": [group]}, note="after leaving")


@scene
def two_members(stage: Stage) -> None:
    """A second member makes the first join again; the leader hands out what each has."""
    group = "two-members"
    stage.coordinator(group)
    one = join(stage, group)["MemberId"]
    generation = join(stage, group, one)["GenerationId"]
    sync(stage, group, generation, one, b"all")
    second = stage.another()
    version = stage.versions("JoinGroup")[1]
    body = {"GroupId": group, "SessionTimeoutMs": 10000, "RebalanceTimeoutMs": 10000, "ProtocolType": "consumer",
            "Protocols": [{"Name": "sticky", "Metadata": b""}, {"Name": "range", "Metadata": META}]}
    two = second.call("JoinGroup", version, body)["MemberId"]
    second.send("JoinGroup", version, stage.schemas.request("JoinGroup").encode(body | {"MemberId": two}, version))
    stage.until(lambda answer: answer["ErrorCode"], "Heartbeat",
                {"GroupId": group, "GenerationId": generation, "MemberId": one}, note="while the second joins")
    stage.ask("OffsetCommit", {"GroupId": group, "GenerationIdOrMemberEpoch": generation, "MemberId": one, "Topics": []}, 9,
              note="a commit while rebalancing")
    stage.ask("DescribeGroups", {"Groups": [group]}, note="while rebalancing")
    joined = join(stage, group, one, note="the first joins again")
    follower = second.receive("JoinGroup", version)
    stage.keep("JoinGroup of the second", follower | {"MemberId": follower["MemberId"] == two,
                                                    "Leader": follower["Leader"] == one})
    stage.keep("the second is among the first's members", two in [m["MemberId"] for m in joined["Members"]])
    assignments = [{"MemberId": one, "Assignment": b"half"}, {"MemberId": two, "Assignment": b"other half"}]
    sync(stage, group, joined["GenerationId"], one, Assignments=assignments, note="as the leader of two")
    answer = second.call("SyncGroup", stage.versions("SyncGroup")[1], {
        "GroupId": group, "GenerationId": joined["GenerationId"], "MemberId": two, "ProtocolType": "consumer",
        "ProtocolName": "range"})
    stage.keep("SyncGroup of the second", answer)
    stage.ask("DescribeGroups", {"Groups": [group]}, note="of two")
    stage.ask("LeaveGroup", {"GroupId": group, "Members": [{"MemberId": two}, {"MemberId": one}]})
    second.close()
