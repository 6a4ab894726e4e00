"""Opening what is on disk: the log directories, and the metadata log with the small files beside it.

The metadata directory looks as Apache Kafka formats it (``bootstrap.checkpoint``, ``__cluster_metadata-0/quorum-
state``), so that it can be opened by either.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from pykbroker.controller.settings import Settings
from pykbroker.log.config import LogConfig
from pykbroker.log.files import join
from pykbroker.log.housekeeping import Intervals
from pykbroker.log.log_manager import LogManager
from pykbroker.metadata.bootstrap import (
    BOOTSTRAP_FILE,
    FIRST_EPOCH,
    QUORUM_STATE_FILE,
    bootstrap_checkpoint_bytes,
    bootstrap_records,
    leader_epoch_of,
    quorum_state_json,
)
from pykbroker.metadata.current import CurrentMetadata
from pykbroker.names import new_uuid
from pykbroker.services.controller import ControllerService

if TYPE_CHECKING:
    from pykbroker.config.config import BrokerConfig
    from pykbroker.log.recovery import RecoveryReport
    from pykbroker.world import World

log = logging.getLogger("pykbroker.storage")

METADATA_MAX_MESSAGE_BYTES = 8 * 1024 * 1024
"""A batch of the metadata log may be larger than a topic's (``KafkaRaftClient.MAX_BATCH_SIZE_BYTES``)."""

GITIGNORE = b"# Made by pykbroker: data of a local broker.\n*\n"


def open_logs(config: BrokerConfig, world: World) -> LogManager:
    """Take over the log directories. Raises KafkaError, with a sentence for the person who started the broker."""
    logs = LogManager.open(
        world.disk,
        config.log_dirs,
        node_id=config.node_id,
        now_ms=world.clock.now_ms,
        new_uuid=lambda: new_uuid(world.random),
        cluster_id=config.cluster_id,
        intervals=Intervals(
            retention_check_ms=config["log.retention.check.interval.ms"],
            recovery_checkpoint_ms=config["log.flush.offset.checkpoint.interval.ms"],
            start_checkpoint_ms=config["log.flush.start.offset.checkpoint.interval.ms"],
            high_watermark_checkpoint_ms=config["replica.high.watermark.checkpoint.interval.ms"],
            producer_expiration_check_ms=config["producer.id.expiration.check.interval.ms"],
        ),
        on_report=_tell,
    )
    for directory in logs.directories:
        ignore = directory.below(".gitignore")
        if not world.disk.exists(ignore):
            world.disk.write_file(ignore, GITIGNORE)
    return logs


def _tell(report: RecoveryReport) -> None:
    for action in report.actions:
        log.warning("recovery of %s: %s", report.topic_partition, action)


def open_controller(
    logs: LogManager, config: BrokerConfig, world: World, metadata: CurrentMetadata, settings: Settings
) -> ControllerService:
    """The controller over ``__cluster_metadata-0``, in the epoch after the last one."""
    now_ms: Callable[[], int] = world.clock.now_ms
    metadata_log = logs.open_metadata_log(
        LogConfig(
            segment_bytes=config["metadata.log.segment.bytes"],
            retention_ms=-1,
            is_deleted=False,
            max_message_bytes=METADATA_MAX_MESSAGE_BYTES,
        ),
        config.metadata_log_dir,
    )
    directory = metadata_log.directory
    disk = world.disk
    state_path = join(metadata_log.path, QUORUM_STATE_FILE)
    epoch = FIRST_EPOCH
    if disk.exists(state_path):
        epoch = max(leader_epoch_of(disk.read_bytes(state_path)), metadata_log.latest_epoch) + 1
    else:
        epoch = max(FIRST_EPOCH, metadata_log.latest_epoch + 1)
        disk.write_file(
            directory.below(BOOTSTRAP_FILE),
            bootstrap_checkpoint_bytes(bootstrap_records(settings.fresh_features()), now_ms()),
        )
    disk.write_atomic(
        state_path, quorum_state_json(config.node_id, epoch, [config.node_id], voted_id=config.node_id), sync=False
    )
    metadata_log.assign_epoch(epoch)
    return ControllerService(metadata_log, epoch, metadata, settings, now_ms)
