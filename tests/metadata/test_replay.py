"""Replay: what each record does to the image, and what the delta says of it."""

import pytest

from metadata.sample_records import DIRECTORY, broker, cluster, topic_id, topic_records
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata import replay as replay_module
from pykbroker.metadata.image import (
    CONFIG_BROKER,
    CONFIG_TOPIC,
    EMPTY_IMAGE,
    AclEntry,
    DelegationToken,
    Endpoint,
    PartitionImage,
    ScramCredential,
)
from pykbroker.metadata.replay import Replayer, replay
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages import stored_metadata as stored


def deltas(image, *batches):
    """Replay batch by batch; the deltas."""
    replayer = Replayer(image)
    found = []
    for batch in batches:
        for record in batch:
            replayer.add(record)
        found.append(replayer.finish(replayer.image.offset + len(batch), 1))
    return found


def test_every_record_of_the_wire_has_a_meaning():
    """No record that a controller may write is unknown to replay."""
    written = {getattr(stored, name) for name in stored.__all__ if name.endswith("Record")}

    assert written == set(replay_module._TABLE)


def test_a_topic_is_found_by_name_and_by_id():
    """A topic and its partitions appear under both keys, as one object."""
    image = replay(EMPTY_IMAGE, topic_records("orders", 3))

    assert image.topics["orders"] is image.topics_by_id[topic_id("orders")]
    assert image.partition("orders", 2) == PartitionImage(
        partition_id=2, leader=1, leader_epoch=0, partition_epoch=0, replicas=(1,), isr=(1,), directories=(DIRECTORY,)
    )
    assert image.partition_by_id(topic_id("orders"), 2) is image.partition("orders", 2)
    assert image.partition_count == 3


@pytest.mark.parametrize("partition_id", [-1, 3])
def test_a_partition_that_is_not_there_is_none(partition_id):
    """Looking beyond the partitions, on either side, finds nothing."""
    image = replay(EMPTY_IMAGE, topic_records("orders", 3))

    assert image.partition("orders", partition_id) is None
    assert image.partition_by_id(topic_id("orders"), partition_id) is None
    assert image.partition("nothing", 0) is None


def test_the_old_image_stays_as_it_was():
    """Replay makes a new image; whoever holds the old one sees no change."""
    before = replay(EMPTY_IMAGE, topic_records("orders", 1))
    replay(before, [stored.RemoveTopicRecord(topic_id=topic_id("orders")), *topic_records("bills")])

    assert list(before.topics) == ["orders"]
    assert before.partition_count == 1


def test_what_a_batch_does_not_touch_is_shared():
    """An image that differs by one topic shares every other topic and mapping with the one before."""
    before = cluster(records=[*topic_records("orders"), stored.ConfigRecord(
        resource_type=CONFIG_TOPIC, resource_name="orders", name="a", value="b"
    )])  # fmt: skip
    after = replay(before, topic_records("bills"))

    assert after.topics["orders"] is before.topics["orders"]
    assert after.configs is before.configs
    assert after.brokers is before.brokers


def test_equal_replicas_are_one_object():
    """Partitions on the same brokers hold the same tuples, which is what keeps 10,000 of them small."""
    image = replay(EMPTY_IMAGE, topic_records("orders", 2) + topic_records("bills", 1))
    partitions = [*image.topics["orders"].partitions, *image.topics["bills"].partitions]

    assert len({id(partition.replicas) for partition in partitions}) == 1
    assert len({id(partition.directories) for partition in partitions}) == 1


def test_offset_and_epoch_follow_the_records():
    """Without an offset the records follow the image directly; with one it is the last record's."""
    first = replay(EMPTY_IMAGE, topic_records("orders", 2))

    assert first.offset == 2
    assert replay(first, [stored.NoOpRecord()], 17, 4)[:2] == (17, 4)


def test_partitions_may_come_in_any_order():
    """Within a batch only completeness counts."""
    head, *partitions = topic_records("orders", 4)
    image = replay(EMPTY_IMAGE, [head, *reversed(partitions)])

    assert [partition.partition_id for partition in image.topics["orders"].partitions] == [0, 1, 2, 3]


