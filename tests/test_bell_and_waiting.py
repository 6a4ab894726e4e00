"""Bells and waiting for conditions, in virtual time."""

from __future__ import annotations

import pytest
import trio

from pykbroker.bell import Bell
from pykbroker.waiting import wait_until


def test_a_ring_reaches_every_listener_once():
    """Each listener is called once per ring, and not after it has been forgotten."""
    bell, heard = Bell(), []
    bell.listen("a", lambda: heard.append("a"))
    bell.listen("b", lambda: heard.append("b"))

    bell.ring()
    bell.forget("a")
    bell.ring()

    assert sorted(heard) == ["a", "b", "b"]


def test_a_listener_may_forget_itself_while_it_is_called():
    """Forgetting during a ring neither fails nor keeps the others from hearing it."""
    bell, heard = Bell(), []
    bell.listen("a", lambda: bell.forget("a"))
    bell.listen("b", lambda: heard.append("b"))

    bell.ring()

    assert heard == ["b"]


async def test_a_condition_that_holds_is_not_waited_for(autojump_clock):
    """No time passes when the condition holds already."""
    started = trio.current_time()

    assert await wait_until(lambda: True, [Bell()], 30)
    assert trio.current_time() == started


async def test_waiting_ends_with_the_ring_that_makes_the_condition_true(autojump_clock):
    """The third ring makes it true; the waiter goes on then, not at its deadline."""
    bells, count = [Bell(), Bell()], 0

    async def ring_often():
        nonlocal count
        for turn in range(5):
            await trio.sleep(0.1)
            count += 1
            bells[turn % 2].ring()

    started = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ring_often)
        assert await wait_until(lambda: count >= 3, bells, 30)
        assert trio.current_time() - started == pytest.approx(0.3)


async def test_waiting_ends_at_the_deadline(autojump_clock):
    """Without a ring the answer is False, after exactly the time given."""
    started = trio.current_time()

    assert not await wait_until(lambda: False, [Bell()], 30)
    assert trio.current_time() - started == pytest.approx(30)
