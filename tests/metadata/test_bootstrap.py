"""What a fresh metadata directory holds, compared with one that Apache Kafka 4.3.1 formatted and started."""

import pytest

from pykbroker.metadata.bootstrap import (
    activation_records,
    bootstrap_checkpoint_bytes,
    bootstrap_records,
    leader_change_batch,
    leader_epoch_of,
    quorum_state_json,
)
from pykbroker.metadata.image import CONFIG_BROKER, EMPTY_IMAGE
from pykbroker.metadata.replay import replay
from pykbroker.metadata.snapshot import metadata_batch
from pykbroker.wire.messages.stored_metadata import METADATA_RECORDS
from pykbroker.wire.records import iterate_records, split_batches
from pykbroker.wire.stored import decode_metadata

# bootstrap.checkpoint, written by ``kafka-storage format`` at 1795242817311 ms.
KAFKA_BOOTSTRAP = bytes.fromhex("""
0000000000000000000000470000000002ff11257e002000000000000001a1fccf771f000001a1fccf771fffffffffffffffffffffffff
ffff000000012a0000000800000003160000000000000000000000000000000000000001000000f1000000000283ad53c0000000000005
000001a1fccf7737000001a1fccf7737ffffffffffffffffffffffffffff000000063a000000012e010c00116d657461646174612e7665
7273696f6e001e00005a000002014e010c0021656c696769626c652e6c65616465722e7265706c696361732e76657273696f6e00010000
340000040128010c000e67726f75702e76657273696f6e00010000340000060128010c000e73686172652e76657273696f6e0001000038
000008012c010c001073747265616d732e76657273696f6e000100004000000a0134010c00147472616e73616374696f6e2e7665727369
6f6e0002000000000000000000070000003f000000000234b4937e002000000000000001a1fccf7738000001a1fccf7738ffffffffffff
ffffffffffffffff000000011a00000008000000040600000000
""")


def without_times(data):
    """Batches with timestamps and checksums blanked out."""
    batches = []
    for position, header in split_batches(data):
        batch = bytearray(data[position : position + header.size])
        batch[17:21] = bytes(4)
        batch[27:43] = bytes(16)
        batches.append(bytes(batch))
    return batches


def test_the_bootstrap_file_is_kafkas():
    """Byte for byte what Apache Kafka's StorageTool writes, but for the time."""
    ours = bootstrap_checkpoint_bytes(bootstrap_records(), 1795242817335)

    assert without_times(ours) == without_times(KAFKA_BOOTSTRAP)


def test_an_epoch_begins_as_kafkas_does():
    """The LeaderChange batch of a cluster of one (4.3.1 wrote this value at offset 0, epoch 1)."""
    batch = leader_change_batch(1, [1], 0, 1, 1795242818618)
    ((position, header),) = split_batches(batch)
    (record,) = iterate_records(batch, position, header)

    assert header.is_control
    assert (header.base_offset, header.partition_leader_epoch, header.size) == (0, 1, 91)
    assert record.key == bytes.fromhex("00000002")
    assert record.value == bytes.fromhex("00000000000102000000010002000000010000")


def test_a_cluster_begins_with_one_transaction():
    """Bootstrap records and the default min.insync.replicas; 4.3.1 wrote this batch in 330 bytes at offsets 1 to 9."""
    records = activation_records(bootstrap_records(), min_insync_replicas=1)
    batch = metadata_batch(records, 30, 1, 1, 1795242818733)
    ((position, header),) = split_batches(batch)
    read_back = [decode_metadata(METADATA_RECORDS, each.value)[0] for each in iterate_records(batch, position, header)]

    assert (header.size, header.base_offset, header.last_offset) == (330, 1, 9)
    assert read_back == records
    image = replay(EMPTY_IMAGE, records)
    assert image.metadata_version == 30
    assert image.config(CONFIG_BROKER, "") == {"min.insync.replicas": "1"}


def test_an_old_cluster_begins_without_what_it_does_not_know():
    """No transaction before 3.6, no default min.insync.replicas without eligible leader replicas."""
    records = activation_records(bootstrap_records({"metadata.version": 11}), min_insync_replicas=1)

    assert records == bootstrap_records({"metadata.version": 11})


def test_quorum_state():
    """The file as 4.3.1 writes it for one static voter, and the epoch read back (version 1 has other fields)."""
    written = quorum_state_json(leader_id=1, leader_epoch=1, voters=[1])

    assert written == (
        b'{"clusterId":"","leaderId":1,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,'
        b'"currentVoters":[{"voterId":1}],"data_version":0}'
    )
    assert leader_epoch_of(written) == 1
    assert leader_epoch_of(b'{"leaderId":1,"leaderEpoch":8,"votedId":-1,"data_version":1}') == 8


@pytest.mark.parametrize("garbage", [b"", b"[]", b"{}", b'{"leaderEpoch":"x"}'])
def test_a_broken_quorum_state_is_named(garbage):
    """A file that says no epoch is not taken for epoch 0."""
    with pytest.raises(ValueError, match=r"."):
        leader_epoch_of(garbage)
