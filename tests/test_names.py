"""Names of topics and groups, and ids as text."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.names import (
    ONE_UUID,
    ZERO_UUID,
    TopicPartition,
    collides,
    is_internal_topic,
    is_valid_group_id,
    new_uuid,
    uuid_from_text,
    uuid_to_text,
    validate_group_id,
    validate_topic_name,
)


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "...", "x" * 249, "__consumer_offsets"])
def test_legal_topic_names(name):
    """Letters, digits, dot, underscore and dash, up to 249 of them."""
    validate_topic_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "x" * 250, "a b", "a/b", "é", "a\n", "a\x00"])
def test_illegal_topic_names(name):
    """Anything else is INVALID_TOPIC_EXCEPTION, and the message says which rule it breaks."""
    with pytest.raises(KafkaError, match="illegal") as caught:
        validate_topic_name(name)

    assert caught.value.code == ErrorCode.INVALID_TOPIC_EXCEPTION


def test_names_collide_when_only_dot_and_underscore_differ():
    """Kafka refuses such pairs; a name does not collide with itself."""
    assert collides("a.b", ["x", "a_b"]) == "a_b"
    assert None is collides("a.b", ["a.b", "a-b", "ab"])
    assert None is collides("plain", ["plain"])


def test_internal_topics():
    """The coordinators' three topics are internal; the metadata log is not a topic clients see."""
    assert is_internal_topic("__share_group_state")
    assert not is_internal_topic("orders")


def test_group_ids():
    """Empty and absent ids are refused unless the caller allows the empty one."""
    assert is_valid_group_id("g")
    assert is_valid_group_id("", may_be_empty=True)
    assert not is_valid_group_id(None, may_be_empty=True)
    with pytest.raises(KafkaError) as caught:
        validate_group_id("")
    assert caught.value.code == ErrorCode.INVALID_GROUP_ID


def test_topic_partition_reads_like_its_directory():
    """Kafka writes topic-partition."""
    assert str(TopicPartition("orders", 3)) == "orders-3"


def test_reserved_ids_as_text():
    """The texts Kafka prints for its two reserved ids."""
    assert uuid_to_text(ZERO_UUID) == "AAAAAAAAAAAAAAAAAAAAAA"
    assert uuid_to_text(ONE_UUID) == "AAAAAAAAAAAAAAAAAAAAAQ"


@given(st.binary(min_size=16, max_size=16))
def test_ids_survive_their_text(uuid):
    """Text and back is the same id; padding is accepted too, as Java's decoder does."""
    text = uuid_to_text(uuid)

    assert len(text) == 22
    assert uuid == uuid_from_text(text) == uuid_from_text(text + "==")


@pytest.mark.parametrize("text", ["", "AAAA", "A" * 25, "AAAAAAAAAAAAAAAAAAAA$A", "A" * 23])
def test_what_is_not_an_id(text):
    """Too short, too long or outside the alphabet is a ValueError."""
    with pytest.raises(ValueError, match="id"):
        uuid_from_text(text)


def test_new_ids_are_version_four_and_do_not_start_with_a_dash():
    """Kafka's randomUuid: version and variant digits set, safe on a command line."""
    dice = random.Random(1)
    for _ in range(500):
        uuid = new_uuid(dice)

        assert uuid[6] >> 4 == 4
        assert uuid[8] >> 6 == 2
        assert not uuid_to_text(uuid).startswith("-")
