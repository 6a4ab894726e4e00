"""Single steps of a member towards its target."""

import pytest

from pykbroker.coordinator.reconcile import Current, Goal, MemberState, reconcile
from pykbroker.errors import ErrorCode, KafkaError

A, B = b"a" * 16, b"b" * 16
NOBODY = -1


def goal(epoch, target, owners=None, subscribed=(A, B)):
    owners = owners or {}
    return Goal(epoch, target, frozenset(subscribed), lambda topic, partition: owners.get((topic, partition), NOBODY))


def step(current, aim, owned=None, changed=False):
    return reconcile(current, aim, owned, subscription_changed=changed)


def test_a_new_member_takes_what_is_free():
    """In the epoch of the target."""
    after = step(Current(), goal(5, {A: frozenset({0, 1})}))

    assert after == Current(5, 0, MemberState.STABLE, {A: {0: 5, 1: 5}}, {})


def test_a_member_waits_for_what_others_have():
    """It takes the rest, and comes back for it."""
    owners = {(A, 1): 4}
    waiting = step(Current(), goal(5, {A: frozenset({0, 1})}, owners))

    assert (waiting.state, waiting.assigned) == (MemberState.UNRELEASED_PARTITIONS, {A: {0: 5}})

    owners.clear()
    after = step(waiting, goal(5, {A: frozenset({0, 1})}, owners))

    assert (after.state, after.assigned) == (MemberState.STABLE, {A: {0: 5, 1: 5}})


def test_a_member_gives_up_before_it_goes_on():
    """It stays in its epoch until it says that it no longer owns the partition; saying nothing is not
    enough."""
    has = Current(4, 3, MemberState.STABLE, {A: {0: 3, 1: 4}}, {})
    aim = goal(5, {A: frozenset({0, 2})}, {(A, 0): 4, (A, 1): 4})
    giving = step(has, aim)

    assert giving == Current(4, 4, MemberState.UNREVOKED_PARTITIONS, {A: {0: 3}}, {A: {1: 4}})
    assert step(giving, aim) is giving
    assert step(giving, aim, {A: frozenset({0, 1})}) is giving

    after = step(giving, aim, {A: frozenset({0})})

    assert after == Current(5, 4, MemberState.STABLE, {A: {0: 3, 2: 5}}, {})


def test_a_partition_that_is_given_up_can_come_back():
    """The target has changed again while the member was giving up: it is nobody else's yet."""
    giving = Current(4, 4, MemberState.UNREVOKED_PARTITIONS, {A: {0: 3}}, {A: {1: 4}})
    aim = goal(6, {A: frozenset({0, 1})}, {(A, 0): 4, (A, 1): 4})

    after = step(giving, aim, {A: frozenset({0})})

    assert after.assigned == {A: {0: 3, 1: 6}}
    assert after.state == MemberState.STABLE


def test_a_member_that_has_given_up_already_goes_on_at_once():
    """Its heartbeat says that it does not own what it should give up."""
    has = Current(4, 3, MemberState.STABLE, {A: {0: 3}, B: {0: 3}}, {})

    after = step(has, goal(5, {A: frozenset({0})}, {(A, 0): 4, (B, 0): 4}), {A: frozenset({0})})

    assert after == Current(5, 4, MemberState.STABLE, {A: {0: 3}}, {})


def test_unsubscribed_topics_go_before_there_is_a_new_target():
    """The target is still the old one, but the client does not want the topic."""
    has = Current(4, 3, MemberState.STABLE, {A: {0: 3}, B: {0: 3}}, {})
    aim = goal(4, {A: frozenset({0}), B: frozenset({0})}, subscribed=(A,))

    giving = step(has, aim, changed=True)

    assert giving == Current(4, 4, MemberState.UNREVOKED_PARTITIONS, {A: {0: 3}}, {B: {0: 3}})
    assert step(has, aim) is has
    assert step(has, aim, {A: frozenset({0})}, changed=True).assigned == {A: {0: 3}}
    assert step(giving, goal(4, {}, subscribed=()), changed=True).revoking == {A: {0: 3}, B: {0: 3}}


def test_a_topic_that_is_no_longer_subscribed_is_not_taken():
    """The target was computed before the member changed its mind."""
    after = step(Current(), goal(5, {A: frozenset({0}), B: frozenset({0})}, subscribed=(A,)))

    assert after.assigned == {A: {0: 5}}


def test_a_state_of_a_later_version_makes_the_member_start_anew():
    """It must come with nothing."""
    strange = Current(4, 3, MemberState.UNKNOWN, {A: {0: 3}}, {})

    with pytest.raises(KafkaError) as refused:
        step(strange, goal(5, {A: frozenset({0})}), {A: frozenset({0})})

    assert refused.value.code == ErrorCode.FENCED_MEMBER_EPOCH
    assert step(strange, goal(5, {A: frozenset({0})}), {}).member_epoch == 5
