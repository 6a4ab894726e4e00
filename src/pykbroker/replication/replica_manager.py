"""All partitions that live on this broker, kept in step with the cluster's metadata.

The invariant: after ``apply`` returns, every replica that the image puts on this broker has its log, its leader and its
configuration, and a deleted topic's partitions answer nothing any more. Metadata is published only after that, which is
why CreateTopics may answer "created" as soon as it has been decided.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import CONFIG_BROKER, CONFIG_TOPIC
from pykbroker.names import TopicPartition
from pykbroker.replication.partition import Partition

if TYPE_CHECKING:
    from pykbroker.log.config import LogConfig
    from pykbroker.log.log import Log
    from pykbroker.log.log_manager import LogManager
    from pykbroker.metadata.delta import ImageDelta
    from pykbroker.metadata.image import MetadataImage, TopicImage

log = logging.getLogger("pykbroker.replicas")

LogConfigOf = Callable[["MetadataImage", str], tuple["LogConfig", int]]
"""(image, topic) -> what the topic's logs are configured with, and its ``min.insync.replicas``."""


class ReplicaManager:
    """Partitions by topic name and index."""

    def __init__(self, node_id: int, logs: LogManager, config_of: LogConfigOf, now_ms: Callable[[], int]) -> None:
        self._node_id = node_id
        self._logs = logs
        self._config_of = config_of
        self._now_ms = now_ms
        self._image: MetadataImage | None = None
        self.partitions: dict[str, dict[int, Partition]] = {}
        """Partitions here, by topic name, then index."""
        self.closed_to_clients: frozenset[str] = frozenset()
        """Topics that only the broker itself writes to."""

    def get(self, topic: str, index: int) -> Partition | None:
        """The partition, if this broker has it."""
        of_topic = self.partitions.get(topic)
        return of_topic.get(index) if of_topic is not None else None

    def leader(self, topic: str, index: int, expected_epoch: int = -1) -> Partition:
        """The partition, which this broker leads at the epoch the client expects; raises KafkaError."""
        partition = self.get(topic, index)
        if partition is None:
            raise KafkaError(self._missing(topic, index))
        partition.check_leader(expected_epoch)
        return partition

    def _missing(self, topic: str, index: int) -> ErrorCode:
        image = self._image
        state = image.partition(topic, index) if image is not None else None
        if state is not None:
            if self._node_id in state.replicas:
                return ErrorCode.KAFKA_STORAGE_ERROR  # it should be here, and its log directory is offline
            return ErrorCode.NOT_LEADER_OR_FOLLOWER
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION

    def apply(self, delta: ImageDelta) -> None:
        """Create, change and drop partitions as the cluster has decided; a subscriber of ``CurrentMetadata``."""
        image = self._image = delta.image
        for topic in delta.deleted_topics:
            self._drop(topic)
        for topic in delta.created_topics:
            self._apply_topic(image, topic, range(len(topic.partitions)))
        for topic_id, indexes in delta.changed_partitions.items():
            self._apply_topic(image, image.topics_by_id[topic_id], sorted(indexes))
        for resource_type, name in delta.configs:
            if resource_type == CONFIG_BROKER:
                self.reconfigure_all(image)
            elif resource_type == CONFIG_TOPIC:
                self._reconfigure(image, name)

    def _apply_topic(self, image: MetadataImage, topic: TopicImage, indexes: Iterable[int]) -> None:
        log_config, min_insync_replicas = self._config_of(image, topic.name)
        here = self.partitions.setdefault(topic.name, {})
        for index in indexes:
            state = topic.partitions[index]
            partition = here.get(index)
            if partition is None:
                if self._node_id not in state.replicas:
                    continue
                try:
                    opened = self._logs.get_or_create(TopicPartition(topic.name, index), topic.topic_id, log_config)
                except KafkaError as error:
                    log.error("partition %s-%d is offline: %s", topic.name, index, error)
                    continue
                partition = here[index] = Partition(topic.name, index, self._node_id, opened, min_insync_replicas)
            partition.apply(state)

    def _reconfigure(self, image: MetadataImage, name: str) -> None:
        log_config, min_insync_replicas = self._config_of(image, name)
        for partition in self.partitions.get(name, {}).values():
            partition.log.reconfigure(log_config)
            partition.min_insync_replicas = min_insync_replicas

    def replace_log(self, topic_partition: TopicPartition, moved: Log) -> None:
        """A partition's log is another object from now on: it has been moved to another log directory."""
        partition = self.get(*topic_partition)
        if partition is not None:
            partition.log = moved
            partition.bell.ring()

    def reconfigure_all(self, image: MetadataImage) -> None:
        """Take on changed broker-wide defaults."""
        for name in self.partitions:
            self._reconfigure(image, name)

    def _drop(self, topic: TopicImage) -> None:
        for index, partition in self.partitions.pop(topic.name, {}).items():
            partition.is_leader = False
            self._logs.delete(TopicPartition(topic.name, index), now_ms=self._now_ms())
            partition.bell.ring()  # a fetch that waits here learns that the topic is gone
