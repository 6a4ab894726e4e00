"""The door through which a story asks for things that only the runner can do.

A tiny HTTP server on loopback, because every language can send `POST /restart` (a clean stop, a start) or
`POST /crash` (SIGKILL, a start); its address is in COMPAT_CONTROL.
The answer comes when the broker is ready again: 200, or 500 with the reason.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from runner.broker import Broker, BrokerFailed


@contextmanager
def control_door(broker: Broker) -> Iterator[str]:
    """Serves the broker's restart and crash while the block runs; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler({"/restart": broker.restart, "/crash": broker.crash}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _handler(actions: dict[str, Callable[[], None]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            action = actions.get(self.path)
            if action is None:
                self._answer(404, "no such action")
                return
            try:
                action()
            except BrokerFailed as failure:
                self._answer(500, str(failure))
            else:
                self._answer(200, "done")

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing: the terminal belongs to the runner's progress."""

    return Handler
