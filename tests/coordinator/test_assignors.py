"""What the server-side assignors promise, whoever subscribes to whatever."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.coordinator.assignors import ASSIGNORS, MemberInput, assign_range, assign_uniform

TOPICS = [bytes([number]) * 16 for number in range(4)]

counts = st.fixed_dictionaries({topic: st.integers(1, 9) for topic in TOPICS})
subscriptions = st.lists(st.frozensets(st.sampled_from(TOPICS)), max_size=7)


def members_of(subscribed, targets=None, instances=()):
    return {
        f"m{index}": MemberInput(
            topics, instances[index] if index < len(instances) else None, (targets or {}).get(f"m{index}", {})
        )
        for index, topics in enumerate(subscribed)
    }


def sizes(targets):
    return {member: sum(len(each) for each in target.values()) for member, target in targets.items()}


@pytest.mark.parametrize("name", sorted(ASSIGNORS))
@given(partition_counts=counts, subscribed=subscriptions, again=subscriptions)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_every_subscribed_partition_has_one_owner(name, partition_counts, subscribed, again):
    """It subscribes to the topic; nobody gets anything else. Also when members and subscriptions have
    changed."""
    targets = {}
    for each in (subscribed, again):
        members = members_of(each, targets)
        targets = ASSIGNORS[name](members, partition_counts)
        wanted = frozenset().union(*each)
        owned = [
            (topic, partition)
            for target in targets.values()
            for topic, partitions in target.items()
            for partition in partitions
        ]

        assert targets.keys() == members.keys()
        assert sorted(owned) == sorted((t, p) for t in wanted for p in range(partition_counts[t]))
        assert all(topic in members[member].topic_ids for member in targets for topic in targets[member])


@given(partition_counts=counts, count=st.integers(1, 7), after=st.integers(1, 7))
@settings(max_examples=150, derandomize=True, deadline=None)
def test_uniform_is_even_and_moves_as_little_as_possible(partition_counts, count, after):
    """When all subscribe to the same: sizes differ by one at most, and what must not move stays."""
    everything = frozenset(TOPICS)
    before = assign_uniform(members_of([everything] * count), partition_counts)
    targets = assign_uniform(members_of([everything] * after, before), partition_counts)
    amounts = sizes(targets).values()

    assert max(amounts) - min(amounts) <= 1

    stayed = sum(
        len(target.get(topic, frozenset()) & before.get(member, {}).get(topic, frozenset()))
        for member, target in targets.items()
        for topic in TOPICS
    )
    total = sum(partition_counts.values())
    quota, extra = divmod(total, after)
    kept = sorted((sizes(before).get(member, 0) for member in targets), reverse=True)
    possible = sum(min(size, quota + (index < extra)) for index, size in enumerate(kept))

    assert stayed == possible


@given(partition_counts=counts, subscribed=subscriptions)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_uniform_is_even_among_those_who_share_a_topic(partition_counts, subscribed):
    """With different subscriptions: nobody has two more than another who could take one of them."""
    members = members_of(subscribed)
    targets = assign_uniform(members, partition_counts)
    amounts = sizes(targets)

    for giver, target in targets.items():
        for topic in target:
            for taker, member in members.items():
                if topic in member.topic_ids:
                    assert amounts[giver] - amounts[taker] <= 1


@given(partition_counts=counts, subscribed=subscriptions)
@settings(max_examples=50, derandomize=True, deadline=None)
def test_an_assignment_that_is_good_is_left_alone(partition_counts, subscribed):
    """Computing it once more changes nothing."""
    first = assign_uniform(members_of(subscribed), partition_counts)

    assert assign_uniform(members_of(subscribed, first), partition_counts) == first


def test_range_gives_runs_and_meets_equal_numbers_at_one_member():
    """Seven partitions over three members, two topics alike; static members come first."""
    two = frozenset(TOPICS[:2])
    members = members_of([two] * 3, instances=[None, None, "z"])

    targets = assign_range(members, dict.fromkeys(TOPICS, 7))

    assert {member: sorted(target[TOPICS[0]]) for member, target in targets.items()} == {
        "m2": [0, 1, 2],
        "m0": [3, 4],
        "m1": [5, 6],
    }
    assert all(target[TOPICS[0]] == target[TOPICS[1]] for target in targets.values())


def test_partitions_and_topics_that_are_gone_are_forgotten():
    """A target from before a topic was deleted, or made anew with fewer partitions."""
    before = {"m0": {TOPICS[0]: frozenset({0, 5}), TOPICS[1]: frozenset({0})}}

    targets = assign_uniform(members_of([frozenset({TOPICS[0]})], before), {TOPICS[0]: 2})

    assert targets == {"m0": {TOPICS[0]: frozenset({0, 1})}}
