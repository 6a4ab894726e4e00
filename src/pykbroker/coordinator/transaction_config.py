"""What the transaction coordinator needs of the broker's configuration and of the cluster's features, as
plain numbers.

The broker fills one and may change fields while running: every decision reads them anew.
"""

from __future__ import annotations


class TransactionConfig:
    """Kafka's names are given beside each field; the values here are Kafka's defaults."""

    __slots__ = (
        "abort_timed_out_interval_ms",
        "id_expiration_ms",
        "max_timeout_ms",
        "remove_expired_interval_ms",
        "transaction_version",
        "two_phase_commit_enable",
    )

    def __init__(self) -> None:
        self.abort_timed_out_interval_ms = 10_000  # transaction.abort.timed.out.transaction.cleanup.interval.ms
        self.id_expiration_ms = 604_800_000  # transactional.id.expiration.ms
        self.max_timeout_ms = 900_000  # transaction.max.timeout.ms
        self.remove_expired_interval_ms = 3_600_000  # transaction.remove.expired.transaction.cleanup.interval.ms
        self.transaction_version = 2  # the cluster's finalised transaction.version
        self.two_phase_commit_enable = False  # transaction.two.phase.commit.enable
