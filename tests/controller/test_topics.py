"""CreateTopics and DeleteTopics: the answers of a running Apache Kafka 4.3.1, unless a docstring says otherwise."""

import random

import pytest
from metadata.sample_records import broker, cluster, topic_id, topic_records

from controller.simple_settings import after, settings
from pykbroker.controller.decision import MAX_RECORDS_PER_REQUEST, Requester
from pykbroker.controller.topics import auto_create_request, colliding_topic, create_topics, delete_topics
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import ZERO_UUID
from pykbroker.wire.messages.stored_metadata import ConfigRecord, PartitionRecord, TopicRecord
from pykbroker.wire.messages.topics import (
    CreatableReplicaAssignment,
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DeleteTopicState,
)


def topic(name="orders", partitions=-1, replicas=-1, assignments=(), configs=()):
    return CreatableTopic(
        name=name,
        num_partitions=partitions,
        replication_factor=replicas,
        assignments=[CreatableReplicaAssignment(partition_index=p, broker_ids=b) for p, b in assignments],
        configs=[CreatableTopicConfig(name=key, value=value) for key, value in configs],
    )


def create(*topics, image=None, validate_only=False, requester=None, **fields):
    request = CreateTopicsRequest(topics=topics, validate_only=validate_only)
    return create_topics(image or cluster(), request, settings(**fields), requester or Requester())


def codes(decision):
    """Error code by topic, in the order of the answer."""
    return {result.name: ErrorCode(result.error_code).name for result in decision.response.topics}


def test_a_topic_is_its_records():
    """TopicRecord, then configs, then partitions; each partition in epoch 0, led by its first replica."""
    decision = create(topic("orders", 2, 1, configs=[("retention.ms", "5")]))
    head, config, first, second = decision.records

    assert head == TopicRecord(name="orders", topic_id=head.topic_id)
    assert config == ConfigRecord(resource_type=2, resource_name="orders", name="retention.ms", value="5")
    assert (first.partition_id, second.partition_id) == (0, 1)
    assert isinstance(second, PartitionRecord)
    assert (second.leader, second.leader_epoch, second.partition_epoch) == (1, 0, 0)
    assert (second.replicas, second.isr, second.directories) == ((1,), (1,), (b"d" * 16,))
    assert after(cluster(), decision).topics["orders"].topic_id == head.topic_id


def test_the_answer_describes_the_topic():
    """Partitions, replicas and every config with its source; DESCRIBE_CONFIGS permitting."""
    (result,) = create(topic("orders", 2, 1, configs=[("retention.ms", "5")])).response.topics

    assert (result.num_partitions, result.replication_factor) == (2, 1)
    assert result.topic_id not in (ZERO_UUID, topic_id("orders"))
    assert [(config.name, config.value, config.config_source) for config in result.configs] == [
        ("cleanup.policy", "delete", 5),
        ("min.insync.replicas", "1", 5),
        ("retention.ms", "5", 1),
        ("unclean.leader.election.enable", "false", 5),
    ]


def test_who_may_not_describe_configs_sees_none():
    """The topic is made all the same; the tagged topic_config_error_code says why nothing is told of it."""
    (result,) = create(topic(), requester=Requester(may_describe_configs=lambda name: False)).response.topics

    assert result.error_code == ErrorCode.NONE
    assert result.topic_config_error_code == ErrorCode.TOPIC_AUTHORIZATION_FAILED
    assert (result.num_partitions, result.replication_factor, result.configs) == (-1, -1, ())


def test_defaults_come_from_the_broker():
    """-1 partitions and -1 replicas mean num.partitions and default.replication.factor."""
    image = cluster(broker(1), broker(2))
    decision = create(topic(), image=image, default_num_partitions=3, default_replication_factor=2)
    (result,) = decision.response.topics

    assert (result.num_partitions, result.replication_factor) == (3, 2)


def test_validate_only_answers_and_writes_nothing():
    """The answer is the same but for the topic's id."""
    decision = create(topic("orders", 2), validate_only=True)

    assert decision.records == ()
    assert decision.response.topics[0].num_partitions == 2


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "x" * 250, "é"])
def test_illegal_names(name):
    """INVALID_TOPIC_EXCEPTION."""
    assert codes(create(topic(name))) == {name: "INVALID_TOPIC_EXCEPTION"}


