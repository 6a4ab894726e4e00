"""What the group coordinator needs of the broker's configuration, as plain numbers.

The broker fills one from its typed configuration and may change fields while running: every decision reads
them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

MAX_INT32 = 0x7FFF_FFFF

CONSUMER_DEFAULTS: Mapping[str, Any] = {
    "consumer.assignment.interval.ms": 1_000,
    "consumer.heartbeat.interval.ms": 5_000,
    "consumer.session.timeout.ms": 45_000,
}


class GroupConfig:
    """Kafka's names are given beside each field; the values here are Kafka's defaults."""

    __slots__ = (
        "consumer_assignors",
        "consumer_max_size",
        "group_values",
        "initial_rebalance_delay_ms",
        "max_session_timeout_ms",
        "max_size",
        "min_session_timeout_ms",
        "new_member_join_timeout_ms",
        "offset_metadata_max_bytes",
        "offsets_retention_check_interval_ms",
        "offsets_retention_ms",
    )

    def __init__(self) -> None:
        self.consumer_assignors: tuple[str, ...] = (
            "uniform",
            "range",
        )  # group.consumer.assignors; the first is default
        self.consumer_max_size = MAX_INT32  # group.consumer.max.size
        self.group_values: Callable[[str], Mapping[str, Any]] = lambda group_id: CONSUMER_DEFAULTS
        """The configurations of one group, by name: its own over the broker's (KIP-848's dynamic group
        configs)."""
        self.initial_rebalance_delay_ms = 3_000  # group.initial.rebalance.delay.ms
        self.max_session_timeout_ms = 1_800_000  # group.max.session.timeout.ms
        self.max_size = MAX_INT32  # group.max.size
        self.min_session_timeout_ms = 6_000  # group.min.session.timeout.ms
        self.new_member_join_timeout_ms = 300_000  # GroupCoordinatorConfig.CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS
        self.offset_metadata_max_bytes = 4_096  # offset.metadata.max.bytes
        self.offsets_retention_check_interval_ms = 600_000  # offsets.retention.check.interval.ms
        self.offsets_retention_ms = 7 * 24 * 60 * 60 * 1_000  # offsets.retention.minutes

    def of_group(self, group_id: str, name: str) -> int:
        """A number that may be set for the group alone."""
        value: int = self.group_values(group_id)[name]
        return value


class ClientIdentity:
    """Who sent a request: the client id from its header, and the address it came from as Kafka stores it
    (``/127.0.0.1``)."""

    __slots__ = ("client_id", "host")

    def __init__(self, client_id: str, host: str) -> None:
        self.client_id = client_id
        self.host = host
