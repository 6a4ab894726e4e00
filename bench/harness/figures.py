"""What is measured: a figure's name, unit, which way is better, and what is aimed at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from harness.context import Context


class Figure(NamedTuple):
    """One number about a broker.

    `ratio` is what is aimed at beside Apache Kafka in the same run: at least that much where more is better, at most
    where less is. `limit` is aimed at whatever Apache Kafka does.
    """

    name: str
    unit: str
    less_is_better: bool = False
    ratio: float | None = None
    limit: float | None = None

    def meets(self, value: float, beside_kafka: float | None) -> bool | None:
        """Whether every aim is met; None where there is no aim, or nothing to compare with."""
        verdicts = []
        if self.ratio is not None and beside_kafka is not None:
            verdicts.append(beside_kafka <= self.ratio if self.less_is_better else beside_kafka >= self.ratio)
        if self.limit is not None:
            verdicts.append(value <= self.limit if self.less_is_better else value >= self.limit)
        return all(verdicts) if verdicts else None


class Workload(NamedTuple):
    """A few figures measured together, once for each broker in each round."""

    name: str
    title: str
    figures: tuple[Figure, ...]
    measure: Callable[[Context], dict[str, float]]
    rounds: tuple[int, int] = (1, 3)
    """How often in a quick pass, and in a full one."""
    only_full: bool = False
    uses_house: bool = True
    """Whether it measures the long-running broker, and not one of its own."""
