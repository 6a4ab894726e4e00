"""Classic groups through a whole broker: finding the coordinator, the life of a member, looking at groups."""

from __future__ import annotations

import pytest
import trio
from asking import create

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.groups import (
    DeleteGroupsRequest,
    DescribeGroupsRequest,
    FindCoordinatorRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    JoinGroupRequestProtocol,
    LeaveGroupRequest,
    ListGroupsRequest,
    MemberIdentity,
    SyncGroupRequest,
    SyncGroupRequestAssignment,
)
from pykbroker.wire.messages.metadata import MetadataRequest

GROUP, TRANSACTION, SHARE = range(3)


async def found(client, *groups: str) -> None:
    """The offsets topic is there once somebody has asked for a coordinator."""
    await client.ask(FindCoordinatorRequest(key_type=GROUP, coordinator_keys=groups or ["g"]), 4)


def joining(member: str = "", group: str = "g", instance: str | None = None, **more) -> JoinGroupRequest:
    return JoinGroupRequest(
        group_id=group,
        session_timeout_ms=10_000,
        rebalance_timeout_ms=10_000,
        member_id=member,
        group_instance_id=instance,
        protocol_type="consumer",
        protocols=[JoinGroupRequestProtocol(name="range", metadata=b"m")],
        **more,
    )


def syncing(member: str, generation: int = 1, group: str = "g", **more) -> SyncGroupRequest:
    assignments = [SyncGroupRequestAssignment(member_id=member, assignment=b"mine")]
    return SyncGroupRequest(group_id=group, generation_id=generation, member_id=member, assignments=assignments, **more)


async def stable(client, group: str = "g") -> str:
    """A group of one member; its id."""
    await found(client, group)
    member = (await client.ask(joining(group=group), 3)).member_id
    await client.ask(syncing(member, group=group), 3)
    return member


# -- coordinators ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(7))
async def test_every_version_finds_the_coordinator(autojump_clock, client, version):
    """It is the broker that Metadata names; v4 answers several keys."""
    broker = (await client.ask(MetadataRequest(topics=[]))).brokers[0]
    if version in FindCoordinatorRequest.BATCHED:
        answer = await client.ask(FindCoordinatorRequest(key_type=GROUP, coordinator_keys=["a", "b"]), version)
        answers = answer.coordinators
        assert [each.key for each in answers] == ["a", "b"]
    else:
        answers = [await client.ask(FindCoordinatorRequest(key="a"), version)]

    expected = (0, broker.node_id, broker.host, broker.port)
    assert {(each.error_code, each.node_id, each.host, each.port) for each in answers} == {expected}


async def test_asking_creates_the_internal_topics(autojump_clock, client):
    """__consumer_offsets and __transaction_state come with the first question, and are internal."""
    for kind in (GROUP, TRANSACTION):
        await client.ask(FindCoordinatorRequest(key_type=kind, coordinator_keys=["x"]), 4)

    topics = (await client.ask(MetadataRequest(topics=None))).topics

    assert {topic.name for topic in topics if topic.is_internal} >= {"__consumer_offsets", "__transaction_state"}


async def test_nobody_coordinates_an_unknown_kind_of_key(autojump_clock, client):
    """INVALID_REQUEST, no node; in the answer of each shape."""
    batched = await client.ask(FindCoordinatorRequest(key_type=9, coordinator_keys=["x"]), 4)
    single = await client.ask(FindCoordinatorRequest(key_type=9, key="x"), 3)

    assert [(each.error_code, each.node_id) for each in (batched.coordinators[0], single)] == [
        (ErrorCode.INVALID_REQUEST, -1)
    ] * 2


# -- members -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(10))
async def test_every_version_joins_syncs_beats_and_leaves(autojump_clock, client, version):
    """One member from joining to leaving; since v4 a new member is first given its id (KIP-394)."""
    await found(client)
    joined = await client.ask(joining(), version)
    if version in JoinGroupRequest.MEMBER_ID_REQUIRED:
        assert joined.error_code == ErrorCode.MEMBER_ID_REQUIRED
        joined = await client.ask(joining(joined.member_id), version)
    member = joined.member_id
    synced = await client.ask(syncing(member), min(version, 4))
    beat = await client.ask(HeartbeatRequest(group_id="g", generation_id=1, member_id=member), min(version, 4))
    leave = LeaveGroupRequest(group_id="g", member_id=member, members=[MemberIdentity(member_id=member)])
    left = await client.ask(leave, min(version, 5))
    late = await client.ask(HeartbeatRequest(group_id="g", generation_id=1, member_id=member), min(version, 4))

    assert (joined.error_code, joined.generation_id, joined.leader) == (0, 1, member)
    assert (joined.protocol_name, [each.metadata for each in joined.members]) == ("range", [b"m"])
    assert (synced.error_code, synced.assignment) == (0, b"mine")
    assert (beat.error_code, left.error_code) == (0, 0)
    assert late.error_code == ErrorCode.UNKNOWN_MEMBER_ID


async def test_a_second_member_makes_the_first_one_join_again(autojump_clock, broker, client):
    """The join waits for the others; the answer is one generation later for both, and one of them leads."""
    first = await stable(client)
    other = await broker.connect()
    answers = {}

    async def join_other() -> None:
        answers["second"] = await other.ask(joining(), 3)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(join_other)
        await trio.sleep(1)
        beat = await client.ask(HeartbeatRequest(group_id="g", generation_id=1, member_id=first))
        answers["first"] = await client.ask(joining(first), 3)

    assert beat.error_code == ErrorCode.REBALANCE_IN_PROGRESS
    assert {answer.generation_id for answer in answers.values()} == {2}
    assert sorted(len(answer.members) for answer in answers.values()) == [0, 2]


