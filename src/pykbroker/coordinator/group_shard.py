"""One partition of ``__consumer_offsets`` as a state machine: its groups by id, and the offsets they have
committed.

This file is the door: every method finds the group, hands over to the file that knows (``classic_join``,
``classic_sync``, ``classic_session``, ``offsets``, …) and wraps what was decided in a ``Result``. Hard
state (stored generations, committed offsets) changes in ``replay`` only. A group is read from the log while
loading; afterwards the live group is ahead of its records, and replaying one tells it that it is stored.

Never here: waiting, clocks, chance. Member ids come from ``new_uuid``, given by the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pykbroker.coordinator import offsets
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
from pykbroker.coordinator.classic_sync import replay_assignment, sync
from pykbroker.coordinator.group_config import ClientIdentity, GroupConfig
from pykbroker.coordinator.group_listing import Filter, describe, describe_missing, listed
from pykbroker.coordinator.group_records import group_tombstone, new_group_record, read_group
from pykbroker.coordinator.offset_store import ZERO_UUID, OffsetStore
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import Record, Result, TimerKey, Turn
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
from pykbroker.wire.messages.stored_groups import (
    GroupMetadataKey,
    GroupMetadataValue,
    LegacyOffsetCommitKey,
    OffsetCommitKey,
    OffsetCommitValue,
)
from pykbroker.wire.messages.transactions import TxnOffsetCommitRequest, TxnOffsetCommitResponse
from pykbroker.wire.stored import UnknownRecordError, decode_record

RETENTION_KEY = ("offsets-retention",)

RECORD_TYPES = {
    0: (LegacyOffsetCommitKey, OffsetCommitValue),  # another name for type 1: their values are the same
    1: (OffsetCommitKey, OffsetCommitValue),
    2: (GroupMetadataKey, GroupMetadataValue),
}


class GroupShard:
    """The groups of one partition."""

    __slots__ = ("_is_loaded", "_new_uuid", "config", "groups", "offsets")

    def __init__(self, config: GroupConfig, new_uuid: Callable[[], str]) -> None:
        """``new_uuid`` gives a random UUID's usual text, for member ids."""
        self.config = config
        self.groups: dict[str, ClassicGroup] = {}
        self.offsets = OffsetStore()
        self._new_uuid = new_uuid
        self._is_loaded = False

    # -- membership
    # ------------------------------------------------------------------------------------------------------

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
        group = self.groups.get(group_id)
        is_new = group is None
        if group is None:
            if member_id:
                return _answer(turn, join_error(ErrorCode.UNKNOWN_MEMBER_ID, member_id))
            group = self.groups[group_id] = ClassicGroup(group_id, turn.now_ms)
        joining = Joining(turn, result, client, request, config)
        joining.id_is_required = id_is_required
        joining.may_skip_assignment = may_skip_assignment
        if not member_id:
            prefix = client.client_id if request.group_instance_id is None else request.group_instance_id
            joining.new_member_id = f"{prefix}-{self._new_uuid()}"
        join(group, joining)
        if is_new and not result.records:
            # Kafka writes down that the group exists before it has a generation.
            result.records.append(new_group_record(group_id, turn.now_ms))
            result.on_append_failed = lambda error: self._unmake(group, result, turn, error)
        return result

    def _unmake(
        self, group: ClassicGroup, result: Result[Any], turn: Turn, error: KafkaError
    ) -> Result[JoinGroupResponse]:
        """A new group could not be stored: nobody has heard of it, so it never was."""
        del self.groups[group.group_id]
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
        group = self.groups.get(request.group_id)
        if group is None or group.is_empty:
            return _answer(turn, sync_error(ErrorCode.UNKNOWN_MEMBER_ID))
        result: Result[SyncGroupResponse] = Result()
        sync(group, request, self.config, turn, result)
        return result

    def heartbeat(self, turn: Turn, request: HeartbeatRequest) -> Result[HeartbeatResponse]:
        """Heartbeat. Raises UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION."""
        group = self.groups.get(request.group_id)
        if group is None:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID if request.group_id else ErrorCode.INVALID_GROUP_ID)
        return heartbeat(group, request, turn)

    def leave(self, turn: Turn, request: LeaveGroupRequest, *, is_batched: bool = True) -> Result[LeaveGroupResponse]:
        """LeaveGroup. Before v3 (``is_batched`` false) one member leaves and its error is the answer's."""
        if not request.group_id:
            raise KafkaError(ErrorCode.INVALID_GROUP_ID)
        identities = list(request.members) if is_batched else [MemberIdentity(member_id=request.member_id)]
        result: Result[LeaveGroupResponse] = Result()
        group = self.groups.get(request.group_id)
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

    # -- offsets
    # ---------------------------------------------------------------------------------------------------------

    def commit_offsets(
        self, turn: Turn, request: OffsetCommitRequest, *, knows_group_id_not_found: bool = True
    ) -> Result[OffsetCommitResponse]:
        """OffsetCommit of topics that exist; each has its name, and its id if known.

        ``knows_group_id_not_found`` is v9 and above. Raises the error of all partitions.
        """
        result: Result[OffsetCommitResponse] = Result()
        group = self.groups.get(request.group_id)
        generation = request.generation_id_or_member_epoch
        if group is not None:
            offsets.check_commit(group, request.member_id, request.group_instance_id, generation)
            member = group.members.get(request.member_id)
            if member is not None:  # committing keeps the session alive, as a heartbeat does
                arm_session(group, member, turn, result)
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
        if group is not None:
            offsets.check_transactional_commit(group, request.member_id, request.group_instance_id, generation)
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
        """OffsetFetch for one group; no topics (None) asks for all."""
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

    # -- groups as a whole
    # -----------------------------------------------------------------------------------------------

    def describe(
        self, turn: Turn, group_ids: Sequence[str], *, missing_is_error: bool = True
    ) -> Result[list[DescribedGroup]]:
        """DescribeGroups; before v6 (``missing_is_error`` false) a group that is not there is shown as
        dead."""
        described = []
        for group_id in group_ids:
            group = self.groups.get(group_id)
            described.append(
                describe_missing(group_id, as_error=missing_is_error) if group is None else describe(group)
            )
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
                result.records.append(group_tombstone(group_id))
            answers.append(DeletableGroupResult(group_id=group_id, error_code=code))
        result.replies[turn.token] = answers
        return result

    # -- timers
    # ----------------------------------------------------------------------------------------------------------

    def expire(self, turn: Turn, key: TimerKey) -> Result[Any]:
        """A timer is due."""
        assert isinstance(key, tuple)
        if key == RETENTION_KEY:
            return self._apply_retention(turn)
        result: Result[Any] = Result()
        group = self.groups.get(key[1])
        if group is None:
            return result
        if key[0] == SESSION:
            session_over(group, key[2], self.config, turn, result)
        elif key[0] == JOIN:
            join_time_over(group, self.config, turn, result)
        else:
            assert key[0] == SYNC
            sync_time_over(group, self.config, turn, result)
        return result

    def _apply_retention(self, turn: Turn) -> Result[Any]:
        """Delete offsets that have expired, and empty groups that have none left."""
        result: Result[Any] = Result()
        result.atomic = False
        for group_id, group in self.groups.items():
            nothing_left = offsets.expire(self.offsets, group, self.config, turn.now_ms, result.records)
            if nothing_left and group.is_empty:
                result.records.append(group_tombstone(group_id))
        result.timers[RETENTION_KEY] = turn.now_ms + self.config.offsets_retention_check_interval_ms
        return result

    # -- the log
    # ---------------------------------------------------------------------------------------------------------

    def decode(self, key: bytes, value: bytes | None) -> Record | None:
        """A record of the log; kinds that are not known here are None."""
        try:
            return Record(*decode_record(RECORD_TYPES, key, value))
        except UnknownRecordError:
            return None

    def replay(self, record: Record, offset: int, producer_id: int) -> None:
        """Change what the record says."""
        key, value = record.key, record.value
        if isinstance(key, OffsetCommitKey | LegacyOffsetCommitKey):
            if value is None:
                self.offsets.remove(key.group, key.topic, key.partition)
                return
            assert isinstance(value, OffsetCommitValue)
            if key.group not in self.groups:
                # Somebody commits without membership; the group has no record of its own.
                self.groups[key.group] = ClassicGroup(key.group, value.commit_timestamp)
            committed = offsets.committed_offset(value, offset)
            self.offsets.put(key.group, key.topic, key.partition, committed, producer_id)
        else:
            assert isinstance(key, GroupMetadataKey)
            assert value is None or isinstance(value, GroupMetadataValue)
            self._replay_group(key.group, value)

    def _replay_group(self, group_id: str, value: GroupMetadataValue | None) -> None:
        group = self.groups.get(group_id)
        if value is None:
            self.groups.pop(group_id, None)
        elif group is not None and self._is_loaded:
            replay_assignment(group, value)
        else:
            self.groups[group_id] = read_group(group_id, value)

    def replay_marker(self, producer_id: int, producer_epoch: int, commit: bool) -> None:
        """A transaction has ended."""
        self.offsets.end_transaction(producer_id, commit)

    def loaded(self, turn: Turn) -> Result[Any]:
        """The log has been read: members have a session from now on."""
        self._is_loaded = True
        config = self.config
        result: Result[Any] = Result()
        result.timers[RETENTION_KEY] = turn.now_ms + config.offsets_retention_check_interval_ms
        for group in self.groups.values():
            for member in group.members.values():
                arm_session(group, member, turn, result)
            if len(group.members) > config.max_size:
                prepare(group, config, turn, result, f"{len(group.members)} members are more than group.max.size")
        return result


def _answer(turn: Turn, value: Any) -> Result[Any]:
    return Result(replies={turn.token: value})
