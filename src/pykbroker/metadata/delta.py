"""ImageDelta: what changed from one image to the next, so that following the metadata costs what changed.

Lives here: the delta as a value. ``replay`` makes it; subscribers of ``current`` read it.
Invariant: every key whose value differs between ``before`` and ``image`` is named; a key that was touched and is the
same again may be named too.
Never: holds partitions or configs itself; look them up in ``before`` and ``image``.

Kafka: ``org.apache.kafka.image.MetadataDelta`` and its parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pykbroker.metadata.image import ConfigResource, MetadataImage, PartitionImage, QuotaEntity, TopicImage


class ImageDelta(NamedTuple):
    """From ``before`` to ``image``. A topic deleted and created again under one name is in both lists, by its two
    ids.
    """

    before: MetadataImage
    image: MetadataImage
    created_topics: tuple[TopicImage, ...] = ()
    deleted_topics: tuple[TopicImage, ...] = ()
    changed_partitions: Mapping[bytes, frozenset[int]] = {}
    """Partitions added or changed, by topic id, of topics that were there before and still are."""
    configs: frozenset[ConfigResource] = frozenset()
    brokers: frozenset[int] = frozenset()
    controllers: frozenset[int] = frozenset()
    features: frozenset[str] = frozenset()
    client_quotas: frozenset[QuotaEntity] = frozenset()
    scram: frozenset[tuple[int, str]] = frozenset()
    acls: frozenset[bytes] = frozenset()
    tokens: frozenset[str] = frozenset()

    @property
    def topics_changed(self) -> bool:
        """Some topic or partition is new, gone or different."""
        return bool(self.created_topics or self.deleted_topics or self.changed_partitions)

    def live_partitions(self) -> Iterator[tuple[TopicImage, PartitionImage]]:
        """Every partition that is new or different, as it is now: what a broker has to make true."""
        for topic in self.created_topics:
            for partition in topic.partitions:
                yield topic, partition
        for topic_id, partition_ids in self.changed_partitions.items():
            topic = self.image.topics_by_id[topic_id]
            for partition_id in sorted(partition_ids):
                yield topic, topic.partitions[partition_id]


def whole_image(image: MetadataImage) -> ImageDelta:
    """The delta from nothing to ``image``: what a subscriber gets that starts late."""
    before = MetadataImage()
    return ImageDelta(
        before=before,
        image=image,
        created_topics=tuple(image.topics.values()),
        configs=frozenset(image.configs),
        brokers=frozenset(image.brokers),
        controllers=frozenset(image.controllers),
        features=frozenset(image.features),
        client_quotas=frozenset(image.client_quotas),
        scram=frozenset(image.scram),
        acls=frozenset(image.acls),
        tokens=frozenset(image.tokens),
    )
