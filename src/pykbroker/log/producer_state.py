"""Who has written to a partition: idempotence, fencing, and which transactions are open.

Per producer id: its epoch, its last five batches (so that a retry is recognised and answered with its offset), and
where its open transaction began.  The state is a function of the log: `check` asks whether a batch may be appended
and changes nothing, `update` is called for every batch that has been appended, by whomever, in order.
What Kafka does is in ProducerStateManager, ProducerAppendInfo and ProducerStateEntry.

The state is never written here: `take_snapshot` gives bytes for a `.snapshot` file, and `load` takes what
`producer_snapshot` read from one.  A partition without producers costs one small object: its tables are made at
the first one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.validate import AppendOrigin
from pykbroker.wire.batch_header import MAX_SEQUENCE, NO_PRODUCER_EPOCH, NO_SEQUENCE, NO_TIMESTAMP, BatchHeader
from pykbroker.wire.compression import Buffer, CorruptRecords
from pykbroker.wire.record_builder import ABORT_MARKER, COMMIT_MARKER
from pykbroker.wire.records import control_type, iterate_records

BATCHES_KEPT: Final = 5
NO_OFFSET: Final = -1
MAX_PRODUCER_EPOCH: Final = 0x7FFF
LATE_TRANSACTION_GRACE_MS: Final = 5 * 60 * 1000

_EPOCH_BUMPING_TRANSACTIONS: Final = 2  # transaction.version 2 (KIP-890): every marker raises the epoch


class Batch(NamedTuple):
    """What is kept of an appended batch."""

    last_sequence: int
    last_offset: int
    offset_delta: int
    timestamp: int

    @property
    def first_sequence(self) -> int:
        return (self.last_sequence - self.offset_delta) & MAX_SEQUENCE

    @property
    def first_offset(self) -> int:
        return self.last_offset - self.offset_delta


class Marker(NamedTuple):
    """What a transaction's end marker says."""

    is_abort: bool
    coordinator_epoch: int
    timestamp: int


class CompletedTransaction(NamedTuple):
    """A transaction that a marker has just ended."""

    producer_id: int
    first_offset: int
    last_offset: int
    is_aborted: bool
    last_stable_offset: int
    """What the transaction index remembers beside it: nothing before this offset is undecided any more."""


class Producer:
    """One producer id's state in one partition."""

    __slots__ = (
        "batches",
        "coordinator_epoch",
        "epoch",
        "last_timestamp",
        "producer_id",
        "transaction_first_offset",
    )

    def __init__(
        self,
        producer_id: int,
        epoch: int = NO_PRODUCER_EPOCH,
        coordinator_epoch: int = -1,
        last_timestamp: int = NO_TIMESTAMP,
        transaction_first_offset: int = NO_OFFSET,
        batches: Iterable[Batch] = (),
    ) -> None:
        self.producer_id = producer_id
        self.epoch = epoch
        self.coordinator_epoch = coordinator_epoch
        self.last_timestamp = last_timestamp
        self.transaction_first_offset = transaction_first_offset
        self.batches = list(batches)

    @property
    def last_sequence(self) -> int:
        return self.batches[-1].last_sequence if self.batches else NO_SEQUENCE

    @property
    def last_offset(self) -> int:
        return self.batches[-1].last_offset if self.batches else NO_OFFSET

    def raise_epoch(self, epoch: int) -> None:
        """A new epoch begins with a new row of sequences."""
        if epoch != self.epoch:
            self.batches.clear()
            self.epoch = epoch

    def find_duplicate(self, header: BatchHeader) -> Batch | None:
        """The kept batch that has exactly these sequences, if any."""
        if header.producer_epoch != self.epoch:
            return None
        last_sequence, offset_delta = header.last_sequence, header.last_offset_delta
        for batch in self.batches:
            if batch.last_sequence == last_sequence and batch.offset_delta == offset_delta:
                return batch
        return None


class _Verification:
    """A transactional append that waits for the coordinator's word (KIP-890)."""

    __slots__ = ("can_bump_epoch", "epoch", "lowest_sequence", "started_ms")

    def __init__(self, epoch: int, sequence: int, can_bump_epoch: bool, started_ms: int) -> None:
        self.epoch = epoch
        self.lowest_sequence = sequence
        self.can_bump_epoch = can_bump_epoch
        self.started_ms = started_ms


