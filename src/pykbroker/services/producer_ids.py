"""Producer ids for idempotent producers: handed out one by one from blocks that the controller allocates.

A block is taken by a record in the metadata log before its first id is used, so no id is ever given twice, whatever
happens to the broker. Kafka: ``ProducerIdManager``.
"""

from __future__ import annotations

from pykbroker.controller.producer_ids import allocate_producer_ids
from pykbroker.services.controller import ControllerService
from pykbroker.wire.messages.brokers import AllocateProducerIdsRequest


class ProducerIds:
    """The block this broker is using."""

    def __init__(self, controller: ControllerService, node_id: int) -> None:
        self._controller = controller
        self._node_id = node_id
        self._next = 0
        self._end = 0

    def next(self) -> int:
        """An id that nobody has had before. Raises KafkaError when the metadata log cannot be written."""
        if self._next == self._end:
            epoch = self._controller.image.brokers[self._node_id].epoch
            request = AllocateProducerIdsRequest(broker_id=self._node_id, broker_epoch=epoch)
            block = self._controller.decide(allocate_producer_ids, request)
            self._next = block.producer_id_start
            self._end = block.producer_id_start + block.producer_id_len
        self._next += 1
        return self._next - 1
