"""A metadata log that Apache Kafka wrote, read, replayed and written again."""

from pathlib import Path

from pykbroker.metadata.features import default_features, record_version, supported_features
from pykbroker.metadata.image import CONFIG_BROKER, EMPTY_IMAGE, Endpoint
from pykbroker.metadata.replay import replay
from pykbroker.names import uuid_to_text
from pykbroker.wire.messages.stored_metadata import METADATA_RECORDS
from pykbroker.wire.records import iterate_records, split_batches
from pykbroker.wire.stored import decode_metadata, encode_metadata

LOG = bytes.fromhex("".join((Path(__file__).parent / "golden" / "first_start.hex").read_text().splitlines()[1:]))


def values():
    """The metadata records' values, as they stand in the log."""
    return [
        record.value
        for position, header in split_batches(LOG)
        if not header.is_control
        for record in iterate_records(LOG, position, header)
    ]


def test_the_image_of_a_first_start():
    """One broker, unfenced, with 4.3's features and the cluster's min.insync.replicas."""
    image = replay(EMPTY_IMAGE, [decode_metadata(METADATA_RECORDS, value)[0] for value in values()], 14, 1)
    node = image.brokers[1]

    assert image.features == default_features()
    assert image.config(CONFIG_BROKER, "") == {"min.insync.replicas": "1"}
    assert (node.epoch, node.is_active, node.cordoned_log_dirs) == (11, True, ())
    assert node.endpoints == (Endpoint("PLAINTEXT", "127.0.0.1", 19092, 0),)
    assert [uuid_to_text(each) for each in node.log_dirs] == ["f9toTRd4ubs0MU7ZhNPFcA"]
    assert node.features == image.controllers[1].features == supported_features()
    assert image.controllers[1].endpoints == (Endpoint("CONTROLLER", "127.0.0.1", 19093, 0),)


def test_written_again_it_is_the_same():
    """Every record encodes to Kafka's bytes, in the version we would choose ourselves."""
    for value in values():
        record, version = decode_metadata(METADATA_RECORDS, value)

        assert record_version(record, 30) == version
        assert encode_metadata(record, version) == value
