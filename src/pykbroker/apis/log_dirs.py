"""Log directories: what is in them, and moving replicas between them (API keys 34 and 35)."""

from __future__ import annotations

from collections.abc import Iterator

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.directory import LogDirectory
from pykbroker.log.log import Log
from pykbroker.names import METADATA_TOPIC, TopicPartition
from pykbroker.wire.messages.log_dirs import (
    AlterReplicaLogDirPartitionResult,
    AlterReplicaLogDirsRequest,
    AlterReplicaLogDirsResponse,
    AlterReplicaLogDirTopicResult,
    DescribeLogDirsPartition,
    DescribeLogDirsRequest,
    DescribeLogDirsResponse,
    DescribeLogDirsResult,
    DescribeLogDirsTopic,
)

UNKNOWN_BYTES = -1


def _alter_failed(request: AlterReplicaLogDirsRequest, error: KafkaError) -> AlterReplicaLogDirsResponse:
    return _altered({(topic, index): error.code for topic, index, _ in _wanted_moves(request)})


@handles(AlterReplicaLogDirsRequest, error_response=_alter_failed)
async def alter_replica_log_dirs(
    context: RequestContext, request: AlterReplicaLogDirsRequest
) -> AlterReplicaLogDirsResponse:
    """Begin to move replicas to other directories of this broker; DescribeLogDirs says how far they are.

    Of a partition that is named twice, the last directory counts. Directories are compared as DescribeLogDirs names
    them; a directory that is none is told before a partition that is none. The metadata log does not move.
    """
    moves = {(topic, index): path for topic, index, path in _wanted_moves(request)}
    codes = {(topic, index): _begin_move(context, topic, index, path) for (topic, index), path in moves.items()}
    return _altered(codes)


def _wanted_moves(request: AlterReplicaLogDirsRequest) -> Iterator[tuple[str, int, str]]:
    for directory in request.dirs:
        for topic in directory.topics:
            for index in topic.partitions:
                yield topic.name, index, directory.path


def _begin_move(context: RequestContext, topic: str, index: int, path: str) -> ErrorCode:
    services = context.services
    if topic == METADATA_TOPIC:
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    try:
        services.logs.move(TopicPartition(topic, index), path)
    except KafkaError as error:
        is_missing = error.code == ErrorCode.REPLICA_NOT_AVAILABLE
        if is_missing and services.metadata.image.partition(topic, index) is None:
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return error.code
    return ErrorCode.NONE


def _altered(codes: dict[tuple[str, int], ErrorCode]) -> AlterReplicaLogDirsResponse:
    topics: dict[str, list[AlterReplicaLogDirPartitionResult]] = {}
    for (topic, index), code in codes.items():
        topics.setdefault(topic, []).append(AlterReplicaLogDirPartitionResult(partition_index=index, error_code=code))
    return AlterReplicaLogDirsResponse(
        results=[AlterReplicaLogDirTopicResult(topic_name=name, partitions=rows) for name, rows in topics.items()]
    )


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
    for (topic, index), future in context.services.logs.moves.futures.items():
        if future.directory is directory and (wanted is None or index in wanted.get(topic, ())):
            topics.setdefault(topic, []).append(_describe_future(context, topic, index, future))
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


def _describe_future(context: RequestContext, topic: str, index: int, future: Log) -> DescribeLogDirsPartition:
    """A replica that is being moved here, and how much it lacks."""
    present = context.services.logs.get(TopicPartition(topic, index))
    end = future.log_end_offset if present is None else present.log_end_offset
    return DescribeLogDirsPartition(
        is_future_key=True,
        partition_index=index,
        partition_size=future.size_bytes,
        offset_lag=max(end - future.log_end_offset, 0),
    )


FAMILY: tuple[Api, ...] = (alter_replica_log_dirs, describe_log_dirs)
