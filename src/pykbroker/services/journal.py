"""A partition as the log of a state machine: ``machine.engine.Journal``, and reading it back.

The invariant: what ``append`` has written, ``read_back`` gives again in the same order, control batches as markers.
Records are written in Kafka's own coordinator format (``wire.stored``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pykbroker.log.log import AppendOrigin, Log
from pykbroker.machine.engine import LoggedMarker, LoggedRecord
from pykbroker.machine.result import Record
from pykbroker.replication.partition import Partition
from pykbroker.wire.records import (
    ABORT_MARKER,
    COMMIT_MARKER,
    RecordBatchBuilder,
    control_type,
    end_transaction_marker,
    iterate_records,
    split_batches,
)
from pykbroker.wire.stored import encode_key, encode_value

READ_BYTES = 1024 * 1024


class PartitionJournal:
    """Writes a machine's records to the partition that owns them."""

    __slots__ = ("_now_ms", "_partition", "bell")

    def __init__(self, partition: Partition, now_ms: Callable[[], int]) -> None:
        self._partition = partition
        self._now_ms = now_ms
        self.bell = partition.bell

    @property
    def committed_offset(self) -> int:
        """The high watermark."""
        return self._partition.log.high_watermark

    def append(self, records: Sequence[Record], producer_id: int, producer_epoch: int) -> int:
        """Write one batch; the offset after it. Raises KafkaError and has then written nothing."""
        now_ms = self._now_ms()
        builder = RecordBatchBuilder(
            producer_id=producer_id, producer_epoch=producer_epoch, is_transactional=producer_id >= 0
        )
        for record in records:
            value = None if record.value is None else encode_value(record.value, record.value_version)
            builder.append(now_ms, encode_key(record.key), value)
        return self._write(builder.build(), now_ms)

    def append_marker(self, producer_id: int, producer_epoch: int, coordinator_epoch: int, commit: bool) -> int:
        """Write the end of a transaction; the offset after it."""
        now_ms = self._now_ms()
        marker = end_transaction_marker(
            producer_id, producer_epoch, commit=commit, coordinator_epoch=coordinator_epoch, timestamp_ms=now_ms
        )
        return self._write(marker, now_ms)

    def _write(self, batch: bytes, now_ms: int) -> int:
        info = self._partition.append_as_leader(batch, required_acks=-1, origin=AppendOrigin.COORDINATOR, now_ms=now_ms)
        return info.last_offset + 1


def read_back(log: Log) -> Iterator[LoggedRecord | LoggedMarker]:
    """Everything in the log, in order."""
    offset = log.log_start_offset
    while offset < log.log_end_offset:
        data = log.read(offset, READ_BYTES, log.log_end_offset).records.read()
        batches = split_batches(data, cut_off_tail=True)
        if not batches:
            return
        for position, header in batches:
            if header.is_control:
                marker = next(iterate_records(data, position, header))
                kind = control_type(marker.key)
                if kind in (ABORT_MARKER, COMMIT_MARKER):
                    yield LoggedMarker(header.producer_id, header.producer_epoch, kind == COMMIT_MARKER)
                continue
            producer_id = header.producer_id if header.is_transactional else -1
            for record in iterate_records(data, position, header):
                if record.offset >= offset and record.key is not None:
                    yield LoggedRecord(record.offset, record.key, record.value, producer_id)
        offset = batches[-1][1].next_offset
