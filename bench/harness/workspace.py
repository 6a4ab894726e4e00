"""Where the benchmark keeps what it installs and builds: bench/.work, which may be removed at any time.

Everything comes from registries by name: Python packages from PyPI, librdkafka inside its Go module, Apache Kafka's
jars from Maven Central. Nothing is installed into the system, nothing is taken from another checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
WORK = BENCH / ".work"
RESULTS = BENCH / "results"
LOAD = BENCH / "load"
BIN = WORK / "bin"

LIBRDKAFKA_MODULE = "github.com/confluentinc/confluent-kafka-go/v2@v2.11.1"
CLIENT_PACKAGES = ("confluent-kafka>=2.11", "matplotlib>=3.9")
STREAM_SOURCES = ("stream.c", "client.c", "produce.c", "consume.c", "latency.c")
CFLAGS = ("-O2", "-Wall", "-Wextra")


def enter_client_environment() -> None:
    """Re-execute this very command inside bench/.work/venv, making it first if it is not there."""
    home = WORK / "venv"
    if Path(sys.prefix) == home:
        return
    python = home / "bin" / "python"
    if not (home / ".ready").exists():
        print(f"bench: making {home.relative_to(ROOT)} (once)", file=sys.stderr)
        _make_environment(home, CLIENT_PACKAGES)
    os.execv(python, [str(python), *sys.argv])


def broker_python() -> Path:
    """An interpreter that has what pykbroker depends on, and nothing else that could slow its start."""
    home = WORK / "broker-venv"
    if not (home / ".ready").exists():
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        _make_environment(home, tuple(project["dependencies"]))
    return home / "bin" / "python"


def _make_environment(home: Path, packages: tuple[str, ...]) -> None:
    venv.create(home, clear=True, with_pip=True)
    subprocess.run([home / "bin" / "python", "-m", "pip", "install", "-q", *packages], check=True)
    (home / ".ready").touch()


def kafka_libs(given: Path | None) -> Path:
    """The directory of Apache Kafka's jars: the given one, or our own from Maven Central."""
    if given is not None:
        return given.resolve()
    libs = WORK / "kafka-libs"
    if not (libs / ".ready").exists():
        print("bench: fetching Apache Kafka from Maven Central (once)", file=sys.stderr)
        pom = str(BENCH / "kafka" / "pom.xml")
        maven = ["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={libs}"]
        subprocess.run(maven, check=True)
        (libs / ".ready").touch()
    return libs


def build_load_programs() -> None:
    """Compile the load programs whose sources are newer than they are."""
    BIN.mkdir(parents=True, exist_ok=True)
    for name in ("requests", "transactions"):
        source = LOAD / f"{name}.c"
        if _is_stale(BIN / name, [source]):
            _compile(BIN / name, [source], ("-lpthread",))
    sources = [LOAD / name for name in STREAM_SOURCES]
    if _is_stale(BIN / "stream", [*sources, LOAD / "client.h"]):
        _compile(BIN / "stream", sources, _librdkafka_flags())


def build_kfake() -> Path:
    """Compile the Go program around kfake, of the version its go.mod names."""
    program = BIN / "kfake"
    sources = [BENCH / "kfake" / name for name in ("main.go", "go.mod")]
    if _is_stale(program, sources):
        print("bench: building kfake", file=sys.stderr)
        subprocess.run(["go", "build", "-o", program, "."], check=True, cwd=BENCH / "kfake")
    return program


def _is_stale(program: Path, sources: list[Path]) -> bool:
    if not program.exists():
        return True
    return any(source.stat().st_mtime > program.stat().st_mtime for source in sources)


def _compile(program: Path, sources: list[Path], flags: tuple[str, ...]) -> None:
    print(f"bench: building {program.name}", file=sys.stderr)
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, *CFLAGS, "-o", program, *sources, *flags], check=True)


def _librdkafka_flags() -> tuple[str, ...]:
    """The static library inside confluent-kafka-go when Go is here; otherwise what pkg-config knows."""
    if shutil.which("go") is None:
        answer = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "rdkafka"], check=True, capture_output=True, text=True
        )
        return tuple(answer.stdout.split())
    answer = subprocess.run(
        ["go", "mod", "download", "-json", LIBRDKAFKA_MODULE],
        check=True,
        capture_output=True,
        text=True,
        cwd=WORK,
        env={**os.environ, "GOFLAGS": "-mod=mod"},
    )
    vendored = Path(json.loads(answer.stdout)["Dir"]) / "kafka" / "librdkafka_vendor"
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    library = vendored / f"librdkafka_glibc_linux_{machine}.a"
    return ("-isystem", str(vendored), str(library), "-lm", "-ldl", "-lpthread", "-lrt")
