"""Tables of a run: for the terminal, and the generated part of docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.figures import Figure, Workload
from harness.results import Results

if TYPE_CHECKING:
    from harness.plots import Picture

BEGIN = "<!-- figures: begin (written by bench/run) -->"
END = "<!-- figures: end -->"
MARKS = {True: "yes", False: "**no**", None: ""}


def number(value: float | None) -> str:
    """Three significant digits, thousands in groups."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3f}"


def aim(figure: Figure) -> str:
    """The aim in words: `<= 0.1 x Kafka, <= 0.25 s`."""
    sign = "≤" if figure.less_is_better else "≥"
    words = []
    if figure.ratio is not None:
        words.append(f"{sign} {figure.ratio:g} x Kafka")
    if figure.limit is not None:
        words.append(f"{sign} {figure.limit:g} {figure.unit}")
    return ", ".join(words)


def table(workloads: list[Workload], results: Results, brokers: list[str]) -> list[list[str]]:
    """One row a figure: unit, each broker's median and range, our ratio to Apache Kafka, the aim, whether met."""
    compared = "pykbroker" in brokers and "kafka" in brokers
    head = ["figure", "unit", *brokers]
    if compared:
        head += ["x Kafka", "aim", "met"]
    rows = [head]
    measured = [each for workload in workloads for each in workload.figures if each.name in results.figures]
    return rows + [_row(figure, results, brokers, compared=compared) for figure in measured]


def _row(figure: Figure, results: Results, brokers: list[str], *, compared: bool) -> list[str]:
    row = [figure.name, figure.unit, *(_cell(figure.name, broker, results) for broker in brokers)]
    if not compared:
        return row
    ratio = results.ratio(figure.name, "pykbroker")
    ours = results.median(figure.name, "pykbroker")
    met = None if ours is None else figure.meets(ours, ratio)
    return [*row, number(ratio), aim(figure), MARKS[met]]


def _cell(name: str, broker: str, results: Results) -> str:
    median = results.median(name, broker)
    if median is None:
        return "-"
    low, high = results.spread(name, broker)
    return number(median) if low == high else f"{number(median)} ({number(low)}-{number(high)})"


def as_text(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def as_markdown(rows: list[list[str]]) -> str:
    head, *body = rows
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])


def errors_as_text(results: Results) -> str:
    lines = [
        f"{workload}, {broker}: {error}"
        for workload, errors in results.errors.items()
        for broker, error in errors.items()
    ]
    return "\n".join(lines)


def disturbance_as_text(results: Results) -> str:
    """How quiet the machine was."""
    shares = sorted(results.disturbances)
    if not shares:
        return ""
    median, most = shares[len(shares) // 2], shares[-1]
    return f"Others used {median:.0%} of the machine in the median measurement, {most:.0%} at most."


def write_document(path: Path, workloads: list[Workload], results: Results, pictures: Sequence[Picture]) -> None:
    """Put the tables and pictures between the two marks; what people wrote around them stays."""
    text = path.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    path.write_text(before + BEGIN + "\n\n" + _generated(workloads, results, pictures) + "\n\n" + END + after)


def _generated(workloads: list[Workload], results: Results, pictures: Sequence[Picture]) -> str:
    machine = results.machine
    brokers = list(results.versions)
    versions = "; ".join(f"{broker}: {version}" for broker, version in results.versions.items())
    where = f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB, {machine['system']}"
    parts = [f"{where}. {versions}. {disturbance_as_text(results)}"]
    for title in dict.fromkeys(workload.title for workload in workloads):
        chosen = [workload for workload in workloads if workload.title == title]
        rows = table(chosen, results, brokers)
        if len(rows) > 1:
            parts += [f"### {title}", as_markdown(rows)]
            parts += [f"![{each.caption}](benchmarks/{each.file})" for each in pictures if each.title == title]
    if any(results.errors.values()):
        parts += ["### What did not run", "```text\n" + errors_as_text(results) + "\n```"]
    return "\n\n".join(parts)