class _Tables:
    """What a partition with producers has."""

    __slots__ = ("ended", "open", "producers", "verifications")

    def __init__(self) -> None:
        self.producers: dict[int, Producer] = {}
        self.open: dict[int, int] = {}
        """First offset → producer id of transactions without a marker, in the order of offsets."""
        self.ended: dict[int, int] = {}
        """First offset → last offset of transactions whose marker is not below the high watermark yet."""
        self.verifications: dict[int, _Verification] = {}


class ProducerStateManager:
    """All producers of one partition."""

    __slots__ = ("_tables", "map_end_offset", "snapshot_offset")

    def __init__(self, offset: int = 0) -> None:
        self._tables: _Tables | None = None
        self.map_end_offset = offset
        """Up to where the log has been seen; the log moves it after each append."""
        self.snapshot_offset = offset
        """Where the newest snapshot was taken."""

    # -- asking -------------------------------------------------------------------------------------------

    def check(
        self,
        header: BatchHeader,
        origin: AppendOrigin,
        *,
        marker: Marker | None = None,
        transaction_version: int = 0,
        guard: object = None,
        must_be_verified: bool = False,
    ) -> Batch | None:
        """Whether the batch, its offsets assigned, may be appended; a batch in return says that it already was.

        Args:
            marker: what `read_marker` made of a control batch.
            transaction_version: of the transaction that the marker ends (WriteTxnMarkers v2); 0 if nobody said.
            guard: what `start_verification` gave, once the coordinator has confirmed the transaction.
            must_be_verified: `transaction.partition.verification.enable`.
        """
        tables = self._tables
        producer = tables.producers.get(header.producer_id) if tables else None
        if origin is AppendOrigin.REPLICATION:
            return None  # the leader has checked
        if producer is not None and origin is AppendOrigin.CLIENT:
            duplicate = producer.find_duplicate(header)
            if duplicate is not None:
                return duplicate
        verification = tables.verifications.get(header.producer_id) if tables else None
        if must_be_verified:
            _check_verified(producer, header, verification, guard)
        if marker is not None:
            if producer is not None:
                _check_marker(producer, header, marker, transaction_version)
            return None
        if producer is not None:
            _check_epoch(producer, header)
        if origin is AppendOrigin.CLIENT:
            _check_sequence(producer, header, verification)
        if producer is not None and producer.transaction_first_offset >= 0 and not header.is_transactional:
            why = f"producer {header.producer_id} has a transaction open and wrote outside of it"
            raise KafkaError(ErrorCode.INVALID_TXN_STATE, why)
        return None

    def is_transaction_open(self, producer_id: int, epoch: int | None = None) -> bool:
        """Whether the producer's transaction includes this partition already (in this epoch, if one is given)."""
        producer = self.producer(producer_id)
        if producer is None or producer.transaction_first_offset < 0:
            return False
        return epoch is None or epoch == producer.epoch

    def start_verification(
        self, producer_id: int, epoch: int, sequence: int, *, can_bump_epoch: bool, now_ms: int
    ) -> object | None:
        """A guard to bring to `check` when the coordinator has confirmed; None if none is needed.

        The lowest sequence waiting is remembered: a later one must not overtake it while it is retried.
        """
        if self.is_transaction_open(producer_id):
            return None
        verifications = self._made().verifications
        waiting = verifications.get(producer_id)
        if waiting is None:
            waiting = verifications[producer_id] = _Verification(epoch, sequence, can_bump_epoch, now_ms)
        elif epoch > waiting.epoch:
            waiting.epoch, waiting.lowest_sequence = epoch, sequence
        elif epoch == waiting.epoch and sequence < waiting.lowest_sequence:
            waiting.lowest_sequence = sequence
        return waiting

    def producer(self, producer_id: int) -> Producer | None:
        return self._tables.producers.get(producer_id) if self._tables else None

    def __iter__(self) -> Iterator[Producer]:
        """Every producer, for DescribeProducers and the cleaner."""
        return iter(self._tables.producers.values() if self._tables else ())

    def __len__(self) -> int:
        return len(self._tables.producers) if self._tables else 0

    @property
    def first_undecided_offset(self) -> int | None:
        """Where the oldest transaction without a marker began."""
        if self._tables is None:
            return None
        return next(iter(self._tables.open), None)

    @property
    def first_unstable_offset(self) -> int | None:
        """As above, counting also transactions whose marker may still be lost: the bound of read_committed."""
        tables = self._tables
        if tables is None:
            return None
        first = next(iter(tables.open), None)
        if tables.ended:
            ended = min(tables.ended)
            first = ended if first is None else min(first, ended)
        return first

    def has_late_transaction(self, now_ms: int, max_transaction_timeout_ms: int) -> bool:
        """Whether the oldest open transaction has hung for longer than any may."""
        if self._tables is None or not self._tables.open:
            return False
        producer = self._tables.producers.get(next(iter(self._tables.open.values())))
        last_ms = producer.last_timestamp if producer else -1
        return last_ms > 0 and now_ms - last_ms > max_transaction_timeout_ms + LATE_TRANSACTION_GRACE_MS

    # -- learning -----------------------------------------------------------------------------------------

    def update(self, header: BatchHeader, marker: Marker | None = None) -> CompletedTransaction | None:
        """Learn from an appended batch; the transaction that it ended, if it did."""
        if header.producer_id < 0:
            return None
        tables = self._made()
        producer = tables.producers.get(header.producer_id)
        if producer is None:
            if header.is_control and marker is None:
                return None  # a control batch emptied by the cleaner tells nothing
            producer = tables.producers[header.producer_id] = Producer(header.producer_id)
        if header.is_transactional and tables.verifications:
            tables.verifications.pop(header.producer_id, None)
        if header.is_control:
            return self._end_transaction(tables, producer, header, marker) if marker else None
        producer.raise_epoch(header.producer_epoch)
        if len(producer.batches) == BATCHES_KEPT:
            del producer.batches[0]
        delta, timestamp = header.last_offset_delta, header.max_timestamp
        producer.batches.append(Batch(header.last_sequence, header.last_offset, delta, timestamp))
        producer.last_timestamp = timestamp
        if header.is_transactional and producer.transaction_first_offset < 0:
            producer.transaction_first_offset = header.base_offset
            tables.open[header.base_offset] = header.producer_id
        return None

    def _end_transaction(
        self, tables: _Tables, producer: Producer, header: BatchHeader, marker: Marker
    ) -> CompletedTransaction | None:
        first_offset = producer.transaction_first_offset
        producer.raise_epoch(header.producer_epoch)
        producer.coordinator_epoch = marker.coordinator_epoch
        producer.last_timestamp = marker.timestamp
        producer.transaction_first_offset = NO_OFFSET
        if first_offset < 0:
            return None
        tables.open.pop(first_offset, None)
        tables.ended[first_offset] = header.base_offset
        last_stable_offset = next(iter(tables.open), header.base_offset + 1)
        return CompletedTransaction(
            producer.producer_id, first_offset, header.base_offset, marker.is_abort, last_stable_offset
        )

    def on_high_watermark(self, high_watermark: int) -> None:
        """Markers below the high watermark cannot be lost any more."""
        tables = self._tables
        if tables is not None and tables.ended:
            tables.ended = {first: last for first, last in tables.ended.items() if last >= high_watermark}

    def on_log_start_offset(self, log_start_offset: int) -> None:
        """Records before it are gone; producers stay known."""
        self.on_high_watermark(log_start_offset)
        self.map_end_offset = max(self.map_end_offset, log_start_offset)

    def expire(self, now_ms: int, expiration_ms: int) -> None:
        """Forget producers that have been silent (`producer.id.expiration.ms`), unless a transaction is open."""
        tables = self._tables
        if tables is None:
            return
        for producer in [each for each in tables.producers.values() if _is_expired(each, now_ms, expiration_ms)]:
            del tables.producers[producer.producer_id]
        for producer_id, waiting in list(tables.verifications.items()):
            if now_ms - waiting.started_ms >= expiration_ms:
                del tables.verifications[producer_id]
        self._drop_empty_tables()

    def _drop_empty_tables(self) -> None:
        tables = self._tables
        if tables is not None and not (tables.producers or tables.ended or tables.verifications):
            self._tables = None

    # -- snapshots ----------------------------------------------------------------------------------------

    def clear(self, offset: int) -> None:
        """Know nothing, as of `offset`: before loading a snapshot, or when the log starts anew."""
        self._tables = None
        self.map_end_offset = self.snapshot_offset = offset

    def load(self, producers: Iterable[Producer], offset: int, now_ms: int, expiration_ms: int) -> None:
        """Know what a snapshot taken at `offset` knew, but for those that have expired since."""
        self.clear(offset)
        kept = [each for each in producers if not _is_expired(each, now_ms, expiration_ms)]
        if not kept:
            return
        tables = self._made()
        tables.producers = {each.producer_id: each for each in kept}
        undecided = [each for each in kept if each.transaction_first_offset >= 0]
        undecided.sort(key=lambda each: each.transaction_first_offset)
        tables.open = {each.transaction_first_offset: each.producer_id for each in undecided}

    def should_snapshot(self) -> bool:
        """Whether the log has grown since the newest snapshot."""
        return self.map_end_offset > self.snapshot_offset

    def _made(self) -> _Tables:
        if self._tables is None:
            self._tables = _Tables()
        return self._tables