def test_a_topic_that_exists():
    """TOPIC_ALREADY_EXISTS, whatever else is wrong; partitions and replicas are then -1 and configs empty."""
    image = cluster(records=topic_records("orders"))
    decision = create(topic("orders", 0, 0, configs=[("nope", None)]), image=image)
    (result,) = decision.response.topics

    assert codes(decision) == {"orders": "TOPIC_ALREADY_EXISTS"}
    assert result.error_message == "Topic 'orders' already exists."  # what scripts around kafka-topics look for
    assert (result.num_partitions, result.replication_factor, result.configs) == (-1, -1, ())
    assert decision.records == []


def test_names_that_collide_with_an_existing_topic():
    """'.' and '_' are the same in metric names: INVALID_TOPIC_EXCEPTION, but the topic itself "already exists"."""
    image = cluster(records=topic_records("col.a"))

    assert codes(create(topic("col_a"), topic("col.a"), image=image)) == {
        "col_a": "INVALID_TOPIC_EXCEPTION",
        "col.a": "TOPIC_ALREADY_EXISTS",
    }


def test_names_that_collide_in_one_request_are_both_made():
    """Kafka looks only at topics that were there before."""
    assert codes(create(topic("colz.a"), topic("colz_a"))) == {"colz.a": "NONE", "colz_a": "NONE"}


@pytest.mark.parametrize("name", ["a.b_c", "a_b_c", "a.b.c"])
def test_collisions_are_found_whatever_the_number_of_topics(name):
    """Looking names up one by one, or looking through few topics, finds the same."""
    few = {"a_b.c": 1}
    many = few | {f"t{number}": 1 for number in range(99)}

    assert colliding_topic(name, few) == colliding_topic(name, many) == "a_b.c"
    assert colliding_topic("abc", many) is None
    assert colliding_topic("a_b.c", many) is None


def test_a_topic_named_twice_is_refused_once():
    """INVALID_REQUEST, after the answers for the others; even a topic that exists."""
    decision = create(topic("x"), topic("x"), topic("y"))

    assert codes(decision) == {"y": "NONE", "x": "INVALID_REQUEST"}
    assert len(decision.response.topics) == 2


def test_the_metadata_topic_is_nobodys():
    """INVALID_REQUEST for __cluster_metadata, asked for last."""
    decision = create(topic("__cluster_metadata"), topic("__consumer_offsets_x"))

    assert list(codes(decision).items()) == [
        ("__consumer_offsets_x", "NONE"),
        ("__cluster_metadata", "INVALID_REQUEST"),
    ]


def test_who_may_not_create():
    """TOPIC_AUTHORIZATION_FAILED, before anything is looked at."""
    requester = Requester(may_create=lambda name: name == "mine")

    assert codes(create(topic("a b"), topic("mine"), requester=requester)) == {
        "mine": "NONE",
        "a b": "TOPIC_AUTHORIZATION_FAILED",
    }


@pytest.mark.parametrize(
    ("partitions", "replicas", "code"),
    [
        (0, 1, "INVALID_PARTITIONS"),
        (-2, 1, "INVALID_PARTITIONS"),
        (1, 0, "INVALID_REPLICATION_FACTOR"),
        (1, -2, "INVALID_REPLICATION_FACTOR"),
        (1, 2, "INVALID_REPLICATION_FACTOR"),
        (0, 0, "INVALID_REPLICATION_FACTOR"),
    ],
)
def test_impossible_numbers(partitions, replicas, code):
    """The replication factor is looked at first; one broker cannot hold two replicas."""
    assert codes(create(topic("orders", partitions, replicas))) == {"orders": code}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (topic("t", 1, -1, [(0, [1])]), "INVALID_REQUEST"),
        (topic("t", -1, 1, [(0, [1])]), "INVALID_REQUEST"),
        (topic("t", -1, -1, [(0, [2])]), "INVALID_REPLICA_ASSIGNMENT"),
        (topic("t", -1, -1, [(0, [])]), "INVALID_REPLICA_ASSIGNMENT"),
        (topic("t", -1, -1, [(0, [1, 1])]), "INVALID_REPLICA_ASSIGNMENT"),
        (topic("t", -1, -1, [(1, [1])]), "INVALID_REPLICA_ASSIGNMENT"),
        (topic("t", -1, -1, [(0, [1]), (0, [1])]), "INVALID_REPLICA_ASSIGNMENT"),
        (topic("t", -1, -1, [(-1, [1]), (0, [1])]), "INVALID_REPLICA_ASSIGNMENT"),
        (topic("t", -1, -1, [(1, [1]), (0, [1])]), "NONE"),
    ],
)
def test_assignments_by_hand(wanted, code):
    """Every way to get them wrong, and one to get them right."""
    assert codes(create(wanted)) == {"t": code}


