"""The engine runs one state machine over one log: decide, append, replay, reply.

A turn is one plain function call, so nothing can interleave inside it: the machine decides, its records are
appended to the journal, then replayed into the machine, its timers are armed, and its replies are given
once the journal has committed everything appended so far, which on an unreplicated log is at once. Append
comes before replay and may fail; then nothing is replayed and whoever waited is told, so hard state never
has to be undone.

Answers without records wait for earlier records too: a machine decides on what it has replayed, committed
or not, and nobody may learn of an uncommitted change (Kafka's ``CoordinatorRuntime`` defers them likewise).

The engine never waits, logs or looks at a clock of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, Protocol, TypeVar

from pykbroker.bell import Bell
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Record, Result, TimerKey, Token, Turn
from pykbroker.machine.timers import Timers

T = TypeVar("T")
P = ParamSpec("P")
MachineT = TypeVar("MachineT", bound="Machine")

NO_TOKEN: Token = 0
"""The token of a turn that no request asked for: a timer's, or the one after loading."""

RECORDS_PER_BATCH = 1_000
"""Clean-up may write a tombstone per committed offset; a batch of so many stays far below
``max.message.bytes``."""

DEFAULT_COMMIT_TIMEOUT_MS = 5_000  # offsets.commit.timeout.ms

APPEND_ERRORS = {
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_ENOUGH_REPLICAS: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.REQUEST_TIMED_OUT: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_LEADER_OR_FOLLOWER: ErrorCode.NOT_COORDINATOR,
    ErrorCode.KAFKA_STORAGE_ERROR: ErrorCode.NOT_COORDINATOR,
    ErrorCode.MESSAGE_TOO_LARGE: ErrorCode.UNKNOWN_SERVER_ERROR,
    ErrorCode.RECORD_LIST_TOO_LARGE: ErrorCode.UNKNOWN_SERVER_ERROR,
    ErrorCode.INVALID_FETCH_SIZE: ErrorCode.UNKNOWN_SERVER_ERROR,
}
"""What a client of a coordinator is told when writing to the coordinator's log fails
(``CoordinatorOperationExceptionHelper``)."""


class LoggedRecord(NamedTuple):
    """A record as it stands in the log."""

    offset: int
    key: bytes
    value: bytes | None
    producer_id: int = NO_PRODUCER_ID


class LoggedMarker(NamedTuple):
    """The end of a transaction as it stands in the log."""

    producer_id: int
    producer_epoch: int
    commit: bool


class Journal(Protocol):
    """The log a machine writes to; the broker makes one of a partition."""

    bell: Bell
    """Rung when ``committed_offset`` has moved."""

    @property
    def committed_offset(self) -> int:
        """Everything below this offset is committed (the high watermark)."""

    def append(self, records: Sequence[Record], producer_id: int, producer_epoch: int) -> int:
        """Write one batch; returns the offset after it. Raises KafkaError and then has written nothing."""

    def append_marker(self, producer_id: int, producer_epoch: int, coordinator_epoch: int, commit: bool) -> int:
        """Write the end of a transaction; returns the offset after it. Raises KafkaError."""


class Machine(Protocol):
    """What the engine needs of a machine, besides the methods that ``submit`` is given."""

    def decode(self, key: bytes, value: bytes | None) -> Record | None:
        """A record from the log, or None for a kind this machine does not know."""

    def replay(self, record: Record, offset: int, producer_id: int) -> None:
        """Change hard state. The only place where it changes."""

    def replay_marker(self, producer_id: int, producer_epoch: int, commit: bool) -> None:
        """A transaction that wrote records here has ended."""

    def loaded(self, turn: Turn) -> Result[Any]:
        """The log has been replayed; arm timers for what was found."""

    def expire(self, turn: Turn, key: TimerKey) -> Result[Any]:
        """A timer is due."""


class Reply(Generic[T]):
    """The answer to one submitted request: often already there, otherwise given later."""

    __slots__ = ("_hear", "done", "error", "value")

    def __init__(self) -> None:
        self.done = False
        self.value: T | None = None
        self.error: KafkaError | None = None
        self._hear: Callable[[], object] | None = None

    def on_done(self, hear: Callable[[], object]) -> None:
        """Call ``hear`` when the answer is there, which may be now. One listener."""
        if self.done:
            hear()
        else:
            assert self._hear is None
            self._hear = hear

    def result(self) -> T:
        """The answer; raises the KafkaError it was refused with."""
        assert self.done
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # None is an answer too where T says so

    def answer(self, value: T | KafkaError) -> None:
        """Give the answer. The first one stands."""
        if self.done:
            return
        self.done = True
        if isinstance(value, KafkaError):
            self.error = value
        else:
            self.value = value
        if self._hear is not None:
            hear, self._hear = self._hear, None
            hear()