async def test_a_silent_member_is_thrown_out(autojump_clock, client):
    """session.timeout.ms without a heartbeat."""
    member = await stable(client)

    await trio.sleep(11)

    beat = await client.ask(HeartbeatRequest(group_id="g", generation_id=1, member_id=member))
    assert beat.error_code == ErrorCode.UNKNOWN_MEMBER_ID


async def test_what_a_member_can_get_wrong(autojump_clock, client):
    """A member nobody knows, an old generation, no group id, a session timeout out of bounds."""
    member = await stable(client)
    unknown = await client.ask(HeartbeatRequest(group_id="g", generation_id=1, member_id="x"))
    old = await client.ask(HeartbeatRequest(group_id="g", generation_id=0, member_id=member))
    nameless = await client.ask(joining(group=""), 3)
    short = joining()
    short.session_timeout_ms = 1
    brief = await client.ask(short, 3)
    protocolless = await client.ask(syncing(member), 5)

    assert [answer.error_code for answer in (unknown, old, nameless, brief, protocolless)] == [
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.INVALID_GROUP_ID,
        ErrorCode.INVALID_SESSION_TIMEOUT,
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    ]


async def test_an_administrator_removes_a_static_member(autojump_clock, client):
    """KIP-345: by instance id; an unknown one has its own error in the same answer."""
    await found(client)
    await client.ask(joining(instance="i"), 5)
    identities = [MemberIdentity(member_id="", group_instance_id=name) for name in ("i", "nobody")]

    left = await client.ask(LeaveGroupRequest(group_id="g", members=identities), 3)

    assert [each.error_code for each in left.members] == [0, ErrorCode.UNKNOWN_MEMBER_ID]


# -- looking at groups -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(7))
async def test_every_version_describes(autojump_clock, client, version):
    """State, protocol and member; a group that is not there is Dead, since v6 GROUP_ID_NOT_FOUND too (KIP-1043)."""
    member = await stable(client)

    here, missing = (await client.ask(DescribeGroupsRequest(groups=["g", "missing"]), version)).groups

    assert (here.error_code, here.group_state, here.protocol_type, here.protocol_data) == (
        0,
        "Stable",
        "consumer",
        "range",
    )
    assert [(each.member_id, each.client_id, each.member_assignment) for each in here.members] == [
        (member, "test", b"mine")
    ]
    assert missing.group_state == "Dead"
    assert missing.error_code == (ErrorCode.GROUP_ID_NOT_FOUND if version >= 6 else 0)


@pytest.mark.parametrize("version", range(6))
async def test_every_version_lists(autojump_clock, client, version):
    """Names and protocol types; states since v4, types since v5."""
    await stable(client)

    answer = await client.ask(ListGroupsRequest(), version)

    state, kind = ("Stable" if version >= 4 else ""), ("classic" if version >= 5 else "")
    listed = [(each.group_id, each.protocol_type, each.group_state, each.group_type) for each in answer.groups]
    assert ("g", "consumer", state, kind) in listed


async def test_groups_are_listed_by_state_and_type(autojump_clock, client):
    """KIP-518 and KIP-848: the filters leave out what does not match."""
    await stable(client)

    async def listed(states=(), types=()) -> list[str]:
        answer = await client.ask(ListGroupsRequest(states_filter=states, types_filter=types))
        return [each.group_id for each in answer.groups if each.group_id == "g"]

    assert await listed(["Stable"]) == await listed(types=["classic"]) == ["g"]
    assert await listed(["Empty"]) == await listed(types=["consumer"]) == []


async def test_only_empty_groups_can_be_deleted(autojump_clock, client):
    """NON_EMPTY_GROUP with a member, NONE without, GROUP_ID_NOT_FOUND when it is gone; named twice answered once."""
    member = await stable(client)

    async def delete() -> list[int]:
        answer = await client.ask(DeleteGroupsRequest(groups_names=["g", "g"]))
        return [each.error_code for each in answer.results]

    before = await delete()
    await client.ask(LeaveGroupRequest(group_id="g", members=[MemberIdentity(member_id=member)]))

    assert before == [ErrorCode.NON_EMPTY_GROUP]
    assert await delete() == [0]
    assert await delete() == [ErrorCode.GROUP_ID_NOT_FOUND]


async def test_without_an_offsets_topic_nobody_coordinates(autojump_clock, client):
    """Before anybody has asked for a coordinator every group API says so, in its own place."""
    await create(client)
    answers = [
        (await client.ask(HeartbeatRequest(group_id="g", generation_id=1, member_id="m"))).error_code,
        (await client.ask(joining("m"))).error_code,
        (await client.ask(syncing("m"), 3)).error_code,
        (await client.ask(LeaveGroupRequest(group_id="g", members=[]))).error_code,
        (await client.ask(DescribeGroupsRequest(groups=["g"]))).groups[0].error_code,
        (await client.ask(DeleteGroupsRequest(groups_names=["g"]))).results[0].error_code,
    ]

    assert set(answers) <= {ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE}
    assert list((await client.ask(ListGroupsRequest())).groups) == []
