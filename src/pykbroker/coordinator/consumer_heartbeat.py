"""ConsumerGroupHeartbeat (KIP-848): joining, staying, changing one's mind and leaving, all in one request.

A heartbeat is decided in steps, each of which may write records: who is it, what does it subscribe to, does
that change the group's epoch, is there a new target, and what is the member's own next step. Nothing
changes before the records are replayed. Kafka's order is kept
(``GroupMetadataManager.consumerGroupHeartbeat``); unlike there, regular expressions are resolved in the
same turn, so a first heartbeat can bring the assignment along.
"""

from __future__ import annotations

from typing import Any

from pykbroker.coordinator.assignors import ASSIGNORS, EMPTY, Assignment, MemberInput
from pykbroker.coordinator.consumer_group import (
    ConsumerGroup,
    ConsumerMember,
    ResolvedRegex,
    Subscription,
    count_by_id,
    hash_topics,
    preferred_assignor,
    subscribed_ids,
    topics_of,
)
from pykbroker.coordinator.consumer_leave import (
    CONSUMER_REBALANCE,
    CONSUMER_SESSION,
    LEAVE_EPOCH,
    arm_session,
    known_static,
    unknown_member,
)
from pykbroker.coordinator.consumer_records import (
    assignment_epoch_record,
    current_record,
    epoch_record,
    member_tombstones,
    regex_record,
    regex_tombstone,
    subscription_record,
    target_record,
)
from pykbroker.coordinator.group_config import ClientIdentity, GroupConfig
from pykbroker.coordinator.reconcile import (
    LEFT_STATIC_EPOCH,
    Current,
    Goal,
    MemberState,
    Owned,
    reconcile,
)
from pykbroker.coordinator.topic_regex import TopicRegex
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import Result, TimerKey, Turn
from pykbroker.metadata.image import MetadataImage
from pykbroker.wire.messages.consumer_groups import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    ConsumerGroupHeartbeatResponseAssignment,
    ConsumerGroupHeartbeatResponseTopicPartitions,
)

JOIN_EPOCH = 0


def check_request(request: ConsumerGroupHeartbeatRequest, *, id_is_required: bool, assignors: tuple[str, ...]) -> None:
    """What is wrong with a heartbeat whatever the group says. Raises KafkaError."""
    epoch = request.member_epoch
    for name in ("group_id", "instance_id", "rack_id"):
        text: str | None = getattr(request, name)
        if text is not None and not text.strip():
            raise _invalid(f"{name} can't be empty")
    if (id_is_required or epoch > 0 or epoch == LEAVE_EPOCH) and not request.member_id.strip():
        raise _invalid("member_id can't be empty")
    if epoch == JOIN_EPOCH:
        _check_join(request)
    elif epoch == LEFT_STATIC_EPOCH and request.instance_id is None:
        raise _invalid("instance_id can't be null")
    elif epoch < LEFT_STATIC_EPOCH:
        raise _invalid("member_epoch is invalid")
    if request.server_assignor is not None and request.server_assignor not in assignors:
        raise KafkaError(
            ErrorCode.UNSUPPORTED_ASSIGNOR,
            f"assignor {request.server_assignor} is not supported; supported are {', '.join(assignors)}",
        )


def _check_join(request: ConsumerGroupHeartbeatRequest) -> None:
    if request.rebalance_timeout_ms == -1:
        raise _invalid("rebalance_timeout_ms must be given when joining")
    if request.topic_partitions is None or request.topic_partitions:
        raise _invalid("topic_partitions must be empty when joining")
    if request.subscribed_topic_names is None and request.subscribed_topic_regex is None:
        raise _invalid("topic names or a regular expression must be given when joining")


def _invalid(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, message)


