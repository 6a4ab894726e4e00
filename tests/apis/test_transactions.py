"""Transactions through a whole broker in memory: produced, committed, aborted, fenced, timed out, restarted."""

import pytest
import trio

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.engine import Reply
from pykbroker.services.journal import read_back
from pykbroker.services.markers import MarkerWriter
from pykbroker.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from pykbroker.wire.messages.groups import FindCoordinatorRequest
from pykbroker.wire.messages.list_offsets import ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic
from pykbroker.wire.messages.offsets import OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics
from pykbroker.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from pykbroker.wire.messages.stored_metadata import FeatureLevelRecord
from pykbroker.wire.messages.topics import CreatableTopic, CreateTopicsRequest, DeleteTopicsRequest, DeleteTopicState
from pykbroker.wire.messages.transactions import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnTopic,
    AddPartitionsToTxnTransaction,
    DescribeProducersRequest,
    DescribeTransactionsRequest,
    EndTxnRequest,
    InitProducerIdRequest,
    ListTransactionsRequest,
    TopicRequest,
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitRequestTopic,
    WritableTxnMarker,
    WritableTxnMarkerTopic,
    WriteTxnMarkersRequest,
)
from pykbroker.wire.records import RecordBatchBuilder, iterate_records, split_batches

BY_NAME = 12
"""The newest version of Produce and Fetch in which topics have names; of Produce, the first that adds partitions."""
FIXED_EPOCH = 3
"""A version of EndTxn and TxnOffsetCommit from before KIP-890."""


