"""The command line as a whole: help, lazy commands, slips of the pen."""

import subprocess
import sys

import pytest

from pykbroker.cli.main import COMMANDS


def test_help_lists_every_command(offline):
    """With one line each."""
    text = offline.ok("--help")

    for name, (_, _, line) in COMMANDS.items():
        assert name in text
        assert line.split(".")[0][:30] in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(offline, name):
    """The module exists and its help is more than a name."""
    assert "Usage:" in offline.ok(name, "--help")


@pytest.mark.parametrize("group", ["topics", "groups", "configs"])
def test_subcommands_have_help(offline, group):
    """Each line says what it does."""
    lines = offline.ok(group, "--help").partition("Commands:")[2].strip().splitlines()

    assert lines
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines if not line.startswith("     "))


def test_a_mistyped_command_is_answered_with_the_nearest(offline):
    """As git does."""
    assert "Did you mean 'topics'?" in offline.fails("topcs")
    assert "No such command 'xyzzy'" in offline.fails("xyzzy")


def test_version(offline):
    """Name and number."""
    assert offline.ok("--version").startswith("pykbroker, version ")


def test_help_imports_nothing_of_the_broker():
    """So that it is instant: no trio, no wire."""
    code = (
        "import sys; from pykbroker.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if name.startswith(('trio', 'pykbroker.'))), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert eval(run.stderr) == ["pykbroker.cli", "pykbroker.cli.lazy", "pykbroker.cli.main"]
