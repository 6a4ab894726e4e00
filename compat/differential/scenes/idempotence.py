"""InitProducerId and sequences: duplicates, gaps, epochs."""

from typing import Any

from differential.batches import batch
from differential.stage import Stage, scene


def producer_id(stage: Stage) -> dict[str, Any]:
    """An id for an idempotent producer; a broker that is still fetching its first ids asks to come again."""
    return stage.until(lambda answer: answer["ErrorCode"] != 14, "InitProducerId",
                       {"TransactionalId": None, "TransactionTimeoutMs": 1000}, note="for an idempotent producer")


@scene
def init_producer_id(stage: Stage) -> None:
    """Ids without a transactional id, at every version; wrong combinations."""
    producer_id(stage)
    stage.every("InitProducerId", {"TransactionalId": None, "TransactionTimeoutMs": 1000})
    stage.ask("InitProducerId", {"TransactionalId": None, "TransactionTimeoutMs": 0}, note="a timeout of 0")
    stage.ask("InitProducerId", {"TransactionalId": "", "TransactionTimeoutMs": 1000}, note="an empty transactional id")
    stage.ask("InitProducerId", {"TransactionalId": None, "TransactionTimeoutMs": 1000, "ProducerId": 5,
                                 "ProducerEpoch": -1}, note="an id without an epoch")
    stage.ask("InitProducerId", {"TransactionalId": None, "TransactionTimeoutMs": 1000, "ProducerId": -1,
                                 "ProducerEpoch": 3}, note="an epoch without an id")
    stage.ask("InitProducerId", {"TransactionalId": None, "TransactionTimeoutMs": 1000, "ProducerId": 5,
                                 "ProducerEpoch": 3}, note="both, without a transactional id")


@scene
def sequences(stage: Stage) -> None:
    """What a partition says to sequences: next, again, again older, a gap, a new epoch, an old one."""
    stage.topic("sequenced")
    mine = producer_id(stage)["ProducerId"]

    def send(sequence: int, records: int = 1, epoch: int = 0, note: str = "") -> None:
        data = batch([b"v"] * records, producer_id=mine, producer_epoch=epoch, base_sequence=sequence)
        stage.produce("sequenced", data, note=note or f"{records} from {sequence}, epoch {epoch}")

    send(3, note="the first is not 0")
    send(0, 2)
    send(2)
    send(2, note="2 again")
    send(0, 2, note="0 again")
    send(1, note="inside one that was")
    send(9, note="a gap")
    for sequence in range(3, 9):
        send(sequence)
    send(0, 2, note="0 again, no longer remembered")
    send(8, 5, note="8 again, but longer")
    send(0, epoch=1)
    send(9, epoch=0, note="an old epoch")
    send(5, epoch=2, note="a new epoch that does not begin at 0")
    send(-1, note="no sequence")
    stage.produce("sequenced", batch(producer_id=mine, producer_epoch=-1, base_sequence=0), note="no epoch")
    stage.produce("sequenced", batch(producer_id=999999, producer_epoch=0, base_sequence=0), note="an id nobody gave")
    stage.produce("sequenced", batch(producer_id=-1, producer_epoch=0, base_sequence=0), note="an epoch without an id")


@scene
def sequences_wrap(stage: Stage) -> None:
    """A producer that is new to the partition may begin anywhere only at 0; sequences wrap after the largest."""
    stage.topic("wrapping")
    largest = 2**31 - 1
    stage.produce("wrapping", batch(producer_id=4242, producer_epoch=0, base_sequence=largest), note="the largest first")
    stage.produce("wrapping", batch([b"a", b"b"], producer_id=4242, producer_epoch=0, base_sequence=largest),
                  note="over the edge")


@scene
def two_sequenced_batches(stage: Stage) -> None:
    """Two idempotent batches for one partition in one request are refused."""
    stage.topic("two-sequenced")
    one = batch(producer_id=4343, producer_epoch=0, base_sequence=0)
    two = batch(producer_id=4343, producer_epoch=0, base_sequence=1)
    stage.produce("two-sequenced", one + two)


@scene
def transactional_produce(stage: Stage) -> None:
    """Transactional batches without a transaction."""
    stage.topic("untransacted")
    data = batch(producer_id=4444, producer_epoch=0, base_sequence=0, attributes=16)
    stage.produce("untransacted", data, note="no transactional id in the request")
    stage.produce("untransacted", data, transactional_id="nobody", note="an unknown transactional id")
    plain = batch(producer_id=4444, producer_epoch=0, base_sequence=0)
    stage.produce("untransacted", plain, transactional_id="nobody", note="a plain batch with a transactional id")
