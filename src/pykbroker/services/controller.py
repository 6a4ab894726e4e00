"""The controller of a cluster of one: decisions, the metadata log they are written to, and the image that comes of it.

Decide → append → replay → publish, in one plain function: when ``decide`` returns, the records are in
``__cluster_metadata-0``, the image is the new one, and everybody who follows it (replicas, groups) has caught up.
This is why CreateTopics may answer "created" the moment it is asked, and why nothing needs undoing: an append that
fails changes nothing.

Kafka: ``QuorumController`` with a quorum of one voter.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from pykbroker.controller.brokers import Registration, start_node
from pykbroker.controller.decision import Decision
from pykbroker.controller.settings import Settings
from pykbroker.controller.topics import auto_create_request, create_topics
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.log import AppendOrigin, Log
from pykbroker.metadata.bootstrap import activation_records, bootstrap_records, leader_change_batch
from pykbroker.metadata.current import CurrentMetadata
from pykbroker.metadata.features import METADATA_VERSIONS, record_version
from pykbroker.metadata.image import METADATA_VERSION, MetadataImage, TopicImage
from pykbroker.metadata.replay import Replayer
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.stored_metadata import METADATA_RECORDS, FeatureLevelRecord
from pykbroker.wire.records import RecordBatchBuilder, iterate_records, split_batches
from pykbroker.wire.stored import decode_metadata, encode_metadata

log = logging.getLogger("pykbroker.controller")

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")

READ_BYTES = 4 * 1024 * 1024


class ControllerService:
    """Owns the metadata log and the current image."""

    def __init__(
        self, metadata_log: Log, epoch: int, metadata: CurrentMetadata, settings: Settings, now_ms: Callable[[], int]
    ) -> None:
        """``epoch`` is this controller's epoch: one more than the last controller of this log had."""
        self._log = metadata_log
        self._metadata = metadata
        self._now_ms = now_ms
        self._replayer = Replayer(metadata.image)
        self.settings = settings
        self.epoch = epoch

    def load(self) -> int:
        """Replay the metadata log and publish the image; how many records there were."""
        count = 0
        offset = self._log.log_start_offset
        end = self._log.log_end_offset
        while offset < end:
            data = self._log.read(offset, READ_BYTES, end).records.read()
            batches = split_batches(data, cut_off_tail=True)
            if not batches:
                raise KafkaError(ErrorCode.CORRUPT_MESSAGE, f"the metadata log cannot be read from offset {offset} on")
            for position, header in batches:
                if header.is_control:
                    continue
                for record in iterate_records(data, position, header):
                    assert record.value is not None
                    self._replayer.add(decode_metadata(METADATA_RECORDS, record.value)[0])
                    count += 1
            offset = batches[-1][1].next_offset
        self._log.high_watermark = end
        if count:
            self._metadata.publish(self._replayer.finish(end - 1, self.epoch))
        return count

    def start(self, broker: Registration, controller: Registration, min_insync_replicas: int) -> None:
        """Begin this controller's epoch: format an empty log, register this node, make the image of now known.

        The records are those that Apache Kafka's combined node writes, in its order (``metadata.bootstrap``).
        """
        was_empty = self._log.log_end_offset == 0
        if not was_empty:
            self._check_level()
        now_ms = self._now_ms()
        node_id = self.settings.node_id
        self._write(leader_change_batch(node_id, [node_id], self._log.log_end_offset, self.epoch, now_ms), now_ms)
        if was_empty:
            self.commit(activation_records(bootstrap_records(self.settings.fresh_features()), min_insync_replicas))
        next_offset = self._log.log_end_offset
        self.commit(start_node(self.image, controller, broker, next_offset, self.settings))

    def _check_level(self) -> None:
        """Refuse a directory that is ahead of the release that is imitated."""
        latest, present = self.settings.latest_metadata_version, self.image.metadata_version
        if present > latest:
            raise KafkaError(
                ErrorCode.UNSUPPORTED_VERSION,
                f"the data directory has metadata.version {METADATA_VERSIONS.get(present, present)}, newer than"
                f" {METADATA_VERSIONS[latest]}, the last one of the release to be imitated: use another directory",
            )

    @property
    def log_end_offset(self) -> int:
        """The offset that the next metadata record will have."""
        return self._log.log_end_offset

    @property
    def image(self) -> MetadataImage:
        """The image of now."""
        return self._metadata.image

    def decide(
        self, decision: Callable[[MetadataImage, RequestT, Settings], Decision[ResponseT]], request: RequestT
    ) -> ResponseT:
        """Decide on the image of now, write what was decided, make it true, and answer. Raises KafkaError."""
        records, response = decision(self.image, request, self.settings)
        if records:
            self.commit(records)
        return response

    def commit(self, records: Sequence[StoredMessage]) -> None:
        """Write records as one batch, replay them, and publish the image."""
        level = self.image.metadata_version or _level_in(records)
        now_ms = self._now_ms()
        builder = RecordBatchBuilder(partition_leader_epoch=self.epoch)
        for record in records:
            builder.append(now_ms, None, encode_metadata(record, record_version(record, level)))
        last_offset = self._write(builder.build(), now_ms)
        for record in records:
            self._replayer.add(record)
        self._metadata.publish(self._replayer.finish(last_offset, self.epoch))

    def _write(self, batch: bytes, now_ms: int) -> int:
        """Append a batch; the offset of its last record."""
        info = self._log.append_as_leader(
            batch, leader_epoch=self.epoch, origin=AppendOrigin.RAFT_LEADER, now_ms=now_ms
        )
        self._log.high_watermark = self._log.log_end_offset
        return info.last_offset

    def auto_create(self, name: str) -> TopicImage:
        """Create a topic because somebody asked about it; raises KafkaError with what Kafka answers then."""
        response = self.decide(create_topics, auto_create_request([name], self.settings))
        (result,) = response.topics
        if result.error_code:
            raise KafkaError(ErrorCode(result.error_code), result.error_message)
        log.info("created topic %s with %d partitions, because a client asked for it", name, result.num_partitions)
        return self.image.topics[name]


def _level_in(records: Sequence[StoredMessage]) -> int:
    """The metadata version that the first records of a log bring with them."""
    for record in records:
        if isinstance(record, FeatureLevelRecord) and record.name == METADATA_VERSION:
            return record.feature_level
    raise KafkaError(ErrorCode.INVALID_RECORD, "the metadata log does not begin with a metadata.version")
