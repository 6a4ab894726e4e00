"""Keeps what runs have shown: compat/results/<client>.json, and docs/compatibility.md made from all of them.

A result file holds the last full run on each broker, so that a run on one broker is judged by what is known of the other.
"""

import datetime
import json
import os
from pathlib import Path
from typing import Any

from runner.clients import Client
from runner.places import REPORT, RESULTS
from runner.session import Run

BROKERS = ("pykbroker", "kafka")
TITLES = {"pykbroker": "pykbroker", "kafka": "Apache Kafka 4.3.1"}


def record(run: Run) -> None:
    """Writes a full run into its client's result file."""
    kept = read_result(run.client.name)
    kept |= {
        "client": run.client.title,
        "version": run.client.version,
        "language": run.client.language,
    }
    kept.setdefault("runs", {})[run.broker] = {
        "date": datetime.date.today().isoformat(),
        "seconds": run.seconds,
        "trouble": run.trouble,
        "stories": [vars(story) for story in run.stories],
    }
    write_whole(RESULTS / f"{run.client.name}.json", json.dumps(kept, indent=1) + "\n")


def read_result(name: str) -> dict[str, Any]:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def regressions(run: Run) -> list[str]:
    """Stories of a run on pykbroker that fail although Kafka is known, or not known otherwise, to pass them."""
    known = read_result(run.client.name).get("runs", {}).get("kafka", {}).get("stories", [])
    fails_on_kafka = {story["name"] for story in known if story["outcome"] == "failed"}
    return [s.name for s in run.stories if s.outcome == "failed" and s.name not in fails_on_kafka]


def write_report(clients: dict[str, Client]) -> None:
    """Makes docs/compatibility.md from the result files, in the order of the table of clients."""
    results = [result for name in clients if (result := read_result(name))]
    lines = [
        "# Which clients work",
        "",
        "Made by `compat/run`; do not edit. Every client is the released one, unchanged, installed by name from its registry; the",
        "stories are told in [compat/scenarios.md](../compat/scenarios.md). A story that does not hold on Apache Kafka is a wrong",
        "story; what fails on pykbroker stands in [compat/FINDINGS.md](../compat/FINDINGS.md) with its cause.",
        "",
        "| client | version | language | pykbroker | Apache Kafka 4.3.1 | date |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_row(result) for result in results]
    lines += ["", "## What does not pass", ""]
    lines += [line for result in results for line in _failures(result)] or ["Nothing."]
    lines += ["", "## What was skipped, and why", ""]
    lines += _skips(results) or ["Nothing."]
    lines += ["", "## Which client tells which story", ""]
    lines += _matrix(results)
    write_whole(REPORT, "\n".join(lines) + "\n")


def _row(result: dict[str, Any]) -> str:
    runs = result.get("runs", {})
    dates = [run["date"] for run in runs.values()]
    scores = [_score(runs.get(broker)) for broker in BROKERS]
    cells = [result["client"], result["version"], result["language"], *scores, max(dates, default="")]
    return f"| {' | '.join(cells)} |"


def _score(run: dict[str, Any] | None) -> str:
    if run is None:
        return "not run"
    told = [story for story in run["stories"] if story["outcome"] != "skipped"]
    passed = sum(story["outcome"] == "passed" for story in told)
    return f"{passed} of {len(told)}" + (" (not finished)" if run["trouble"] else "")


def _failures(result: dict[str, Any]) -> list[str]:
    lines = []
    for broker in BROKERS:
        run = result.get("runs", {}).get(broker)
        for story in run["stories"] if run else ():
            if story["outcome"] == "failed":
                reason = (story["reason"].splitlines() or ["no reason given"])[-1]
                lines.append(f"- **{_title(result)}** on {TITLES[broker]}: `{story['name']}`: {reason[:200]}")
        if run and run["trouble"]:
            lines.append(f"- **{_title(result)}** on {TITLES[broker]}: {run['trouble'].splitlines()[0]}")
    return lines


def _skips(results: list[dict[str, Any]]) -> list[str]:
    """A skip comes from the client, not from the broker: one line for each client and reason."""
    lines = []
    for result in results:
        by_reason: dict[str, list[str]] = {}
        for run in result.get("runs", {}).values():
            for story in run["stories"]:
                names = by_reason.setdefault(story["reason"], []) if story["outcome"] == "skipped" else []
                if story["name"] not in names:
                    names.append(story["name"])
        lines += [f"- **{_title(result)}**: {', '.join(names)}: {reason}" for reason, names in by_reason.items()]
    return lines


def _matrix(results: list[dict[str, Any]]) -> list[str]:
    """Stories down, clients across as counts would be too wide: each story with the clients that pass it on pykbroker."""
    passing: dict[str, list[str]] = {}
    for result in results:
        runs = result.get("runs", {})
        for story in (runs.get("pykbroker") or runs.get("kafka") or {"stories": ()})["stories"]:
            names = passing.setdefault(story["name"], [])
            if story["outcome"] == "passed" and "pykbroker" in runs:
                names.append(_title(result))
    rows = [f"| `{story}` | {', '.join(names)} |" for story, names in sorted(passing.items())]
    return ["| story | passes on pykbroker with |", "|---|---|", *rows]


def _title(result: dict[str, Any]) -> str:
    return f"{result['client']} {result['version']}"


def write_whole(path: Path, text: str) -> None:
    """Replaces a file at once: several runners may write at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)
