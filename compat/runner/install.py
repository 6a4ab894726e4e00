"""Installs a client at its pinned version from its own registry, by name, into compat/.work/installed/<client>.

Nothing is installed twice: a directory carries a stamp of what was asked for. A machine that lacks what a client
needs (an interpreter, a toolchain, a command) raises Missing with a reason, and the client is skipped.
"""

import fcntl
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from runner.clients import Client
from runner.places import INSTALLED, KAFKA_START

INSTALL_TIMEOUT_S = 900


class Missing(Exception):
    """This machine lacks what a client needs; says what."""


def install(client: Client) -> list[str]:
    """Makes the client ready and returns the command that runs its program."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with open(INSTALLED / f"{client.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return INSTALLERS[client.kind](client, INSTALLED / client.name)


# ---------------------------------------------------------------------------------------------- Python


def _install_python(client: Client, directory: Path) -> list[str]:
    python = directory / "bin" / "python"
    wanted = json.dumps([client.packages, client.python])
    if not _is_stamped(directory, wanted):
        interpreter = find_interpreter(client.python)
        shutil.rmtree(directory, ignore_errors=True)
        _check([interpreter, "-m", "venv", str(directory)])
        _check([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--prefer-binary",
                *client.packages])
        _stamp(directory, wanted)
    return [str(python), str(client.program)]


def find_interpreter(bounds: str) -> str:
    """A Python within `bounds` ("3.6-3.11"; empty: any): our own if it fits, else the newest that this machine keeps."""
    low, high = _parse_bounds(bounds)
    if low <= sys.version_info[:2] <= high:
        return sys.executable
    found = {version: path for version, path in _interpreters() if low <= version <= high}
    if not found:
        raise Missing(f"no Python {bounds} on this machine")
    return found[max(found)]


def _parse_bounds(bounds: str) -> tuple[tuple[int, int], tuple[int, int]]:
    if not bounds:
        return (3, 0), (3, 99)
    low, _, high = bounds.partition("-")
    return _version(low), _version(high or low)


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def _interpreters() -> Iterator[tuple[tuple[int, int], str]]:
    """Where machines keep interpreters: pyenv, uv, container images, the search path."""
    home = Path.home()
    for root in (home / ".pyenv" / "versions", home / ".local" / "share" / "uv" / "python", Path("/opt/python")):
        for path in sorted(root.glob("*/bin/python3")):
            if match := re.search(r"(\d+\.\d+)\.\d+", path.parent.parent.name):
                yield _version(match[1]), str(path)
    for minor in range(6, 30):
        if (path_found := shutil.which(f"python3.{minor}")) and _runs(path_found):
            yield (3, minor), path_found


def _runs(interpreter: str) -> bool:
    """Whether it starts and can make virtual environments (Debian splits `venv` off; pyenv leaves shims behind)."""
    probe = subprocess.run([interpreter, "-c", "import venv, ensurepip"], capture_output=True, check=False)
    return probe.returncode == 0


# ------------------------------------------------------------------------------------- other languages


def _install_system(client: Client, directory: Path) -> list[str]:
    if not shutil.which(client.command):
        raise Missing(f"{client.command} is not installed")
    return [sys.executable, str(client.program)]


def _install_node(client: Client, directory: Path) -> list[str]:
    _need("node", "npm")
    source = client.program.parent
    wanted = json.dumps([client.packages, _sources(source)])
    if not _is_stamped(directory, wanted):
        _copy_sources(source, directory)
        _check(["npm", "install", "--silent", "--no-audit", "--no-fund", *client.packages], cwd=directory)
        _stamp(directory, wanted)
    return ["node", str(directory / client.program.name)]


def _install_go(client: Client, directory: Path) -> list[str]:
    _need("go")
    source = client.program.parent
    wanted = json.dumps([client.packages, _sources(source)])
    if not _is_stamped(directory, wanted):
        _copy_sources(source, directory)
        for package in client.packages:
            _check(["go", "mod", "edit", "-require", package], cwd=directory)
        _check(["go", "mod", "tidy", "-e"], cwd=directory)
        _check(["go", "build", "-o", "program", "."], cwd=directory)
        _stamp(directory, wanted)
    return [str(directory / "program")]


def _install_cargo(client: Client, directory: Path) -> list[str]:
    _need("cargo")
    source = client.program.parent
    wanted = json.dumps([client.packages, _sources(source)])
    if not _is_stamped(directory, wanted):
        _copy_sources(source, directory)
        _check(["cargo", "build", "-q"], cwd=directory)
        _stamp(directory, wanted)
    return [str(directory / "target" / "debug" / "program")]


def _install_maven(client: Client, directory: Path) -> list[str]:
    _need("java", "javac", "mvn")
    source = client.program.parent
    wanted = json.dumps([client.version, _sources(source)])
    if not _is_stamped(directory, wanted):
        _copy_sources(source, directory)
        _check(["mvn", "-q", "-B", f"-Dclient.version={client.version}", "dependency:copy-dependencies",
                f"-DoutputDirectory={directory / 'libs'}"], cwd=directory)
        sources = sorted(str(path) for path in directory.glob("*.java"))
        _check(["javac", "-nowarn", "-cp", f"{directory}/libs/*", "-d", str(directory / "classes"), *sources])
        _stamp(directory, wanted)
    return ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
            "-cp", f"{directory}/classes:{directory}/libs/*", client.program.stem]


def _install_tools(client: Client, directory: Path) -> list[str]:
    """Kafka's own command line tools come with the jars that a broker of the same version needs."""
    _need("java", "mvn")
    _check([sys.executable, str(KAFKA_START), "--only-jars", "--data", str(directory)])
    return [sys.executable, str(client.program)]


INSTALLERS: dict[str, Callable[[Client, Path], list[str]]] = {
    "python": _install_python,
    "system": _install_system,
    "node": _install_node,
    "go": _install_go,
    "cargo": _install_cargo,
    "maven": _install_maven,
    "kafka-tools": _install_tools,
}


# ----------------------------------------------------------------------------------------------- pieces


def _need(*commands: str) -> None:
    for command in commands:
        if not shutil.which(command):
            raise Missing(f"{command} is not installed")


def _sources(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(directory.iterdir()) if path.is_file()}


def _copy_sources(source: Path, directory: Path) -> None:
    """Copies beside what was built before: build caches stay, and a program is built away from the work tree."""
    shutil.copytree(source, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))


def _stamp(directory: Path, wanted: str) -> None:
    (directory / ".installed").write_text(wanted)


def _is_stamped(directory: Path, wanted: str) -> bool:
    stamp = directory / ".installed"
    return stamp.exists() and stamp.read_text() == wanted


def _check(command: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False)
    if done.returncode:
        last_lines = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise Missing(f"could not install: {' '.join(command[:4])}…: {last_lines}")
