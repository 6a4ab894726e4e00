"""One partition of ``__consumer_offsets`` as a state machine: what is asked of its groups, and what follows.

This file is the door: every method finds the group, hands over to the file that knows (``classic_join``,
``classic_sync``, ``classic_session``, ``consumer_heartbeat``, ``consumer_leave``, ``offsets``, …) and wraps what was
decided in a ``Result``. Hard state changes in ``replay`` only, which is in ``group_state``.

Never here: waiting, clocks, chance. Member ids come from ``new_uuid``, given by the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pykbroker.coordinator import consumer_leave, consumer_offsets, offsets
from pykbroker.coordinator.classic_group import ClassicGroup
from pykbroker.coordinator.classic_join import Joining, join
from pykbroker.coordinator.classic_rebalance import (
    JOIN,
    SESSION,
    SYNC,
    arm_session,
    join_error,
    join_time_over,
    prepare,
    sync_error,
    sync_time_over,
)
from pykbroker.coordinator.classic_session import heartbeat, leave, session_over
from pykbroker.coordinator.classic_sync import sync
from pykbroker.coordinator.consumer_group import ConsumerGroup
from pykbroker.coordinator.consumer_records import group_tombstones
from pykbroker.coordinator.group_config import ClientIdentity, GroupConfig
from pykbroker.coordinator.group_listing import (
    Filter,
    describe,
    describe_missing,
    listed,
)
from pykbroker.coordinator.group_records import group_tombstone, new_group_record
from pykbroker.coordinator.group_state import Group, GroupState
from pykbroker.coordinator.offset_store import ZERO_UUID
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import Record, Result, TimerKey, Turn
from pykbroker.metadata.image import EMPTY_IMAGE, MetadataImage
from pykbroker.wire.messages.groups import (
    DeletableGroupResult,
    DescribedGroup,
    HeartbeatRequest,
    HeartbeatResponse,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    LeaveGroupResponse,
    ListedGroup,
    MemberIdentity,
    MemberResponse,
    SyncGroupRequest,
    SyncGroupResponse,
)
from pykbroker.wire.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetDeleteRequest,
    OffsetDeleteResponse,
    OffsetFetchRequestGroup,
    OffsetFetchResponseGroup,
)
from pykbroker.wire.messages.transactions import TxnOffsetCommitRequest, TxnOffsetCommitResponse

if TYPE_CHECKING:  # most brokers start without consumer groups: their rules are read when first needed
    from pykbroker.wire.messages.consumer_groups import ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse
    from pykbroker.wire.messages.consumer_groups import DescribedGroup as ConsumerDescribed

RETENTION_KEY = ("offsets-retention",)
RETRY_MS = 500
"""When what a timer decided could not be written, it is tried again (``CoordinatorRuntime``'s timers wait as long)."""


class GroupShard(GroupState):
    """The groups of one partition."""

    __slots__ = ("_image", "_new_uuid", "config")

    def __init__(
        self,
        config: GroupConfig,
        new_uuid: Callable[[], str],
        image: Callable[[], MetadataImage] = lambda: EMPTY_IMAGE,
    ) -> None:
        """``new_uuid`` gives a random UUID's usual text, for member ids; ``image`` the cluster as it is now."""
        super().__init__()
        self.config = config
        self._new_uuid = new_uuid
        self._image = image

    # -- membership ------------------------------------------------------------------------------------------

    def join(
        self,
        turn: Turn,
        client: ClientIdentity,
        request: JoinGroupRequest,
        *,
        id_is_required: bool = True,
        may_skip_assignment: bool = True,
    ) -> Result[JoinGroupResponse]:
        """JoinGroup. The flags say what the request's version allows (v4: MEMBER_ID_REQUIRED; v9:
        ``skip_assignment``)."""
        config = self.config
        group_id, member_id = request.group_id, request.member_id
        if not group_id:
            return _answer(turn, join_error(ErrorCode.INVALID_GROUP_ID, member_id))
        if not config.min_session_timeout_ms <= request.session_timeout_ms <= config.max_session_timeout_ms:
            return _answer(turn, join_error(ErrorCode.INVALID_SESSION_TIMEOUT, member_id))
        result: Result[JoinGroupResponse] = Result()
        before = self.groups.get(group_id)
        if isinstance(before, ConsumerGroup) and not before.is_empty:
            return _answer(turn, join_error(ErrorCode.INCONSISTENT_GROUP_PROTOCOL))
        if isinstance(before, ClassicGroup):
            group = before
        elif member_id:
            return _answer(turn, join_error(ErrorCode.UNKNOWN_MEMBER_ID, member_id))
        else:
            group = self.groups[group_id] = ClassicGroup(group_id, turn.now_ms)
        joining = Joining(turn, result, client, request, config)
        joining.id_is_required = id_is_required
        joining.may_skip_assignment = may_skip_assignment
        if not member_id:
            prefix = client.client_id if request.group_instance_id is None else request.group_instance_id
            joining.new_member_id = f"{prefix}-{self._new_uuid()}"
        join(group, joining)
        if group is not before:
            if isinstance(before, ConsumerGroup):  # an empty group changes its kind
                result.records += group_tombstones(before)
            # Kafka writes down that the group exists before it has a generation.
            result.records.append(new_group_record(group_id, turn.now_ms))
            result.on_append_failed = lambda error: self._unmake(group_id, before, result, turn, error)
        return result

    def _unmake(
        self, group_id: str, before: Group | None, result: Result[Any], turn: Turn, error: KafkaError
    ) -> Result[JoinGroupResponse]:
        """A new group could not be stored: nobody has heard of it, so it never was."""
        if before is None:
            del self.groups[group_id]
        else:
            self.groups[group_id] = before
        timers: dict[TimerKey, int | None] = dict.fromkeys(result.timers)
        return Result(replies={turn.token: join_error(error.code)}, timers=timers)

    def sync(
        self, turn: Turn, request: SyncGroupRequest, *, protocol_is_required: bool = False
    ) -> Result[SyncGroupResponse]:
        """SyncGroup; since v5 (``protocol_is_required``) it must say which protocol it is about (KIP-559)."""
        if protocol_is_required and (request.protocol_type is None or request.protocol_name is None):
            return _answer(turn, sync_error(ErrorCode.INCONSISTENT_GROUP_PROTOCOL))
        if not request.group_id:
            return _answer(turn, sync_error(ErrorCode.INVALID_GROUP_ID))
        group = self._classic(request.group_id)
        if group is None or group.is_empty:
            return _answer(turn, sync_error(ErrorCode.UNKNOWN_MEMBER_ID))
        result: Result[SyncGroupResponse] = Result()
        sync(group, request, self.config, turn, result)
        return result

    def heartbeat(self, turn: Turn, request: HeartbeatRequest) -> Result[HeartbeatResponse]:
        """Heartbeat. Raises UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION."""
        group = self.groups.get(request.group_id)
        if not isinstance(group, ClassicGroup):
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID if request.group_id else ErrorCode.INVALID_GROUP_ID)
        return heartbeat(group, request, turn)

    def leave(self, turn: Turn, request: LeaveGroupRequest, *, is_batched: bool = True) -> Result[LeaveGroupResponse]:
        """LeaveGroup. Before v3 (``is_batched`` false) one member leaves and its error is the answer's."""
        if not request.group_id:
            raise KafkaError(ErrorCode.INVALID_GROUP_ID)
        identities = list(request.members) if is_batched else [MemberIdentity(member_id=request.member_id)]
        result: Result[LeaveGroupResponse] = Result()
        group = self._classic(request.group_id)
        if group is None:
            answers = [
                MemberResponse(
                    member_id=each.member_id,
                    group_instance_id=each.group_instance_id,
                    error_code=ErrorCode.UNKNOWN_MEMBER_ID,
                )
                for each in identities
            ]
        else:
            answers = leave(group, identities, self.config, turn, result)
        code = ErrorCode.NONE if is_batched else answers[0].error_code
        result.replies[turn.token] = LeaveGroupResponse(error_code=code, members=answers)
        return result

    def _classic(self, group_id: str) -> ClassicGroup | None:
        group = self.groups.get(group_id)
        return group if isinstance(group, ClassicGroup) else None

    def consumer_heartbeat(
        self,
        turn: Turn,
        client: ClientIdentity,
        request: ConsumerGroupHeartbeatRequest,
        *,
        id_is_required: bool = True,
    ) -> Result[ConsumerGroupHeartbeatResponse]:
        """ConsumerGroupHeartbeat; since v1 (``id_is_required``) clients make their member ids. Raises KafkaError."""
        from pykbroker.coordinator.consumer_heartbeat import (  # when first needed
            JOIN_EPOCH,
            Heartbeat,
            check_request,
            left,
        )

        check_request(request, id_is_required=id_is_required, assignors=self.config.consumer_assignors)
        result: Result[ConsumerGroupHeartbeatResponse] = Result()
        image = self._image()
        group = self.groups.get(request.group_id)
        if request.member_epoch < JOIN_EPOCH:
            if not isinstance(group, ConsumerGroup):
                raise _no_consumer_group(request.group_id, group)
            consumer_leave.leave(group, request, image, result)
            result.replies[turn.token] = left(request)
            result.on_append_failed = lambda error: Result(replies={turn.token: error})
            return result
        if not isinstance(group, ConsumerGroup):
            if request.member_epoch > JOIN_EPOCH or (group is not None and not group.is_empty):
                raise _no_consumer_group(request.group_id, group)
            if group is not None:  # an empty group changes its kind
                result.records.append(group_tombstone(request.group_id))
            group = ConsumerGroup(request.group_id)
        beat = Heartbeat(group, request, client, self.config, image, turn, result)
        member_id = request.member_id or self._new_uuid()
        result.replies[turn.token] = beat.decide(member_id)
        # Nothing but the log makes a consumer group: if nothing was written, only the sign of life counts.
        result.on_append_failed = lambda error: Result(replies={turn.token: error}, timers=beat.sign_of_life(member_id))
        return result

    # -- offsets ---------------------------------------------------------------------------------------------

    def commit_offsets(
        self, turn: Turn, request: OffsetCommitRequest, *, knows_group_id_not_found: bool = True
    ) -> Result[OffsetCommitResponse]:
        """OffsetCommit of topics that exist; each has its name, and its id if known.

        ``knows_group_id_not_found`` is v9 and above. Raises the error of all partitions.
        """
        result: Result[OffsetCommitResponse] = Result()
        group = self.groups.get(request.group_id)
        generation = request.generation_id_or_member_epoch
        if isinstance(group, ClassicGroup):
            offsets.check_commit(group, request.member_id, request.group_instance_id, generation)
            member = group.members.get(request.member_id)
            if member is not None:  # committing keeps the session alive, as a heartbeat does
                arm_session(group, member, turn, result)
        elif group is not None:
            consumer_offsets.check_commit(group, request, is_new_api=knows_group_id_not_found)
        elif generation >= 0:
            raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND if knows_group_id_not_found else ErrorCode.ILLEGAL_GENERATION)
        result.replies[turn.token] = offsets.commit(request, self.config, turn.now_ms, result.records)
        return result

    def commit_transactional_offsets(
        self, turn: Turn, request: TxnOffsetCommitRequest, topic_ids: Mapping[str, bytes] | None = None
    ) -> Result[TxnOffsetCommitResponse]:
        """TxnOffsetCommit of topics that exist, once the producer is known to be in a transaction with this
        group."""
        if not request.group_id:
            raise KafkaError(ErrorCode.INVALID_GROUP_ID)
        group = self.groups.get(request.group_id)
        generation = request.generation_id
        if isinstance(group, ClassicGroup):
            offsets.check_transactional_commit(group, request.member_id, request.group_instance_id, generation)
        elif group is not None:
            consumer_offsets.check_transactional_commit(group, request, topic_ids or {})
        elif generation >= 0:
            raise KafkaError(ErrorCode.ILLEGAL_GENERATION)
        result: Result[TxnOffsetCommitResponse] = Result()
        result.producer = (request.producer_id, request.producer_epoch)
        result.replies[turn.token] = offsets.commit_transactional(
            request, topic_ids or {}, self.config, turn.now_ms, result.records
        )
        return result

    def fetch_offsets(
        self, turn: Turn, request: OffsetFetchRequestGroup, require_stable: bool = False
    ) -> Result[OffsetFetchResponseGroup]:
        """OffsetFetch for one group; no topics (None) asks for all. Raises UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH."""
        group = self.groups.get(request.group_id)
        if isinstance(group, ConsumerGroup):
            consumer_offsets.check_fetch(group, request)
        return _answer(turn, offsets.fetch(self.offsets, request, require_stable))

    def delete_offsets(self, turn: Turn, request: OffsetDeleteRequest) -> Result[OffsetDeleteResponse]:
        """OffsetDelete of topics that exist. Raises GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP."""
        if not request.group_id:
            raise KafkaError(ErrorCode.INVALID_GROUP_ID)
        group = self.groups.get(request.group_id)
        if group is None:
            raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND)
        result: Result[OffsetDeleteResponse] = Result()
        result.replies[turn.token] = offsets.delete(self.offsets, group, request, result.records)
        return result

    def topics_deleted(self, turn: Turn, names: Sequence[str], topic_ids: Sequence[bytes] = ()) -> Result[None]:
        """Topics are gone, and with them what groups have committed for them. Asked of every shard."""
        result: Result[None] = Result(replies={turn.token: None})
        result.atomic = False
        ids = [*topic_ids, *[ZERO_UUID] * (len(names) - len(topic_ids))]
        for name, topic_id in zip(names, ids, strict=True):
            offsets.delete_topic(self.offsets, name, topic_id, result.records)
        return result

    # -- groups as a whole -----------------------------------------------------------------------------------

    def describe(
        self, turn: Turn, group_ids: Sequence[str], *, missing_is_error: bool = True
    ) -> Result[list[DescribedGroup]]:
        """DescribeGroups; before v6 (``missing_is_error`` false) a group that is not there is shown as
        dead."""
        described = []
        for group_id in group_ids:
            group = self.groups.get(group_id)
            if isinstance(group, ClassicGroup):
                described.append(describe(group))
            else:
                is_other_kind = group is not None
                described.append(describe_missing(group_id, as_error=missing_is_error, is_other_kind=is_other_kind))
        return _answer(turn, described)

    def describe_consumer_groups(self, turn: Turn, group_ids: Sequence[str]) -> Result[list[ConsumerDescribed]]:
        """ConsumerGroupDescribe; groups of other kinds are not found."""
        from pykbroker.coordinator.consumer_listing import describe_consumer, describe_missing_consumer

        described = []
        for group_id in group_ids:
            group = self.groups.get(group_id)
            if isinstance(group, ConsumerGroup):
                described.append(describe_consumer(group, self.config.consumer_assignors[0], self._image()))
            else:
                described.append(describe_missing_consumer(group_id, _no_consumer_group(group_id, group)))
        return _answer(turn, described)

    def list_groups(
        self, turn: Turn, states: Sequence[str] = (), types: Sequence[str] = ()
    ) -> Result[list[ListedGroup]]:
        """ListGroups, of this shard."""
        wanted = Filter(states, types)
        return _answer(turn, [listed(group) for group in self.groups.values() if wanted.lets_through(group)])

    def delete_groups(self, turn: Turn, group_ids: Sequence[str]) -> Result[list[DeletableGroupResult]]:
        """DeleteGroups: those without members, with all their offsets."""
        result: Result[list[DeletableGroupResult]] = Result()
        answers = []
        for group_id in group_ids:
            group = self.groups.get(group_id)
            code = ErrorCode.NONE
            if group is None:
                code = ErrorCode.GROUP_ID_NOT_FOUND
            elif not group.is_empty:
                code = ErrorCode.NON_EMPTY_GROUP
            else:
                offsets.delete_all(self.offsets, group_id, result.records)
                result.records += _tombstones(group)
            answers.append(DeletableGroupResult(group_id=group_id, error_code=code))
        result.replies[turn.token] = answers
        return result

    # -- timers ----------------------------------------------------------------------------------------------

    def expire(self, turn: Turn, key: TimerKey) -> Result[Any]:
        """A timer is due."""
        assert isinstance(key, tuple)
        if key == RETENTION_KEY:
            return self._apply_retention(turn)
        result: Result[Any] = Result()
        group = self.groups.get(key[1])
        if isinstance(group, ClassicGroup):
            self._expire_classic(group, key, turn, result)
        elif group is not None:
            self._expire_consumer(group, key, result)
            result.on_append_failed = lambda error: Result(timers={key: turn.now_ms + RETRY_MS})
        return result

    def _expire_consumer(self, group: ConsumerGroup, key: tuple[Any, ...], result: Result[Any]) -> None:
        if key[0] == consumer_leave.CONSUMER_SESSION:
            consumer_leave.session_over(group, key[2], self._image(), result)
        elif key[0] == consumer_leave.CONSUMER_REBALANCE:
            consumer_leave.rebalance_over(group, key[2], self._image(), result)

    def _expire_classic(self, group: ClassicGroup, key: tuple[Any, ...], turn: Turn, result: Result[Any]) -> None:
        if key[0] == SESSION:
            session_over(group, key[2], self.config, turn, result)
        elif key[0] == JOIN:
            join_time_over(group, self.config, turn, result)
        elif key[0] == SYNC:
            sync_time_over(group, self.config, turn, result)

    def _apply_retention(self, turn: Turn) -> Result[Any]:
        """Delete offsets that have expired, and empty groups that have none left."""
        result: Result[Any] = Result()
        result.atomic = False
        for group in self.groups.values():
            nothing_left = offsets.expire(self.offsets, group, self.config, turn.now_ms, result.records)
            if nothing_left and group.is_empty:
                result.records += _tombstones(group)
        result.timers[RETENTION_KEY] = turn.now_ms + self.config.offsets_retention_check_interval_ms
        return result

    def loaded(self, turn: Turn) -> Result[Any]:
        """The log has been read: members have a session from now on."""
        self.is_loaded = True
        config = self.config
        result: Result[Any] = Result()
        result.timers[RETENTION_KEY] = turn.now_ms + config.offsets_retention_check_interval_ms
        for group in self.groups.values():
            if isinstance(group, ConsumerGroup):
                consumer_leave.loaded(group, config, turn, result)
                continue
            for member in group.members.values():
                arm_session(group, member, turn, result)
            if len(group.members) > config.max_size:
                prepare(group, config, turn, result, f"{len(group.members)} members are more than group.max.size")
        return result


def _answer(turn: Turn, value: Any) -> Result[Any]:
    return Result(replies={turn.token: value})


def _tombstones(group: Group) -> list[Record]:
    """What deletes an empty group."""
    return group_tombstones(group) if isinstance(group, ConsumerGroup) else [group_tombstone(group.group_id)]


def _no_consumer_group(group_id: str, group: Group | None) -> KafkaError:
    what = f"Group {group_id} not found." if group is None else f"Group {group_id} is not a consumer group."
    return KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, what)
