"""The table of all APIs: which module declares each, found without importing them.

A broker that is asked three kinds of request imports three families. What is needed before a message is known, from
which version on its header is flexible and which versions there are, stands here too; a test holds it against the
declarations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pykbroker.wire.api import Request
    from pykbroker.wire.schema import Versions

NOT_FLEXIBLE = 32768
"""One more than any version: for APIs that never became flexible."""


class Api(NamedTuple):
    """One row: key, Kafka's name, the module of its messages, the first flexible version, all stable versions."""

    key: int
    name: str
    family: str
    flexible_since: int
    versions: str


_ROWS = (
    Api(0, "Produce", "produce", 9, "0-13"),
    Api(1, "Fetch", "fetch", 12, "0-18"),
    Api(2, "ListOffsets", "list_offsets", 6, "0-11"),
    Api(3, "Metadata", "metadata", 9, "0-13"),
    Api(8, "OffsetCommit", "offsets", 8, "0-10"),
    Api(9, "OffsetFetch", "offsets", 6, "0-10"),
    Api(10, "FindCoordinator", "groups", 3, "0-6"),
    Api(11, "JoinGroup", "groups", 6, "0-9"),
    Api(12, "Heartbeat", "groups", 4, "0-4"),
    Api(13, "LeaveGroup", "groups", 4, "0-5"),
    Api(14, "SyncGroup", "groups", 4, "0-5"),
    Api(15, "DescribeGroups", "groups", 5, "0-6"),
    Api(16, "ListGroups", "groups", 3, "0-5"),
    Api(17, "SaslHandshake", "sasl", NOT_FLEXIBLE, "0-1"),
    Api(18, "ApiVersions", "api_versions", 3, "0-4"),
    Api(19, "CreateTopics", "topics", 5, "0-7"),
    Api(20, "DeleteTopics", "topics", 4, "0-6"),
    Api(21, "DeleteRecords", "topics", 2, "0-2"),
    Api(22, "InitProducerId", "transactions", 2, "0-5"),
    Api(23, "OffsetForLeaderEpoch", "list_offsets", 4, "0-4"),
    Api(24, "AddPartitionsToTxn", "transactions", 3, "0-5"),
    Api(25, "AddOffsetsToTxn", "transactions", 3, "0-4"),
    Api(26, "EndTxn", "transactions", 3, "0-5"),
    Api(27, "WriteTxnMarkers", "transactions", 1, "0-2"),
    Api(28, "TxnOffsetCommit", "transactions", 3, "0-5"),
    Api(29, "DescribeAcls", "acls", 2, "0-3"),
    Api(30, "CreateAcls", "acls", 2, "0-3"),
    Api(31, "DeleteAcls", "acls", 2, "0-3"),
    Api(32, "DescribeConfigs", "configs", 4, "0-4"),
    Api(33, "AlterConfigs", "configs", 2, "0-2"),
    Api(34, "AlterReplicaLogDirs", "log_dirs", 2, "0-2"),
    Api(35, "DescribeLogDirs", "log_dirs", 2, "0-5"),
    Api(36, "SaslAuthenticate", "sasl", 2, "0-2"),
    Api(37, "CreatePartitions", "topics", 2, "0-3"),
    Api(38, "CreateDelegationToken", "tokens", 2, "0-3"),
    Api(39, "RenewDelegationToken", "tokens", 2, "0-2"),
    Api(40, "ExpireDelegationToken", "tokens", 2, "0-2"),
    Api(41, "DescribeDelegationToken", "tokens", 2, "0-3"),
    Api(42, "DeleteGroups", "groups", 2, "0-2"),
    Api(43, "ElectLeaders", "topics", 2, "0-2"),
    Api(44, "IncrementalAlterConfigs", "configs", 1, "0-1"),
    Api(45, "AlterPartitionReassignments", "topics", 0, "0-1"),
    Api(46, "ListPartitionReassignments", "topics", 0, "0"),
    Api(47, "OffsetDelete", "offsets", NOT_FLEXIBLE, "0"),
    Api(48, "DescribeClientQuotas", "quotas", 1, "0-1"),
    Api(49, "AlterClientQuotas", "quotas", 1, "0-1"),
    Api(50, "DescribeUserScramCredentials", "scram", 0, "0"),
    Api(51, "AlterUserScramCredentials", "scram", 0, "0"),
    Api(52, "Vote", "quorum", 0, "0-2"),
    Api(53, "BeginQuorumEpoch", "quorum", 1, "0-1"),
    Api(54, "EndQuorumEpoch", "quorum", 1, "0-1"),
    Api(55, "DescribeQuorum", "quorum", 0, "0-2"),
    Api(56, "AlterPartition", "brokers", 0, "2-3"),
    Api(57, "UpdateFeatures", "brokers", 0, "0-2"),
    Api(58, "Envelope", "brokers", 0, "0"),
    Api(59, "FetchSnapshot", "quorum", 0, "0-1"),
    Api(60, "DescribeCluster", "metadata", 0, "0-2"),
    Api(61, "DescribeProducers", "transactions", 0, "0"),
    Api(62, "BrokerRegistration", "brokers", 0, "0-4"),
    Api(63, "BrokerHeartbeat", "brokers", 0, "0-2"),
    Api(64, "UnregisterBroker", "brokers", 0, "0"),
    Api(65, "DescribeTransactions", "transactions", 0, "0"),
    Api(66, "ListTransactions", "transactions", 0, "0-2"),
    Api(67, "AllocateProducerIds", "brokers", 0, "0"),
    Api(68, "ConsumerGroupHeartbeat", "consumer_groups", 0, "0-1"),
    Api(69, "ConsumerGroupDescribe", "consumer_groups", 0, "0-1"),
    Api(70, "ControllerRegistration", "brokers", 0, "0"),
    Api(71, "GetTelemetrySubscriptions", "telemetry", 0, "0"),
    Api(72, "PushTelemetry", "telemetry", 0, "0"),
    Api(73, "AssignReplicasToDirs", "log_dirs", 0, "0"),
    Api(74, "ListConfigResources", "configs", 0, "0-1"),
    Api(75, "DescribeTopicPartitions", "metadata", 0, "0"),
    Api(76, "ShareGroupHeartbeat", "share_groups", 0, "1"),
    Api(77, "ShareGroupDescribe", "share_groups", 0, "1"),
    Api(78, "ShareFetch", "share_groups", 0, "1-2"),
    Api(79, "ShareAcknowledge", "share_groups", 0, "1-2"),
    Api(80, "AddRaftVoter", "quorum", 0, "0-1"),
    Api(81, "RemoveRaftVoter", "quorum", 0, "0"),
    Api(82, "UpdateRaftVoter", "quorum", 0, "0"),
    Api(83, "InitializeShareGroupState", "share_groups_state", 0, "0"),
    Api(84, "ReadShareGroupState", "share_groups_state", 0, "0"),
    Api(85, "WriteShareGroupState", "share_groups_state", 0, "0-1"),
    Api(86, "DeleteShareGroupState", "share_groups_state", 0, "0"),
    Api(87, "ReadShareGroupStateSummary", "share_groups_state", 0, "0-1"),
    Api(88, "StreamsGroupHeartbeat", "streams_groups", 0, "0"),
    Api(89, "StreamsGroupDescribe", "streams_groups", 0, "0"),
    Api(90, "DescribeShareGroupOffsets", "share_groups", 0, "0-1"),
    Api(91, "AlterShareGroupOffsets", "share_groups", 0, "0"),
    Api(92, "DeleteShareGroupOffsets", "share_groups", 0, "0"),
)