def test_a_gap_between_partitions_is_refused():
    """A topic without its partition 1 cannot be true."""
    head, first, _, third = topic_records("orders", 3)

    with pytest.raises(KafkaError, match="without its partition 1"):
        replay(EMPTY_IMAGE, [head, first, third])


def test_partitions_added_later_are_changes_of_the_topic():
    """CreatePartitions: the topic keeps its id, and the delta names only what is new."""
    before = cluster(records=topic_records("orders", 1))
    added = topic_records("orders", 3)[2:]
    (delta,) = deltas(before, added)

    assert len(delta.image.topics["orders"].partitions) == 3
    assert delta.changed_partitions == {topic_id("orders"): frozenset({1, 2})}
    assert delta.created_topics == ()
    assert delta.image.partition_count == 3


def test_a_partition_change_says_only_what_changes():
    """Fields left out stay; the partition epoch always grows, the leader epoch with a leader (even the same one)."""
    before = cluster(records=topic_records("orders", 1, replicas=(1, 2, 3)))
    change = stored.PartitionChangeRecord(partition_id=0, topic_id=topic_id("orders"), isr=[1, 2])
    bump = stored.PartitionChangeRecord(partition_id=0, topic_id=topic_id("orders"), leader=1)
    first, second = deltas(before, [change], [bump])
    was, is_now = first.image.partition("orders", 0), second.image.partition("orders", 0)

    assert (was.isr, was.leader, was.leader_epoch, was.partition_epoch) == ((1, 2), 1, 0, 1)
    assert (is_now.isr, is_now.leader, is_now.leader_epoch, is_now.partition_epoch) == ((1, 2), 1, 1, 2)
    assert list(second.live_partitions()) == [(second.image.topics["orders"], is_now)]


def test_a_partition_change_can_set_everything():
    """Replicas, moves, eligible leaders, recovery and directories."""
    before = cluster(records=topic_records("orders", 1, replicas=(1, 2)))
    change = stored.PartitionChangeRecord(
        partition_id=0,
        topic_id=topic_id("orders"),
        isr=(),
        leader=-1,
        replicas=(1, 2, 3),
        removing_replicas=(1,),
        adding_replicas=(3,),
        leader_recovery_state=1,
        directories=(b"1" * 16, b"2" * 16, b"3" * 16),
        eligible_leader_replicas=(2,),
        last_known_elr=(1,),
    )
    partition = replay(before, [change]).partition("orders", 0)

    assert partition == PartitionImage(
        0, -1, 1, 1, (1, 2, 3), (), (b"1" * 16, b"2" * 16, b"3" * 16), (3,), (1,), (2,), (1,), 1
    )
    assert partition.is_reassigning
    assert partition.directory_of(3) == b"3" * 16


def test_records_from_before_directories_leave_them_unknown():
    """A partition written before KIP-858 has a directory id of zero per replica (Kafka's MIGRATING)."""
    image = replay(EMPTY_IMAGE, topic_records("orders", 1, replicas=(1, 2), directories=()))

    assert image.partition("orders", 0).directories == (bytes(16), bytes(16))


def test_removing_a_topic_removes_its_configs():
    """A topic created again under the name starts without the configs of the one before."""
    config = stored.ConfigRecord(resource_type=CONFIG_TOPIC, resource_name="orders", name="retention.ms", value="1")
    before = cluster(records=[*topic_records("orders", 2), config])
    (delta,) = deltas(before, [stored.RemoveTopicRecord(topic_id=topic_id("orders"))])

    assert delta.deleted_topics == (before.topics["orders"],)
    assert delta.configs == {(CONFIG_TOPIC, "orders")}
    assert delta.image.topic_config("orders") == {}
    assert not delta.image.topics
    assert not delta.image.topics_by_id
    assert delta.image.partition_count == 0


