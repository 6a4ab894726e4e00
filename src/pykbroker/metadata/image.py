"""MetadataImage: everything the cluster agrees on, at one offset of the metadata log.

Lives here: the values of the image and the look-ups over it. All of them are tuples with names: they cannot change,
they compare by content, and an image of 10,000 partitions shares what is equal (most partitions of a topic have the
same replicas, so they hold the very same tuple).
Invariant: ``topics`` and ``topics_by_id`` hold the same TopicImage objects; ``TopicImage.partitions[n].partition_id
== n``.
Never: built by hand outside ``replay`` (and tests); changed after it was built, although its mappings are plain dicts.

Kafka: ``org.apache.kafka.image.MetadataImage`` and its parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

ZERO_UUID = bytes(16)
METADATA_VERSION = "metadata.version"
ELR_VERSION = "eligible.leader.replicas.version"
NO_LEADER = -1

# Log directory ids with a meaning of their own (Kafka's DirectoryId, KIP-858).
DIRECTORY_MIGRATING = bytes(16)
DIRECTORY_UNASSIGNED = bytes(15) + b"\x01"
DIRECTORY_LOST = bytes(15) + b"\x02"

# ConfigResource.Type, as stored in ConfigRecord.
CONFIG_TOPIC = 2
CONFIG_BROKER = 4
CONFIG_BROKER_LOGGER = 8
CONFIG_CLIENT_METRICS = 16
CONFIG_GROUP = 32

ConfigResource = tuple[int, str]
"""(type, name); a broker's name is its id in decimal, and "" is the default of all brokers."""

QuotaEntity = tuple[tuple[str, str | None], ...]
"""((entity type, name), ...) sorted by type; a None name is that type's default (KIP-546)."""


class Endpoint(NamedTuple):
    """One listener of a broker or controller, as others reach it."""

    name: str
    host: str
    port: int
    security_protocol: int = 0


class BrokerImage(NamedTuple):
    """One registered broker; ``epoch`` is the offset of its registration record."""

    node_id: int
    epoch: int
    incarnation_id: bytes
    endpoints: tuple[Endpoint, ...]
    features: Mapping[str, tuple[int, int]]
    rack: str | None = None
    fenced: bool = True
    in_controlled_shutdown: bool = False
    log_dirs: tuple[bytes, ...] = ()
    cordoned_log_dirs: tuple[bytes, ...] | None = None

    @property
    def default_directory(self) -> bytes:
        """Where a new replica goes as far as the controller can say; with several directories the broker chooses."""
        if not self.log_dirs:
            return DIRECTORY_MIGRATING
        return self.log_dirs[0] if len(self.log_dirs) == 1 else DIRECTORY_UNASSIGNED

    @property
    def is_active(self) -> bool:
        """May lead partitions and be in an ISR."""
        return not self.fenced and not self.in_controlled_shutdown

    def has_online(self, directory: bytes) -> bool:
        """Whether a replica in that directory can be served; one that nobody has named yet is believed to be fine."""
        if directory in (DIRECTORY_MIGRATING, DIRECTORY_UNASSIGNED) or not self.log_dirs:
            return True
        return directory in self.log_dirs

    def endpoint(self, listener_name: str) -> Endpoint | None:
        """Where this broker listens under that listener name."""
        for endpoint in self.endpoints:
            if endpoint.name == listener_name:
                return endpoint
        return None


class ControllerImage(NamedTuple):
    """One registered controller (KIP-919)."""

    node_id: int
    incarnation_id: bytes
    endpoints: tuple[Endpoint, ...]
    features: Mapping[str, tuple[int, int]]
    zk_migration_ready: bool = False


class PartitionImage(NamedTuple):
    """One partition's replicas and leader. ``directories[i]`` is where ``replicas[i]`` keeps it (KIP-858)."""

    partition_id: int
    leader: int
    leader_epoch: int
    partition_epoch: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    directories: tuple[bytes, ...] = ()
    adding_replicas: tuple[int, ...] = ()
    removing_replicas: tuple[int, ...] = ()
    elr: tuple[int, ...] = ()
    last_known_elr: tuple[int, ...] = ()
    leader_recovery_state: int = 0

    @property
    def preferred_leader(self) -> int:
        """The first replica; the one that leads when all is well."""
        return self.replicas[0] if self.replicas else NO_LEADER

    @property
    def is_reassigning(self) -> bool:
        """A reassignment (KIP-455) is under way."""
        return bool(self.adding_replicas or self.removing_replicas)

    def directory_of(self, node_id: int) -> bytes:
        """The log directory this replica lives in; MIGRATING when nobody has said."""
        for replica, directory in zip(self.replicas, self.directories, strict=False):
            if replica == node_id:
                return directory
        return DIRECTORY_MIGRATING