def test_assignments_must_agree_on_the_replication_factor():
    """One partition with two replicas and one with one: INVALID_REPLICA_ASSIGNMENT."""
    image = cluster(broker(1), broker(2))

    assert codes(create(topic("t", assignments=[(0, [1, 2]), (1, [1])]), image=image)) == {
        "t": "INVALID_REPLICA_ASSIGNMENT"
    }


def test_assigned_replicas_start_in_sync_if_they_live():
    """A fenced broker may be assigned, but is not in the ISR; with none alive there is no partition."""
    image = cluster(broker(1), broker(2, fenced=True))
    (_, record) = create(topic("t", assignments=[(0, [2, 1])]), image=image).records

    assert (record.replicas, record.isr, record.leader) == ((2, 1), (1,), 1)
    assert codes(create(topic("t", assignments=[(0, [2])]), image=image)) == {"t": "INVALID_REPLICA_ASSIGNMENT"}


@pytest.mark.parametrize("configs", [[("nope", "1")], [("retention.ms", "abc")], [("retention.ms", None)]])
def test_bad_configs(configs):
    """INVALID_CONFIG, before partitions and replicas are looked at."""
    assert codes(create(topic("t", 0, 0, configs=configs))) == {"t": "INVALID_CONFIG"}


def test_of_a_config_given_twice_the_last_counts():
    """Kafka makes the topic and keeps the last value."""
    records = create(topic("t", configs=[("retention.ms", "1"), ("retention.ms", "2")])).records

    assert [record.value for record in records if isinstance(record, ConfigRecord)] == ["2"]


@pytest.mark.parametrize(
    "topics",
    [
        [topic("big", 10_001, 1), topic("small", 1, 1)],
        [topic("a", 6_000, 1), topic("b", 6_000, 1)],
        [topic("ten-thousand-partitions-and-their-topic", 10_000, 1)],
        [topic("a b", 20_000, 1)],
    ],
)
def test_too_much_for_one_request(topics):
    """POLICY_VIOLATION for every topic of the request, although it only validates."""
    decision = create(*topics, validate_only=True)

    assert set(codes(decision).values()) == {"POLICY_VIOLATION"}
    assert len(decision.response.topics) == len(topics)


def test_just_enough_for_one_request():
    """9,999 partitions and the topic are 10,000 records."""
    decision = create(topic("t", MAX_RECORDS_PER_REQUEST - 1, 1))

    assert codes(decision) == {"t": "NONE"}
    assert len(decision.records) == MAX_RECORDS_PER_REQUEST


def test_the_mutation_quota_refuses_topic_by_topic():
    """KIP-599: partitions are charged in order, and what is over the quota is not made."""
    charged = []

    def charge(partitions):
        if sum(charged) + partitions > 3:
            raise KafkaError(ErrorCode.THROTTLING_QUOTA_EXCEEDED)
        charged.append(partitions)

    decision = create(topic("a", 2), topic("b", 2), topic("c", 1), requester=Requester(charge=charge))

    assert codes(decision) == {"a": "NONE", "b": "THROTTLING_QUOTA_EXCEEDED", "c": "NONE"}
    assert {record.name for record in decision.records if isinstance(record, TopicRecord)} == {"a", "c"}


def test_topic_ids_are_drawn_from_the_worlds_dice():
    """The same seed gives the same ids."""
    ids = [create(topic(), random=random.Random(5)).response.topics[0].topic_id for _ in range(2)]

    assert ids[0] == ids[1]


