"""Words for ``config.broker_remote``."""

from typing import Final

TEXT: Final = """
follower.fetch.last.tiered.offset.enable
    Let an empty follower start at the end of what is in tiered storage instead of copying it.
remote.fetch.max.wait.ms
    How long a Fetch waits for tiered storage.
remote.list.offsets.request.timeout.ms
    How long a ListOffsets waits for tiered storage.
remote.log.index.file.cache.total.size.bytes
    How much disk is used for indexes fetched from tiered storage.
remote.log.index.file.cache.ttl.ms
    How long a fetched index stays without being used; -1 means for ever.
remote.log.manager.copier.thread.pool.size
    Threads that copy segments to tiered storage.
remote.log.manager.copy.max.bytes.per.second
    How fast segments are copied to tiered storage.
remote.log.manager.copy.quota.window.num
    How many windows copying is measured over.
remote.log.manager.copy.quota.window.size.seconds
    How long one of these windows is.
remote.log.manager.expiration.thread.pool.size
    Threads that delete from tiered storage what has expired.
remote.log.manager.fetch.max.bytes.per.second
    How fast records are fetched from tiered storage.
remote.log.manager.fetch.quota.window.num
    How many windows fetching is measured over.
remote.log.manager.fetch.quota.window.size.seconds
    How long one of these windows is.
remote.log.manager.follower.thread.pool.size
    Threads that follow what leaders put into tiered storage.
remote.log.manager.task.interval.ms
    How often it is looked for work with tiered storage.
remote.log.manager.task.retry.backoff.max.ms
    How long such work waits at most after failures.
remote.log.manager.task.retry.backoff.ms
    How long such work waits after its first failure.
remote.log.manager.task.retry.jitter
    By which part of the wait it varies at random.
remote.log.manager.thread.pool.size
    Threads for tiered storage where no other configuration says.
remote.log.metadata.custom.metadata.max.bytes
    How much a plug-in may note about a segment it stores.
remote.log.metadata.manager.class.name
    The class that knows which segments are in tiered storage.
remote.log.metadata.manager.class.path
    Where that class is found.
remote.log.metadata.manager.impl.prefix
    The beginning of the names of configurations meant for that class.
remote.log.metadata.manager.listener.name
    The listener on which that class talks to brokers.
remote.log.reader.max.pending.tasks
    How many reads of tiered storage may wait for a thread.
remote.log.reader.threads
    Threads that read from tiered storage.
remote.log.storage.manager.class.name
    The class that stores segments elsewhere.
remote.log.storage.manager.class.path
    Where that class is found.
remote.log.storage.manager.impl.prefix
    The beginning of the names of configurations meant for that class.
remote.log.storage.system.enable
    Have tiered storage. Accepted, not used.
"""
