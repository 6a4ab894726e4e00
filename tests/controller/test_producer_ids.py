"""AllocateProducerIds: blocks that never overlap."""

import pytest
from metadata.sample_records import cluster

from controller.simple_settings import after, settings
from pykbroker.controller.producer_ids import MAX_PRODUCER_ID, allocate_producer_ids
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.brokers import AllocateProducerIdsRequest

REQUEST = AllocateProducerIdsRequest(broker_id=1, broker_epoch=101)


def test_blocks_follow_one_another():
    """The first block begins at 0, the next where it ended; each has 1,000 ids (as 4.3.1 writes them)."""
    image, starts = cluster(), []
    for _ in range(3):
        decision = allocate_producer_ids(image, REQUEST, settings())
        starts.append((decision.response.producer_id_start, decision.response.producer_id_len))
        image = after(image, decision)

    assert starts == [(0, 1000), (1000, 1000), (2000, 1000)]
    assert image.next_producer_id == 3000


@pytest.mark.parametrize(("node", "epoch"), [(1, 100), (2, 101)])
def test_only_registered_brokers_get_a_block(node, epoch):
    """STALE_BROKER_EPOCH for a broker of another life, or of none."""
    request = AllocateProducerIdsRequest(broker_id=node, broker_epoch=epoch)
    with pytest.raises(KafkaError) as refusal:
        allocate_producer_ids(cluster(), request, settings())

    assert refusal.value.code is ErrorCode.STALE_BROKER_EPOCH


def test_the_ids_end():
    """After 2^63 producers there are no more."""
    image = cluster()._replace(next_producer_id=MAX_PRODUCER_ID - 999)
    with pytest.raises(KafkaError):
        allocate_producer_ids(image, REQUEST, settings())
