"""Words for ``config.broker_network``."""

from typing import Final

TEXT: Final = """
advertised.listeners
    The addresses that clients are told to connect to. Unset, each is told the address it has reached.
background.threads
    Threads for work beside requests. Accepted; this broker has none.
client.quota.callback.class
    A class that decides on quotas. Accepted, not used.
config.providers
    Names of plug-ins that fetch configuration values from elsewhere. Accepted, not used.
connections.max.idle.ms
    A connection on which nothing has happened for this long is closed.
delete.records.purgatory.purge.interval.requests
    How many finished DeleteRecords requests may lie about before they are swept up.
early.start.listeners
    Listeners that open before the broker is ready. Here, all open when every API works.
fetch.max.bytes
    The largest answer to a Fetch; the first batch is sent even when it is larger.
fetch.purgatory.purge.interval.requests
    How many finished Fetch requests may lie about before they are swept up.
inter.broker.listener.name
    The listener on which brokers talk to each other; unset, security.inter.broker.protocol says.
kafka.metrics.polling.interval.secs
    How often the reporters of kafka.metrics.reporters are fed.
kafka.metrics.reporters
    Classes that report metrics. Accepted, not used.
listener.security.protocol.map
    Which security protocol each listener speaks, as NAME:PROTOCOL.
listeners
    The addresses to listen on, as NAME://host:port. An empty host means all interfaces, port 0 any free port.
max.connection.creation.rate
    How many new connections per second are accepted.
max.connections
    How many connections may be open at a time.
max.connections.per.ip
    How many connections one address may have open at a time.
max.connections.per.ip.overrides
    Other limits for some addresses, as host:count.
max.incremental.fetch.session.cache.slots
    How many fetch sessions are remembered.
max.request.partition.size.limit
    How many partitions one answer describes at most, where answers come in pages.
metric.reporters
    Classes that report metrics. Accepted, not used.
metrics.num.samples
    How many windows a metric is averaged over.
metrics.recording.level
    How much detail metrics have: INFO, DEBUG or TRACE.
metrics.sample.window.ms
    How long one of a metric's windows is.
num.io.threads
    Threads that handle requests. Here, one event loop handles all of them.
num.network.threads
    Threads that read and write connections. Here, one event loop does.
producer.purgatory.purge.interval.requests
    How many finished Produce requests may lie about before they are swept up.
queued.max.request.bytes
    How much memory requests may hold that are read and not answered yet; -1 means no limit.
queued.max.requests
    How many requests may wait for a thread.
quota.window.num
    How many windows client quotas are measured over.
quota.window.size.seconds
    How long one window of client quotas is.
request.timeout.ms
    How long this broker waits for an answer when it asks another node.
share.fetch.purgatory.purge.interval.requests
    How many finished ShareFetch requests may lie about before they are swept up.
socket.connection.setup.timeout.max.ms
    How long connecting to another node may take at most, after repeated failures.
socket.connection.setup.timeout.ms
    How long connecting to another node may take the first time.
socket.listen.backlog.size
    How many connections may wait to be accepted.
socket.receive.buffer.bytes
    The size of a connection's receive buffer in the operating system; -1 leaves it as it is.
socket.request.max.bytes
    The largest request that is read. Whoever announces a larger one is disconnected.
socket.send.buffer.bytes
    The size of a connection's send buffer in the operating system; -1 leaves it as it is.
telemetry.max.bytes
    The largest package of metrics a client may push.
"""
