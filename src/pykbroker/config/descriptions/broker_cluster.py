"""Words for ``config.broker_cluster``."""

from typing import Final

TEXT: Final = """
alter.config.policy.class.name
    A class that may refuse changes of configurations. Accepted, not used.
alter.log.dirs.replication.quota.window.num
    How many windows the moving of replicas between directories is measured over.
alter.log.dirs.replication.quota.window.size.seconds
    How long one of these windows is.
auto.leader.rebalance.enable
    Give leadership back to preferred replicas when too many partitions are led by others.
broker.heartbeat.interval.ms
    How often a broker tells the controller that it lives.
broker.id
    The node's id, by its name from before KRaft. The same as node.id.
broker.rack
    The rack the broker stands in, for placing replicas and for consumers that read from near by.
broker.session.timeout.ms
    How long the controller waits for a broker's heartbeat before it takes the broker for dead.
controlled.shutdown.enable
    Hand leadership over before the broker ends.
controller.listener.names
    Which of the listeners belong to the controller. They are not opened: the controller is in the same process.
controller.performance.always.log.threshold.ms
    Events of the controller that take longer are always logged.
controller.performance.sample.period.ms
    How often the controller logs how long its events take.
controller.quorum.append.linger.ms
    How long the controller gathers records before it writes them.
controller.quorum.auto.join.enable
    Let a controller add itself to the quorum.
controller.quorum.bootstrap.servers
    Where to find the controller quorum, as host:port.
controller.quorum.election.backoff.max.ms
    How long a controller waits at most before it stands for election again.
controller.quorum.election.timeout.ms
    How long an election may go on before a new one is begun.
controller.quorum.fetch.max.bytes
    How many bytes of the metadata log are fetched at a time.
controller.quorum.fetch.snapshot.max.bytes
    How many bytes of a metadata snapshot are fetched at a time.
controller.quorum.fetch.timeout.ms
    How long a follower of the quorum goes without its leader before it stands for election.
controller.quorum.request.timeout.ms
    How long a controller waits for another's answer.
controller.quorum.retry.backoff.ms
    How long a controller waits before it repeats a failed request.
controller.quorum.voters
    The members of the controller quorum, as id@host:port.
controller.quota.window.num
    How many windows changes of the cluster are measured over.
controller.quota.window.size.seconds
    How long one of these windows is.
controller.socket.timeout.ms
    How long a broker waits for the controller's answer.
follower.replication.throttled.rate
    How many bytes per second this broker may receive for throttled replicas it follows.
initial.broker.registration.timeout.ms
    How long a broker tries to register when it starts before it gives up.
internal.metadata.delete.delay.millis
    How long deleted files of the metadata log stay.
internal.metadata.log.segment.bytes
    How large a segment of the metadata log becomes, below the limit of the public configuration.
internal.metadata.max.batch.size.in.bytes
    The largest batch of metadata records.
leader.imbalance.check.interval.seconds
    How often it is checked whether leadership should go back to preferred replicas.
leader.replication.throttled.rate
    How many bytes per second this broker may send for throttled replicas it leads.
metadata.log.dir
    The directory of the metadata log; unset, the first of log.dirs.
metadata.log.max.record.bytes.between.snapshots
    A snapshot of the metadata is made after so many bytes of new records.
metadata.log.max.snapshot.interval.ms
    A snapshot of the metadata is made after so long, if anything is new.
metadata.log.segment.bytes
    How large a segment of the metadata log becomes.
metadata.log.segment.ms
    How old a segment of the metadata log becomes.
metadata.max.idle.interval.ms
    How often the active controller writes a no-op record when nothing else is written; 0 means never.
metadata.max.retention.bytes
    How large the metadata log and its snapshots may become before the oldest go.
metadata.max.retention.ms
    How long the metadata log and its snapshots are kept.
node.id
    The node's id, its own in the cluster.
num.replica.fetchers
    How many fetchers a broker runs for each broker it follows.
process.roles
    What this process is: broker, controller, or both.
replica.alter.log.dirs.io.max.bytes.per.second
    How fast replicas may be moved between log directories.
replica.fetch.backoff.ms
    How long a follower waits after a failed fetch.
replica.fetch.max.bytes
    How many bytes of each partition a follower fetches at a time; the first batch comes even when it is larger.
replica.fetch.min.bytes
    How many bytes a follower wants at least; it waits up to replica.fetch.wait.max.ms for them.
replica.fetch.response.max.bytes
    How many bytes a follower fetches at a time altogether.
replica.fetch.wait.max.ms
    How long a follower's fetch waits for replica.fetch.min.bytes.
replica.high.watermark.checkpoint.interval.ms
    How often high watermarks are written down.
replica.lag.time.max.ms
    A follower that has not caught up for this long is no longer in sync.
replica.selector.class
    A class that chooses which replica a consumer reads from. Accepted, not used.
replica.socket.receive.buffer.bytes
    The size of the receive buffer of a follower's connections.
replica.socket.timeout.ms
    How long a follower waits for an answer.
replication.quota.window.num
    How many windows replication is measured over.
replication.quota.window.size.seconds
    How long one of these windows is.
server.max.startup.time.ms
    How long starting may take before the process gives up.
unstable.api.versions.enable
    Offer versions of APIs that are not finished.
unstable.feature.versions.enable
    Offer versions of features that are not finished.
"""
