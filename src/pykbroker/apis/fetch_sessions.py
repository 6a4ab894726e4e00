"""Incremental fetch sessions (KIP-227): a consumer names its partitions once, then only what changed.

Sans-IO. ``FetchSessionCache.resolve`` turns a Fetch request into a ``FetchContext``: the full list of partitions to
look at, and what the answer may leave out. As in Apache Kafka's ``FetchSessionCache``: a bounded number of sessions,
a new one evicts a stale one; a session's partitions keep an order, and one that gave data moves to the end, so that a
small response limit starves nobody.

What it never does: read a log, or know whether a topic exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.fetch import FetchRequest, PartitionData

Key = tuple[str | bytes, int]
"""A topic, by name or by id as the session's requests say it, and a partition's index."""

NO_SESSION = 0
INITIAL_EPOCH = 0
FINAL_EPOCH = -1
_LAST_EPOCH = 2**31 - 1

MIN_EVICTION_MS = 120_000
"""How long a session must have been idle before another may take its place (``FetchSession.scala``: 2 minutes)."""


class Random(Protocol):
    def randrange(self, start: int, stop: int, /) -> int: ...


@dataclass(slots=True)
class FetchPartition:
    """What a client wants of one partition, and what it was last told."""

    topic: str
    """Empty when the request named the topic by id."""
    topic_id: bytes
    index: int
    fetch_offset: int
    max_bytes: int
    current_leader_epoch: int
    last_fetched_epoch: int
    log_start_offset: int
    told_high_watermark: int = -1
    told_log_start_offset: int = -1


@dataclass(slots=True)
class FetchSession:
    """One consumer's (or follower's) partitions, in the order in which they are to be served."""

    id: int
    by_topic_id: bool
    partitions: dict[Key, FetchPartition]
    created_ms: int
    used_ms: int
    epoch: int = INITIAL_EPOCH


@dataclass(slots=True)
class FetchContext:
    """One Fetch request, resolved."""

    partitions: list[FetchPartition]
    session: FetchSession | None = None
    is_incremental: bool = False
    by_topic_id: bool = False
    session_id: int = field(default=NO_SESSION)

    def is_worth_telling(self, wanted: FetchPartition, answer: PartitionData) -> bool:
        """Whether the answer must contain this partition; remembers what is told, and who is served last next time."""
        session = self.session
        if session is None:
            return True
        has_records = bool(answer.records)
        telling = (
            not self.is_incremental
            or has_records
            or answer.error_code != 0
            or answer.high_watermark != wanted.told_high_watermark
            or answer.log_start_offset != wanted.told_log_start_offset
            or answer.preferred_read_replica != -1
            or answer.diverging_epoch.epoch != -1
        )
        if answer.error_code:
            # Kafka forgets what it told of a partition in error, so that its recovery is told too
            wanted.told_high_watermark = -1
        else:
            wanted.told_high_watermark = answer.high_watermark
            wanted.told_log_start_offset = answer.log_start_offset
        if has_records and self.is_incremental:
            key = (wanted.topic_id if self.by_topic_id else wanted.topic, wanted.index)
            if key in session.partitions:
                session.partitions[key] = session.partitions.pop(key)
        return telling


class FetchSessionCache:
    """The sessions of one broker."""

    def __init__(self, max_sessions: int, random: Random) -> None:
        """``max_sessions`` is ``max.incremental.fetch.session.cache.slots``."""
        self._max_sessions = max_sessions
        self._random = random
        self.sessions: dict[int, FetchSession] = {}

    def resolve(self, request: FetchRequest, by_topic_id: bool, now_ms: int) -> FetchContext:
        """What this request is about. Raises KafkaError (FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, …).
        """
        epoch = request.session_epoch
        if epoch in (INITIAL_EPOCH, FINAL_EPOCH):
            if request.session_id != NO_SESSION:
                self.sessions.pop(request.session_id, None)
            partitions = dict(_partitions_of(request, by_topic_id))
            context = FetchContext(list(partitions.values()), by_topic_id=by_topic_id)
            if epoch == INITIAL_EPOCH:
                context.session = self._create(partitions, by_topic_id, now_ms)
                context.session_id = context.session.id if context.session else NO_SESSION
            return context
        return self._continue(request, by_topic_id, now_ms)

    def _continue(self, request: FetchRequest, by_topic_id: bool, now_ms: int) -> FetchContext:
        session = self.sessions.get(request.session_id)
        if session is None:
            raise KafkaError(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
        if session.epoch != request.session_epoch:
            raise KafkaError(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
        if session.by_topic_id != by_topic_id:
            raise KafkaError(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
        if request.topics:
            for key, wanted in _partitions_of(request, by_topic_id):
                known = session.partitions.get(key)
                if known is not None:
                    wanted.told_high_watermark = known.told_high_watermark
                    wanted.told_log_start_offset = known.told_log_start_offset
                session.partitions[key] = wanted
        for forgotten in request.forgotten_topics_data:
            topic = forgotten.topic_id if by_topic_id else forgotten.topic
            for index in forgotten.partitions:
                session.partitions.pop((topic, index), None)
        session.used_ms = now_ms
        if not session.partitions:  # Kafka closes an emptied session, and answers without one
            del self.sessions[session.id]
            return FetchContext([], by_topic_id=by_topic_id)
        session.epoch = session.epoch + 1 if session.epoch < _LAST_EPOCH else 1
        return FetchContext(list(session.partitions.values()), session, True, by_topic_id, session.id)

    def _create(self, partitions: dict[Key, FetchPartition], by_topic_id: bool, now_ms: int) -> FetchSession | None:
        if len(self.sessions) >= self._max_sessions and not self._evict(len(partitions), now_ms):
            return None
        session_id = NO_SESSION
        while session_id == NO_SESSION or session_id in self.sessions:
            session_id = self._random.randrange(1, 2**31)
        session = FetchSession(session_id, by_topic_id, partitions, now_ms, now_ms, epoch=INITIAL_EPOCH + 1)
        self.sessions[session_id] = session
        return session

    def _evict(self, size: int, now_ms: int) -> bool:
        """Make room: the stalest session goes if it idled long enough, else an old one that is smaller than the new."""
        if not self.sessions:
            return False
        stalest = min(self.sessions.values(), key=lambda session: session.used_ms)
        if now_ms - stalest.used_ms > MIN_EVICTION_MS:
            del self.sessions[stalest.id]
            return True
        smallest = min(self.sessions.values(), key=lambda session: len(session.partitions))
        if len(smallest.partitions) < size and now_ms - smallest.created_ms > MIN_EVICTION_MS:
            del self.sessions[smallest.id]
            return True
        return False

    def statistics(self) -> Mapping[str, int]:
        """``sessions`` and the ``partitions`` cached in them."""
        return {
            "sessions": len(self.sessions),
            "partitions": sum(len(session.partitions) for session in self.sessions.values()),
        }


def _partitions_of(request: FetchRequest, by_topic_id: bool) -> Iterable[tuple[Key, FetchPartition]]:
    for topic in request.topics:
        name = topic.topic_id if by_topic_id else topic.topic
        for entry in topic.partitions:
            yield (
                (name, entry.partition),
                FetchPartition(
                    topic.topic,
                    topic.topic_id,
                    entry.partition,
                    entry.fetch_offset,
                    entry.partition_max_bytes,
                    entry.current_leader_epoch,
                    entry.last_fetched_epoch,
                    entry.log_start_offset,
                ),
            )
