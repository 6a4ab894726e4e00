"""``pykbroker verify``: a directory that a broker left, whole and damaged in every way."""

import json
import shutil

import pytest
from click.testing import CliRunner

from pykbroker.cli.main import main
from pykbroker.cli.options import BOOTSTRAP_VARIABLE
from pykbroker.cli.verify import Progress
from pykbroker.testing.embedded import EmbeddedBroker

SEGMENT = "00000000000000000000"
METADATA = f"__cluster_metadata-0/{SEGMENT}.log"


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """What a broker with one topic and some records left behind when it stopped."""
    directory = tmp_path_factory.mktemp("left") / "data"
    with EmbeddedBroker(data_dir=str(directory)) as broker:
        for args in (["topics", "create", "orders"], ["produce", "orders"]):
            environment = {BOOTSTRAP_VARIABLE: broker.bootstrap_servers}
            result = CliRunner().invoke(main, args, input="a\nb\nc\n", env=environment)
            assert result.exit_code == 0, result.output
    return directory


@pytest.fixture
def data(left, tmp_path):
    """A copy of it, to be damaged."""
    return shutil.copytree(left, tmp_path / "data")


def flip(file, position):
    content = bytearray(file.read_bytes())
    content[position] ^= 4
    file.write_bytes(content)


def cut(file, size):
    file.write_bytes(file.read_bytes()[:-size])


def tree(directory):
    return {str(each): each.read_bytes() for each in directory.rglob("*") if each.is_file() and each.name != ".lock"}


def run(offline, status, *args):
    """What was printed, when it ended with ``status``."""
    result = offline.run("verify", *args)
    assert result.exit_code == status, result.output
    return result.output


def test_nothing_is_wrong(offline, data):
    """Nothing is found and nothing is changed, not even a lock file left behind."""
    (data / ".lock").unlink(missing_ok=True)
    before = tree(data)

    assert run(offline, 0, "--records", data) == "everything is as it should be\n"
    assert run(offline, 0, "--json", f"{data}/") == ""
    assert tree(data) == before
    assert not (data / ".lock").exists()


def test_a_running_broker(offline, tmp_path):
    """Its directory is refused, with who holds it."""
    with EmbeddedBroker(data_dir=str(tmp_path / "data")):
        assert "is in use by" in run(offline, 2, tmp_path / "data")


@pytest.mark.parametrize("missing", ["nothing-here", "data/meta.properties"])
def test_what_is_no_directory(offline, data, missing):
    """Cannot be checked."""
    run(offline, 2, data.parent / missing)


DAMAGES = {
    "a flipped bit in a record": (
        lambda data: flip(data / f"orders-0/{SEGMENT}.log", 80),
        "does not match its checksum",
    ),
    "a cut segment": (lambda data: cut(data / f"orders-0/{SEGMENT}.log", 5), "are no whole batch"),
    "a flipped bit in the time index": (lambda data: flip(data / f"orders-0/{SEGMENT}.timeindex", 5), "timestamp"),
    "an emptied segment": (lambda data: (data / f"orders-0/{SEGMENT}.log").write_bytes(b""), "were on the disk"),
    "a lost partition": (lambda data: shutil.rmtree(data / "orders-0"), "were on the disk: it is not there"),
    "no meta.properties": (lambda data: (data / "meta.properties").unlink(), "it is missing"),
    "a flipped bit in the metadata": (lambda data: flip(data / METADATA, 200), "checksum"),
    "quorum-state": (lambda data: (data / "__cluster_metadata-0/quorum-state").write_text("{"), "quorum-state"),
    "another topic's id": (
        lambda data: (data / "orders-0/partition.metadata").write_text("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAg"),
        "another topic of that name",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage(offline, data, name):
    """It is named, and the exit status says so."""
    do, complaint = DAMAGES[name]
    do(data)
    text = run(offline, 1, data)

    assert any(line.startswith("damage: ") and complaint in line for line in text.splitlines()), text
    assert "damaged" in text.splitlines()[-1]


NOTES = {
    "a deleted index": (lambda data: (data / f"orders-0/{SEGMENT}.index").unlink(), "makes it again"),
    "a deleted time index": (lambda data: (data / f"orders-0/{SEGMENT}.timeindex").unlink(), "makes it again"),
    "an unknown partition": (
        lambda data: shutil.copytree(data / "orders-0", data / "other-0"),
        "know no such partition",
    ),
    "no metadata log": (lambda data: shutil.rmtree(data / "__cluster_metadata-0"), "no metadata log"),
}


@pytest.mark.parametrize("name", NOTES)
def test_notes(offline, data, name):
    """What the next start puts right is mentioned and is no damage."""
    do, complaint = NOTES[name]
    (data / "recovery-point-offset-checkpoint").unlink()
    do(data)
    rows = [json.loads(line) for line in run(offline, 0, "--json", data).splitlines()]

    assert any(complaint in row["what"] for row in rows), rows
    assert {row["severity"] for row in rows} == {"note"}


def test_several_directories(offline, data):
    """Those of one broker are checked together."""
    other = data.parent / "other"
    shutil.copytree(data, other)
    text = run(offline, 1, data, other)

    assert "the same directory.id" in text
    assert f"orders-0: it is in {data}, too" in text
    meta = other / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=2"))
    assert "it is node 2's of cluster" in run(offline, 1, data, other)


def test_a_disk_that_cannot_be_read(offline, data, monkeypatch):
    """Is no finding about the data."""

    def fail(*args):
        raise OSError(5, "Input/output error", "some-file")

    monkeypatch.setattr("pykbroker.cli.verify.WatchedDisk.read_range", fail)
    assert "cannot be checked: Input/output error: some-file" in run(offline, 2, data)


def test_progress(capsys, offline, data):
    """One line, written over, and taken away in the end."""
    progress = Progress(200 << 20, is_shown=True)
    progress.read("orders-0", 50 << 20)
    progress.read("orders-0", 1)
    progress.clear()
    progress.clear()
    line = " 25 %  50 of 200 MiB  orders-0"

    assert capsys.readouterr().err == f"\r{line}\r{' ' * len(line)}\r"
    assert f"{SEGMENT}.log" in offline.run("verify", "--progress", data).stderr
    assert offline.run("verify", data).stderr == ""