def test_a_topic_replaced_in_one_batch_is_deleted_and_created():
    """Deleting and creating under one name gives a new id: followers must drop the old log."""
    before = cluster(records=topic_records("orders", 1))
    head, partition = topic_records("orders", 1)
    head.topic_id = partition.topic_id = b"n" * 16
    (delta,) = deltas(before, [stored.RemoveTopicRecord(topic_id=topic_id("orders")), head, partition])

    assert [topic.topic_id for topic in delta.deleted_topics] == [topic_id("orders")]
    assert [topic.topic_id for topic in delta.created_topics] == [b"n" * 16]
    assert delta.image.topics["orders"].topic_id == b"n" * 16


def test_a_topic_made_and_removed_in_one_batch_never_was():
    """The delta does not trouble anybody with it."""
    (delta,) = deltas(cluster(), [*topic_records("orders"), stored.RemoveTopicRecord(topic_id=topic_id("orders"))])

    assert not delta.topics_changed
    assert delta.image.partition_count == 0


def test_brokers_register_change_and_leave():
    """A broker comes fenced, is unfenced, begins to shut down, and is forgotten."""
    register = stored.RegisterBrokerRecord(
        broker_id=2,
        incarnation_id=b"i" * 16,
        broker_epoch=40,
        end_points=[stored.BrokerEndpoint(name="PLAINTEXT", host="h", port=9092, security_protocol=0)],
        features=[stored.BrokerFeature(name="metadata.version", min_supported_version=7, max_supported_version=30)],
        rack="r1",
        log_dirs=[DIRECTORY],
    )
    change = stored.BrokerRegistrationChangeRecord
    registered, unfenced, leaving, gone = deltas(
        cluster(),
        [register],
        [
            change(broker_id=2, broker_epoch=40, fenced=-1),
            change(broker_id=2, broker_epoch=40, cordoned_log_dirs=[], log_dirs=[b"e" * 16]),
        ],
        [change(broker_id=2, broker_epoch=40, in_controlled_shutdown=1)],
        [stored.UnregisterBrokerRecord(broker_id=2, broker_epoch=40)],
    )

    assert registered.image.brokers[2].fenced
    assert registered.image.brokers[2].endpoint("PLAINTEXT") == Endpoint("PLAINTEXT", "h", 9092, 0)
    assert registered.image.brokers[2].features == {"metadata.version": (7, 30)}
    assert unfenced.image.brokers[2].is_active
    assert unfenced.image.brokers[2].cordoned_log_dirs == ()
    assert unfenced.image.brokers[2].log_dirs == (b"e" * 16,)
    assert not leaving.image.is_active(2)
    assert 2 not in gone.image.brokers
    assert gone.brokers == {2}


def test_records_from_before_registration_changes_still_fence():
    """FenceBrokerRecord and UnfenceBrokerRecord of old logs."""
    image = replay(cluster(broker(1)), [stored.FenceBrokerRecord(id=1, epoch=101)])

    assert image.brokers[1].fenced
    assert not replay(image, [stored.UnfenceBrokerRecord(id=1, epoch=101)]).brokers[1].fenced


def test_a_change_for_another_incarnation_is_a_contradiction():
    """A change carries the epoch of the registration it changes."""
    with pytest.raises(KafkaError, match="epoch 7"):
        replay(cluster(), [stored.BrokerRegistrationChangeRecord(broker_id=1, broker_epoch=7, fenced=1)])


def test_a_controller_registers():
    """Controllers keep their endpoints and features (KIP-919)."""
    image = replay(EMPTY_IMAGE, [
        stored.RegisterControllerRecord(
            controller_id=1,
            incarnation_id=b"c" * 16,
            zk_migration_ready=False,
            end_points=[stored.ControllerEndpoint(name="CONTROLLER", host="h", port=9093, security_protocol=0)],
            features=[
                stored.ControllerFeature(name="kraft.version", min_supported_version=0, max_supported_version=1)
            ],
        )
    ])  # fmt: skip

    assert image.controllers[1].endpoints == (Endpoint("CONTROLLER", "h", 9093, 0),)
    assert image.controllers[1].features == {"kraft.version": (0, 1)}


