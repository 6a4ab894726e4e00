"""Producer ids and transactions: InitProducerId (22), AddPartitionsToTxn (24), AddOffsetsToTxn (25), EndTxn
(26), WriteTxnMarkers (27), TxnOffsetCommit (28), DescribeProducers (61), DescribeTransactions (65),
ListTransactions (66).
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import Struct, Versions, array, boolean, int8, int16, int32, int64, string


class InitProducerIdResponse(Response, versions="0-6", flexible="2+"):
    """Producer id and epoch."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    producer_id: int = int64(default=-1)
    producer_epoch: int = int16(default=0)
    ongoing_txn_producer_id: int = int64(default=-1, versions="6+")
    ongoing_txn_producer_epoch: int = int16(default=-1, versions="6+")


class InitProducerIdRequest(Request[InitProducerIdResponse], api_key=22, versions="0-6", flexible="2+", unstable="6"):
    """A producer asks for its id and epoch; with a transactional id, it also ends what an earlier instance
    left open.

    v2  flexible    v3  may bring its current id and epoch, to bump the epoch (KIP-360)
    v4  knows PRODUCER_FENCED (KIP-588)    v5  knows TRANSACTION_ABORTABLE (KIP-890)
    v6  two-phase commit (KIP-939), behind ``unstable.api.versions.enable``
    """

    KNOWS_FENCED = Versions.parse("4+")
    """May be told PRODUCER_FENCED; before, INVALID_PRODUCER_EPOCH (KIP-588)."""
    KNOWS_ABORTABLE = Versions.parse("5+")
    """May be told TRANSACTION_ABORTABLE (KIP-890)."""

    transactional_id: str | None = string(default=None, nullable="0+")
    transaction_timeout_ms: int = int32()
    producer_id: int = int64(default=-1, versions="3+")
    producer_epoch: int = int16(default=-1, versions="3+")
    enable2_pc: bool = boolean(default=False, versions="6+")
    keep_prepared_txn: bool = boolean(default=False, versions="6+")


class AddPartitionsToTxnPartitionResult(Struct):
    partition_index: int = int32()
    partition_error_code: int = int16()


class AddPartitionsToTxnTopicResult(Struct):
    name: str = string()
    results_by_partition: Sequence[AddPartitionsToTxnPartitionResult] = array(AddPartitionsToTxnPartitionResult)


class AddPartitionsToTxnResult(Struct):
    transactional_id: str = string()
    topic_results: Sequence[AddPartitionsToTxnTopicResult] = array(AddPartitionsToTxnTopicResult)


class AddPartitionsToTxnResponse(Response, versions="0-5", flexible="3+"):
    """Per partition an error, of one transaction or since v4 of several."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0, versions="4+")
    results_by_transaction: Sequence[AddPartitionsToTxnResult] = array(
        AddPartitionsToTxnResult, default=(), versions="4+"
    )
    results_by_topic_v3_and_below: Sequence[AddPartitionsToTxnTopicResult] = array(
        AddPartitionsToTxnTopicResult, default=(), versions="0-3"
    )


class AddPartitionsToTxnTopic(Struct):
    name: str = string()
    partitions: Sequence[int] = array(int32())


class AddPartitionsToTxnTransaction(Struct):
    transactional_id: str = string()
    producer_id: int = int64()
    producer_epoch: int = int16()
    verify_only: bool = boolean(default=False)
    topics: Sequence[AddPartitionsToTxnTopic] = array(AddPartitionsToTxnTopic)


class AddPartitionsToTxnRequest(Request[AddPartitionsToTxnResponse], api_key=24, versions="0-5", flexible="3+"):
    """Adds partitions to a transaction.

    v0-v3  from clients: one transaction
    v4  from brokers: several, or only asks whether they are in it (KIP-890)
    v5  TRANSACTION_ABORTABLE
    """

    BATCHED = Versions.parse("4+")
    """Several transactions, from a broker (KIP-890)."""
    KNOWS_FENCED = Versions.parse("2+")
    """May be told PRODUCER_FENCED; before, INVALID_PRODUCER_EPOCH (KIP-588)."""
    KNOWS_ABORTABLE = Versions.parse("5+")
    """May be told TRANSACTION_ABORTABLE (KIP-890)."""

    transactions: Sequence[AddPartitionsToTxnTransaction] = array(
        AddPartitionsToTxnTransaction, default=(), versions="4+"
    )
    v3_and_below_transactional_id: str = string(default="", versions="0-3")
    v3_and_below_producer_id: int = int64(default=0, versions="0-3")
    v3_and_below_producer_epoch: int = int16(default=0, versions="0-3")
    v3_and_below_topics: Sequence[AddPartitionsToTxnTopic] = array(AddPartitionsToTxnTopic, default=(), versions="0-3")


class AddOffsetsToTxnResponse(Response, versions="0-4", flexible="3+"):
    """Whether it worked."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)


