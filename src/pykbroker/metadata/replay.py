"""Replay: metadata records into the next image. One table for every record Kafka's controllers write.

Lives here: ``replay`` (image + records -> image) and ``Replayer``, the same for a log that comes batch by batch,
which also says what changed (``ImageDelta``).
Invariant: a record has one meaning, here; what a batch touches is copied once per batch and all else is shared with the
image before. Records between BeginTransaction and EndTransaction (KIP-868) take effect together, at the end, or never.
Never: decides anything, reads a clock or knows who asked; refuses a record that a controller wrote in good faith.

Kafka: ``org.apache.kafka.image.MetadataDelta``, ``MetadataBatchLoader``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata import features
from pykbroker.metadata.delta import ImageDelta
from pykbroker.metadata.image import (
    CONFIG_TOPIC,
    DIRECTORY_MIGRATING,
    AclEntry,
    BrokerImage,
    ControllerImage,
    DelegationToken,
    Endpoint,
    MetadataImage,
    PartitionImage,
    ScramCredential,
    TopicImage,
)
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages import stored_metadata_brokers as brokers
from pykbroker.wire.messages import stored_metadata_cluster as cluster
from pykbroker.wire.messages import stored_metadata_security as security
from pykbroker.wire.messages import stored_metadata_topics as topics

NO_LEADER_CHANGE = -2
NO_RECOVERY_CHANGE = -1


def replay(
    image: MetadataImage, records: Iterable[StoredMessage], offset: int | None = None, epoch: int | None = None
) -> MetadataImage:
    """The image after ``records``; ``offset`` is that of the last one (by default they follow the image directly)."""
    replayer = Replayer(image)
    count = 0
    for record in records:
        replayer.add(record)
        count += 1
    return replayer.finish(image.offset + count if offset is None else offset, epoch).image


@lru_cache(maxsize=1024)
def _shared(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The first tuple seen that equals ``values``: 10,000 partitions on one broker then hold one tuple, not 30,000."""
    return values


