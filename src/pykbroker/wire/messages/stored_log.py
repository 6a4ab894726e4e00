"""What is written in logs and beside them: control records, the ends of a snapshot, the quorum's state file, the
producer snapshot.

Control records have the key that ``stored.encode_control_key`` makes; snapshot header and footer are control
records too.
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import (
    ZERO_UUID,
    Struct,
    array,
    int16,
    int32,
    int64,
    string,
    struct,
    uint16,
    uint32,
    uuid,
)


class EndTxnMarker(StoredMessage, versions="0"):
    """The control record that ends a transaction in a partition: its key says commit or abort."""

    coordinator_epoch: int = int32()


class LeaderChangeMessageVoter(Struct):
    voter_id: int = int32()
    voter_directory_id: bytes = uuid(default=ZERO_UUID, versions="1+")


class LeaderChangeMessage(StoredMessage, versions="0-1", flexible="0+"):
    """The control record that a new leader of the quorum writes first. v1 directories of voters (KIP-853)."""

    version: int = int16()
    leader_id: int = int32()
    voters: Sequence[LeaderChangeMessageVoter] = array(LeaderChangeMessageVoter)
    granting_voters: Sequence[LeaderChangeMessageVoter] = array(LeaderChangeMessageVoter)


class KRaftVersionRecord(StoredMessage, versions="0", flexible="0+"):
    """The control record of ``kraft.version`` (KIP-853)."""

    version: int = int16()
    kraft_version: int = int16()


class Endpoint(Struct):
    name: str = string()
    host: str = string()
    port: int = uint16()


class KRaftVersionFeature(Struct):
    min_supported_version: int = int16()
    max_supported_version: int = int16()


class VotersRecordVoter(Struct):
    voter_id: int = int32()
    voter_directory_id: bytes = uuid()
    endpoints: Sequence[Endpoint] = array(Endpoint)
    kraft_version_feature: KRaftVersionFeature = struct(KRaftVersionFeature)


class VotersRecord(StoredMessage, versions="0", flexible="0+"):
    """The control record of the voters (KIP-853)."""

    version: int = int16()
    voters: Sequence[VotersRecordVoter] = array(VotersRecordVoter)


class SnapshotHeaderRecord(StoredMessage, versions="0", flexible="0+"):
    """The control record that begins a snapshot (KIP-630)."""

    version: int = int16()
    last_contained_log_timestamp: int = int64()


class SnapshotFooterRecord(StoredMessage, versions="0", flexible="0+"):
    """The control record that ends a snapshot: without it the file is not whole."""

    version: int = int16()


class QuorumStateDataVoter(Struct):
    voter_id: int = int32()


class QuorumStateData(StoredMessage, versions="0-1", flexible="0+"):
    """The file ``quorum-state``, as JSON there: who was voted for, in which epoch.

    v1  without the voters (KIP-853)
    """

    cluster_id: str = string(default="", versions="0")
    leader_id: int = int32(default=-1)
    leader_epoch: int = int32(default=-1)
    voted_id: int = int32(default=-1)
    voted_directory_id: bytes = uuid(default=ZERO_UUID, versions="1+")
    applied_offset: int = int64(default=0, versions="0")
    current_voters: Sequence[QuorumStateDataVoter] | None = array(
        QuorumStateDataVoter, default=(), versions="0", nullable="0"
    )


class ProducerEntry(Struct):
    producer_id: int = int64()
    epoch: int = int16()
    last_sequence: int = int32()
    last_offset: int = int64()
    offset_delta: int = int32()
    timestamp: int = int64()
    coordinator_epoch: int = int32()
    current_txn_first_offset: int = int64()


class ProducerSnapshot(StoredMessage, versions="1"):
    """The ``.snapshot`` file of producer states, v1. Its CRC covers what follows the CRC field."""

    crc: int = uint32()
    producer_entries: Sequence[ProducerEntry] = array(ProducerEntry)
