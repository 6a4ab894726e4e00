"""Log directories: what is in them, and moving replicas between them (API keys 34 and 35)."""

from __future__ import annotations

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.directory import LogDirectory
from pykbroker.names import METADATA_TOPIC
from pykbroker.wire.messages.log_dirs import (
    DescribeLogDirsPartition,
    DescribeLogDirsRequest,
    DescribeLogDirsResponse,
    DescribeLogDirsResult,
    DescribeLogDirsTopic,
)

UNKNOWN_BYTES = -1


def _describe_failed(request: DescribeLogDirsRequest, error: KafkaError) -> DescribeLogDirsResponse:
    return DescribeLogDirsResponse(error_code=error.code)


@handles(DescribeLogDirsRequest, error_response=_describe_failed)
async def describe_log_dirs(context: RequestContext, request: DescribeLogDirsRequest) -> DescribeLogDirsResponse:
    """Each directory, how large the replicas in it are, and (v4, KIP-827) how much room there is.

    v3  top-level error      v5  is_cordoned (KIP-1066)
    """
    wanted = None if request.topics is None else {topic.topic: set(topic.partitions) for topic in request.topics}
    logs = context.services.logs
    results = [_describe(context, directory, wanted) for directory in logs.directories]
    known = {directory.path for directory in logs.directories}
    results += [
        DescribeLogDirsResult(topics=(), error_code=ErrorCode.KAFKA_STORAGE_ERROR, log_dir=path)
        for path in logs.offline
        if path not in known
    ]
    return DescribeLogDirsResponse(results=results)


def _describe(
    context: RequestContext, directory: LogDirectory, wanted: dict[str, set[int]] | None
) -> DescribeLogDirsResult:
    disk = context.services.world.disk
    path = disk.canonical(directory.path)
    if directory.failure is not None:
        return DescribeLogDirsResult(topics=(), error_code=ErrorCode.KAFKA_STORAGE_ERROR, log_dir=path)
    topics: dict[str, list[DescribeLogDirsPartition]] = {}
    for (topic, index), log in context.services.logs.logs.items():
        if log.directory is not directory or topic == METADATA_TOPIC:
            continue
        if wanted is None or index in wanted.get(topic, ()):
            lag = max(log.high_watermark - log.log_end_offset, 0)
            entry = DescribeLogDirsPartition(
                is_future_key=False, partition_index=index, partition_size=log.size_bytes, offset_lag=lag
            )
            topics.setdefault(topic, []).append(entry)
    try:
        total_bytes, free_bytes = disk.total_bytes(directory.path), disk.free_bytes(directory.path)
    except OSError:
        total_bytes = free_bytes = UNKNOWN_BYTES
    return DescribeLogDirsResult(
        error_code=0,
        log_dir=path,
        topics=[DescribeLogDirsTopic(name=name, partitions=entries) for name, entries in topics.items()],
        total_bytes=total_bytes,
        usable_bytes=free_bytes,
    )


FAMILY: tuple[Api, ...] = (describe_log_dirs,)