def test_configs_are_set_and_dropped():
    """A null value removes a config; a resource without configs is gone."""

    def config(name, value):
        return stored.ConfigRecord(resource_type=CONFIG_BROKER, resource_name="", name=name, value=value)

    first, second, third = deltas(
        cluster(), [config("a", "1"), config("b", "2")], [config("a", None)], [config("b", None)]
    )

    assert first.image.config(CONFIG_BROKER, "") == {"a": "1", "b": "2"}
    assert second.image.config(CONFIG_BROKER, "") == {"b": "2"}
    assert third.image.configs == {}
    assert third.configs == {(CONFIG_BROKER, "")}


def test_features_are_finalized_and_dropped():
    """Level 0 means that a feature is not finalized."""
    first, second = deltas(
        EMPTY_IMAGE,
        [
            stored.FeatureLevelRecord(name="metadata.version", feature_level=30),
            stored.FeatureLevelRecord(name="eligible.leader.replicas.version", feature_level=1),
        ],
        [stored.FeatureLevelRecord(name="eligible.leader.replicas.version", feature_level=0)],
    )

    assert first.image.metadata_version == 30
    assert first.image.elr_enabled
    assert second.image.features == {"metadata.version": 30}
    assert second.features == {"eligible.leader.replicas.version"}


@pytest.mark.parametrize("level", [6, 31, 0])
def test_an_unknown_metadata_version_is_refused(level):
    """A log we cannot fully understand is not half understood."""
    with pytest.raises(KafkaError, match=f"level {level}; supported are 7 to 30") as refusal:
        replay(EMPTY_IMAGE, [stored.FeatureLevelRecord(name="metadata.version", feature_level=level)])

    assert refusal.value.code is ErrorCode.UNSUPPORTED_VERSION


def test_client_quotas_are_kept_by_entity():
    """The order in which a record names the parts of an entity does not matter."""

    def quota(parts, key, value, remove=False):
        entity = [stored.EntityData(entity_type=kind, entity_name=name) for kind, name in parts]
        return stored.ClientQuotaRecord(entity=entity, key=key, value=value, remove=remove)

    alice = (("client-id", None), ("user", "alice"))
    first, second = deltas(
        cluster(),
        [quota(reversed(alice), "producer_byte_rate", 5.0), quota(alice, "request_percentage", 7.0)],
        [quota(alice, "producer_byte_rate", 0.0, remove=True)],
    )

    assert first.image.client_quotas == {alice: {"producer_byte_rate": 5.0, "request_percentage": 7.0}}
    assert second.image.client_quotas == {alice: {"request_percentage": 7.0}}
    assert second.client_quotas == {alice}


def test_security_records():
    """SCRAM credentials, access control entries and delegation tokens come and go."""
    scram = stored.UserScramCredentialRecord(
        name="u", mechanism=1, salt=b"s", stored_key=b"k", server_key=b"v", iterations=4096
    )
    acl = stored.AccessControlEntryRecord(
        id=b"a" * 16, resource_type=2, resource_name="t", pattern_type=3, principal="User:u", host="*",
        operation=3, permission_type=3,
    )  # fmt: skip
    token = stored.DelegationTokenRecord(
        owner="User:o", requester="User:r", renewers=["User:x"], issue_timestamp=1, max_timestamp=9,
        expiration_timestamp=5, token_id="t1",
    )  # fmt: skip
    made, gone = deltas(
        cluster(),
        [scram, acl, token],
        [
            stored.RemoveUserScramCredentialRecord(name="u", mechanism=1),
            stored.RemoveAccessControlEntryRecord(id=b"a" * 16),
            stored.RemoveDelegationTokenRecord(token_id="t1"),
        ],
    )

    assert made.image.scram == {(1, "u"): ScramCredential(b"s", b"k", b"v", 4096)}
    assert made.image.acls == {b"a" * 16: AclEntry(2, "t", 3, "User:u", "*", 3, 3)}
    assert made.image.tokens == {"t1": DelegationToken("t1", "User:o", "User:r", ("User:x",), 1, 9, 5)}
    assert (gone.scram, gone.acls, gone.tokens) == ({(1, "u")}, {b"a" * 16}, {"t1"})
    assert (gone.image.scram, gone.image.acls, gone.image.tokens) == ({}, {}, {})


