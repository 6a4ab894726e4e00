"""Bounds of a server: connections, connections per address, bytes of requests."""

from __future__ import annotations

import trio

from pykbroker.server.limits import ConnectionLimits, RequestMemory


def test_connections_are_limited_in_all_and_per_address():
    """The third of three allowed is let in, the fourth is not; an address has its own limit or its override."""
    limits = ConnectionLimits(4, 2, {"10.0.0.1": 1})
    limits.opened("10.0.0.1")
    limits.opened("10.0.0.2")

    assert "10.0.0.1" in (limits.refusal("10.0.0.1") or "")
    assert limits.refusal("10.0.0.2") is None
    limits.opened("10.0.0.2")
    assert limits.refusal("10.0.0.2") is not None
    limits.opened("10.0.0.3")
    assert "max.connections=4" in (limits.refusal("10.0.0.4") or "")
    limits.closed("10.0.0.2")
    assert limits.refusal("10.0.0.2") is None


async def test_a_large_request_waits_until_there_is_room(autojump_clock):
    """Bytes in hand and bytes to come may not pass the limit; what is given back lets the next one in."""
    memory = RequestMemory(100)
    memory.take(80)

    async def answer_later():
        await trio.sleep(5)
        memory.give_back(80)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer_later)
        await memory.wait_for_room(50)

    assert trio.current_time() >= 5
    assert memory.held_bytes == 0


async def test_one_request_may_always_come_in(autojump_clock):
    """A request above the limit is received when nothing else is held: it would wait for ever otherwise."""
    with trio.fail_after(1):
        await RequestMemory(100).wait_for_room(1000)
        await RequestMemory(-1).wait_for_room(10**9)
