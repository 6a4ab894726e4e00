"""One member's next step from what it has to what it should have (KIP-848), without stopping the others.

A member gives up first and takes later: it stays in its epoch until it no longer owns what it must give up,
then goes to the target's epoch and takes what nobody else owns; what others have not given up yet it gets
later. Each step is one value of ``Current``, which is also what is stored. Kafka:
``CurrentAssignmentBuilder``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from enum import IntEnum
from typing import NamedTuple

from pykbroker.coordinator.assignors import Assignment
from pykbroker.errors import ErrorCode, KafkaError

EpochsByPartition = Mapping[bytes, Mapping[int, int]]
"""Partitions by topic id, each with the epoch in which the member got it (KIP-1251)."""

Owned = Mapping[bytes, Set[int]]
"""What a client says that it owns."""

UNKNOWN_EPOCH = -1
LEFT_STATIC_EPOCH = -2


class MemberState(IntEnum):
    """Where a member is on its way to the target, as stored."""

    STABLE = 0
    UNREVOKED_PARTITIONS = 1
    UNRELEASED_PARTITIONS = 2
    UNKNOWN = 127


STABLE = MemberState.STABLE
UNREVOKED = MemberState.UNREVOKED_PARTITIONS
UNRELEASED = MemberState.UNRELEASED_PARTITIONS


class Current(NamedTuple):
    """What a member has (``ConsumerGroupCurrentMemberAssignmentValue``)."""

    member_epoch: int = 0
    previous_epoch: int = UNKNOWN_EPOCH
    state: MemberState = STABLE
    assigned: EpochsByPartition = {}
    revoking: EpochsByPartition = {}
    """What it must give up and has not said that it has."""

    def is_reconciled_to(self, epoch: int) -> bool:
        """It has all of the target of that epoch."""
        return self.state == STABLE and self.member_epoch == epoch


class Goal(NamedTuple):
    """What a member should come to, and what bounds it on the way."""

    epoch: int
    target: Assignment
    subscribed: Set[bytes]
    """Topics it subscribes to now, which a target computed earlier may not know of."""
    epoch_of: Callable[[bytes, int], int]
    """The epoch of whoever owns a partition; -1 for nobody."""


def reconcile(current: Current, goal: Goal, owned: Owned | None, *, subscription_changed: bool) -> Current:
    """The next step; ``current`` itself if there is none. ``owned`` is None when the client did not say."""
    if current.state == UNREVOKED:
        if not _owns_any(owned, current.revoking):
            return _step(current, goal, owned)
        return _drop_unsubscribed(current, goal, owned) if subscription_changed else current
    if current.state == UNRELEASED:
        return _step(current, goal, owned)
    if current.state == STABLE:
        if current.member_epoch != goal.epoch:
            return _step(current, goal, owned)
        return _drop_unsubscribed(current, goal, owned) if subscription_changed else current
    # A state of a later version: the member starts anew, with nothing.
    if owned is None or any(owned.values()):
        raise KafkaError(
            ErrorCode.FENCED_MEMBER_EPOCH, "the member's state is not known here; it must give up all and rejoin"
        )
    return _step(current._replace(member_epoch=goal.epoch), goal, owned)


def _owns_any(owned: Owned | None, partitions: EpochsByPartition) -> bool:
    if owned is None:
        return True
    return any(not owned.get(topic_id, frozenset()).isdisjoint(each) for topic_id, each in partitions.items())


def _step(current: Current, goal: Goal, owned: Owned | None) -> Current:
    kept: dict[bytes, dict[int, int]] = {}
    revoking: dict[bytes, dict[int, int]] = {}
    gained: dict[bytes, list[int]] = {}
    waits = False
    for topic_id in goal.target.keys() | current.assigned.keys():
        wanted = goal.target.get(topic_id, frozenset()) if topic_id in goal.subscribed else frozenset()
        had = current.assigned.get(topic_id, {})
        own_revoking = current.revoking.get(topic_id, {})
        if keep := {partition: epoch for partition, epoch in had.items() if partition in wanted}:
            kept[topic_id] = keep
        if gone := {partition: epoch for partition, epoch in had.items() if partition not in wanted}:
            revoking[topic_id] = gone
        missing = [partition for partition in sorted(wanted) if partition not in had]
        free = [
            partition
            for partition in missing
            if goal.epoch_of(topic_id, partition) == UNKNOWN_EPOCH or partition in own_revoking
        ]
        waits = waits or len(free) < len(missing)
        if free:
            gained[topic_id] = free
    if revoking and _owns_any(owned, revoking):
        return Current(current.member_epoch, current.member_epoch, UNREVOKED, kept, revoking)
    for topic_id, partitions in gained.items():
        kept.setdefault(topic_id, {}).update(dict.fromkeys(partitions, goal.epoch))
    return Current(goal.epoch, current.member_epoch, UNRELEASED if waits else STABLE, kept, {})


def _drop_unsubscribed(current: Current, goal: Goal, owned: Owned | None) -> Current:
    """The subscription became smaller and there is no new target yet: what is no longer wanted goes at
    once."""
    kept = {topic_id: each for topic_id, each in current.assigned.items() if topic_id in goal.subscribed}
    if len(kept) == len(current.assigned):
        return current
    revoking = {topic_id: dict(each) for topic_id, each in current.revoking.items()}
    for topic_id, each in current.assigned.items():
        if topic_id not in goal.subscribed:
            revoking.setdefault(topic_id, {}).update(each)
    if _owns_any(owned, revoking):
        return Current(current.member_epoch, current.member_epoch, UNREVOKED, kept, revoking)
    return current._replace(previous_epoch=current.member_epoch, assigned=kept)