class State(Enum):
    """An engine's life."""

    LOADING = "loading"
    ACTIVE = "active"
    CLOSED = "closed"


class _Parked:
    """What is held back until the journal has committed ``end_offset``."""

    __slots__ = ("end_offset", "replies", "requests")

    def __init__(self, end_offset: int, replies: list[tuple[Reply[Any], Any]], requests: Sequence[Any]) -> None:
        self.end_offset = end_offset
        self.replies = replies
        self.requests = requests


class Engine(Generic[MachineT]):
    """One machine, its journal, its timers and the requests it has not answered yet."""

    def __init__(
        self,
        machine: MachineT,
        journal: Journal,
        timers: Timers,
        now_ms: Callable[[], int],
        *,
        send: Callable[[Any], object] | None = None,
        commit_timeout_ms: int = DEFAULT_COMMIT_TIMEOUT_MS,
    ) -> None:
        self.machine = machine
        self.state = State.LOADING
        self._journal = journal
        self._now_ms = now_ms
        self._send = send
        self._commit_timeout_ms = commit_timeout_ms
        self._alarms = timers.alarms(self._expire)
        self._commit_alarms = timers.alarms(self._commit_timed_out)
        self._last_token = NO_TOKEN
        self._unanswered: dict[Token, Reply[Any]] = {}
        self._appended_offset = 0
        self._uncommitted: deque[_Parked] = deque()
        self._refusal = KafkaError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)

    # -- life ------------------------------------------------------------------------------------------------

    def load(self, logged: Iterable[LoggedRecord | LoggedMarker]) -> int:
        """Replay a part of the log; returns how many records were replayed. Call as often as needed, then
        ``activate``."""
        assert self.state is State.LOADING
        machine = self.machine
        count = 0
        for entry in logged:
            if isinstance(entry, LoggedMarker):
                machine.replay_marker(entry.producer_id, entry.producer_epoch, entry.commit)
                continue
            record = machine.decode(entry.key, entry.value)
            if record is not None:
                machine.replay(record, entry.offset, entry.producer_id)
                count += 1
        return count

    def activate(self) -> None:
        """The whole log has been replayed: begin to take requests."""
        assert self.state is State.LOADING
        self.state = State.ACTIVE
        turn = Turn(self._now_ms(), NO_TOKEN)
        self._conclude(turn, self.machine.loaded(turn))

    def close(self, error: KafkaError) -> None:
        """Answer everything unanswered with ``error`` and take no more requests (leadership lost, or
        shutdown)."""
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        self._refusal = error
        self._alarms.clear()
        self._commit_alarms.clear()
        self._journal.bell.forget(self)
        held = [reply for parked in self._uncommitted for reply, _ in parked.replies]
        held += self._unanswered.values()
        self._uncommitted.clear()
        self._unanswered.clear()
        for reply in held:
            reply.answer(error)

    @property
    def unanswered_count(self) -> int:
        """Requests parked in the machine or waiting for a commit."""
        return len(self._unanswered) + sum(len(parked.replies) for parked in self._uncommitted)

    # -- turns -----------------------------------------------------------------------------------------------

    def submit(
        self, method: Callable[Concatenate[MachineT, Turn, P], Result[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Reply[T]:
        """One turn of ``method``. A KafkaError it raises becomes the reply's error."""
        reply: Reply[T] = Reply()
        if self.state is not State.ACTIVE:
            reply.answer(self._refusal)
            return reply
        token = self._last_token = self._last_token + 1
        turn = Turn(self._now_ms(), token)
        try:
            result = method(self.machine, turn, *args, **kwargs)
        except KafkaError as error:
            self._hold_or_give([(reply, error)], ())
            return reply
        self._unanswered[token] = reply
        self._conclude(turn, result)
        return reply

    def complete_transaction(
        self, producer_id: int, producer_epoch: int, coordinator_epoch: int, commit: bool
    ) -> Reply[None]:
        """Write a transaction's marker, then let the machine keep or drop what the transaction wrote."""
        reply: Reply[None] = Reply()
        if self.state is not State.ACTIVE:
            reply.answer(self._refusal)
            return reply
        try:
            self._appended_offset = self._journal.append_marker(producer_id, producer_epoch, coordinator_epoch, commit)
        except KafkaError as error:
            reply.answer(_for_client(error))
            return reply
        self.machine.replay_marker(producer_id, producer_epoch, commit)
        self._hold_or_give([(reply, None)], ())
        return reply

    def _expire(self, key: TimerKey, now_ms: int) -> None:
        turn = Turn(now_ms, NO_TOKEN)
        self._conclude(turn, self.machine.expire(turn, key))

    def _conclude(self, turn: Turn, result: Result[Any]) -> None:
        """Do what a machine decided."""
        if result.records:
            try:
                self._append(result)
            except KafkaError as error:
                result = _after_failed_append(turn, result, error)
        alarms = self._alarms
        for key, deadline_ms in result.timers.items():
            alarms.set(key, deadline_ms)
        if not result.replies and not result.requests:
            return
        take = self._unanswered.pop
        self._hold_or_give([(take(token), value) for token, value in result.replies.items()], result.requests)

    def _append(self, result: Result[Any]) -> None:
        """Append, then replay. Batches of a result that need not be atomic are each appended and replayed
        in turn."""
        producer_id, producer_epoch = result.producer or (NO_PRODUCER_ID, NO_PRODUCER_EPOCH)
        records = result.records
        step = len(records) if result.atomic else RECORDS_PER_BATCH
        replay = self.machine.replay
        for start in range(0, len(records), step):
            batch = records[start : start + step] if step < len(records) else records
            end_offset = self._journal.append(batch, producer_id, producer_epoch)
            self._appended_offset = end_offset
            for offset, record in enumerate(batch, end_offset - len(batch)):
                replay(record, offset, producer_id)

    # -- what waits for the commit ---------------------------------------------------------------------------

    def _hold_or_give(self, replies: list[tuple[Reply[Any], Any]], requests: Sequence[Any]) -> None:
        if self._appended_offset <= self._journal.committed_offset:
            self._release()  # what came before goes first
            self._give(replies, requests)
            return
        if not self._uncommitted:
            self._journal.bell.listen(self, self._release)
        self._uncommitted.append(_Parked(self._appended_offset, replies, requests))
        self._commit_alarms.set(self._appended_offset, self._now_ms() + self._commit_timeout_ms)

    def _release(self) -> None:
        """Give what has been committed since."""
        uncommitted = self._uncommitted
        if not uncommitted:
            return
        committed_offset = self._journal.committed_offset
        while uncommitted and uncommitted[0].end_offset <= committed_offset:
            parked = uncommitted.popleft()
            self._commit_alarms.set(parked.end_offset, None)
            self._give(parked.replies, parked.requests)
        if not uncommitted:
            self._journal.bell.forget(self)

    def _give(self, replies: list[tuple[Reply[Any], Any]], requests: Sequence[Any]) -> None:
        for reply, value in replies:
            reply.answer(value)
        for request in requests:
            assert self._send is not None
            self._send(request)

    def _commit_timed_out(self, end_offset: TimerKey, now_ms: int) -> None:
        """Replicas are too slow: tell the clients, who will come again. What was written stays written."""
        error = _for_client(KafkaError(ErrorCode.REQUEST_TIMED_OUT))
        for parked in self._uncommitted:
            if parked.end_offset == end_offset:
                replies, parked.replies = parked.replies, []
                for reply, _ in replies:
                    reply.answer(error)


def _for_client(error: KafkaError) -> KafkaError:
    code = APPEND_ERRORS.get(error.code)
    return error if code is None else KafkaError(code, error.message)


def _after_failed_append(turn: Turn, result: Result[Any], error: KafkaError) -> Result[Any]:
    """The result in place of one whose records could not be written: whoever was to be answered is told
    why."""
    error = _for_client(error)
    if result.on_append_failed is not None:
        instead = result.on_append_failed(error)
        assert not instead.records
        return instead
    replies: dict[Token, Any] = dict.fromkeys(result.replies, error)
    if turn.token != NO_TOKEN:
        replies[turn.token] = error
    # Timers are soft state the machine has already counted on: they are armed all the same.
    return Result(replies=replies, timers=result.timers)
