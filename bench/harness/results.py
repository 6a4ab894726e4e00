"""The figures of a run, as they are kept: every single value, with what and where it was measured."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from pathlib import Path


class Results:
    """Values by figure and broker; errors by workload and broker; one JSON file."""

    def __init__(self, versions: dict[str, str]) -> None:
        self.versions = versions
        self.figures: dict[str, dict[str, list[float]]] = {}
        self.errors: dict[str, dict[str, str]] = {}
        self.disturbances: list[float] = []
        self.machine = _machine()

    def add(self, broker: str, values: dict[str, float], disturbance: float) -> None:
        """``disturbance`` is the part of the machine that others used meanwhile."""
        self.disturbances.append(round(disturbance, 3))
        for name, value in values.items():
            self.figures.setdefault(name, {}).setdefault(broker, []).append(round(value, 6))

    def add_error(self, workload: str, broker: str, error: Exception) -> None:
        self.errors.setdefault(workload, {})[broker] = f"{type(error).__name__}: {error}"

    def median(self, figure: str, broker: str) -> float | None:
        values = self.figures.get(figure, {}).get(broker)
        return statistics.median(values) if values else None

    def spread(self, figure: str, broker: str) -> tuple[float, float]:
        values = self.figures[figure][broker]
        return min(values), max(values)

    def ratio(self, figure: str, broker: str, other: str = "kafka") -> float | None:
        """How many times the other broker's median this one's is."""
        ours, theirs = self.median(figure, broker), self.median(figure, other)
        if ours is None or not theirs:
            return None
        return ours / theirs

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            "measured": time.strftime("%Y-%m-%d", time.gmtime()),
            "machine": self.machine,
            "versions": self.versions,
            "disturbances": self.disturbances,
            "figures": self.figures,
            "errors": self.errors,
        }
        path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Results:
        kept = json.loads(path.read_text())
        results = cls(kept["versions"])
        results.machine = kept["machine"]
        results.figures = kept["figures"]
        results.disturbances = kept["disturbances"]
        results.errors = kept["errors"]
        return results

    def take_over(self, newer: Results) -> None:
        """Replace what a newer, smaller run has measured again."""
        self.versions |= newer.versions
        self.disturbances += newer.disturbances
        for name, values in newer.figures.items():
            self.figures[name] = self.figures.get(name, {}) | values
        self.errors = {
            workload: {broker: error for broker, error in errors.items() if broker not in newer.versions}
            for workload, errors in self.errors.items()
        }
        self.errors |= newer.errors


def _machine() -> dict[str, str | int]:
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_gb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return {
        "processor": model,
        "cores": os.cpu_count() or 0,
        "memory_gb": round(memory_gb),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
