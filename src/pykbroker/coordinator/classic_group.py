"""A classic group: its members, its generation and its state. Decisions live in the ``classic_*``
neighbours.

The invariants kept here: ``protocol_counts`` counts the members that offer each protocol; ``joining_count``
counts the members whose JoinGroup is parked; the leader, once elected, is a member. What is stored in the
log is a generation with its members and their assignments; who is parked, who is pending and what else a
member offered is soft and is gone after a restart (Kafka's ``ClassicGroup``).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from pykbroker.coordinator.classic_member import ClassicMember, Protocols
from pykbroker.errors import ErrorCode
from pykbroker.machine.shards import java_hash
from pykbroker.wire.messages.consumer_protocol import ConsumerProtocolSubscription
from pykbroker.wire.schema import WireError

if TYPE_CHECKING:
    from pykbroker.machine.result import Token

CONSUMER_PROTOCOL_TYPE = "consumer"
NO_MEMBER_ID = ""
NO_GENERATION = -1


class GroupState(Enum):
    """Where a classic group is in its life; the values are the names that clients see."""

    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"


class GroupType(Enum):
    """The kinds of group, by the names that ListGroups shows."""

    CLASSIC = "classic"
    CONSUMER = "consumer"


EMPTY = GroupState.EMPTY
PREPARING = GroupState.PREPARING_REBALANCE
COMPLETING = GroupState.COMPLETING_REBALANCE
STABLE = GroupState.STABLE

ALLOWED_BEFORE = {
    EMPTY: (PREPARING,),
    PREPARING: (EMPTY, COMPLETING, STABLE),
    COMPLETING: (PREPARING,),
    STABLE: (COMPLETING,),
}
"""From which states each state may be entered. There is no Dead here: a group that is gone is not found."""


class ClassicGroup:
    """One group of the classic protocol, or a group that only commits offsets (a "simple" group, without a
    protocol type)."""

    __slots__ = (
        "generation",
        "group_id",
        "initial_delay",
        "joining_count",
        "leader",
        "members",
        "new_member_added",
        "pending_joins",
        "pending_syncs",
        "previous_state",
        "protocol_counts",
        "protocol_name",
        "protocol_type",
        "rebalance_reason",
        "state",
        "state_timestamp_ms",
        "static_members",
        "subscribed_topics",
    )

    type = GroupType.CLASSIC

    def __init__(self, group_id: str, state_timestamp_ms: int) -> None:
        self.group_id = group_id
        self.state = EMPTY
        self.previous_state: GroupState | None = None
        self.state_timestamp_ms = state_timestamp_ms
        """When the state was entered; -1 when the log does not say."""
        self.generation = 0
        self.protocol_type: str | None = None
        self.protocol_name: str | None = None
        self.leader: str | None = None
        self.members: dict[str, ClassicMember] = {}
        self.static_members: dict[str, str] = {}
        """Member id by group.instance.id (KIP-345)."""
        self.protocol_counts: dict[str, int] = {}
        self.joining_count = 0
        self.pending_joins: set[str] = set()
        """Member ids handed out with MEMBER_ID_REQUIRED that have not come back yet (KIP-394)."""
        self.pending_syncs: set[str] = set()
        """Members of this generation that have not sent SyncGroup yet (KIP-559's sync timeout)."""
        self.new_member_added = False
        self.initial_delay: tuple[int, int] | None = None
        """During the first rebalance: this round's delay and what remains of the rebalance timeout, in ms."""
        self.subscribed_topics: frozenset[str] | None = None
        """Topics the members want; None when the group does not speak the consumer protocol or it cannot be
        read."""
        self.rebalance_reason = ""
        """Why the last rebalance began, for people."""

    # -- questions -------------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """No members."""
        return self.state is EMPTY

    @property
    def state_name(self) -> str:
        """As clients see it."""
        return self.state.value

    @property
    def is_simple(self) -> bool:
        """It only commits offsets."""
        return self.protocol_type is None and self.state is EMPTY and not self.pending_joins

    @property
    def uses_consumer_protocol(self) -> bool:
        """Its members' metadata is ``ConsumerProtocolSubscription``."""
        return self.protocol_type == CONSUMER_PROTOCOL_TYPE

    @property
    def can_rebalance(self) -> bool:
        """A rebalance may begin."""
        return self.state is not PREPARING

    @property
    def all_joined(self) -> bool:
        """Nobody is waited for before the join phase can end."""
        return self.joining_count == len(self.members) and not self.pending_joins

    @property
    def rebalance_timeout_ms(self) -> int:
        """The longest that any member may take."""
        return max((member.rebalance_timeout_ms for member in self.members.values()), default=0)

    def is_subscribed_to(self, topic: str) -> bool:
        """Whether offsets of ``topic`` are in use; unknown subscriptions count as yes for consumers."""
        if self.subscribed_topics is None:
            return self.uses_consumer_protocol
        return topic in self.subscribed_topics

    def supports(self, protocol_type: str, protocols: Protocols) -> bool:
        """Whether a member offering these could be in the group: one common protocol for all is needed."""
        if self.state is EMPTY:
            return bool(protocol_type) and bool(protocols)
        if self.protocol_type != protocol_type:
            return False
        everybody = len(self.members)
        return any(self.protocol_counts.get(name, 0) == everybody for name, _ in protocols)

    def check_member(self, member_id: str, instance_id: str | None) -> ErrorCode:
        """NONE for a member that is who it says it is."""
        if instance_id is not None:
            existing = self.static_members.get(instance_id)
            if existing is None:
                return ErrorCode.UNKNOWN_MEMBER_ID
            if existing != member_id:
                return ErrorCode.FENCED_INSTANCE_ID
        return ErrorCode.NONE if member_id in self.members else ErrorCode.UNKNOWN_MEMBER_ID

    # -- members ---------------------------------------------------------------------------------------------

    def add(self, member: ClassicMember, join_token: Token | None) -> None:
        """A new member, parked in JoinGroup unless it comes from the log."""
        if member.instance_id is not None:
            assert member.instance_id not in self.static_members
            self.static_members[member.instance_id] = member.member_id
        if not self.members:
            self.protocol_type = member.protocol_type
        assert self.protocol_type == member.protocol_type
        if self.leader is None:
            self.leader = member.member_id
        self.members[member.member_id] = member
        self._count_protocols(member, 1)
        self.pending_joins.discard(member.member_id)
        self.park_join(member, join_token)

    def remove(self, member_id: str) -> None:
        """Forget a member, pending or not; the first of the others becomes leader if it was the leader."""
        member = self.members.pop(member_id, None)
        if member is not None:
            self._count_protocols(member, -1)
            if member.join_token is not None:
                self.joining_count -= 1
            if member.instance_id is not None:
                self.static_members.pop(member.instance_id, None)
        if self.leader == member_id:
            self.leader = next(iter(self.members), None)
        self.pending_joins.discard(member_id)
        self.pending_syncs.discard(member_id)

    def replace_static(self, instance_id: str, old_member_id: str, new: ClassicMember) -> None:
        """The same instance comes back under a new member id: it keeps its place, and the leadership if it
        had it.

        The old member must not be parked anywhere.
        """
        old = self.members[old_member_id]
        assert old.join_token is None
        assert old.sync_token is None
        self._count_protocols(old, -1)
        # The order of members is kept: it decides who leads when the leader goes.
        self.members = {
            (new.member_id if member_id == old_member_id else member_id): (new if member is old else member)
            for member_id, member in self.members.items()
        }
        self._count_protocols(new, 1)
        self.static_members[instance_id] = new.member_id
        self.pending_syncs.discard(old_member_id)
        if self.leader == old_member_id:
            self.leader = new.member_id

    def update(self, member: ClassicMember, protocols: Protocols, rebalance_ms: int, session_ms: int) -> None:
        """What a member offers anew when it joins again."""
        self._count_protocols(member, -1)
        member.protocols = protocols
        member.rebalance_timeout_ms = rebalance_ms
        member.session_timeout_ms = session_ms
        self._count_protocols(member, 1)

    def park_join(self, member: ClassicMember, token: Token | None) -> Token | None:
        """Remember (or with None forget) whose JoinGroup is waiting; returns the token that was parked
        until now."""
        before, member.join_token = member.join_token, token
        self.joining_count += (token is not None) - (before is not None)
        return before

    def _count_protocols(self, member: ClassicMember, step: int) -> None:
        counts = self.protocol_counts
        for name, _ in member.protocols:
            count = counts.get(name, 0) + step
            if count:
                counts[name] = count
            else:
                del counts[name]

    # -- generations -----------------------------------------------------------------------------------------

    def move_to(self, state: GroupState, now_ms: int) -> None:
        """Enter another state."""
        assert self.state in ALLOWED_BEFORE[state], f"{self.group_id}: {self.state} to {state}"
        self.previous_state = self.state
        self.state = state
        self.state_timestamp_ms = now_ms

    def elect_joined_leader(self) -> bool:
        """Make sure that the leader is among those who joined; False when nobody joined or there is no
        leader to keep."""
        if self.leader is None:
            return False
        if self.members[self.leader].join_token is not None:
            return True
        for member in self.members.values():
            if member.join_token is not None:
                self.leader = member.member_id
                return True
        return False

    def next_generation(self, now_ms: int) -> None:
        """The join phase is over: a new generation of those who are in it, or an empty one."""
        self.generation += 1
        self.pending_syncs.clear()
        if self.members:
            self.protocol_name = self.select_protocol()
            self.subscribed_topics = self.read_subscriptions()
            self.move_to(COMPLETING, now_ms)
        else:
            self.protocol_name = None
            self.subscribed_topics = self.read_subscriptions()
            self.move_to(EMPTY, now_ms)

    def select_protocol(self) -> str:
        """The protocol most members prefer among those that all of them offer."""
        everybody = len(self.members)
        candidates = {name for name, count in self.protocol_counts.items() if count == everybody}
        votes: dict[str, int] = {}
        for member in self.members.values():
            name = member.vote(candidates)
            votes[name] = votes.get(name, 0) + 1
        # A tie goes as in Apache Kafka, where it depends on the order of a Java HashMap: by the name's
        # hash.
        return max(votes, key=lambda name: (votes[name], -_hash_bucket(name)))

    def read_subscriptions(self) -> frozenset[str] | None:
        """The topics all members together subscribe to.

        Read in version 0, which every later version begins with, so that no client is too new.
        """
        if not self.uses_consumer_protocol:
            return None
        if not self.members:
            return frozenset()
        if self.protocol_name is None:
            return None
        topics: set[str] = set()
        try:
            for member in self.members.values():
                metadata = member.metadata(self.protocol_name)
                topics.update(ConsumerProtocolSubscription.decode(metadata, 0, 2).topics)
        except WireError:
            return None
        return frozenset(topics)


def _hash_bucket(name: str) -> int:
    """The place of a name in a small ``java.util.HashMap``."""
    code = java_hash(name) & 0xFFFF_FFFF
    return (code ^ code >> 16) & 15