class Replayer:
    """Takes records in log order; ``finish`` gives the next image and what changed since the last ``finish``."""

    __slots__ = (
        "_changed", "_copies", "_created", "_deleted", "_next_producer_id", "_open", "_parts", "_touched", "image",
    )  # fmt: skip

    def __init__(self, image: MetadataImage) -> None:
        self.image = image
        self._open: list[StoredMessage] | None = None
        self._begin()

    def _begin(self) -> None:
        self._copies: dict[str, dict[Any, Any]] = {}  # image field -> its copy, made at the first change
        self._touched: dict[str, set[Any]] = {}  # image field -> keys written
        self._parts: dict[bytes, dict[int, PartitionImage]] = {}  # topic id -> all its partitions, once one changes
        self._changed: dict[bytes, set[int]] = {}  # topic id -> partitions written
        self._created: dict[bytes, str] = {}
        self._deleted: dict[bytes, TopicImage] = {}
        self._next_producer_id = self.image.next_producer_id

    @property
    def transaction_is_open(self) -> bool:
        """Records are held back until their transaction ends; no snapshot may be taken now."""
        return self._open is not None

    def add(self, record: StoredMessage) -> None:
        """Take in the next record of the log."""
        if self._open is not None and type(record) not in _TRANSACTION_RECORDS:
            self._open.append(record)
            return
        apply = _TABLE.get(type(record))
        if apply is None:
            raise KafkaError(
                ErrorCode.UNSUPPORTED_VERSION,
                f"the metadata log holds a {type(record).__name__}, which this version does not know",
            )
        apply(self, record)

    def finish(self, offset: int, epoch: int | None = None) -> ImageDelta:
        """The image after everything added; ``offset`` and ``epoch`` are those of the last record.

        While a transaction is open the image stays at the record before its beginning.
        """
        before = self.image
        if self._open is not None:
            offset -= len(self._open) + 1
        self._close_topics()
        touched = {field: frozenset(keys) for field, keys in self._touched.items()}
        counted = self._count_partitions()
        self.image = before._replace(
            offset=max(offset, before.offset),
            epoch=before.epoch if epoch is None else epoch,
            partition_count=counted,
            next_producer_id=self._next_producer_id,
            **self._copies,
        )
        by_id = self.image.topics_by_id
        delta = ImageDelta(
            before=before,
            image=self.image,
            created_topics=tuple(by_id[topic_id] for topic_id in self._created),
            deleted_topics=tuple(self._deleted.values()),
            changed_partitions={t: frozenset(p) for t, p in self._changed.items() if t not in self._created},
            **touched,
        )
        self._begin()
        return delta

    # -- the image under construction ------------------------------------------------------------------------------

    def _own(self, field: str) -> dict[Any, Any]:
        """The copy of one of the image's mappings that this batch may write to."""
        copy = self._copies.get(field)
        if copy is None:
            copy = self._copies[field] = dict(getattr(self.image, field))
        return copy

    def _touch(self, field: str, key: Any) -> dict[Any, Any]:
        """The same, with ``key`` noted as changed."""
        keys = self._touched.get(field)
        if keys is None:
            keys = self._touched[field] = set()
        keys.add(key)
        return self._own(field)

    def _partitions(self, topic_id: bytes) -> dict[int, PartitionImage]:
        """All partitions of a topic, writable."""
        parts = self._parts.get(topic_id)
        if parts is None:
            topic = self._own("topics_by_id").get(topic_id)
            if topic is None:
                raise _contradiction(f"a partition of topic id {topic_id.hex()}, which does not exist")
            parts = self._parts[topic_id] = dict(enumerate(topic.partitions))
            self._changed[topic_id] = set()
        return parts

    def _close_topics(self) -> None:
        """Turn every opened topic back into a value."""
        for topic_id, parts in self._parts.items():
            by_name, by_id = self._own("topics"), self._own("topics_by_id")
            name = by_id[topic_id].name
            try:
                partitions = tuple(map(parts.__getitem__, range(len(parts))))
            except KeyError as gap:
                raise _contradiction(f"topic {name} without its partition {gap}") from None
            by_name[name] = by_id[topic_id] = TopicImage(name, topic_id, partitions)

    def _count_partitions(self) -> int:
        old, new = self.image.topics_by_id, self._copies.get("topics_by_id", {})
        count = self.image.partition_count - sum(len(topic.partitions) for topic in self._deleted.values())
        for topic_id in self._parts:
            was = old.get(topic_id)
            count += len(new[topic_id].partitions) - (0 if was is None else len(was.partitions))
        return count

    # -- topics and partitions -------------------------------------------------------------------------------------

    def topic(self, record: topics.TopicRecord) -> None:
        if record.name in self._own("topics"):
            raise _contradiction(f"topic {record.name} twice")
        topic = TopicImage(record.name, record.topic_id)
        self._own("topics")[record.name] = topic
        self._own("topics_by_id")[record.topic_id] = topic
        self._created[record.topic_id] = record.name
        self._parts[record.topic_id] = {}
        self._changed[record.topic_id] = set()

    def remove_topic(self, record: topics.RemoveTopicRecord) -> None:
        topic = self._own("topics_by_id").pop(record.topic_id, None)
        if topic is None:
            raise _contradiction(f"the removal of topic id {record.topic_id.hex()}, which does not exist")
        del self._own("topics")[topic.name]
        self._parts.pop(record.topic_id, None)
        self._changed.pop(record.topic_id, None)
        if self._created.pop(record.topic_id, None) is None:
            self._deleted[record.topic_id] = self.image.topics_by_id[record.topic_id]
        resource = (CONFIG_TOPIC, topic.name)
        if resource in self._copies.get("configs", self.image.configs):
            del self._touch("configs", resource)[resource]

    def partition(self, record: topics.PartitionRecord) -> None:
        parts = self._partitions(record.topic_id)
        partition_id = record.partition_id
        parts[partition_id] = PartitionImage(
            partition_id,
            record.leader,
            record.leader_epoch,
            record.partition_epoch,
            _shared(tuple(record.replicas)),
            _shared(tuple(record.isr)),
            _shared(tuple(record.directories)) or _unknown_directories(len(record.replicas)),
            _shared(tuple(record.adding_replicas)),
            _shared(tuple(record.removing_replicas)),
            _shared(tuple(record.eligible_leader_replicas or ())),
            _shared(tuple(record.last_known_elr or ())),
            record.leader_recovery_state,
        )
        self._changed[record.topic_id].add(partition_id)

    def change_partition(self, record: topics.PartitionChangeRecord) -> None:
        parts = self._partitions(record.topic_id)
        old = parts.get(record.partition_id)
        if old is None:
            raise _contradiction(f"a change of partition {record.partition_id} of topic id {record.topic_id.hex()}")
        replicas = _changed(record.replicas, old.replicas)
        same_leader = record.leader == NO_LEADER_CHANGE
        parts[record.partition_id] = PartitionImage(
            record.partition_id,
            old.leader if same_leader else record.leader,
            old.leader_epoch if same_leader else old.leader_epoch + 1,
            old.partition_epoch + 1,
            replicas,
            _changed(record.isr, old.isr),
            _changed(record.directories, old.directories) or _unknown_directories(len(replicas)),
            _changed(record.adding_replicas, old.adding_replicas),
            _changed(record.removing_replicas, old.removing_replicas),
            _changed(record.eligible_leader_replicas, old.elr),
            _changed(record.last_known_elr, old.last_known_elr),
            old.leader_recovery_state
            if record.leader_recovery_state == NO_RECOVERY_CHANGE
            else record.leader_recovery_state,
        )
        self._changed[record.topic_id].add(record.partition_id)

    def clear_elr(self, record: topics.ClearElrRecord) -> None:
        """Forget eligible leader replicas of one topic, or of all when it names none (KIP-966)."""
        by_name = self._own("topics")
        if record.topic_name and record.topic_name not in by_name:
            raise _contradiction(f"a ClearElrRecord for topic {record.topic_name}, which does not exist")
        for topic in [by_name[record.topic_name]] if record.topic_name else list(by_name.values()):
            parts = self._parts.get(topic.topic_id) or dict(enumerate(topic.partitions))
            for partition_id, partition in parts.items():
                if partition.elr or partition.last_known_elr:
                    cleared = partition._replace(
                        elr=(), last_known_elr=(), partition_epoch=partition.partition_epoch + 1
                    )
                    self._partitions(topic.topic_id)[partition_id] = cleared
                    self._changed[topic.topic_id].add(partition_id)

    # -- brokers and controllers -----------------------------------------------------------------------------------

    def register_broker(self, record: brokers.RegisterBrokerRecord) -> None:
        self._touch("brokers", record.broker_id)[record.broker_id] = BrokerImage(
            node_id=record.broker_id,
            epoch=record.broker_epoch,
            incarnation_id=record.incarnation_id,
            endpoints=_endpoints(record.end_points),
            features=_feature_ranges(record.features),
            rack=record.rack,
            fenced=record.fenced,
            in_controlled_shutdown=record.in_controlled_shutdown,
            log_dirs=tuple(record.log_dirs),
            cordoned_log_dirs=None if record.cordoned_log_dirs is None else tuple(record.cordoned_log_dirs),
        )

    def unregister_broker(self, record: brokers.UnregisterBrokerRecord) -> None:
        self._broker(record.broker_id, record.broker_epoch)
        del self._touch("brokers", record.broker_id)[record.broker_id]

    def fence_broker(self, record: brokers.FenceBrokerRecord) -> None:
        self._change_broker(record.id, record.epoch, fenced=True)

    def unfence_broker(self, record: brokers.UnfenceBrokerRecord) -> None:
        self._change_broker(record.id, record.epoch, fenced=False)

    def change_registration(self, record: brokers.BrokerRegistrationChangeRecord) -> None:
        changes: dict[str, Any] = {}
        if record.fenced:
            changes["fenced"] = record.fenced > 0
        if record.in_controlled_shutdown:
            changes["in_controlled_shutdown"] = record.in_controlled_shutdown > 0
        if record.log_dirs:
            changes["log_dirs"] = tuple(record.log_dirs)
        if record.cordoned_log_dirs is not None:
            changes["cordoned_log_dirs"] = tuple(record.cordoned_log_dirs)
        self._change_broker(record.broker_id, record.broker_epoch, **changes)

    def _broker(self, broker_id: int, epoch: int) -> BrokerImage:
        broker: BrokerImage | None = self._own("brokers").get(broker_id)
        if broker is None or broker.epoch != epoch:
            raise _contradiction(f"a change of broker {broker_id} with epoch {epoch}, which is not registered")
        return broker

    def _change_broker(self, broker_id: int, epoch: int, **changes: Any) -> None:
        broker = self._broker(broker_id, epoch)
        self._touch("brokers", broker_id)[broker_id] = broker._replace(**changes)

    def register_controller(self, record: brokers.RegisterControllerRecord) -> None:
        self._touch("controllers", record.controller_id)[record.controller_id] = ControllerImage(
            record.controller_id,
            record.incarnation_id,
            _endpoints(record.end_points),
            _feature_ranges(record.features),
            record.zk_migration_ready,
        )

    # -- everything that is a key and a value ----------------------------------------------------------------------

    def feature(self, record: cluster.FeatureLevelRecord) -> None:
        if record.name == features.METADATA_VERSION and record.feature_level not in features.METADATA_VERSIONS:
            raise KafkaError(
                ErrorCode.UNSUPPORTED_VERSION,
                f"the metadata log is at metadata.version level {record.feature_level}; supported are "
                f"{features.OLDEST_METADATA_VERSION} to {features.LATEST_METADATA_VERSION}",
            )
        levels = self._touch("features", record.name)
        if record.feature_level:
            levels[record.name] = record.feature_level
        else:
            levels.pop(record.name, None)

    def config(self, record: topics.ConfigRecord) -> None:
        resource = (record.resource_type, record.resource_name)
        configs = self._touch("configs", resource)
        _set_or_drop(configs, resource, record.name, record.value)

    def client_quota(self, record: security.ClientQuotaRecord) -> None:
        named = {part.entity_type: part.entity_name for part in record.entity}
        entity = tuple(sorted(named.items(), key=lambda item: item[0]))
        quotas = self._touch("client_quotas", entity)
        _set_or_drop(quotas, entity, record.key, None if record.remove else record.value)

    def producer_ids(self, record: cluster.ProducerIdsRecord) -> None:
        self._next_producer_id = record.next_producer_id

    def scram(self, record: security.UserScramCredentialRecord) -> None:
        key = (record.mechanism, record.name)
        self._touch("scram", key)[key] = ScramCredential(
            bytes(record.salt), bytes(record.stored_key), bytes(record.server_key), record.iterations
        )

    def remove_scram(self, record: security.RemoveUserScramCredentialRecord) -> None:
        key = (record.mechanism, record.name)
        self._touch("scram", key).pop(key, None)

    def acl(self, record: security.AccessControlEntryRecord) -> None:
        self._touch("acls", record.id)[record.id] = AclEntry(
            record.resource_type,
            record.resource_name,
            record.pattern_type,
            record.principal,
            record.host,
            record.operation,
            record.permission_type,
        )

    def remove_acl(self, record: security.RemoveAccessControlEntryRecord) -> None:
        if self._touch("acls", record.id).pop(record.id, None) is None:
            raise _contradiction(f"the removal of access control entry {record.id.hex()}, which does not exist")

    def token(self, record: security.DelegationTokenRecord) -> None:
        self._touch("tokens", record.token_id)[record.token_id] = DelegationToken(
            record.token_id,
            record.owner,
            record.requester,
            tuple(record.renewers),
            record.issue_timestamp,
            record.max_timestamp,
            record.expiration_timestamp,
        )

    def remove_token(self, record: security.RemoveDelegationTokenRecord) -> None:
        self._touch("tokens", record.token_id).pop(record.token_id, None)

    # -- transactions (KIP-868) and what means nothing -------------------------------------------------------------

    def begin_transaction(self, record: cluster.BeginTransactionRecord) -> None:
        if self._open is not None:
            raise _contradiction("a transaction inside a transaction")
        self._open = []

    def end_transaction(self, record: cluster.EndTransactionRecord) -> None:
        held, self._open = self._open, None
        if held is None:
            raise _contradiction("the end of a transaction that never began")
        for each in held:
            self.add(each)

    def abort_transaction(self, record: cluster.AbortTransactionRecord) -> None:
        if self._open is None:
            raise _contradiction("the abortion of a transaction that never began")
        self._open = None

    def nothing(self, record: StoredMessage) -> None:
        """NoOp says that the controller lives; ZkMigrationState is left from clusters that came from ZooKeeper."""


