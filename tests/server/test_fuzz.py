"""Damaged frames, with a fixed seed and a small budget; ``make fuzz`` does the same for as long as you like."""

from __future__ import annotations

import random

import pytest
from fuzz import burst, damage, is_well, valid_frame

from pykbroker.testing import EmbeddedBroker
from pykbroker.wire.messages import REQUESTS

pytestmark = pytest.mark.real


def test_damage_is_repeatable():
    """The same seed gives the same frames: what a fuzzer finds can be looked at again."""
    one = [damage(dice := random.Random(5), valid_frame(dice, sorted(REQUESTS))) for _ in range(10)]
    two = [damage(dice := random.Random(5), valid_frame(dice, sorted(REQUESTS))) for _ in range(10)]

    assert one == two


@pytest.mark.parametrize("seed", range(4))
def test_a_broker_survives_damaged_frames(seed, fuzzed_broker):
    """After bursts of damaged requests of every API the broker answers as if nothing had been."""
    host, port = fuzzed_broker.bootstrap_servers.split(":")
    dice = random.Random(seed)
    for _ in range(3):
        burst(dice, (host, int(port)), sorted(REQUESTS))

    assert is_well((host, int(port)))


@pytest.fixture(scope="module")
def fuzzed_broker():
    with EmbeddedBroker() as broker:
        yield broker
