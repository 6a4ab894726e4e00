"""A group of the consumer protocol (KIP-848): members, their subscriptions, the target and what each has by
now.

All of it is hard state and shaped like its records: each ``set_…`` is what replaying one kind of record
does, and nothing else changes a group. The invariant: ``partition_epochs`` holds, for every partition that
a member has or has not given up yet, the epoch of that member, so nobody else can be given it. Kafka:
``ConsumerGroup`` and ``ModernGroup``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import NamedTuple

from pykbroker.coordinator.assignors import EMPTY, Assignment
from pykbroker.coordinator.classic_group import GroupType
from pykbroker.coordinator.reconcile import UNKNOWN_EPOCH, Current, EpochsByPartition
from pykbroker.metadata.image import MetadataImage

FIRST_EPOCH = 1

EMPTY_GROUP, ASSIGNING, RECONCILING, STABLE_GROUP = "Empty", "Assigning", "Reconciling", "Stable"


class Subscription(NamedTuple):
    """What a member says of itself (``ConsumerGroupMemberMetadataValue``)."""

    instance_id: str | None
    rack_id: str | None
    client_id: str
    client_host: str
    topic_names: frozenset[str]
    topic_regex: str
    rebalance_timeout_ms: int
    server_assignor: str | None


class ResolvedRegex(NamedTuple):
    """The topics a regular expression stood for when it was last looked at."""

    topics: frozenset[str]
    version: int
    timestamp_ms: int


NO_SUBSCRIPTION = Subscription(None, None, "", "", frozenset(), "", -1, None)


class ConsumerMember:
    """One member."""

    __slots__ = ("current", "member_id", "subscription")

    def __init__(
        self, member_id: str, subscription: Subscription = NO_SUBSCRIPTION, current: Current | None = None
    ) -> None:
        self.member_id = member_id
        self.subscription = subscription
        self.current = current or Current()


class ConsumerGroup:
    """One group."""

    __slots__ = (
        "assignment_epoch",
        "assignment_timestamp_ms",
        "checked_topics",
        "epoch",
        "group_id",
        "members",
        "metadata_hash",
        "partition_epochs",
        "resolved_regexes",
        "static_members",
        "targets",
    )

    type = GroupType.CONSUMER
    protocol_type = "consumer"

    def __init__(self, group_id: str) -> None:
        self.group_id = group_id
        self.epoch = FIRST_EPOCH
        """Goes up whenever the assignment has to be computed anew."""
        self.metadata_hash = 0
        self.assignment_epoch = 0
        """The group epoch that the targets were computed for."""
        self.assignment_timestamp_ms = 0
        self.members: dict[str, ConsumerMember] = {}
        self.static_members: dict[str, str] = {}
        self.targets: dict[str, Assignment] = {}
        self.partition_epochs: dict[tuple[bytes, int], int] = {}
        self.resolved_regexes: dict[str, ResolvedRegex] = {}
        self.checked_topics: object = None
        """Soft: the image's topics for which ``metadata_hash`` and the regular expressions are known to be
        right."""

    # -- questions -------------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """No members."""
        return not self.members

    @property
    def state_name(self) -> str:
        """As clients see it."""
        if not self.members:
            return EMPTY_GROUP
        if self.epoch > self.assignment_epoch:
            return ASSIGNING
        if all(each.current.is_reconciled_to(self.assignment_epoch) for each in self.members.values()):
            return STABLE_GROUP
        return RECONCILING

    def epoch_of(self, topic_id: bytes, partition: int) -> int:
        """The epoch of the member that has the partition; -1 if nobody has."""
        return self.partition_epochs.get((topic_id, partition), UNKNOWN_EPOCH)

    def target_of(self, member_id: str) -> Assignment:
        """What a member should have."""
        return self.targets.get(member_id, EMPTY)

    def is_subscribed_to(self, topic: str) -> bool:
        """Whether any member subscribes to a topic."""
        return any(topic in topics_of(each.subscription, self.resolved_regexes) for each in self.members.values())

    # -- replay ----------------------------------------------------------------------------------------------

    def set_subscription(self, member_id: str, subscription: Subscription) -> None:
        """A member came or changed its subscription."""
        member = self.members.get(member_id)
        if member is None:
            member = self.members[member_id] = ConsumerMember(member_id)
        member.subscription = subscription
        if subscription.instance_id is not None:
            self.static_members[subscription.instance_id] = member_id

    def remove_member(self, member_id: str) -> None:
        """A member is gone."""
        member = self.members.pop(member_id, None)
        if member is None:
            return
        self._release(member.current)
        instance_id = member.subscription.instance_id
        if instance_id is not None and self.static_members.get(instance_id) == member_id:
            del self.static_members[instance_id]

    def set_current(self, member_id: str, current: Current | None) -> None:
        """What a member has; None for nothing."""
        member = self.members.get(member_id)
        if member is None:
            if current is None:
                return
            member = self.members[member_id] = ConsumerMember(member_id)
        self._release(member.current)
        member.current = current or Current(UNKNOWN_EPOCH, UNKNOWN_EPOCH)
        self._claim(member.current)

    def set_epoch(self, epoch: int, metadata_hash: int) -> None:
        """The group's epoch."""
        self.epoch = epoch
        self.metadata_hash = metadata_hash

    def set_target(self, member_id: str, target: Assignment | None) -> None:
        """What a member should have."""
        if target is None:
            self.targets.pop(member_id, None)
        else:
            self.targets[member_id] = target

    def set_assignment_epoch(self, epoch: int, timestamp_ms: int) -> None:
        """The targets are those of this epoch."""
        self.assignment_epoch = epoch
        self.assignment_timestamp_ms = timestamp_ms

    def set_regex(self, regex: str, resolved: ResolvedRegex | None) -> None:
        """What a regular expression stands for."""
        if resolved is None:
            self.resolved_regexes.pop(regex, None)
        else:
            self.resolved_regexes[regex] = resolved

    def _claim(self, current: Current) -> None:
        for key in _keys(current.assigned, current.revoking):
            before = self.partition_epochs.get(key)
            if before is None or before < current.member_epoch:
                self.partition_epochs[key] = current.member_epoch

    def _release(self, current: Current) -> None:
        # Compaction may have removed what came before, so the partition can be another member's already: by
        # then in a later epoch.
        for key in _keys(current.assigned, current.revoking):
            if self.partition_epochs.get(key) == current.member_epoch:
                del self.partition_epochs[key]


