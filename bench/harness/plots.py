"""Bars for docs/benchmarks.md: one picture for each kind of figure, every broker's median with its range."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import matplotlib
import matplotlib.figure

from harness.figures import Workload
from harness.results import Results

COLOURS = {"pykbroker": "#2a6f97", "kafka": "#c44536", "kafka-256m": "#e8a598", "kfake": "#8a9a5b"}


class Picture(NamedTuple):
    """Figures of one title and one unit make one picture."""

    file: str
    caption: str
    title: str
    unit: str
    logarithmic: bool = False


PICTURES = (
    Picture("throughput.svg", "Throughput, MB/s: more is better", "Throughput", "MB/s"),
    Picture("processor.svg", "Processor seconds of the broker for a GB: less is better", "Throughput", "s/GB"),
    Picture("requests.svg", "Small requests a second: more is better", "Small requests", "/s"),
    Picture("latency.svg", "End to end, ms: less is better", "End-to-end latency", "ms", logarithmic=True),
    Picture("starting.svg", "Start, s: less is better", "Starting", "s"),
    Picture("memory.svg", "Memory, MB: less is better", "Memory", "MB"),
)


def draw_all(directory: Path, workloads: list[Workload], results: Results, brokers: list[str]) -> list[Picture]:
    """Write every picture that has figures; those written."""
    directory.mkdir(parents=True, exist_ok=True)
    matplotlib.rcParams["svg.hashsalt"] = "pykbroker"  # the same figures make the same file
    matplotlib.rcParams["svg.fonttype"] = "none"
    drawn = []
    for picture in PICTURES:
        names = [
            figure.name
            for workload in workloads
            for figure in workload.figures
            if workload.title == picture.title and figure.unit == picture.unit and figure.name in results.figures
        ]
        if names:
            _draw(directory / picture.file, picture, names, results, brokers)
            drawn.append(picture)
    return drawn


def _draw(path: Path, picture: Picture, names: list[str], results: Results, brokers: list[str]) -> None:
    thickness = 0.8 / len(brokers)
    plot = matplotlib.figure.Figure(figsize=(9, 0.6 + 0.34 * len(names)))
    axes = plot.subplots()
    for place, broker in enumerate(brokers):
        for row, name in enumerate(names):
            median = results.median(name, broker)
            if median is None:
                continue
            low, high = results.spread(name, broker)
            axes.barh(
                row + place * thickness,
                median,
                thickness,
                xerr=[[median - low], [high - median]],
                color=COLOURS.get(broker, "#888888"),
                label=broker if row == 0 else None,
                error_kw={"linewidth": 0.7, "capsize": 1.5},
            )
    axes.set_yticks([row + 0.4 - thickness / 2 for row in range(len(names))], names, fontsize=8)
    axes.invert_yaxis()
    axes.set_title(picture.caption, fontsize=10)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    if picture.logarithmic:
        axes.set_xscale("log")
    axes.legend(fontsize=8, frameon=False)
    plot.savefig(path, bbox_inches="tight", metadata={"Date": None})
