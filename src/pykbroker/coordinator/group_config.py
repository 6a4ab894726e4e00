"""What the group coordinator needs of the broker's configuration, as plain numbers.

The broker fills one from its typed configuration and may change fields while running: every decision reads
them anew.
"""

from __future__ import annotations

MAX_INT32 = 0x7FFF_FFFF


class GroupConfig:
    """Kafka's names are given beside each field; the values here are Kafka's defaults."""

    __slots__ = (
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
        self.initial_rebalance_delay_ms = 3_000  # group.initial.rebalance.delay.ms
        self.max_session_timeout_ms = 1_800_000  # group.max.session.timeout.ms
        self.max_size = MAX_INT32  # group.max.size
        self.min_session_timeout_ms = 6_000  # group.min.session.timeout.ms
        self.new_member_join_timeout_ms = 300_000  # GroupCoordinatorConfig.CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS
        self.offset_metadata_max_bytes = 4_096  # offset.metadata.max.bytes
        self.offsets_retention_check_interval_ms = 600_000  # offsets.retention.check.interval.ms
        self.offsets_retention_ms = 7 * 24 * 60 * 60 * 1_000  # offsets.retention.minutes


class ClientIdentity:
    """Who sent a request: the client id from its header, and the address it came from as Kafka stores it
    (``/127.0.0.1``)."""

    __slots__ = ("client_id", "host")

    def __init__(self, client_id: str, host: str) -> None:
        self.client_id = client_id
        self.host = host