class Story:
    """What a test asks of the broker, in short."""

    def __init__(self, broker, client):
        self.broker = broker
        self.client = client

    async def topic(self, name="orders", partitions=1):
        wanted = CreatableTopic(name=name, num_partitions=partitions, replication_factor=1, assignments=(), configs=())
        answer = await self.client.ask(CreateTopicsRequest(topics=[wanted], timeout_ms=1000))
        assert answer.topics[0].error_code == 0

    async def init(self, name="t", timeout_ms=60_000, **more):
        """(error, producer id, epoch); waits out a transaction that is being aborted."""
        await self.client.ask(FindCoordinatorRequest(key_type=1, coordinator_keys=[name]))
        request = InitProducerIdRequest(transactional_id=name, transaction_timeout_ms=timeout_ms, **more)
        answer = await self.client.ask(request, 5)
        while answer.error_code == ErrorCode.CONCURRENT_TRANSACTIONS:
            await trio.sleep(0.1)
            answer = await self.client.ask(request, 5)
        return ErrorCode(answer.error_code), answer.producer_id, answer.producer_epoch

    async def producer(self, name="t", **more):
        code, *producer = await self.init(name, **more)
        assert code == ErrorCode.NONE
        return producer

    async def produce(self, producer, value, *, sequence=0, name="t", topic="orders", partition=0, version=BY_NAME):
        """The error of one transactional batch of one record."""
        builder = RecordBatchBuilder(
            producer_id=producer[0], producer_epoch=producer[1], base_sequence=sequence, is_transactional=True
        )
        builder.append(self.broker.services.world.clock.now_ms(), None, value)
        data = PartitionProduceData(index=partition, records=builder.build())
        answer = await self.client.ask(
            ProduceRequest(
                transactional_id=name,
                acks=-1,
                timeout_ms=1000,
                topic_data=[TopicProduceData(name=topic, partition_data=[data])],
            ),
            version,
        )
        return ErrorCode(answer.responses[0].partition_responses[0].error_code)

    async def add(self, producer, *partitions, name="t", topic="orders", version=3):
        topics = [AddPartitionsToTxnTopic(name=topic, partitions=partitions)]
        answer = await self.client.ask(
            AddPartitionsToTxnRequest(
                v3_and_below_transactional_id=name,
                v3_and_below_producer_id=producer[0],
                v3_and_below_producer_epoch=producer[1],
                v3_and_below_topics=topics,
            ),
            version,
        )
        results = answer.results_by_topic_v3_and_below[0].results_by_partition
        return {each.partition_index: ErrorCode(each.partition_error_code) for each in results}

    async def end(self, producer, commit=True, *, name="t", version=5):
        """(error, producer id, epoch)."""
        request = EndTxnRequest(
            transactional_id=name, producer_id=producer[0], producer_epoch=producer[1], committed=commit
        )
        answer = await self.client.ask(request, version)
        return ErrorCode(answer.error_code), answer.producer_id, answer.producer_epoch

    async def ended(self, producer, commit=True, **more):
        code, *after = await self.end(producer, commit, **more)
        assert code == ErrorCode.NONE
        return after

    async def fetch(self, *, committed=True, topic="orders"):
        """The partition's answer to a Fetch from its beginning."""
        partition = FetchPartition(partition=0, fetch_offset=0, partition_max_bytes=1_000_000)
        request = FetchRequest(
            max_wait_ms=0,
            min_bytes=0,
            max_bytes=1_000_000,
            isolation_level=1 if committed else 0,
            topics=[FetchTopic(topic=topic, partitions=[partition])],
            forgotten_topics_data=(),
        )
        return (await self.client.ask(request, BY_NAME)).responses[0].partitions[0]

    async def seen(self, topic="orders"):
        """What a consumer that reads committed records makes of its answer."""
        answer = await self.fetch(topic=topic)
        aborted = [(each.first_offset, each.producer_id) for each in answer.aborted_transactions]
        skipping, values = set(), []
        for position, header in split_batches(answer.records):
            skipping |= {producer_id for first, producer_id in aborted if first <= header.base_offset}
            if header.is_control:
                aborted = [each for each in aborted if each[1] != header.producer_id or each[0] > header.base_offset]
                skipping.discard(header.producer_id)
            elif header.producer_id not in skipping:
                values += [bytes(record.value) for record in iterate_records(answer.records, position, header)]
        return values

    async def commit_offset(self, producer, offset, *, group="g", name="t", topic="orders", version=5):
        wanted = TxnOffsetCommitRequestPartition(partition_index=0, committed_offset=offset, committed_metadata="")
        answer = await self.client.ask(
            TxnOffsetCommitRequest(
                transactional_id=name,
                group_id=group,
                producer_id=producer[0],
                producer_epoch=producer[1],
                topics=[TxnOffsetCommitRequestTopic(name=topic, partitions=[wanted])],
            ),
            version,
        )
        return ErrorCode(answer.topics[0].partitions[0].error_code)

    async def offset(self, *, stable=False, group="g", topic="orders"):
        """(error, committed offset)."""
        wanted = OffsetFetchRequestGroup(
            group_id=group, topics=[OffsetFetchRequestTopics(name=topic, partition_indexes=[0])]
        )
        answer = await self.client.ask(OffsetFetchRequest(groups=[wanted], require_stable=stable), 9)
        found = answer.groups[0].topics[0].partitions[0]
        return ErrorCode(found.error_code), found.committed_offset

    async def described(self, name="t"):
        answer = await self.client.ask(DescribeTransactionsRequest(transactional_ids=[name]))
        return answer.transaction_states[0]


@pytest.fixture
async def story(broker, client):
    story = Story(broker, client)
    await story.topic()
    return story


async def test_committed_records_are_seen_and_aborted_ones_are_not(autojump_clock, story):
    """Three transactions of a newer client: the second is aborted."""
    producer = await story.producer()
    for value, commit in ((b"kept", True), (b"dropped", False), (b"kept too", True)):
        assert await story.produce(producer, value) == ErrorCode.NONE
        producer = await story.ended(producer, commit)

    assert await story.seen() == [b"kept", b"kept too"]
    assert producer[1] == 3, "every end has raised the epoch"


async def test_an_open_transaction_holds_committed_readers_back(autojump_clock, story):
    """Fetch and ListOffsets end at the last stable offset, also for records of others behind it."""
    first, second = await story.producer("a"), await story.producer("b")
    await story.produce(first, b"one", name="a")
    await story.produce(second, b"two", name="b")
    await story.ended(second, name="b")

    answer = await story.fetch()
    assert (answer.last_stable_offset, answer.high_watermark, len(answer.records)) == (0, 3, 0)
    wanted = ListOffsetsTopic(name="orders", partitions=[ListOffsetsPartition(partition_index=0, timestamp=-1)])
    offsets = [
        (await story.client.ask(ListOffsetsRequest(replica_id=-1, isolation_level=level, topics=[wanted])))
        .topics[0]
        .partitions[0]
        .offset
        for level in (0, 1)
    ]
    assert offsets == [3, 0]

    await story.ended(first, name="a")
    assert await story.seen() == [b"one", b"two"]