def _keys(*epochs: EpochsByPartition) -> Iterable[tuple[bytes, int]]:
    for each in epochs:
        for topic_id, partitions in each.items():
            for partition in partitions:
                yield topic_id, partition


def topics_of(subscription: Subscription, resolved: Mapping[str, ResolvedRegex]) -> frozenset[str]:
    """Names of the topics a subscription stands for."""
    by_regex = resolved.get(subscription.topic_regex)
    return subscription.topic_names if by_regex is None else subscription.topic_names | by_regex.topics


def preferred_assignor(subscriptions: Iterable[Subscription], default: str) -> str:
    """The assignor most members ask for."""
    votes = Counter(each.server_assignor for each in subscriptions if each.server_assignor is not None)
    return max(votes, key=votes.__getitem__) if votes else default


def hash_topics(
    subscriptions: Iterable[Subscription], resolved: Mapping[str, ResolvedRegex], image: MetadataImage
) -> int:
    """What the subscribed topics look like now, in 64 bits; 0 for no topics.

    Another hash than Apache Kafka's (XXH3): taking over the other's log, either sees that the topics have
    changed and computes the assignment once more.
    """
    names = frozenset[str]().union(*(topics_of(each, resolved) for each in subscriptions))
    topics = [image.topics[name] for name in sorted(names) if name in image.topics]
    if not topics:
        return 0
    digest = blake2b(digest_size=8)
    for topic in topics:
        digest.update(topic.topic_id + len(topic.partitions).to_bytes(4, "big"))
    return int.from_bytes(digest.digest(), "big", signed=True)


def subscribed_ids(names: Iterable[str], image: MetadataImage) -> frozenset[bytes]:
    """The ids of those topics that exist."""
    topics = image.topics
    return frozenset(topics[name].topic_id for name in names if name in topics)


def count_by_id(names: Iterable[str], image: MetadataImage) -> Mapping[bytes, int]:
    """How many partitions each of those topics has that exist."""
    topics = image.topics
    return {topics[name].topic_id: len(topics[name].partitions) for name in names if name in topics}