class AddOffsetsToTxnRequest(Request[AddOffsetsToTxnResponse], api_key=25, versions="0-4", flexible="3+"):
    """Adds the offsets of a group to a transaction.

    v2  knows PRODUCER_FENCED (KIP-588)    v4  TRANSACTION_ABORTABLE (KIP-890)
    """

    KNOWS_FENCED = Versions.parse("2+")
    """May be told PRODUCER_FENCED; before, INVALID_PRODUCER_EPOCH (KIP-588)."""
    KNOWS_ABORTABLE = Versions.parse("4+")
    """May be told TRANSACTION_ABORTABLE (KIP-890)."""

    transactional_id: str = string()
    producer_id: int = int64()
    producer_epoch: int = int16()
    group_id: str = string()


class EndTxnResponse(Response, versions="0-5", flexible="3+"):
    """Whether it worked. v5 the producer id and epoch to go on with."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    producer_id: int = int64(default=-1, versions="5+")
    producer_epoch: int = int16(default=-1, versions="5+")


class EndTxnRequest(Request[EndTxnResponse], api_key=26, versions="0-5", flexible="3+"):
    """Commits or aborts.

    v2  knows PRODUCER_FENCED    v4  TRANSACTION_ABORTABLE    v5  every end bumps the epoch (KIP-890)
    """

    BUMPS_EPOCH = Versions.parse("5+")
    """Every end bumps the epoch, and the answer says the new one (KIP-890)."""
    KNOWS_FENCED = Versions.parse("2+")
    """May be told PRODUCER_FENCED; before, INVALID_PRODUCER_EPOCH (KIP-588)."""
    KNOWS_ABORTABLE = Versions.parse("4+")
    """May be told TRANSACTION_ABORTABLE (KIP-890)."""

    transactional_id: str = string()
    producer_id: int = int64()
    producer_epoch: int = int16()
    committed: bool = boolean()


class TxnOffsetCommitResponsePartition(Struct):
    partition_index: int = int32()
    error_code: int = int16()


class TxnOffsetCommitResponseTopic(Struct):
    name: str = string()
    partitions: Sequence[TxnOffsetCommitResponsePartition] = array(TxnOffsetCommitResponsePartition)


class TxnOffsetCommitResponse(Response, versions="0-5", flexible="3+"):
    """Per partition an error."""

    throttle_time_ms: int = int32(default=0)
    topics: Sequence[TxnOffsetCommitResponseTopic] = array(TxnOffsetCommitResponseTopic, default=())


class TxnOffsetCommitRequestPartition(Struct):
    partition_index: int = int32()
    committed_offset: int = int64()
    committed_leader_epoch: int = int32(default=-1, versions="2+")
    committed_metadata: str | None = string(default=None, nullable="0+")


class TxnOffsetCommitRequestTopic(Struct):
    name: str = string()
    partitions: Sequence[TxnOffsetCommitRequestPartition] = array(TxnOffsetCommitRequestPartition)


class TxnOffsetCommitRequest(Request[TxnOffsetCommitResponse], api_key=28, versions="0-5", flexible="3+"):
    """Commits offsets within a transaction.

    v2  leader epoch    v3  generation, member, static member (KIP-447)    v4  TRANSACTION_ABORTABLE
    v5  adds the group to the transaction implicitly (KIP-890)
    """

    DREADS_LOADING = Versions.parse("0-1")
    """Clients that may crash when told COORDINATOR_LOAD_IN_PROGRESS (KAFKA-7296)."""
    ADDS_GROUP_TO_TRANSACTION = Versions.parse("5+")
    """The group is added to the transaction implicitly (KIP-890)."""
    KNOWS_ABORTABLE = Versions.parse("4+")
    """May be told TRANSACTION_ABORTABLE (KIP-890)."""

    transactional_id: str = string()
    group_id: str = string()
    producer_id: int = int64()
    producer_epoch: int = int16()
    generation_id: int = int32(default=-1, versions="3+")
    member_id: str = string(default="", versions="3+")
    group_instance_id: str | None = string(default=None, versions="3+", nullable="3+")
    topics: Sequence[TxnOffsetCommitRequestTopic] = array(TxnOffsetCommitRequestTopic)


class WritableTxnMarkerPartitionResult(Struct):
    partition_index: int = int32()
    error_code: int = int16()


class WritableTxnMarkerTopicResult(Struct):
    name: str = string()
    partitions: Sequence[WritableTxnMarkerPartitionResult] = array(WritableTxnMarkerPartitionResult)


class WritableTxnMarkerResult(Struct):
    producer_id: int = int64()
    topics: Sequence[WritableTxnMarkerTopicResult] = array(WritableTxnMarkerTopicResult)


class WriteTxnMarkersResponse(Response, versions="0-2", flexible="1+"):
    """Per producer and partition an error."""

    markers: Sequence[WritableTxnMarkerResult] = array(WritableTxnMarkerResult, default=())


class WritableTxnMarkerTopic(Struct):
    name: str = string()
    partition_indexes: Sequence[int] = array(int32())


class WritableTxnMarker(Struct):
    producer_id: int = int64()
    producer_epoch: int = int16()
    transaction_result: bool = boolean()
    topics: Sequence[WritableTxnMarkerTopic] = array(WritableTxnMarkerTopic)
    coordinator_epoch: int = int32()
    transaction_version: int = int8(default=0, versions="2+")


class WriteTxnMarkersRequest(Request[WriteTxnMarkersResponse], api_key=27, versions="0-2", flexible="1+"):
    """A transaction coordinator tells partition leaders how transactions ended.

    v2  the transaction version (KIP-1228)
    """

    markers: Sequence[WritableTxnMarker] = array(WritableTxnMarker)


class TopicData(Struct):
    topic: str = string()
    partitions: Sequence[int] = array(int32())


class DescribeTransactionsResponseTransactionState(Struct):
    error_code: int = int16()
    transactional_id: str = string()
    transaction_state: str = string()
    transaction_timeout_ms: int = int32()
    transaction_start_time_ms: int = int64()
    producer_id: int = int64()
    producer_epoch: int = int16()
    topics: Sequence[TopicData] = array(TopicData)


class DescribeTransactionsResponse(Response, versions="0", flexible="0+"):
    """State, timeout, producer and partitions of each."""

    throttle_time_ms: int = int32(default=0)
    transaction_states: Sequence[DescribeTransactionsResponseTransactionState] = array(
        DescribeTransactionsResponseTransactionState, default=()
    )


class DescribeTransactionsRequest(Request[DescribeTransactionsResponse], api_key=65, versions="0", flexible="0+"):
    """Asks for the state of transactional ids (KIP-664)."""

    transactional_ids: Sequence[str] = array(string())


class ListTransactionsResponseTransactionState(Struct):
    transactional_id: str = string()
    producer_id: int = int64()
    transaction_state: str = string()


class ListTransactionsResponse(Response, versions="0-2", flexible="0+"):
    """Ids and states; and filter states that do not exist."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    unknown_state_filters: Sequence[str] = array(string(), default=())
    transaction_states: Sequence[ListTransactionsResponseTransactionState] = array(
        ListTransactionsResponseTransactionState, default=()
    )