def test_auto_creation_is_creation_with_defaults():
    """A topic somebody asked about gets the broker's defaults; an internal one is made as the broker says."""
    internal = topic("__consumer_offsets", 50, 1, configs=[("cleanup.policy", "compact")])
    fields = {"internal_topics": {"__consumer_offsets": internal}, "default_num_partitions": 4}
    request = auto_create_request(["orders", "__consumer_offsets"], settings(**fields))
    decision = create_topics(cluster(), request, settings(**fields))
    image = after(cluster(), decision)

    assert len(image.topics["orders"].partitions) == 4
    assert len(image.topics["__consumer_offsets"].partitions) == 50
    assert image.topic_config("__consumer_offsets") == {"cleanup.policy": "compact"}


# -- DeleteTopics ---------------------------------------------------------------------------------------------------


def delete(*asked, image=None, names=(), requester=None, **fields):
    image = image or cluster(records=[*topic_records("a"), *topic_records("b"), *topic_records("c")])
    topics = [DeleteTopicState(name=name, topic_id=identity) for name, identity in asked]
    request = DeleteTopicsRequest(topics=topics, topic_names=names, timeout_ms=0)
    return delete_topics(image, request, settings(**fields), requester or Requester())


def named(name):
    return name, ZERO_UUID


def identified(identity):
    return None, identity


def answers(decision):
    return [(each.name, each.topic_id, ErrorCode(each.error_code).name) for each in decision.response.responses]


A, B = topic_id("a"), topic_id("b")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([named("a")], [("a", A, "NONE")]),
        ([identified(A)], [("a", A, "NONE")]),
        ([named("a"), identified(B)], [("a", A, "NONE"), ("b", B, "NONE")]),
        ([named("nope")], [("nope", ZERO_UUID, "UNKNOWN_TOPIC_OR_PARTITION")]),
        ([identified(b"n" * 16)], [(None, b"n" * 16, "UNKNOWN_TOPIC_ID")]),
        ([identified(ZERO_UUID)], [(None, ZERO_UUID, "INVALID_REQUEST")]),
        ([("a", A)], [("a", A, "INVALID_REQUEST")]),
        ([named("a"), named("a")], [("a", ZERO_UUID, "INVALID_REQUEST")]),
        ([identified(A), identified(A)], [(None, A, "INVALID_REQUEST")]),
    ],
)
def test_deleting_by_name_and_by_id(asked, expected):
    """What is deleted is answered with name and id, what is refused with what was asked."""
    assert answers(delete(*asked)) == expected


def test_a_topic_named_both_ways_is_kept():
    """INVALID_REQUEST: the request contradicts itself, so the topic stays."""
    decision = delete(named("a"), identified(A))

    assert {code for _, _, code in answers(decision)} == {"INVALID_REQUEST"}
    assert decision.records == []


def test_old_requests_name_topics_in_a_list():
    """Versions 0 to 5 have names only."""
    decision = delete(names=["a", "nope"])

    assert answers(decision) == [("a", A, "NONE"), ("nope", ZERO_UUID, "UNKNOWN_TOPIC_OR_PARTITION")]
    assert list(after(cluster(records=[*topic_records("a"), *topic_records("b")]), decision).topics) == ["b"]


def test_deletion_can_be_switched_off():
    """delete.topic.enable=false refuses the whole request (the handler says INVALID_REQUEST before version 3)."""
    with pytest.raises(KafkaError) as refusal:
        delete(named("a"), delete_topic_enable=False)

    assert refusal.value.code is ErrorCode.TOPIC_DELETION_DISABLED


def test_who_may_not_delete_learns_no_more_than_they_may():
    """A topic one cannot describe is refused alike whether it exists or not, and its name is not told for its id."""
    blind = Requester(may_describe=lambda name: False, may_delete=lambda name: False)
    seeing = Requester(may_delete=lambda name: False)
    refused = "TOPIC_AUTHORIZATION_FAILED"

    assert answers(delete(named("a"), named("nope"), identified(B), requester=blind)) == [
        ("a", ZERO_UUID, refused),
        ("nope", ZERO_UUID, refused),
        (None, B, refused),
    ]
    assert answers(delete(named("a"), identified(B), requester=seeing)) == [
        ("a", ZERO_UUID, refused),
        ("b", B, refused),
    ]
