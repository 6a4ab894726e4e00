"""What goes into a turn of a state machine and what comes out of it.

A machine method takes a ``Turn`` and returns a ``Result``. Whatever the machine decides has this one shape:
an answer now, an answer for requests parked earlier, or none yet. Nothing here acts: the engine does what a
``Result`` says, in a fixed order (records appended, records replayed, timers armed, replies and requests
once the records are committed). Kafka's counterpart is ``CoordinatorResult``.

Plain slotted classes rather than dataclasses: a heartbeat makes one of each.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from pykbroker.errors import KafkaError
    from pykbroker.wire.api import StoredMessage

T_co = TypeVar("T_co", covariant=True)

Token = int
"""Names one submitted request until it is answered."""

TimerKey = Hashable
"""Names one timer of a machine; arming it again moves it."""

NO_PRODUCER_ID = -1
NO_PRODUCER_EPOCH = -1


class Turn:
    """The circumstances of one decision: what time it is and whose question is being answered."""

    __slots__ = ("now_ms", "token")

    def __init__(self, now_ms: int, token: Token) -> None:
        self.now_ms = now_ms
        self.token = token

    def __repr__(self) -> str:
        return f"Turn(now_ms={self.now_ms}, token={self.token})"


class Record:
    """One record of a machine's log: a key, and a value or a tombstone. Kafka's ``CoordinatorRecord``."""

    __slots__ = ("key", "value", "value_version")

    def __init__(self, key: StoredMessage, value: StoredMessage | None = None, value_version: int = 0) -> None:
        self.key = key
        self.value = value
        self.value_version = value_version

    def __repr__(self) -> str:
        return f"Record({self.key!r}, {self.value!r}, v{self.value_version})"


class Result(Generic[T_co]):
    """What a machine decided. The machine fills it during its turn; afterwards nobody changes it."""

    __slots__ = ("atomic", "on_append_failed", "producer", "records", "replies", "requests", "timers")

    def __init__(
        self,
        records: list[Record] | None = None,
        replies: dict[Token, T_co] | None = None,
        timers: dict[TimerKey, int | None] | None = None,
        requests: Sequence[Any] = (),
    ) -> None:
        self.records: list[Record] = [] if records is None else records
        """Appended as one batch, then replayed."""
        self.replies: dict[Token, Any] = {} if replies is None else replies
        """Answers by token, given once everything appended so far is committed. A ``KafkaError`` answers by
        raising it."""
        self.timers: dict[TimerKey, int | None] = {} if timers is None else timers
        """Deadlines in absolute milliseconds; None cancels."""
        self.requests: Sequence[Any] = requests
        """What is asked of others once the records are committed."""
        self.producer: tuple[int, int] | None = None
        """Producer id and epoch when the records belong to a transaction."""
        self.atomic = True
        """False when the records may be split over several batches (clean-up)."""
        self.on_append_failed: Callable[[KafkaError], Result[Any]] | None = None
        """Takes back soft state when the append fails; its result (which has no records) replaces this one."""

    def __repr__(self) -> str:
        parts = [f"{name}={getattr(self, name)!r}" for name in ("records", "replies", "timers", "requests")]
        return f"Result({', '.join(parts)})"
