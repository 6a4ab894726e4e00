"""From the broker's configuration to what each room wants to know of it: plain values, by that room's own names."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from pykbroker.controller.settings import ConfigRules, Settings
from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.coordinator.transaction_config import TransactionConfig
from pykbroker.log.config import LogConfig
from pykbroker.metadata.features import latest_metadata_version
from pykbroker.metadata.image import CONFIG_GROUP
from pykbroker.services.groups import OFFSETS_TOPIC
from pykbroker.services.transactions import TRANSACTIONS_TOPIC
from pykbroker.wire.messages.topics import CreatableTopic, CreatableTopicConfig

if TYPE_CHECKING:
    from pykbroker.config.config import BrokerConfig
    from pykbroker.metadata.current import CurrentMetadata
    from pykbroker.metadata.image import MetadataImage
    from pykbroker.world import World

SHARE_TOPIC = "__share_group_state"


def log_config_of(config: BrokerConfig) -> Callable[[MetadataImage, str], tuple[LogConfig, int]]:
    """(image, topic) → the topic's LogConfig and ``min.insync.replicas``. Topics configured alike share one
    LogConfig.
    """
    made: dict[frozenset[tuple[str, str]], tuple[LogConfig, int]] = {}
    config.on_change(lambda names: made.clear())

    def config_of(image: MetadataImage, topic: str) -> tuple[LogConfig, int]:
        overrides = image.topic_config(topic)
        key = frozenset(overrides.items())
        found = made.get(key)
        if found is None:
            values = config.topic_config(overrides)
            log_config = LogConfig.from_topic(
                values,
                producer_id_expiration_ms=config["producer.id.expiration.ms"],
                transaction_max_timeout_ms=config["transaction.max.timeout.ms"],
            )
            found = made[key] = (log_config, values["min.insync.replicas"])
        return found

    return config_of


def group_config(config: BrokerConfig, metadata: CurrentMetadata) -> GroupConfig:
    """The group coordinator's numbers; kept up to date when a dynamic configuration changes."""
    values = GroupConfig()

    def read(names: object = None) -> None:
        values.initial_rebalance_delay_ms = config["group.initial.rebalance.delay.ms"]
        values.max_session_timeout_ms = config["group.max.session.timeout.ms"]
        values.min_session_timeout_ms = config["group.min.session.timeout.ms"]
        values.max_size = config["group.max.size"]
        values.offset_metadata_max_bytes = config["offset.metadata.max.bytes"]
        values.offsets_retention_check_interval_ms = config["offsets.retention.check.interval.ms"]
        values.offsets_retention_ms = config["offsets.retention.minutes"] * 60_000
        values.consumer_assignors = tuple(config["group.consumer.assignors"])
        values.consumer_max_size = config["group.consumer.max.size"]
        values.group_values = lambda group_id: config.group_config(metadata.image.config(CONFIG_GROUP, group_id))

    read()
    config.on_change(read)
    return values


def group_shard_factory(config: BrokerConfig, world: World, metadata: CurrentMetadata) -> Callable[[int], GroupShard]:
    """Makes the machine of an offsets partition; member ids come from the world's dice."""
    values = group_config(config, metadata)

    def new_uuid() -> str:
        return str(uuid.UUID(bytes=world.random.randbytes(16), version=4))

    return lambda partition: GroupShard(values, new_uuid, lambda: metadata.image)


def transaction_config(config: BrokerConfig) -> TransactionConfig:
    """The transaction coordinator's numbers; none of them changes while the broker runs."""
    values = TransactionConfig()
    values.abort_timed_out_interval_ms = config["transaction.abort.timed.out.transaction.cleanup.interval.ms"]
    values.id_expiration_ms = config["transactional.id.expiration.ms"]
    values.max_timeout_ms = config["transaction.max.timeout.ms"]
    values.remove_expired_interval_ms = config["transaction.remove.expired.transaction.cleanup.interval.ms"]
    values.two_phase_commit_enable = config["transaction.two.phase.commit.enable"]
    return values


def controller_settings(config: BrokerConfig, world: World, rules: ConfigRules) -> Settings:
    """What the controller must know of its surroundings."""
    return Settings(
        node_id=config.node_id,
        rules=rules,
        random=world.random,
        latest_metadata_version=latest_metadata_version(config.as_version),
        default_num_partitions=config["num.partitions"],
        default_replication_factor=config["default.replication.factor"],
        delete_topic_enable=config["delete.topic.enable"],
        static_min_insync_replicas=config["min.insync.replicas"],
        internal_topics={topic.name: topic for topic in _internal_topics(config)},
    )


def _internal_topics(config: BrokerConfig) -> list[CreatableTopic]:
    """How Kafka creates its own topics (``GroupCoordinatorService.groupMetadataTopicConfigs`` and its neighbours)."""
    return [
        _internal_topic(
            OFFSETS_TOPIC,
            config["offsets.topic.num.partitions"],
            config["offsets.topic.replication.factor"],
            {
                "cleanup.policy": "compact",
                "compression.type": "producer",
                "segment.bytes": str(config["offsets.topic.segment.bytes"]),
            },
        ),
        _internal_topic(
            TRANSACTIONS_TOPIC,
            config["transaction.state.log.num.partitions"],
            config["transaction.state.log.replication.factor"],
            {
                "cleanup.policy": "compact",
                "compression.type": "uncompressed",
                "min.insync.replicas": str(config["transaction.state.log.min.isr"]),
                "segment.bytes": str(config["transaction.state.log.segment.bytes"]),
                "unclean.leader.election.enable": "false",
            },
        ),
        _internal_topic(
            SHARE_TOPIC,
            config["share.coordinator.state.topic.num.partitions"],
            config["share.coordinator.state.topic.replication.factor"],
            {
                "cleanup.policy": "delete",
                "compression.type": "producer",
                "min.insync.replicas": str(config["share.coordinator.state.topic.min.isr"]),
                "retention.ms": "-1",
                "segment.bytes": str(config["share.coordinator.state.topic.segment.bytes"]),
            },
        ),
    ]


def _internal_topic(name: str, partitions: int, replicas: int, configs: dict[str, str]) -> CreatableTopic:
    return CreatableTopic(
        assignments=(),
        name=name,
        num_partitions=partitions,
        replication_factor=replicas,
        configs=[CreatableTopicConfig(name=key, value=value) for key, value in configs.items()],
    )