def read_marker(buffer: Buffer, position: int, header: BatchHeader) -> Marker | None:
    """The transaction marker in a control batch; None in one that the cleaner has emptied or that is another kind."""
    record = next(iterate_records(buffer, position, header), None) if header.record_count else None
    if record is None or (kind := control_type(record.key)) not in (COMMIT_MARKER, ABORT_MARKER):
        return None
    if record.value is None or len(record.value) < 6:
        raise CorruptRecords("a transaction marker's value is too short")
    coordinator_epoch = int.from_bytes(record.value[2:6], "big", signed=True)
    return Marker(kind == ABORT_MARKER, coordinator_epoch, record.timestamp)


def _is_expired(producer: Producer, now_ms: int, expiration_ms: int) -> bool:
    return producer.transaction_first_offset < 0 and now_ms - producer.last_timestamp >= expiration_ms


def _check_verified(
    producer: Producer | None, header: BatchHeader, verification: _Verification | None, guard: object
) -> None:
    """The first records of a transaction need the coordinator's word that it includes this partition."""
    if not header.is_transactional or header.is_control:
        return
    if producer is not None and producer.transaction_first_offset >= 0:
        return
    if verification is None or verification is not guard:
        why = f"producer {header.producer_id} has no transaction that is known to include this partition"
        raise KafkaError(ErrorCode.INVALID_TXN_STATE, why)


