"""Every message, every version: what is encoded is decoded again, alike by the compiled and by the slow reader, and
damaged bytes do nothing but raise WireError.
"""

import contextlib
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message_values import Maker, all_messages, as_tree, short_value

from pykbroker.wire.explain import read_leniently, read_strictly
from pykbroker.wire.messages import APIS, NOT_FLEXIBLE, REQUESTS, api_table, flexible_since
from pykbroker.wire.schema import Versions, WireError

MESSAGES = all_messages()
EVERY = [pytest.param(cls, id=name) for name, cls in MESSAGES.items()]


def check_round_trip(cls, version, seed):
    message = Maker(seed).make(cls, version)
    encoded = message.encode(version)

    decoded, end = cls.decode_from(encoded, version, 0)

    assert end == len(encoded)
    assert as_tree(decoded, version) == as_tree(message, version)
    assert decoded == read_strictly(cls, version, version in cls.flexible, encoded)
    assert decoded.encode(version) == encoded
    for other in (bytearray(encoded), memoryview(encoded)):
        assert cls.decode(other, version) == decoded
    assert cls.decode_from(b"head" + encoded + b"tail", version, 4) == (decoded, 4 + end)


@pytest.mark.parametrize("cls", EVERY)
def test_what_is_encoded_is_decoded_again(cls):
    """Edge values come back equal in every version, from any kind of buffer, at any position, by both readers."""
    for version in cls.versions:
        for seed in range(3):
            check_round_trip(cls, version, seed)


@given(st.sampled_from(list(MESSAGES.values())), st.data())
@settings(max_examples=150, derandomize=True, deadline=None, database=None)
def test_what_is_encoded_is_decoded_again_at_random(cls, data):
    """The same for messages, versions and seeds that hypothesis chooses."""
    version = data.draw(st.sampled_from(list(cls.versions)))
    check_round_trip(cls, version, data.draw(st.integers(0, 2**32)))


@pytest.mark.slow
@pytest.mark.parametrize("cls", EVERY)
def test_what_is_encoded_is_decoded_again_many_times(cls):
    """The same for a hundred seeds of every version."""
    for version in cls.versions:
        for seed in range(100, 200):
            check_round_trip(cls, version, seed)


@pytest.mark.parametrize("cls", EVERY)
def test_defaults_alone_make_a_message(cls):
    """A message may be made with nothing given; fields that a version lacks come back with their defaults."""
    for version in cls.versions:
        assert cls.decode(cls().encode(version), version) == cls()


def versions_to_damage(cls):
    """The oldest, the newest, and the first flexible version."""
    return sorted({cls.versions.low, cls.versions.high, *(v for v in cls.versions if v == cls.flexible.low)})


@pytest.mark.parametrize("cls", EVERY)
def test_cut_short_at_any_byte_is_a_wire_error(cls):
    """A message that ends too early raises WireError, wherever it ends."""
    for version in versions_to_damage(cls):
        encoded = Maker(7, short_value).make(cls, version).encode(version)[:600]
        for end in range(min(len(encoded), 599)):
            with pytest.raises(WireError):
                cls.decode(encoded[:end], version)


@pytest.mark.parametrize("cls", EVERY)
def test_damaged_bytes_raise_nothing_but_wire_error(cls):
    """Flipped, doubled and removed bytes are read as Apache Kafka would read them or raise WireError; the slow reader
    agrees.
    """
    for version in versions_to_damage(cls):
        encoded = Maker(3, short_value).make(cls, version).encode(version)[:2000]
        dice = random.Random(version)
        for _ in range(12):
            check_damaged(cls, version, damaged(encoded, dice))


def damaged(encoded, dice):
    wrong = bytearray(encoded or b"\0")
    for _ in range(dice.choice((1, 1, 2, 5))):
        at = dice.randrange(len(wrong))
        wrong[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
    return bytes(wrong)


def check_damaged(cls, version, wrong):
    try:
        expected = read_leniently(cls, version, version in cls.flexible, wrong, 0)
    except WireError:
        with pytest.raises(WireError):
            cls.decode_from(wrong, version, 0)
    else:
        message, end = cls.decode_from(wrong, version, 0)
        assert end == expected[1]
        assert str(as_tree(message, version)) == str(
            as_tree(expected[0], version)
        )  # as text: NaN is not equal to itself


@pytest.mark.slow
@pytest.mark.parametrize("cls", EVERY)
def test_damaged_bytes_raise_nothing_but_wire_error_in_every_version(cls):
    """The same for every version and a hundred damages."""
    for version in cls.versions:
        encoded = Maker(3, short_value).make(cls, version).encode(version)
        dice = random.Random(version)
        for _ in range(100):
            check_damaged(cls, version, damaged(encoded, dice))


@pytest.mark.parametrize("cls", EVERY)
def test_nothing_may_follow_in_strict_reading(cls):
    """One byte too many is an error where bytes must be canonical, and ignored as Apache Kafka ignores it where not."""
    version = cls.versions.high
    encoded = cls().encode(version)
    with pytest.raises(WireError, match="1 bytes follow the message"):
        read_strictly(cls, version, version in cls.flexible, encoded + b"\0")
    assert cls.decode(encoded + b"\0", version) == cls()


@pytest.mark.parametrize("cls", EVERY)
def test_lying_lengths_allocate_nothing(cls):
    """Bytes of all ones and of large varints, which claim huge lengths everywhere, make no decoder allocate much."""
    for version in versions_to_damage(cls):
        for lie in (
            b"\xff\xff\xff\xff\x07" * 20,
            b"\x7f" * 100,
            b"\x00\x7f\xff\xff\xff" * 20,
            b"\x7f\xff\xff\xff" * 25,
        ):
            cls.codec(version)  # made before the measurement
            decode_quietly(cls, version, lie)
            tracemalloc.start()
            decode_quietly(cls, version, lie)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 200_000


def decode_quietly(cls, version, wrong):
    with contextlib.suppress(WireError):
        cls.decode(wrong, version)


def stable_versions(request):
    stable = [version for version in request.versions if version not in request.unstable]
    return str(Versions(stable[0], stable[-1]))


def test_the_table_of_apis_agrees_with_the_declarations():
    """The light table names every request class, its stable versions, and from when on it is flexible."""
    for key, request in REQUESTS.items():
        assert request.__name__ == f"{APIS[key].name}Request"
        assert request.api_key == request.response_type.api_key == key
        assert request.versions == request.response_type.versions
        assert request.flexible == request.response_type.flexible
        assert APIS[key].versions == stable_versions(request)
        assert flexible_since(key) == (request.flexible.low if request.flexible else NOT_FLEXIBLE)
    assert {row.key for row in api_table()} == set(APIS) == set(range(93)) - {4, 5, 6, 7}
    declared = {cls for cls in MESSAGES.values() if cls.__name__.endswith("Request")}
    assert declared == set(REQUESTS.values())


def test_only_one_version_is_behind_the_unstable_switch():
    """Of Apache Kafka 4.3's versions only InitProducerId 6 needs ``unstable.api.versions.enable``."""
    unstable = {row.name: str(row.unstable) for row in api_table() if row.unstable}
    assert unstable == {"InitProducerId": "6"}