APIS = {row.key: row for row in _ROWS}
"""Every API by its key. Keys 4 to 7 (LeaderAndIsr, StopReplica, UpdateMetadata, ControlledShutdown) left with
ZooKeeper."""

FLEXIBLE_SINCE = {row.key: row.flexible_since for row in _ROWS}


def flexible_since(api_key: int) -> int:
    """The first flexible version of an API; of an unknown one, a version that does not exist."""
    return FLEXIBLE_SINCE.get(api_key, NOT_FLEXIBLE)


class _Requests(Mapping[int, "type[Request[Any]]"]):
    """The class of an API's requests by its key; the module is imported when the key is first looked up."""

    def __init__(self) -> None:
        self._found: dict[int, type[Request[Any]]] = {}

    def __getitem__(self, api_key: int) -> type[Request[Any]]:
        found = self._found.get(api_key)
        if found is None:
            row = APIS[api_key]
            found = getattr(import_module(f"{__name__}.{row.family}"), f"{row.name}Request")
            self._found[api_key] = found
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(APIS)

    def __len__(self) -> int:
        return len(APIS)


REQUESTS: Mapping[int, type[Request[Any]]] = _Requests()
"""Every API's request class by key, ``response_type`` being that of the answers."""


class ApiVersionsRow(NamedTuple):
    """What the documentation says of an API."""

    key: int
    name: str
    versions: Versions
    flexible: Versions
    unstable: Versions


def api_table() -> Iterator[ApiVersionsRow]:
    """One row per API, by key, made from the declarations."""
    for row in _ROWS:
        request = REQUESTS[row.key]
        yield ApiVersionsRow(row.key, row.name, request.versions, request.flexible, request.unstable)
