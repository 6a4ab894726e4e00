"""Commands are run as click runs them, against a broker in this process."""

import pytest
from click.testing import CliRunner

from pykbroker.cli.main import main
from pykbroker.cli.options import BOOTSTRAP_VARIABLE


class Shell:
    """Runs ``pykbroker`` commands; ``ok`` returns what was printed, ``fails`` what was complained of."""

    def __init__(self, bootstrap=None):
        self._runner = CliRunner()
        self._environment = {BOOTSTRAP_VARIABLE: bootstrap}

    def run(self, *args, text=None):
        return self._runner.invoke(main, [*map(str, args)], input=text, env=self._environment)

    def ok(self, *args, text=None):
        result = self.run(*args, text=text)
        assert result.exit_code == 0, result.output
        return result.stdout

    def fails(self, *args, text=None):
        result = self.run(*args, text=text)
        assert result.exit_code != 0, result.output
        return result.output


@pytest.fixture
def offline():
    """Commands that need no broker."""
    return Shell()


@pytest.fixture
def shell(kafka_broker):
    """Commands that talk to the session's broker."""
    return Shell(kafka_broker.bootstrap_servers)
