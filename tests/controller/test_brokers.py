"""Brokers: what starting, stopping and losing them writes."""

import pytest
from metadata.sample_records import DIRECTORY, broker, cluster, topic_records

from controller.simple_settings import settings
from pykbroker.controller.brokers import (
    Registration,
    begin_controlled_shutdown,
    fence_broker,
    start_node,
    unfence_broker,
    unregister_broker,
)
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.bootstrap import activation_records, bootstrap_records
from pykbroker.metadata.image import EMPTY_IMAGE, NO_LEADER, Endpoint
from pykbroker.metadata.replay import replay
from pykbroker.wire.messages.stored_metadata import (
    BrokerRegistrationChangeRecord,
    RegisterBrokerRecord,
    RegisterControllerRecord,
)

BROKER = Registration(1, b"b" * 16, [Endpoint("PLAINTEXT", "localhost", 9092)], log_dirs=[DIRECTORY])
CONTROLLER = Registration(1, b"c" * 16, [Endpoint("CONTROLLER", "localhost", 9093)])


def test_a_fresh_node_writes_what_kafka_writes():
    """Controller, fenced broker, unfenced, cordoned directories known to be none: the kinds and order of 4.3.1."""
    image = replay(EMPTY_IMAGE, activation_records(bootstrap_records(), 1), offset=9)
    records = start_node(image, CONTROLLER, BROKER, 10, settings())
    change = BrokerRegistrationChangeRecord

    assert [type(record) for record in records] == [RegisterControllerRecord, RegisterBrokerRecord, change, change]
    assert (records[1].broker_epoch, records[1].fenced) == (11, True)
    assert records[2:] == [
        change(broker_id=1, broker_epoch=11, fenced=-1),
        change(broker_id=1, broker_epoch=11, cordoned_log_dirs=()),
    ]
    started = replay(image, records)
    assert started.brokers[1].is_active
    assert started.brokers[1].epoch == 11
    assert started.controllers[1].incarnation_id == b"c" * 16


def test_an_old_cluster_knows_no_controllers_and_no_cordons():
    """What is written fits the metadata version."""
    image = cluster(features={"metadata.version": 14})
    records = start_node(image, CONTROLLER, BROKER, 10, settings())

    assert [type(record) for record in records] == [RegisterBrokerRecord, BrokerRegistrationChangeRecord]


def test_a_restart_leaves_led_partitions_alone():
    """Their leader is the same broker; only the registration is new."""
    image = cluster(records=topic_records("t", 3))
    started = replay(image, start_node(image, None, BROKER, image.offset + 1, settings()))

    assert started.topics == image.topics
    assert started.brokers[1].epoch == image.offset + 1


@pytest.mark.parametrize(
    "left_behind",
    [
        {"leader": NO_LEADER},
        {"leader": NO_LEADER, "isr": (), "eligible_leader_replicas": (1,), "last_known_elr": (1,)},
        {"leader": NO_LEADER, "isr": (), "last_known_elr": (1,)},
        {"leader_recovery_state": 1},
    ],
)
def test_partitions_without_a_leader_are_led_again(left_behind):
    """However Apache Kafka left a partition when it stopped or was killed, it has a leader after our start."""
    image = cluster(records=topic_records("t", 1, **left_behind))
    partition = replay(image, start_node(image, CONTROLLER, BROKER, image.offset + 1, settings())).partition("t", 0)

    assert (partition.leader, partition.isr, partition.leader_recovery_state) == (1, (1,), 0)


def test_a_fenced_broker_leaves_every_isr():
    """Others lead in its place; what only it had is led by nobody."""
    image = cluster(broker(1), broker(2), records=[*topic_records("a", 1, replicas=(1, 2)), *topic_records("b", 1)])
    fenced = replay(image, fence_broker(image, 1, settings()))

    assert not fenced.is_active(1)
    assert (fenced.partition("a", 0).leader, fenced.partition("a", 0).isr) == (2, (2,))
    assert (fenced.partition("b", 0).leader, fenced.partition("b", 0).elr) == (NO_LEADER, (1,))

    back = replay(fenced, unfence_broker(fenced, 1, settings()))
    assert (back.partition("b", 0).leader, back.partition("b", 0).isr) == (1, (1,))
    assert back.partition("a", 0).leader == 2


def test_controlled_shutdown_hands_over():
    """The broker is not active from then on, but stays unfenced."""
    image = cluster(broker(1), broker(2), records=topic_records("a", 1, replicas=(1, 2)))
    leaving = replay(image, begin_controlled_shutdown(image, 1, settings()))

    assert (leaving.brokers[1].fenced, leaving.brokers[1].in_controlled_shutdown) == (False, True)
    assert leaving.partition("a", 0).leader == 2


def test_unregistering():
    """The broker leaves its ISRs and the image; an unknown one is BROKER_ID_NOT_REGISTERED."""
    image = cluster(broker(1), broker(2), records=topic_records("a", 1, replicas=(1, 2)))
    gone = replay(image, unregister_broker(image, 1, settings()))

    assert set(gone.brokers) == {2}
    assert gone.partition("a", 0).isr == (2,)
    with pytest.raises(KafkaError) as refusal:
        unregister_broker(image, 7, settings())
    assert refusal.value.code is ErrorCode.BROKER_ID_NOT_REGISTERED
