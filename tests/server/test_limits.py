"""Bounds of a server: connections, connections per address, bytes of requests."""

from __future__ import annotations

import pytest
import trio

from pykbroker.config.source import broker_config
from pykbroker.server.limits import ConnectionLimits, CreationRate, RequestMemory
from pykbroker.wire.messages.configs import IncrementalAlterConfigsRequest
from pykbroker.wire.messages.configs import IncrementalAlterConfigsRequestAlterableConfig as AlterableConfig
from pykbroker.wire.messages.configs import IncrementalAlterConfigsRequestAlterConfigsResource as AlterConfigsResource


def config(**configs):
    """A broker's configuration; ``_`` stands for a dot."""
    return broker_config({name.replace("_", "."): value for name, value in configs.items()})


def test_connections_are_limited_in_all_and_per_address():
    """The third of three allowed is let in, the fourth is not; an address has its own limit or its override."""
    limits = ConnectionLimits(
        config(max_connections=4, max_connections_per_ip=2, max_connections_per_ip_overrides="10.0.0.1:1")
    )
    limits.opened("10.0.0.1", "A")
    limits.opened("10.0.0.2", "A")

    assert "10.0.0.1" in (limits.refusal("10.0.0.1", "A") or "")
    assert limits.refusal("10.0.0.2", "A") is None
    limits.opened("10.0.0.2", "A")
    assert limits.refusal("10.0.0.2", "A") is not None
    limits.opened("10.0.0.3", "A")
    assert "max.connections=4" in (limits.refusal("10.0.0.4", "A") or "")
    limits.closed("10.0.0.2", "A")
    assert limits.refusal("10.0.0.2", "A") is None


def test_a_listener_may_have_a_limit_of_its_own():
    """``listener.name.X.max.connections`` limits X and nobody else."""
    overrides = {"listener.name.inside.max.connections": 1}
    limits = ConnectionLimits(broker_config(overrides))
    limits.opened("10.0.0.1", "INSIDE")

    assert "listener.name.inside.max.connections=1" in (limits.refusal("10.0.0.2", "INSIDE") or "")
    assert limits.refusal("10.0.0.2", "OUTSIDE") is None
    limits.closed("10.0.0.1", "INSIDE")
    assert limits.refusal("10.0.0.2", "INSIDE") is None


def test_limits_follow_the_configuration():
    """What changes at run time holds for the next connection; those that are open stay."""
    settings = config()
    limits = ConnectionLimits(settings)
    limits.opened("10.0.0.1", "A")
    limits.opened("10.0.0.1", "A")
    assert limits.refusal("10.0.0.1", "A") is None

    settings.apply_dynamic({"max.connections.per.ip": "2"}, {})
    assert "max.connections.per.ip" in (limits.refusal("10.0.0.1", "A") or "")
    settings.apply_dynamic({"max.connections.per.ip": "2", "max.connections.per.ip.overrides": "10.0.0.1:3"}, {})
    assert limits.refusal("10.0.0.1", "A") is None
    settings.apply_dynamic({}, {"max.connections": "2"})
    assert "max.connections=2" in (limits.refusal("10.0.0.1", "A") or "")
    settings.apply_dynamic({}, {})
    assert limits.refusal("10.0.0.1", "A") is None


def test_connections_come_in_no_faster_than_their_rate():
    """A second's worth at once, then one every 1/rate seconds; a listener's own rate holds beside that of all."""
    settings = config(max_connection_creation_rate=10)
    rate = CreationRate(settings)

    assert [rate.delay_seconds("A", 0.0) for _ in range(10)] == [pytest.approx(0, abs=1e-9)] * 10
    assert rate.delay_seconds("B", 0.0) == pytest.approx(0.1)
    assert rate.delay_seconds("A", 5.0) == 0
    settings.apply_dynamic({}, {"listener.name.a.max.connection.creation.rate": "1"})
    assert rate.delay_seconds("A", 10.0) == pytest.approx(0)
    assert rate.delay_seconds("A", 10.0) == pytest.approx(1)
    assert rate.delay_seconds("B", 10.0) == 0
    settings.apply_dynamic({"max.connection.creation.rate": str(2**31 - 1)}, {})
    assert not any(rate.delay_seconds("B", 20.0) for _ in range(100))


async def test_a_broker_refuses_by_a_limit_set_while_it_runs(autojump_clock, broker, client):
    """Through IncrementalAlterConfigs, as an operator does it."""
    change = AlterableConfig(name="max.connections", config_operation=0, value="1")
    resource = AlterConfigsResource(resource_type=4, resource_name="", configs=[change])
    answer = await client.ask(IncrementalAlterConfigsRequest(resources=[resource]))
    assert answer.responses[0].error_code == 0

    second = await broker.connect()
    assert await second.receive_frame() is None


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
