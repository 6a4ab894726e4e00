"""wait_until: a condition, the bells that may change it, and a deadline.

Kafka's DelayedOperation in one function: a waiter re-checks its condition at every ring until its deadline. The
condition is a plain function; between its check and the caller's next line nothing else runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import trio

from pykbroker.bell import Bell


async def wait_until(ready: Callable[[], bool], bells: Iterable[Bell], timeout_seconds: float) -> bool:
    """Wait until ``ready()`` holds; False once ``timeout_seconds`` have passed and it still does not.

    ``ready`` is called at once, then again after each ring of any of ``bells``.
    """
    bells = list(bells)
    with trio.move_on_after(timeout_seconds):
        while True:
            rung = trio.Event()
            for bell in bells:
                bell.listen(rung, rung.set)  # listen first, then look: a ring in between is not lost
            try:
                if ready():
                    return True
                await rung.wait()
            finally:
                for bell in bells:
                    bell.forget(rung)
    return ready()
