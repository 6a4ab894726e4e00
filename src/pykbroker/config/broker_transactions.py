"""Transactions, and what is remembered of producers.

Kafka: ``TransactionLogConfig``, ``TransactionStateManagerConfig``. The order is by name.
"""

from __future__ import annotations

from typing import Final

from pykbroker.config.definitions import ConfigDef
from pykbroker.config.rows import BOOLEAN, INT, SHORT, cluster_wide, internal, read_only
from pykbroker.config.rules import at_least

BROKER_TRANSACTIONS: Final[tuple[ConfigDef, ...]] = (
    read_only("add.partitions.to.txn.retry.backoff.max.ms", INT, 100, at_least(0)),
    read_only("add.partitions.to.txn.retry.backoff.ms", INT, 20, at_least(1)),
    internal("producer.id.expiration.check.interval.ms", INT, 600_000, at_least(1)),
    cluster_wide("producer.id.expiration.ms", INT, 86_400_000, at_least(1)),
    read_only("transaction.abort.timed.out.transaction.cleanup.interval.ms", INT, 10_000, at_least(1)),
    read_only("transaction.max.timeout.ms", INT, 900_000, at_least(1)),
    cluster_wide("transaction.partition.verification.enable", BOOLEAN, True),
    read_only("transaction.remove.expired.transaction.cleanup.interval.ms", INT, 3_600_000, at_least(1)),
    read_only("transaction.state.log.load.buffer.size", INT, 5_242_880, at_least(1)),
    read_only("transaction.state.log.min.isr", INT, 2, at_least(1)),
    read_only("transaction.state.log.num.partitions", INT, 50, at_least(1)),
    read_only("transaction.state.log.replication.factor", SHORT, 3, at_least(1)),
    read_only("transaction.state.log.segment.bytes", INT, 104_857_600, at_least(1)),
    read_only("transaction.two.phase.commit.enable", BOOLEAN, False),
    read_only("transactional.id.expiration.ms", INT, 604_800_000, at_least(1)),
)