def _check_epoch(producer: Producer, header: BatchHeader) -> None:
    if header.producer_epoch < producer.epoch:
        why = f"producer {producer.producer_id} writes in epoch {header.producer_epoch}, {producer.epoch} has begun"
        raise KafkaError(ErrorCode.INVALID_PRODUCER_EPOCH, why)


def _check_marker(producer: Producer, header: BatchHeader, marker: Marker, transaction_version: int) -> None:
    if transaction_version < _EPOCH_BUMPING_TRANSACTIONS:
        _check_epoch(producer, header)
    elif header.producer_epoch <= producer.epoch:
        # The same epoch again is the coordinator's retry of a marker that has been written.
        is_over = producer.transaction_first_offset < 0 or header.producer_epoch == MAX_PRODUCER_EPOCH
        if header.producer_epoch < producer.epoch or not is_over:
            why = f"a marker of epoch {header.producer_epoch} must be above producer epoch {producer.epoch}"
            raise KafkaError(ErrorCode.INVALID_PRODUCER_EPOCH, why)
    if producer.coordinator_epoch > marker.coordinator_epoch:
        why = f"coordinator epoch {marker.coordinator_epoch} was followed by {producer.coordinator_epoch}"
        raise KafkaError(ErrorCode.TRANSACTION_COORDINATOR_FENCED, why)


def _check_sequence(producer: Producer | None, header: BatchHeader, verification: _Verification | None) -> None:
    """Sequences must follow each other without gaps, but where nothing is known any start will do."""
    sequence = header.base_sequence
    expected: str | None = None
    if verification is not None and verification.can_bump_epoch and sequence and not (producer and producer.batches):
        expected = "a transaction of version 2 starts with 0"
    elif verification is not None and sequence > verification.lowest_sequence:
        expected = f"{verification.lowest_sequence} is still being verified"
    elif producer is None or producer.epoch == NO_PRODUCER_EPOCH:
        pass
    elif header.producer_epoch != producer.epoch:
        if sequence:
            expected = f"epoch {header.producer_epoch} starts with 0"
    elif sequence != (following := (producer.last_sequence + 1) & MAX_SEQUENCE):
        expected = f"{following} is next"
    if expected is not None:
        why = f"producer {header.producer_id} sent sequence {sequence}; {expected}"
        raise KafkaError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, why)
