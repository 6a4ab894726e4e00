"""Dispatch: a bug of ours is an answer and a traceback, and ends nothing."""

from __future__ import annotations

from asking import create, offset_of

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.metadata import MetadataRequest


async def test_a_bug_of_ours_is_an_unknown_server_error(autojump_clock, broker, client, caplog, monkeypatch):
    """UNKNOWN_SERVER_ERROR in the answer's own shape, one traceback in the log, and the connection lives on."""
    await create(client)

    def broken(*args: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(type(broker.services.replicas), "leader", broken)
        answer = await offset_of(client, -1)

    assert answer.error_code == ErrorCode.UNKNOWN_SERVER_ERROR
    assert [record.message for record in caplog.records if record.exc_info] == ["ListOffsetsRequest v7 failed"]
    assert (await client.ask(MetadataRequest(topics=[]))).brokers