class ListTransactionsRequest(Request[ListTransactionsResponse], api_key=66, versions="0-2", flexible="0+"):
    """Asks for the transactions this broker coordinates (KIP-664).

    v1  by duration (KIP-994)    v2  by pattern (KIP-1152)
    """

    state_filters: Sequence[str] = array(string())
    producer_id_filters: Sequence[int] = array(int64())
    duration_filter: int = int64(default=-1, versions="1+")
    transactional_id_pattern: str | None = string(default=None, versions="2+", nullable="2+")


class ProducerState(Struct):
    producer_id: int = int64()
    producer_epoch: int = int32()
    last_sequence: int = int32(default=-1)
    last_timestamp: int = int64(default=-1)
    coordinator_epoch: int = int32()
    current_txn_start_offset: int = int64(default=-1)


class PartitionResponse(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    active_producers: Sequence[ProducerState] = array(ProducerState)


class TopicResponse(Struct):
    name: str = string()
    partitions: Sequence[PartitionResponse] = array(PartitionResponse)


class DescribeProducersResponse(Response, versions="0", flexible="0+"):
    """Producer ids with epoch, last sequence and open transaction."""

    throttle_time_ms: int = int32(default=0)
    topics: Sequence[TopicResponse] = array(TopicResponse, default=())


class TopicRequest(Struct):
    name: str = string()
    partition_indexes: Sequence[int] = array(int32())


class DescribeProducersRequest(Request[DescribeProducersResponse], api_key=61, versions="0", flexible="0+"):
    """Asks which producers are active in partitions (KIP-664)."""

    topics: Sequence[TopicRequest] = array(TopicRequest)
