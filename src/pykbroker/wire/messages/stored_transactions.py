"""Records of ``__transaction_state``: one transactional id each."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import Struct, array, int8, int16, int32, int64, string
from pykbroker.wire.stored import RecordTypes


class TransactionLogKey(StoredMessage, api_key=0, versions="0"):
    """A transactional id."""

    transactional_id: str = string()


class PartitionsSchema(Struct):
    topic: str = string()
    partition_ids: Sequence[int] = array(int32())


class TransactionLogValue(StoredMessage, api_key=0, versions="0-1", flexible="1+"):
    """Producer, state, partitions and times of a transactional id.

    v1  is flexible, with the epochs of KIP-890 in tags
    """

    producer_id: int = int64()
    previous_producer_id: int = int64(default=-1, versions="1+", tag=0)
    next_producer_id: int = int64(default=-1, versions="1+", tag=1)
    producer_epoch: int = int16()
    next_producer_epoch: int = int16(default=-1, versions="1+", tag=3)
    transaction_timeout_ms: int = int32()
    transaction_status: int = int8()
    transaction_partitions: Sequence[PartitionsSchema] | None = array(PartitionsSchema, nullable="0+")
    transaction_last_update_timestamp_ms: int = int64()
    transaction_start_timestamp_ms: int = int64()
    client_transaction_version: int = int16(default=0, versions="1+", tag=2)


TRANSACTION_RECORDS: RecordTypes = {
    0: (TransactionLogKey, TransactionLogValue),
}
"""The key's and the value's class by type number."""
