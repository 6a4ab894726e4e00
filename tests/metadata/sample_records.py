"""Records and images that the tests of metadata and controller start from."""

from pykbroker.metadata.features import default_features
from pykbroker.metadata.image import EMPTY_IMAGE, BrokerImage, Endpoint, MetadataImage
from pykbroker.metadata.replay import replay
from pykbroker.wire.messages.stored_metadata import PartitionRecord, TopicRecord

DIRECTORY = b"d" * 16


def topic_id(name: str) -> bytes:
    """An id that a test can read."""
    return name.encode().ljust(16, b".")[:16]


def topic_records(name: str, partitions: int = 1, replicas: tuple[int, ...] = (1,), **fields: object) -> list:
    """A topic as the controller writes it."""
    values = {"isr": replicas, "leader": replicas[0], "leader_epoch": 0, "partition_epoch": 0} | fields
    values.setdefault("directories", (DIRECTORY,) * len(replicas))
    return [
        TopicRecord(name=name, topic_id=topic_id(name)),
        *(
            PartitionRecord(partition_id=number, topic_id=topic_id(name), replicas=replicas, **values)
            for number in range(partitions)
        ),
    ]


def broker(node_id: int, **fields: object) -> BrokerImage:
    """A live broker with one log directory."""
    values = {"fenced": False, "log_dirs": (DIRECTORY,)} | fields
    return BrokerImage(
        node_id,
        epoch=100 + node_id,
        incarnation_id=bytes(16),
        endpoints=(Endpoint("PLAINTEXT", f"host{node_id}", 9092),),
        features={name: (0, level) for name, level in default_features().items()},
        **values,
    )


def cluster(*brokers: BrokerImage, records: list = (), features: dict | None = None) -> MetadataImage:
    """An image with these brokers (by default one, number 1), 4.3's features, and what ``records`` say."""
    brokers = brokers or (broker(1),)
    image = EMPTY_IMAGE._replace(
        offset=9,
        epoch=1,
        features=default_features() if features is None else features,
        brokers={each.node_id: each for each in brokers},
    )
    return replay(image, records)