def left(request: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatResponse:
    """What a member is told that has left."""
    return ConsumerGroupHeartbeatResponse(
        error_code=ErrorCode.NONE, member_id=request.member_id, member_epoch=request.member_epoch
    )


class Heartbeat:
    """One heartbeat of somebody who joins or stays."""

    def __init__(
        self,
        group: ConsumerGroup,
        request: ConsumerGroupHeartbeatRequest,
        client: ClientIdentity,
        config: GroupConfig,
        image: MetadataImage,
        turn: Turn,
        result: Result[Any],
    ) -> None:
        self.group = group
        self.request = request
        self.client = client
        self.config = config
        self.image = image
        self.turn = turn
        self.result = result
        self.owned: Owned | None = None
        if request.topic_partitions is not None:
            self.owned = {each.topic_id: frozenset(each.partitions) for each in request.topic_partitions}

    def decide(self, member_id: str) -> ConsumerGroupHeartbeatResponse:
        """All steps; ``member_id`` is the request's, or a new one if it has none."""
        group = self.group
        if len(group.members) >= self.config.consumer_max_size and member_id not in group.members:
            raise KafkaError(ErrorCode.GROUP_MAX_SIZE_REACHED, f"the group has {len(group.members)} members")
        member, replaced_id = self._who(member_id)
        subscription = self._subscription(member.subscription)
        names_changed = subscription.topic_names != member.subscription.topic_names
        regex_changed = subscription.topic_regex != member.subscription.topic_regex
        targets = dict(group.targets)
        if replaced_id is not None:
            self._replace(replaced_id, member_id, subscription, targets)
        elif subscription != member.subscription:
            self.result.records.append(subscription_record(group.group_id, member_id, subscription))
        members = self._members_after(member_id, subscription, replaced_id)
        resolved, resolved_changed = self._resolve(members, subscription if regex_changed else None)
        # A regular expression that somebody else has, with what it stands for, changes who wants what; so
        # does none.
        needs_epoch = names_changed or regex_changed or resolved_changed
        epoch = self._epoch(members, resolved, needs_epoch)
        assignment_epoch = self._target(members, resolved, epoch, targets)
        current = self._reconcile(
            member,
            subscription,
            resolved,
            assignment_epoch,
            targets.get(member_id, EMPTY),
            names_changed or regex_changed,
        )
        self._arm(member_id, subscription, member.current, current)
        return self._answer(member_id, member.current, current)

    def sign_of_life(self, member_id: str) -> dict[TimerKey, int | None]:
        """The session of a member that is known already."""
        life: Result[Any] = Result()
        if member_id in self.group.members:
            arm_session(self.group.group_id, member_id, self.config, self.turn, life)
        return life.timers

    # -- who -------------------------------------------------------------------------------------------------

    def _who(self, member_id: str) -> tuple[ConsumerMember, str | None]:
        """The member, as it is or as it begins; and the id that it takes the place of (KIP-345)."""
        group, request = self.group, self.request
        joins = request.member_epoch == JOIN_EPOCH
        if request.instance_id is None:
            member = group.members.get(member_id)
            if member is None:
                if not joins:
                    raise unknown_member(member_id, group.group_id)
                return ConsumerMember(member_id), None
            self._check_epoch(member.current)
            return member, None
        existing_id = group.static_members.get(request.instance_id)
        if not joins:
            member = known_static(group, request.instance_id, member_id)
            self._check_epoch(member.current)
            return member, None
        if existing_id is None:
            return group.members.get(member_id) or ConsumerMember(member_id), None
        existing = group.members[existing_id]
        if existing.current.member_epoch != LEFT_STATIC_EPOCH:
            raise KafkaError(
                ErrorCode.UNRELEASED_INSTANCE_ID, f"instance {request.instance_id} is still owned by {existing_id}"
            )
        fresh = existing.current._replace(member_epoch=0, previous_epoch=0)
        if existing_id == member_id:
            return ConsumerMember(member_id, existing.subscription, fresh), None
        return ConsumerMember(member_id, existing.subscription, fresh), existing_id

    def _check_epoch(self, current: Current) -> None:
        """A member may be one epoch behind if the answer that told it of the new one was lost."""
        received = self.request.member_epoch
        if received in (JOIN_EPOCH, current.member_epoch):
            return
        relation = "greater" if received > current.member_epoch else "smaller"
        if relation == "smaller" and received == current.previous_epoch and self._owns_only(current):
            return
        raise KafkaError(
            ErrorCode.FENCED_MEMBER_EPOCH,
            f"the member's epoch {received} is {relation} than {current.member_epoch}, which is known here; "
            "the member must abandon all its partitions and rejoin",
        )

    def _owns_only(self, current: Current) -> bool:
        if self.owned is None:
            return False
        return all(
            topic_id in current.assigned and partitions <= current.assigned[topic_id].keys()
            for topic_id, partitions in self.owned.items()
        )

    def _subscription(self, before: Subscription) -> Subscription:
        """Fields that are null have not changed."""
        request = self.request
        names, regex = request.subscribed_topic_names, request.subscribed_topic_regex
        timeout_ms = request.rebalance_timeout_ms
        return Subscription(
            before.instance_id if request.instance_id is None else request.instance_id,
            before.rack_id if request.rack_id is None else request.rack_id,
            self.client.client_id,
            self.client.host,
            before.topic_names if names is None else frozenset(names),
            before.topic_regex if regex is None else regex,
            before.rebalance_timeout_ms if timeout_ms == -1 else timeout_ms,
            before.server_assignor if request.server_assignor is None else request.server_assignor,
        )

    def _replace(self, old_id: str, new_id: str, subscription: Subscription, targets: dict[str, Assignment]) -> None:
        """The new id takes over what the old one should have."""
        group_id = self.group.group_id
        self.result.records += member_tombstones(group_id, old_id)
        self.result.records.append(subscription_record(group_id, new_id, subscription))
        self.result.timers[CONSUMER_SESSION, group_id, old_id] = None
        self.result.timers[CONSUMER_REBALANCE, group_id, old_id] = None
        targets[new_id] = targets.pop(old_id, EMPTY)
        self.result.records.append(target_record(group_id, new_id, targets[new_id]))

    def _members_after(
        self, member_id: str, subscription: Subscription, replaced_id: str | None
    ) -> dict[str, Subscription]:
        members = {each.member_id: each.subscription for each in self.group.members.values()}
        if replaced_id is not None:
            del members[replaced_id]
        members[member_id] = subscription
        return members

    # -- what the group wants --------------------------------------------------------------------------------

    def _resolve(
        self, members: dict[str, Subscription], changed: Subscription | None
    ) -> tuple[dict[str, ResolvedRegex], bool]:
        """What regular expressions stand for, looked up anew when there are new ones or the topics have
        changed."""
        group = self.group
        wanted = {each.topic_regex for each in members.values() if each.topic_regex}
        resolved = {regex: group.resolved_regexes[regex] for regex in wanted if regex in group.resolved_regexes}
        for regex in group.resolved_regexes.keys() - wanted:
            self.result.records.append(regex_tombstone(group.group_id, regex))
        if changed is not None and changed.topic_regex and changed.topic_regex not in resolved:
            TopicRegex(changed.topic_regex)  # a bad one is the client's mistake and is told to it
        stale = wanted if self.image.topics is not group.checked_topics else wanted - resolved.keys()
        is_changed = False
        for regex in sorted(stale):
            topics = _matching(regex, self.image)
            if regex in resolved and resolved[regex].topics == topics:
                continue
            resolved[regex] = ResolvedRegex(topics, self.image.offset, self.turn.now_ms)
            self.result.records.append(regex_record(group.group_id, regex, resolved[regex]))
            is_changed = True
        return resolved, is_changed

    def _epoch(self, members: dict[str, Subscription], resolved: dict[str, ResolvedRegex], is_changed: bool) -> int:
        """The group's epoch, one higher when subscriptions or subscribed topics have changed."""
        group = self.group
        if not is_changed and self.image.topics is group.checked_topics:
            return group.epoch
        metadata_hash = hash_topics(members.values(), resolved, self.image)
        if not is_changed and metadata_hash == group.metadata_hash:
            group.checked_topics = self.image.topics
            return group.epoch
        self.result.records.append(epoch_record(group.group_id, group.epoch + 1, metadata_hash))
        return group.epoch + 1

    def _target(
        self,
        members: dict[str, Subscription],
        resolved: dict[str, ResolvedRegex],
        epoch: int,
        targets: dict[str, Assignment],
    ) -> int:
        """Compute a new target if there is a new epoch and the last target is old enough; returns the
        target's epoch.

        ``targets`` is brought up to date.
        """
        group, now_ms = self.group, self.turn.now_ms
        if group.assignment_epoch >= epoch:
            return group.assignment_epoch
        interval_ms = self.config.of_group(group.group_id, "consumer.assignment.interval.ms")
        if interval_ms and now_ms < group.assignment_timestamp_ms + interval_ms and group.assignment_timestamp_ms:
            return group.assignment_epoch
        names_of = {member_id: topics_of(each, resolved) for member_id, each in members.items()}
        all_topics = frozenset[str]().union(*names_of.values())
        inputs = {
            member_id: MemberInput(
                subscribed_ids(names_of[member_id], self.image), each.instance_id, targets.get(member_id, EMPTY)
            )
            for member_id, each in members.items()
        }
        assignor = ASSIGNORS[preferred_assignor(members.values(), self.config.consumer_assignors[0])]
        for member_id, target in assignor(inputs, count_by_id(all_topics, self.image)).items():
            if target != targets.get(member_id):
                self.result.records.append(target_record(group.group_id, member_id, target))
                targets[member_id] = target
        self.result.records.append(assignment_epoch_record(group.group_id, epoch, now_ms))
        return epoch

    # -- what the member gets --------------------------------------------------------------------------------

    def _reconcile(
        self,
        member: ConsumerMember,
        subscription: Subscription,
        resolved: dict[str, ResolvedRegex],
        assignment_epoch: int,
        target: Assignment,
        subscription_changed: bool,
    ) -> Current:
        current = member.current
        if subscription_changed or not current.is_reconciled_to(assignment_epoch):
            subscribed = subscribed_ids(topics_of(subscription, resolved), self.image)
            goal = Goal(assignment_epoch, target, subscribed, self.group.epoch_of)
            current = reconcile(current, goal, self.owned, subscription_changed=subscription_changed)
        known = self.group.members.get(member.member_id)
        if known is None or current != known.current:
            self.result.records.append(current_record(self.group.group_id, member.member_id, current))
        return current

    def _arm(self, member_id: str, subscription: Subscription, before: Current, after: Current) -> None:
        group_id, timers = self.group.group_id, self.result.timers
        arm_session(group_id, member_id, self.config, self.turn, self.result)
        if after == before:
            return
        revokes = after.state == MemberState.UNREVOKED_PARTITIONS
        timers[CONSUMER_REBALANCE, group_id, member_id] = (
            self.turn.now_ms + subscription.rebalance_timeout_ms if revokes else None
        )

    def _answer(self, member_id: str, before: Current, after: Current) -> ConsumerGroupHeartbeatResponse:
        """The assignment is told when it has changed, and to a member that told all of its own."""
        request = self.request
        is_full = (
            request.rebalance_timeout_ms != -1
            and (request.subscribed_topic_names is not None or request.subscribed_topic_regex is not None)
            and self.owned is not None
        )
        assignment = None
        if request.member_epoch == JOIN_EPOCH or is_full or _partitions(before) != _partitions(after):
            assignment = ConsumerGroupHeartbeatResponseAssignment(
                topic_partitions=[
                    ConsumerGroupHeartbeatResponseTopicPartitions(topic_id=topic_id, partitions=sorted(each))
                    for topic_id, each in sorted(after.assigned.items())
                ]
            )
        return ConsumerGroupHeartbeatResponse(
            error_code=ErrorCode.NONE,
            member_id=member_id,
            member_epoch=after.member_epoch,
            heartbeat_interval_ms=self.config.of_group(self.group.group_id, "consumer.heartbeat.interval.ms"),
            assignment=assignment,
        )


def _partitions(current: Current) -> dict[bytes, set[int]]:
    return {topic_id: set(each) for topic_id, each in current.assigned.items()}


def _matching(regex: str, image: MetadataImage) -> frozenset[str]:
    try:
        compiled = TopicRegex(regex)
    except KafkaError:  # stored by another version, which understood it
        return frozenset()
    return frozenset(name for name in image.topics if compiled.matches(name))