async def test_an_older_client_adds_partitions_first(autojump_clock, story):
    """Produce before v12 is refused until AddPartitionsToTxn; the epoch stays through all transactions."""
    producer = await story.producer()
    assert await story.produce(producer, b"x", version=9) == ErrorCode.INVALID_TXN_STATE
    assert await story.produce(producer, b"x", version=11) == ErrorCode.TRANSACTION_ABORTABLE
    assert await story.add(producer, 0) == {0: ErrorCode.NONE}

    assert await story.produce(producer, b"x", version=9) == ErrorCode.NONE
    assert (await story.end(producer, version=FIXED_EPOCH))[0] == ErrorCode.NONE

    assert await story.add(producer, 0) == {0: ErrorCode.NONE}
    assert await story.produce(producer, b"y", sequence=1, version=9) == ErrorCode.NONE
    await story.end(producer, version=FIXED_EPOCH)
    assert await story.seen() == [b"x", b"y"]


async def test_one_unknown_partition_keeps_all_out(autojump_clock, story):
    """Nothing is added; those that exist are told that it was not attempted."""
    producer = await story.producer()

    assert await story.add(producer, 0, 9) == {
        0: ErrorCode.OPERATION_NOT_ATTEMPTED,
        9: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert (await story.described()).transaction_state == "Empty"


async def test_fenced_has_another_name_for_old_clients(autojump_clock, story):
    """PRODUCER_FENCED is only told where it is known (KIP-588)."""
    older = await story.producer()
    await story.producer()

    assert await story.add(older, 0, version=1) == {0: ErrorCode.INVALID_PRODUCER_EPOCH}
    assert await story.add(older, 0, version=2) == {0: ErrorCode.PRODUCER_FENCED}
    assert (await story.end(older, version=1))[0] == ErrorCode.INVALID_PRODUCER_EPOCH
    assert (await story.end(older, version=2))[0] == ErrorCode.PRODUCER_FENCED
    assert await story.produce(older, b"x") == ErrorCode.INVALID_PRODUCER_EPOCH


async def test_a_newer_instance_aborts_what_the_older_has_open(autojump_clock, story):
    """The zombie's records are never seen, and it can neither write nor end."""
    zombie = await story.producer()
    await story.produce(zombie, b"of the zombie")

    newer = await story.producer()

    assert await story.produce(zombie, b"again", sequence=1) == ErrorCode.INVALID_PRODUCER_EPOCH
    assert (await story.end(zombie))[0] == ErrorCode.PRODUCER_FENCED
    await story.produce(newer, b"of the newer")
    await story.ended(newer)
    assert await story.seen() == [b"of the newer"]


async def test_a_transactional_batch_needs_a_transactional_id(autojump_clock, story):
    """A request without one may not carry it, whoever sends it."""
    producer = await story.producer()

    code = await story.produce(producer, b"x", name=None)

    assert code == ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


async def test_a_transaction_must_begin_with_sequence_zero(autojump_clock, story):
    """Under KIP-890 the first batch of an epoch in a partition has sequence 0."""
    producer = await story.producer()

    assert await story.produce(producer, b"x", sequence=3) == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert await story.produce(producer, b"x") == ErrorCode.NONE


@pytest.mark.parametrize(("commit", "offset"), [(True, 7), (False, -1)])
async def test_offsets_are_committed_with_the_transaction(autojump_clock, story, commit, offset):
    """Until the end they are unstable, and unseen by those who do not ask."""
    producer = await story.producer()

    assert await story.commit_offset(producer, 7) == ErrorCode.NONE
    assert await story.offset() == (ErrorCode.NONE, -1)
    assert (await story.offset(stable=True))[0] == ErrorCode.UNSTABLE_OFFSET_COMMIT
    await story.ended(producer, commit)

    assert await story.offset(stable=True) == (ErrorCode.NONE, offset)


async def test_an_older_client_adds_the_group_first(autojump_clock, story):
    """TxnOffsetCommit before v5 is refused until AddOffsetsToTxn."""
    producer = await story.producer()
    assert await story.commit_offset(producer, 7, version=FIXED_EPOCH) == ErrorCode.INVALID_TXN_STATE

    answer = await story.client.ask(
        AddOffsetsToTxnRequest(transactional_id="t", producer_id=producer[0], producer_epoch=producer[1], group_id="g")
    )
    assert answer.error_code == 0
    assert await story.commit_offset(producer, 7, version=FIXED_EPOCH) == ErrorCode.NONE
    await story.end(producer, version=FIXED_EPOCH)
    assert await story.offset() == (ErrorCode.NONE, 7)


async def test_offsets_of_unknown_topics_are_refused_alone(autojump_clock, story):
    """Each partition has its own answer."""
    producer = await story.producer()

    assert await story.commit_offset(producer, 7, topic="unknown") == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert await story.commit_offset(producer, 7, group="") == ErrorCode.INVALID_GROUP_ID


async def test_a_transaction_out_of_time_is_aborted(autojump_clock, story):
    """The broker looks every ten seconds; readers of committed records go on."""
    producer = await story.producer(timeout_ms=1_000)
    await story.produce(producer, b"left open")

    await trio.sleep(12)

    assert (await story.described()).transaction_state == "CompleteAbort"
    assert await story.seen() == []
    assert (await story.fetch()).last_stable_offset == 2
    assert (await story.end(producer))[0] == ErrorCode.INVALID_TXN_STATE


async def test_a_restart_forgets_nothing(autojump_clock, broker, story):
    """Open transactions go on, identities stay, aborted ones stay invisible, offsets stay pending."""
    producer = await story.producer()
    await story.produce(producer, b"dropped")
    producer = await story.ended(producer, commit=False)
    await story.produce(producer, b"kept")
    await story.commit_offset(producer, 7)

    await broker.stop()
    await broker.start()
    story = Story(broker, await broker.connect())

    assert (await story.described()).transaction_state == "Ongoing"
    assert await story.seen() == []
    assert await story.offset() == (ErrorCode.NONE, -1)
    after = await story.ended(producer)
    assert await story.seen() == [b"kept"]
    assert await story.offset() == (ErrorCode.NONE, 7)
    assert await story.produce(after, b"next") == ErrorCode.NONE


async def test_markers_of_a_deleted_topic_are_not_waited_for(autojump_clock, broker, story):
    """The transaction completes without it."""
    await story.topic("gone")
    producer = await story.producer()
    await story.produce(producer, b"x", topic="gone")
    await story.produce(producer, b"y")
    await story.client.ask(DeleteTopicsRequest(topics=[DeleteTopicState(name="gone")], timeout_ms=1000))

    await story.ended(producer)

    assert (await story.described()).transaction_state == "CompleteCommit"
    assert await story.seen() == [b"y"]


async def test_brokers_ask_for_several_transactions_at_once(autojump_clock, story):
    """AddPartitionsToTxn v4: verify only says which partitions are outside."""
    producer = await story.producer()
    await story.topic("bills")
    await story.produce(producer, b"x")
    wanted = AddPartitionsToTxnTransaction(
        transactional_id="t",
        producer_id=producer[0],
        producer_epoch=producer[1],
        verify_only=True,
        topics=[AddPartitionsToTxnTopic(name=name, partitions=[0]) for name in ("orders", "bills")],
    )

    answer = await story.client.ask(AddPartitionsToTxnRequest(transactions=[wanted]))

    codes = [
        topic.results_by_partition[0].partition_error_code for topic in answer.results_by_transaction[0].topic_results
    ]
    assert codes == [ErrorCode.NONE, ErrorCode.TRANSACTION_ABORTABLE]


async def test_an_administrator_ends_a_hanging_transaction(autojump_clock, story):
    """WriteTxnMarkers with the producer's id and epoch, as DescribeProducers shows them (KIP-664)."""
    producer = await story.producer()
    await story.produce(producer, b"x")
    asked = DescribeProducersRequest(topics=[TopicRequest(name="orders", partition_indexes=[0])])
    (shown,) = (await story.client.ask(asked)).topics[0].partitions[0].active_producers
    assert (shown.producer_id, shown.current_txn_start_offset) == (producer[0], 0)

    topics = [WritableTxnMarkerTopic(name=name, partition_indexes=[0]) for name in ("orders", "unknown")]
    marker = WritableTxnMarker(
        producer_id=shown.producer_id,
        producer_epoch=shown.producer_epoch,
        transaction_result=False,
        coordinator_epoch=shown.coordinator_epoch,
        topics=topics,
    )
    answer = await story.client.ask(WriteTxnMarkersRequest(markers=[marker]))

    found = {topic.name: topic.partitions[0].error_code for topic in answer.markers[0].topics}
    assert found == {"orders": ErrorCode.NONE, "unknown": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
    assert (await story.fetch()).last_stable_offset == 2


async def test_transactions_are_listed_by_every_filter(autojump_clock, story):
    """State, producer id, duration and pattern; states that do not exist are named."""
    one, _ = await story.producer("one"), await story.producer("two")
    await story.produce(one, b"x", name="one")
    await trio.sleep(5)

    async def listed(**filters):
        request = ListTransactionsRequest(**{"state_filters": (), "producer_id_filters": (), **filters})
        answer = await story.client.ask(request)
        assert answer.error_code == ErrorCode.NONE
        return [each.transactional_id for each in answer.transaction_states], list(answer.unknown_state_filters)

    assert await listed() == (["one", "two"], [])
    assert await listed(state_filters=["Ongoing", "Nonsense"]) == (["one"], ["Nonsense"])
    assert await listed(producer_id_filters=[one[0]]) == (["one"], [])
    assert await listed(duration_filter=4_000, state_filters=["Ongoing"]) == (["one"], [])
    assert await listed(duration_filter=6_000, state_filters=["Ongoing"]) == ([], [])
    assert await listed(transactional_id_pattern="t.*") == (["two"], [])


async def test_what_cannot_be_described_says_why(autojump_clock, story):
    """An id nobody knows, and no id at all."""
    await story.producer()

    assert (await story.described("unknown")).error_code == ErrorCode.TRANSACTIONAL_ID_NOT_FOUND
    assert (await story.described("")).error_code == ErrorCode.INVALID_REQUEST
    known = await story.described()
    assert (known.transaction_state, known.transaction_timeout_ms) == ("Empty", 60_000)


async def test_a_cluster_of_an_older_transaction_version_writes_older_records(autojump_clock, broker, story):
    """transaction.version 0: records without tags, which every Apache Kafka since 0.11 reads; fencing all the same."""
    broker.services.controller.commit([FeatureLevelRecord(name="transaction.version", feature_level=0)])
    producer = await story.producer()
    await story.add(producer, 0)
    await story.produce(producer, b"x", version=9)
    await story.end(producer, version=FIXED_EPOCH)

    log = broker.services.replicas.get("__transaction_state", 0).log
    logged = list(read_back(log))
    assert [int.from_bytes(each.value[:2]) for each in logged] == [0, 0, 0, 0]
    assert await story.seen() == [b"x"]


async def test_a_prepared_transaction_is_completed_after_a_restart(autojump_clock, broker, story, monkeypatch):
    """The broker stopped between the decision and its markers; the next one writes them before it answers anybody."""

    def no_marker(self, marker, partition):
        reply = Reply()
        reply.answer(KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER))
        return reply

    producer = await story.producer()
    await story.produce(producer, b"decided")
    await story.commit_offset(producer, 7)
    with monkeypatch.context() as patch:
        patch.setattr(MarkerWriter, "write", no_marker)
        after = await story.ended(producer)
        assert (await story.described()).transaction_state == "PrepareCommit"
        assert await story.produce(after, b"too early") == ErrorCode.CONCURRENT_TRANSACTIONS
        assert await story.seen() == []
        await broker.stop()

    await broker.start()
    story = Story(broker, await broker.connect())

    assert (await story.described()).transaction_state == "CompleteCommit"
    assert await story.seen() == [b"decided"]
    assert await story.offset(stable=True) == (ErrorCode.NONE, 7)
    assert await story.produce(after, b"next") == ErrorCode.NONE
