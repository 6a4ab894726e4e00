"""Producer ids: blocks of 1,000 for brokers to give out (AllocateProducerIds, API key 67; KIP-730).

Invariant: no id is in two blocks, ever: the next block's start is in the log before a broker hears of this one.

Kafka: ``ProducerIdControlManager``.
"""

from __future__ import annotations

from pykbroker.controller.brokers import check_broker_epoch
from pykbroker.controller.decision import Decision
from pykbroker.controller.settings import Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import MetadataImage
from pykbroker.wire.messages.brokers import AllocateProducerIdsRequest, AllocateProducerIdsResponse
from pykbroker.wire.messages.stored_metadata_cluster import ProducerIdsRecord

BLOCK_SIZE = 1_000
MAX_PRODUCER_ID = 2**63 - 1


def allocate_producer_ids(
    image: MetadataImage, request: AllocateProducerIdsRequest, settings: Settings
) -> Decision[AllocateProducerIdsResponse]:
    """The next block, for a registered broker."""
    check_broker_epoch(image, request.broker_id, request.broker_epoch)
    first = image.next_producer_id
    if first > MAX_PRODUCER_ID - BLOCK_SIZE:
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, "there are no producer ids left")
    record = ProducerIdsRecord(
        broker_id=request.broker_id, broker_epoch=request.broker_epoch, next_producer_id=first + BLOCK_SIZE
    )
    response = AllocateProducerIdsResponse(
        error_code=ErrorCode.NONE, producer_id_start=first, producer_id_len=BLOCK_SIZE
    )
    return Decision([record], response)