class TopicImage(NamedTuple):
    """One topic; its partitions are dense and in order."""

    name: str
    topic_id: bytes
    partitions: tuple[PartitionImage, ...] = ()


class ScramCredential(NamedTuple):
    """What the server keeps of a SCRAM user's password (RFC 5802); no part of it may be logged."""

    salt: bytes
    stored_key: bytes
    server_key: bytes
    iterations: int

    def __repr__(self) -> str:
        return f"ScramCredential(iterations={self.iterations})"


class AclEntry(NamedTuple):
    """One access control entry, in the numbers of the wire (KIP-290 pattern types included)."""

    resource_type: int
    resource_name: str
    pattern_type: int
    principal: str
    host: str
    operation: int
    permission_type: int


class DelegationToken(NamedTuple):
    """A delegation token (KIP-48); its secret is computed from its id and is not stored."""

    token_id: str
    owner: str
    requester: str
    renewers: tuple[str, ...]
    issue_timestamp_ms: int
    max_timestamp_ms: int
    expiry_timestamp_ms: int


class MetadataImage(NamedTuple):
    """The cluster at ``offset`` (the last record replayed, -1 before any) written in ``epoch`` of the controller."""

    offset: int = -1
    epoch: int = -1
    features: Mapping[str, int] = {}
    brokers: Mapping[int, BrokerImage] = {}
    controllers: Mapping[int, ControllerImage] = {}
    topics: Mapping[str, TopicImage] = {}
    topics_by_id: Mapping[bytes, TopicImage] = {}
    partition_count: int = 0
    configs: Mapping[ConfigResource, Mapping[str, str]] = {}
    client_quotas: Mapping[QuotaEntity, Mapping[str, float]] = {}
    next_producer_id: int = 0
    scram: Mapping[tuple[int, str], ScramCredential] = {}
    acls: Mapping[bytes, AclEntry] = {}
    tokens: Mapping[str, DelegationToken] = {}

    @property
    def metadata_version(self) -> int:
        """The finalized level of metadata.version; 0 before the first record."""
        return self.features.get(METADATA_VERSION, 0)

    @property
    def elr_enabled(self) -> bool:
        """Eligible leader replicas (KIP-966) are on."""
        return self.features.get(ELR_VERSION, 0) > 0

    def partition(self, topic: str, partition_id: int) -> PartitionImage | None:
        """One partition by topic name, or None."""
        found = self.topics.get(topic)
        if found is None or not 0 <= partition_id < len(found.partitions):
            return None
        return found.partitions[partition_id]

    def partition_by_id(self, topic_id: bytes, partition_id: int) -> PartitionImage | None:
        """One partition by topic id, or None."""
        found = self.topics_by_id.get(topic_id)
        if found is None or not 0 <= partition_id < len(found.partitions):
            return None
        return found.partitions[partition_id]

    def config(self, resource_type: int, resource_name: str) -> Mapping[str, str]:
        """The dynamic configs set on exactly this resource (no defaults mixed in)."""
        return self.configs.get((resource_type, resource_name), {})

    def topic_config(self, topic: str) -> Mapping[str, str]:
        """The configs set on a topic."""
        return self.configs.get((CONFIG_TOPIC, topic), {})

    def is_active(self, node_id: int) -> bool:
        """The broker is registered, unfenced and not on its way out."""
        broker = self.brokers.get(node_id)
        return broker is not None and broker.is_active

    def active_brokers(self) -> Iterator[BrokerImage]:
        """Brokers that clients may be told of, in id order."""
        for node_id in sorted(self.brokers):
            if self.brokers[node_id].is_active:
                yield self.brokers[node_id]


EMPTY_IMAGE = MetadataImage()