def test_secrets_do_not_show():
    """A credential that ends up in a log line or a traceback shows nothing that helps to log in."""
    assert repr(ScramCredential(b"salt", b"stored", b"server", 4096)) == "ScramCredential(iterations=4096)"


def test_producer_ids_move_on():
    """The image knows where the next block of producer ids starts."""
    record = stored.ProducerIdsRecord(broker_id=1, broker_epoch=5, next_producer_id=3000)

    assert replay(cluster(), [record]).next_producer_id == 3000


@pytest.mark.parametrize(("named", "cleared"), [("", {"a", "b"}), ("a", {"a"})])
def test_eligible_leaders_are_cleared(named, cleared):
    """ClearElrRecord empties one topic's, or all topics', and only where there is something to clear."""
    before = cluster(records=[
        *topic_records("a", 1, replicas=(1, 2), eligible_leader_replicas=(2,), last_known_elr=(1,)),
        *topic_records("b", 1, replicas=(1, 2), eligible_leader_replicas=(2,)),
        *topic_records("c", 1, replicas=(1, 2)),
    ])  # fmt: skip
    (delta,) = deltas(before, [stored.ClearElrRecord(topic_name=named)])

    assert set(delta.changed_partitions) == {topic_id(name) for name in cleared}
    for name in cleared:
        partition = delta.image.partition(name, 0)
        assert (partition.elr, partition.last_known_elr, partition.partition_epoch) == ((), (), 1)


def test_a_transaction_takes_effect_at_its_end():
    """Records of a metadata transaction (KIP-868) are held back, over batches, and the image waits before them."""
    begin = stored.BeginTransactionRecord(name="big")
    opened, ended = deltas(
        cluster(), [stored.NoOpRecord(), begin, *topic_records("orders")], [stored.EndTransactionRecord()]
    )

    assert not opened.image.topics
    assert opened.image.offset == 10  # the record before the transaction
    assert list(ended.image.topics) == ["orders"]


def test_an_aborted_transaction_never_was():
    """A controller that took over takes back what the one before had begun."""
    replayer = Replayer(cluster())
    for record in [stored.BeginTransactionRecord(), *topic_records("orders")]:
        replayer.add(record)
    assert replayer.transaction_is_open
    replayer.add(stored.AbortTransactionRecord(reason="failover"))
    delta = replayer.finish(20, 2)

    assert not replayer.transaction_is_open
    assert not delta.topics_changed
    assert delta.image[:2] == (20, 2)


class StrangeRecord(StoredMessage, api_key=99, versions="0", flexible="0+"):
    """A record from the future."""


@pytest.mark.parametrize(
    ("records", "complaint"),
    [
        ([StrangeRecord()], "StrangeRecord, which this version does not know"),
        ([*topic_records("orders"), stored.TopicRecord(name="orders", topic_id=b"x" * 16)], "topic orders twice"),
        ([stored.RemoveTopicRecord(topic_id=b"x" * 16)], "which does not exist"),
        ([topic_records("orders")[1]], "which does not exist"),
        ([topic_records("o")[0], stored.PartitionChangeRecord(topic_id=topic_id("o"), partition_id=4)], "partition 4"),
        ([stored.UnregisterBrokerRecord(broker_id=8, broker_epoch=1)], "broker 8"),
        ([stored.RemoveAccessControlEntryRecord(id=b"x" * 16)], "access control entry"),
        ([stored.ClearElrRecord(topic_name="nothing")], "topic nothing"),
        ([stored.EndTransactionRecord()], "never began"),
        ([stored.AbortTransactionRecord()], "never began"),
        ([stored.BeginTransactionRecord(), stored.BeginTransactionRecord()], "inside a transaction"),
    ],
)
def test_contradictions_are_named(records, complaint):
    """A log that cannot be true is refused with what is wrong in it."""
    with pytest.raises(KafkaError, match=complaint):
        replay(cluster(), records)
