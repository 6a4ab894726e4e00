"""Server-side assignors of the consumer group protocol (KIP-848): who should get which partitions.

Pure functions from members, their subscriptions and the assignment so far to a new one. What both promise:
every partition of a subscribed topic goes to exactly one member that subscribes to it, and nothing else is
assigned.

- ``uniform``: sizes as equal as the subscriptions allow, and as many partitions as possible stay where they
are. - ``range``: each topic split into consecutive runs over the members in a fixed order, so that equal
partition numbers of different topics meet at the same member; where partitions were does not matter.

The members' order decides who gets the odd partitions. Kafka: ``UniformAssignor``, ``RangeAssignor``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush

Assignment = Mapping[bytes, frozenset[int]]
"""Partitions by topic id."""

EMPTY: Assignment = {}


class MemberInput:
    """What an assignor knows of a member."""

    __slots__ = ("assigned", "instance_id", "topic_ids")

    def __init__(self, topic_ids: frozenset[bytes], instance_id: str | None, assigned: Assignment) -> None:
        self.topic_ids = topic_ids
        """Existing topics it subscribes to."""
        self.instance_id = instance_id
        self.assigned = assigned
        """Its target so far."""


Members = Mapping[str, MemberInput]
Assignor = Callable[[Members, Mapping[bytes, int]], dict[str, Assignment]]


# -- range ---------------------------------------------------------------------------------------------------


def assign_range(members: Members, partition_counts: Mapping[bytes, int]) -> dict[str, Assignment]:
    """Static members come first, by instance id, then the others by member id."""
    ordered = sorted(members, key=lambda each: (members[each].instance_id is None, members[each].instance_id or each))
    subscribers: dict[bytes, list[str]] = {}
    for member_id in ordered:
        for topic_id in members[member_id].topic_ids:
            subscribers.setdefault(topic_id, []).append(member_id)
    targets: dict[str, dict[bytes, frozenset[int]]] = {member_id: {} for member_id in members}
    for topic_id, interested in subscribers.items():
        quota, extra = divmod(partition_counts[topic_id], len(interested))
        start = 0
        for index, member_id in enumerate(interested):
            end = start + quota + (index < extra)
            if end > start:
                targets[member_id][topic_id] = frozenset(range(start, end))
            start = end
    return dict(targets)


# -- uniform -------------------------------------------------------------------------------------------------


def assign_uniform(members: Members, partition_counts: Mapping[bytes, int]) -> dict[str, Assignment]:
    """Take back what must move, hand it out to whoever has least, then even out."""
    work = _Uniform(members, partition_counts)
    work.keep()
    if len({member.topic_ids for member in members.values()}) <= 1:
        work.trim()
    work.hand_out()
    work.even_out()
    return work.targets()


class _Uniform:
    """The assignment in the making: an owner per partition, and how much each member has."""

    def __init__(self, members: Members, partition_counts: Mapping[bytes, int]) -> None:
        self.members = members
        self.ids = list(members)
        self.subscribers: dict[bytes, list[int]] = {}
        for index, member_id in enumerate(self.ids):
            for topic_id in members[member_id].topic_ids:
                self.subscribers.setdefault(topic_id, []).append(index)
        # Topics whose subscribers get most come first: those with few subscribers leave least choice later.
        self.topics = sorted(
            self.subscribers,
            key=lambda each: (-partition_counts[each] / len(self.subscribers[each]), each),
        )
        self.owners: dict[bytes, list[int]] = {each: [-1] * partition_counts[each] for each in self.topics}
        self.sizes = [0] * len(self.ids)

    def keep(self) -> None:
        """Partitions stay with members that still subscribe to their topic."""
        for index, member_id in enumerate(self.ids):
            for topic_id, partitions in self.members[member_id].assigned.items():
                owners = self.owners.get(topic_id)
                if owners is None or topic_id not in self.members[member_id].topic_ids:
                    continue
                for partition in partitions:
                    if partition < len(owners) and owners[partition] == -1:
                        owners[partition] = index
                        self.sizes[index] += 1

    def trim(self) -> None:
        """All subscribe to the same: what is above a member's quota is taken back.

        The larger quotas go to those who have more already, so that as little as possible moves.
        """
        if not self.ids:
            return
        quota, extra = divmod(sum(len(owners) for owners in self.owners.values()), len(self.ids))
        for index in range(len(self.ids)):
            allowed = quota
            if self.sizes[index] > quota and extra > 0:
                allowed += 1
                extra -= 1
            if self.sizes[index] > allowed:
                self._take_back(index, self.sizes[index] - allowed)

    def _take_back(self, index: int, count: int) -> None:
        for topic_id in reversed(self.topics):
            owners = self.owners[topic_id]
            for partition in range(len(owners) - 1, -1, -1):
                if count == 0:
                    return
                if owners[partition] == index:
                    owners[partition] = -1
                    self.sizes[index] -= 1
                    count -= 1

    def hand_out(self) -> None:
        """Partitions without an owner go, topic by topic, to the subscriber that has least."""
        for topic_id in self.topics:
            owners = self.owners[topic_id]
            free = [partition for partition, owner in enumerate(owners) if owner == -1]
            if not free:
                continue
            least = [(self.sizes[index], index) for index in self.subscribers[topic_id]]
            heapify(least)
            for partition in free:
                size, index = heappop(least)
                owners[partition] = index
                self.sizes[index] = size + 1
                heappush(least, (size + 1, index))

    def even_out(self) -> None:
        """Move single partitions from who has most to who has least, until within each topic nobody has two
        more.

        Every move makes the sum of squared sizes smaller, so it ends.
        """
        moved = True
        while moved:
            moved = False
            for topic_id in self.topics:
                moved = self._even_out_topic(topic_id) or moved

    def _even_out_topic(self, topic_id: bytes) -> bool:
        interested, owners, sizes = self.subscribers[topic_id], self.owners[topic_id], self.sizes
        moved = False
        while len(interested) > 1:
            taker = min(interested, key=sizes.__getitem__)
            givers = set(owners)
            giver = max(givers, key=lambda index: (sizes[index], -index), default=taker)
            if sizes[giver] - sizes[taker] < 2:
                return moved
            partition = len(owners) - 1 - owners[::-1].index(giver)
            owners[partition] = taker
            sizes[giver] -= 1
            sizes[taker] += 1
            moved = True
        return moved

    def targets(self) -> dict[str, Assignment]:
        """The result by member."""
        found: list[dict[bytes, set[int]]] = [{} for _ in self.ids]
        for topic_id, owners in self.owners.items():
            for partition, index in enumerate(owners):
                found[index].setdefault(topic_id, set()).add(partition)
        return {
            member_id: {topic_id: frozenset(partitions) for topic_id, partitions in found[index].items()}
            for index, member_id in enumerate(self.ids)
        }


ASSIGNORS: Mapping[str, Assignor] = {"uniform": assign_uniform, "range": assign_range}
