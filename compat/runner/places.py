"""Where things are: the one list of paths that the runner's modules share."""

from pathlib import Path

COMPAT = Path(__file__).resolve().parent.parent
PROJECT = COMPAT.parent
WORK = COMPAT / ".work"  # never committed: installed clients, data directories, logs
INSTALLED = WORK / "installed"
RUNS = WORK / "runs"
RESULTS = COMPAT / "results"
CLIENTS = COMPAT / "clients"
TABLE = COMPAT / "clients.toml"
REPORT = PROJECT / "docs" / "compatibility.md"
DIFFERENCES = PROJECT / "docs" / "differences.md"
KAFKA_START = COMPAT / "kafka" / "start"
KAFKA_LIBS = WORK / "kafka" / "libs"
