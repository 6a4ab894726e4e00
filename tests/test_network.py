"""Transports over real sockets, waited for by ``readiness`` and by trio: the same truths for both."""

from __future__ import annotations

import os

import pytest
import trio

from pykbroker import readiness
from pykbroker.disk import RealDisk
from pykbroker.network import SENDFILE_FROM_BYTES, SocketNetwork

pytestmark = pytest.mark.real

WATCHES = [False, pytest.param(True, marks=pytest.mark.skipif(not readiness.AVAILABLE, reason="no epoll here"))]


@pytest.fixture(params=WATCHES, ids=["wait_readable", "readiness"])
async def pair(request):
    """(server's end, client's end) of one connection."""
    network = SocketNetwork(watches=request.param)
    (listener,) = await network.listen("127.0.0.1", 0)
    client = await network.connect(*listener.address)
    server = await listener.accept()
    yield server, client
    server.close()
    client.close()
    listener.close()


async def receive(transport, size: int) -> bytes:
    """Exactly ``size`` bytes, or what came before the end."""
    data = bytearray()
    buffer = memoryview(bytearray(4096))
    while len(data) < size:
        count = await transport.receive_into(buffer[: min(4096, size - len(data))])
        if not count:
            break
        data += buffer[:count]
    return bytes(data)


async def test_bytes_arrive_in_order_whatever_the_pieces(pair):
    """A megabyte sent in odd pieces is received as it was sent."""
    server, client = pair
    sent = os.urandom(1_000_000)

    async def send() -> None:
        for start in range(0, len(sent), 77_777):
            await client.send([sent[start : start + 77_777]])

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            assert await receive(server, len(sent)) == sent


async def test_the_end_is_seen_also_when_it_comes_with_the_last_bytes(pair):
    """Bytes and the close may come as one piece of news; neither may be missed."""
    server, client = pair
    await client.send([b"last words"])
    client.close()
    await trio.sleep(0.01)

    with trio.fail_after(5):
        assert await receive(server, 10) == b"last words"
        assert await server.receive_into(memoryview(bytearray(10))) == 0


async def test_the_end_is_seen_by_a_task_that_waits(pair):
    """A close wakes a receive that has been waiting for a while."""
    server, client = pair

    async def close_later() -> None:
        await trio.sleep(0.01)
        client.close()

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(close_later)
            assert await server.receive_into(memoryview(bytearray(10))) == 0


async def test_many_exchanges_lose_no_wake_up(pair):
    """A thousand questions and answers of one byte: a lost edge would stop them."""
    server, client = pair

    async def answer() -> None:
        for _ in range(1000):
            await server.send([await receive(server, 1)])

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            for number in range(1000):
                await client.send([bytes([number % 256])])
                assert await receive(client, 1) == bytes([number % 256])


async def test_wake_ends_a_wait_and_cancellation_does_too(pair):
    """``wake`` raises ClosedResourceError in the waiting task; a cancelled wait can be taken up again."""
    server, client = pair
    buffer = memoryview(bytearray(10))
    with trio.move_on_after(0.01) as scope:
        await server.receive_into(buffer)
    assert scope.cancelled_caught
    await client.send([b"x"])
    with trio.fail_after(5):
        assert await server.receive_into(buffer) == 1

    async def wake_later() -> None:
        await trio.sleep(0.01)
        server.wake()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wake_later)
        with trio.fail_after(5), pytest.raises(trio.ClosedResourceError):
            await server.receive_into(buffer)


@pytest.mark.parametrize("size", [10, SENDFILE_FROM_BYTES + 5, 3_000_000])
async def test_a_slice_of_a_file_is_sent_between_other_parts(pair, tmp_path, size):
    """Small slices are joined, large ones sent from the file; the bytes are the same."""
    server, client = pair
    content = os.urandom(size + 100)
    file = RealDisk().open_file(str(tmp_path / "f"))
    file.append([content])

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.send, [b"before", file.slice(50, size), b"after"])
            assert await receive(client, size + 11) == b"before" + content[50 : 50 + size] + b"after"
    file.close()
