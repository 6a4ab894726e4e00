"""Log directories: AlterReplicaLogDirs (34), DescribeLogDirs (35), AssignReplicasToDirs (73)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import Struct, Versions, array, boolean, int16, int32, int64, string, uuid


class AlterReplicaLogDirPartitionResult(Struct):
    partition_index: int = int32()
    error_code: int = int16()


class AlterReplicaLogDirTopicResult(Struct):
    topic_name: str = string()
    partitions: Sequence[AlterReplicaLogDirPartitionResult] = array(AlterReplicaLogDirPartitionResult)


class AlterReplicaLogDirsResponse(Response, versions="0-2", flexible="2+"):
    """Per partition an error."""

    throttle_time_ms: int = int32(default=0)
    results: Sequence[AlterReplicaLogDirTopicResult] = array(AlterReplicaLogDirTopicResult, default=())


class AlterReplicaLogDirTopic(Struct):
    name: str = string()
    partitions: Sequence[int] = array(int32())


class AlterReplicaLogDir(Struct):
    path: str = string()
    topics: Sequence[AlterReplicaLogDirTopic] = array(AlterReplicaLogDirTopic)


class AlterReplicaLogDirsRequest(Request[AlterReplicaLogDirsResponse], api_key=34, versions="0-2", flexible="2+"):
    """Asks to move replicas to other directories of this broker (KIP-113)."""

    dirs: Sequence[AlterReplicaLogDir] = array(AlterReplicaLogDir)


class DescribeLogDirsPartition(Struct):
    partition_index: int = int32()
    partition_size: int = int64()
    offset_lag: int = int64()
    is_future_key: bool = boolean()


class DescribeLogDirsTopic(Struct):
    name: str = string()
    partitions: Sequence[DescribeLogDirsPartition] = array(DescribeLogDirsPartition)


class DescribeLogDirsResult(Struct):
    error_code: int = int16()
    log_dir: str = string()
    topics: Sequence[DescribeLogDirsTopic] = array(DescribeLogDirsTopic)
    total_bytes: int = int64(default=-1, versions="4+")
    usable_bytes: int = int64(default=-1, versions="4+")
    is_cordoned: bool = boolean(default=False, versions="5+")


class DescribeLogDirsResponse(Response, versions="0-5", flexible="2+"):
    """Directories with sizes and lags.

    v3  an error for the whole    v4  space (KIP-827)    v5  cordoned (KIP-1066)
    """

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0, versions="3+")
    results: Sequence[DescribeLogDirsResult] = array(DescribeLogDirsResult, default=())


class DescribableLogDirTopic(Struct):
    topic: str = string()
    partitions: Sequence[int] = array(int32())


class DescribeLogDirsRequest(Request[DescribeLogDirsResponse], api_key=35, versions="0-5", flexible="2+"):
    """Asks what lies in the log directories of this broker (KIP-113); null topics mean all."""

    HAS_TOP_LEVEL_ERROR = Versions.parse("3+")
    """An authorization error has a place of its own; before, the answer is empty."""

    topics: Sequence[DescribableLogDirTopic] | None = array(DescribableLogDirTopic, nullable="0+")


class AssignReplicasToDirsResponsePartitionData(Struct):
    partition_index: int = int32()
    error_code: int = int16()


class AssignReplicasToDirsResponseTopicData(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[AssignReplicasToDirsResponsePartitionData] = array(AssignReplicasToDirsResponsePartitionData)


class AssignReplicasToDirsResponseDirectoryData(Struct):
    id: bytes = uuid()
    topics: Sequence[AssignReplicasToDirsResponseTopicData] = array(AssignReplicasToDirsResponseTopicData)


class AssignReplicasToDirsResponse(Response, versions="0", flexible="0+"):
    """Per partition an error."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    directories: Sequence[AssignReplicasToDirsResponseDirectoryData] = array(
        AssignReplicasToDirsResponseDirectoryData, default=()
    )


class AssignReplicasToDirsRequestPartitionData(Struct):
    partition_index: int = int32()


class AssignReplicasToDirsRequestTopicData(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[AssignReplicasToDirsRequestPartitionData] = array(AssignReplicasToDirsRequestPartitionData)


class AssignReplicasToDirsRequestDirectoryData(Struct):
    id: bytes = uuid()
    topics: Sequence[AssignReplicasToDirsRequestTopicData] = array(AssignReplicasToDirsRequestTopicData)


class AssignReplicasToDirsRequest(Request[AssignReplicasToDirsResponse], api_key=73, versions="0", flexible="0+"):
    """A broker tells the controller which directory holds which replica (KIP-858)."""

    broker_id: int = int32()
    broker_epoch: int = int64(default=-1)
    directories: Sequence[AssignReplicasToDirsRequestDirectoryData] = array(AssignReplicasToDirsRequestDirectoryData)
