"""Words for ``config.broker_transactions``."""

from typing import Final

TEXT: Final = """
add.partitions.to.txn.retry.backoff.max.ms
    How long the broker goes on trying at most when it adds a partition to a transaction by itself.
add.partitions.to.txn.retry.backoff.ms
    How long it waits between two of these tries.
producer.id.expiration.check.interval.ms
    How often it is looked for producers that have been silent too long.
producer.id.expiration.ms
    A partition forgets a producer that has written nothing for this long.
transaction.abort.timed.out.transaction.cleanup.interval.ms
    How often transactions are looked for that have taken too long and are aborted.
transaction.max.timeout.ms
    The longest timeout a transactional producer may ask for.
transaction.partition.verification.enable
    Check with the coordinator that a partition belongs to the transaction before records are appended.
transaction.remove.expired.transaction.cleanup.interval.ms
    How often transactional ids are looked for that have expired.
transaction.state.log.load.buffer.size
    How many bytes are read at a time while transactions are loaded.
transaction.state.log.min.isr
    min.insync.replicas of the topic that transactions are kept in.
transaction.state.log.num.partitions
    How many partitions the topic of transactions gets. It must stay as it is once the topic exists.
transaction.state.log.replication.factor
    How many replicas the topic of transactions gets.
transaction.state.log.segment.bytes
    How large a segment of the topic of transactions becomes.
transaction.two.phase.commit.enable
    Let producers take part in somebody else's two-phase commit, with transactions that never time out.
transactional.id.expiration.ms
    A transactional id that has not been used for this long is forgotten.
"""