def _changed(new: Iterable[Any] | None, old: tuple[Any, ...]) -> tuple[Any, ...]:
    return old if new is None else _shared(tuple(new))


@lru_cache(maxsize=64)
def _unknown_directories(count: int) -> tuple[bytes, ...]:
    """What a record from before KIP-858 says of directories: nothing."""
    return (DIRECTORY_MIGRATING,) * count


def _endpoints(endpoints: Iterable[Any]) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(each.name, each.host, each.port, each.security_protocol) for each in endpoints)


def _feature_ranges(ranges: Iterable[Any]) -> dict[str, tuple[int, int]]:
    return {each.name: (each.min_supported_version, each.max_supported_version) for each in ranges}


def _set_or_drop(table: dict[Any, Any], owner: Any, name: str, value: Any) -> None:
    """Set one entry of a mapping of mappings, or drop it if the value is None; an owner with no entries is gone."""
    entries = dict(table.get(owner, ()))
    if value is None:
        entries.pop(name, None)
    else:
        entries[name] = value
    if entries:
        table[owner] = entries
    else:
        table.pop(owner, None)


def _contradiction(what: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_RECORD, f"the metadata log holds {what}")


_TABLE: Mapping[type[Any], Callable[[Replayer, Any], None]] = {
    brokers.RegisterBrokerRecord: Replayer.register_broker,
    brokers.UnregisterBrokerRecord: Replayer.unregister_broker,
    topics.TopicRecord: Replayer.topic,
    topics.PartitionRecord: Replayer.partition,
    topics.ConfigRecord: Replayer.config,
    topics.PartitionChangeRecord: Replayer.change_partition,
    brokers.FenceBrokerRecord: Replayer.fence_broker,
    brokers.UnfenceBrokerRecord: Replayer.unfence_broker,
    topics.RemoveTopicRecord: Replayer.remove_topic,
    security.DelegationTokenRecord: Replayer.token,
    security.UserScramCredentialRecord: Replayer.scram,
    cluster.FeatureLevelRecord: Replayer.feature,
    security.ClientQuotaRecord: Replayer.client_quota,
    cluster.ProducerIdsRecord: Replayer.producer_ids,
    brokers.BrokerRegistrationChangeRecord: Replayer.change_registration,
    security.AccessControlEntryRecord: Replayer.acl,
    security.RemoveAccessControlEntryRecord: Replayer.remove_acl,
    cluster.NoOpRecord: Replayer.nothing,
    cluster.ZkMigrationStateRecord: Replayer.nothing,
    security.RemoveUserScramCredentialRecord: Replayer.remove_scram,
    cluster.BeginTransactionRecord: Replayer.begin_transaction,
    cluster.EndTransactionRecord: Replayer.end_transaction,
    cluster.AbortTransactionRecord: Replayer.abort_transaction,
    security.RemoveDelegationTokenRecord: Replayer.remove_token,
    brokers.RegisterControllerRecord: Replayer.register_controller,
    topics.ClearElrRecord: Replayer.clear_elr,
}
_TRANSACTION_RECORDS: frozenset[type[StoredMessage]] = frozenset(
    (cluster.BeginTransactionRecord, cluster.EndTransactionRecord, cluster.AbortTransactionRecord)
)
