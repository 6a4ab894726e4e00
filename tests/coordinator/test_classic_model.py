"""Random lives of a classic group, against what must hold whatever happens.

Members come, join, sync, commit, fall silent, leave; the coordinator restarts, its log is slow or refuses
writes. Whatever the order: no partition is owned twice in a generation, no acknowledged offset is lost, a
shard that reads the log knows what the live one has stored, and every request is answered in the end.
"""

import itertools

import pytest
from group_world import GroupWorld, protocols
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pykbroker.coordinator.classic_group import GroupState
from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.errors import ErrorCode, KafkaError

PARTITIONS = range(6)
SETTLED = (GroupState.STABLE, GroupState.EMPTY)


class Member:
    """A client as the broker sees it: it knows what it was told and nothing else."""

    def __init__(self, name, instance):
        self.name = name
        self.instance = instance
        self.member_id = ""
        self.generation = -1
        self.is_leader = False
        self.peers = []
        self.waiting = None
        self.owned = None
        self.offers = ("range",)


class ClassicGroupLife(RuleBasedStateMachine):
    """One group."""

    def __init__(self):
        super().__init__()
        config = GroupConfig()
        config.initial_rebalance_delay_ms = 1_000
        config.max_size = 5
        self.world = GroupWorld(config)
        self.members = []
        self.names = itertools.count()
        self.replies = []
        self.commits = {}
        self.owners = {}
        self.log_is_behind = False

    def member(self, index):
        return self.members[index % len(self.members)] if self.members else None

    def keep(self, reply):
        self.replies.append(reply)
        return reply

    # -- clients ---------------------------------------------------------------------------------------------

    @initialize(statics=st.lists(st.booleans(), min_size=1, max_size=4))
    def a_few_are_there(self, statics):
        """Most lives begin with a group that has got going."""
        for is_static in statics:
            self.somebody_comes(is_static)
        self.everybody_goes_on(6, 1_500)

    @rule(is_static=st.booleans())
    def somebody_comes(self, is_static):
        if len(self.members) < 7:
            name = next(self.names)
            self.members.append(Member(name, f"i{name % 3}" if is_static else None))

    @rule(rounds=st.integers(1, 4), ms=st.sampled_from([0, 500, 1_500]))
    def everybody_goes_on(self, rounds, ms):
        """Each member does what a client does next, and time passes."""
        for _ in range(rounds):
            for member in list(self.members):
                self.go_on(member)
            self.world.advance(ms)

    @rule(index=st.integers(0, 6))
    def one_goes_on(self, index):
        member = self.member(index)
        if member is not None:
            self.go_on(member)

    def go_on(self, member):
        if member.waiting is not None:
            self.hear(member)
        elif member.generation < 0:
            self.join(member)
        elif member.owned is None:
            self.sync(member)
        else:
            self.heartbeat(member)

    @rule(index=st.integers(0, 6), offers=st.sampled_from([("range",), ("range", "sticky"), ("sticky", "range")]))
    def somebody_joins_again(self, index, offers):
        """With other protocols perhaps, whatever it was doing."""
        member = self.member(index)
        if member is not None:
            member.offers = offers
            self.join(member)

    @rule(index=st.integers(0, 6))
    def somebody_syncs_again(self, index):
        member = self.member(index)
        if member is not None and member.generation >= 0:
            self.sync(member)

    def join(self, member):
        reply = self.world.join(
            member=member.member_id,
            instance=member.instance,
            offered=protocols(*member.offers),
            session_ms=6_000,
            rebalance_ms=8_000,
        )
        member.waiting = ("join", self.keep(reply))
        member.owned = None
        self.hear(member)

    def hear(self, member):
        """The member reads its answer, if there is one."""
        kind, reply = member.waiting
        if not reply.done:
            return
        member.waiting = None
        if reply.error is None:
            getattr(self, f"hear_{kind}")(member, reply.result())
        elif kind == "heartbeat":
            self.start_again(member, reply.error.code)
        else:
            assert reply.error.code in (ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE)

    def hear_join(self, member, answer):
        if answer.error_code == ErrorCode.MEMBER_ID_REQUIRED:
            member.member_id = answer.member_id
        elif answer.error_code == ErrorCode.NONE:
            assert answer.member_id
            member.member_id, member.generation = answer.member_id, answer.generation_id
            member.is_leader = answer.leader == answer.member_id
            member.peers = [each.member_id for each in answer.members]
            assert bool(member.peers) == member.is_leader
            if answer.skip_assignment:
                member.is_leader = False
        else:
            self.start_again(member, answer.error_code)

    def start_again(self, member, code):
        """What a client makes of an error: it joins again, as nobody if it is not known."""
        member.generation, member.owned = -1, None
        if code not in (ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.COORDINATOR_NOT_AVAILABLE):
            member.member_id = ""

    def sync(self, member):
        assignments = {}
        if member.is_leader:
            shares = {peer: [] for peer in member.peers}
            for partition, peer in zip(PARTITIONS, itertools.cycle(member.peers), strict=False):
                shares[peer].append(partition)
            assignments = {peer: bytes(share) for peer, share in shares.items()}
        reply = self.world.sync(
            member=member.member_id, generation=member.generation, instance=member.instance, assignments=assignments
        )
        member.waiting = ("sync", self.keep(reply))
        self.hear(member)

    def hear_sync(self, member, answer):
        if answer.error_code != ErrorCode.NONE:
            self.start_again(member, answer.error_code)
            return
        owned = bytes(answer.assignment)
        claims = self.owners.setdefault(member.generation, {})
        for partition in owned:
            owner = claims.setdefault(partition, member.member_id)
            is_former_self = member.instance is not None and owner.startswith(f"{member.instance}-")
            assert owner == member.member_id or is_former_self, "a partition has two owners"
            claims[partition] = member.member_id
        member.owned = owned

    def heartbeat(self, member):
        reply = self.world.heartbeat(member=member.member_id, generation=member.generation, instance=member.instance)
        member.waiting = ("heartbeat", self.keep(reply))
        self.hear(member)

    def hear_heartbeat(self, member, answer):
        if answer.error_code == ErrorCode.REBALANCE_IN_PROGRESS:
            self.start_again(member, answer.error_code)

    @rule(index=st.integers(0, 6), offset=st.integers(0, 1_000))
    def commit(self, index, offset):
        member = self.member(index)
        if member is None or not member.owned:
            return
        partition = member.owned[offset % len(member.owned)]
        before = len(self.world.journal.logged)
        reply = self.world.commit(
            offset,
            member=member.member_id,
            generation=member.generation,
            group_instance_id=member.instance,
            partition=partition,
        )
        self.keep(reply)
        if len(self.world.journal.logged) > before:
            # Written, if not committed yet: it must not be lost.
            self.commits[partition] = offset

    @rule(index=st.integers(0, 6), says_goodbye=st.booleans())
    def leave(self, index, says_goodbye):
        """Or die: the connection is gone, and the broker hears nothing of it."""
        member = self.member(index)
        if member is not None:
            self.members.remove(member)
            if member.member_id and says_goodbye:
                self.keep(self.world.leave(member.member_id, instance=member.instance))

    # -- the world -------------------------------------------------------------------------------------------

    @rule(ms=st.sampled_from([100, 1_000, 2_500, 5_999, 9_000]))
    def time_passes(self, ms):
        self.world.advance(ms)

    @rule(really=st.sampled_from([False, False, True]))
    def the_coordinator_restarts(self, really):
        if not really:
            return
        self.world.journal.error = None
        self.world.journal.holds_commits = False
        self.world.journal.commit()
        self.world.restart()
        self.log_is_behind = False
        # Generations that were never stored may be given out again.
        stored = self.world.shard.groups["g"].generation if self.world.shard.groups else 0
        self.owners = {generation: claims for generation, claims in self.owners.items() if generation <= stored}

    @rule(is_slow=st.sampled_from([False, False, True]))
    def commits_are_slow_or_not(self, is_slow):
        self.world.journal.holds_commits = is_slow
        if not is_slow:
            self.world.journal.commit()

    @rule(fails=st.sampled_from([False, False, True]))
    def appends_fail_or_not(self, fails):
        self.world.journal.error = KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS) if fails else None
        self.log_is_behind = self.log_is_behind or fails

    # -- what must hold --------------------------------------------------------------------------------------

    @invariant()
    def no_committed_offset_is_lost(self):
        live = self.world.shard.offsets.of_group("g").get("orders", {})
        assert {partition: committed.offset for partition, committed in live.items()} == self.commits

    @invariant()
    def the_log_says_what_the_live_shard_has_stored(self):
        copy, live = self.world.loaded_copy(), self.world.shard
        assert copy.offsets.of_group("g") == live.offsets.of_group("g")
        group = live.groups.get("g")
        if self.log_is_behind or group is None or group.state not in SETTLED:
            return
        stored = copy.groups["g"]
        assert hard(stored) == hard(group)

    @invariant()
    def counts_are_right(self):
        group = self.world.shard.groups.get("g")
        if group is None:
            return
        assert group.joining_count == sum(each.join_token is not None for each in group.members.values())
        assert group.leader is None or group.leader in group.members
        assert group.pending_syncs <= group.members.keys()
        assert not group.pending_joins & group.members.keys()
        assert set(group.static_members.values()) <= group.members.keys()
        offered = [name for each in group.members.values() for name, _ in each.protocols]
        assert group.protocol_counts == {name: offered.count(name) for name in offered}
        assert self.world.engine.unanswered_count == sum(not each.done for each in self.replies)

    def teardown(self):
        """Everybody falls silent: each request is answered, and the group ends up empty."""
        self.world.journal.error = None
        self.world.journal.holds_commits = False
        self.world.journal.commit()
        self.world.advance(700_000)
        assert all(each.done for each in self.replies)
        group = self.world.shard.groups.get("g")
        assert group is None or group.state is GroupState.EMPTY


def hard(group):
    """What of a group is durable."""
    members = [
        (
            each.member_id,
            each.instance_id,
            each.client_id,
            each.session_timeout_ms,
            each.rebalance_timeout_ms,
            each.metadata(group.protocol_name),
            each.assignment,
        )
        for each in group.members.values()
    ]
    return (group.state, group.generation, group.protocol_type or "", group.protocol_name, group.leader, members)


TestClassicGroupLife = ClassicGroupLife.TestCase
TestClassicGroupLife.settings = settings(max_examples=25, stateful_step_count=40, derandomize=True, deadline=None)


@pytest.mark.slow
class TestManyClassicGroupLives(ClassicGroupLife.TestCase):
    """The same, longer and more often."""

    settings = settings(max_examples=600, stateful_step_count=60, derandomize=True, deadline=None)
