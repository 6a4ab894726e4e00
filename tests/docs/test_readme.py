"""What the README shows runs as printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)

pytestmark = pytest.mark.real


def remembering(make, made):
    """``make``, with what it makes kept in ``made``."""

    def remember(*args, **keywords):
        made.append(make(*args, **keywords))
        return made[-1]

    return remember


def test_the_first_screen_produces_and_consumes(kafka_broker, capsys):
    """The producer and the consumer of the first screen, against a broker on another port than 9092."""
    code = BLOCKS[0].replace("localhost:9092", kafka_broker.bootstrap_servers)
    names: dict[str, object] = {}

    exec(compile(code, "README.md", "exec"), names)

    printed = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[:3] for line in printed] == [["greetings", "0", str(n)] for n in range(3)]
    assert "hello 2" in printed[2]
    names["producer"].close()
    names["consumer"].close()


def test_the_test_on_the_first_screen_passes(kafka_broker, kafka_topic):
    """The example of the pytest fixtures, called as pytest would."""
    names: dict[str, object] = {}
    made = []
    exec(compile(BLOCKS[1], "README.md", "exec"), names)
    for client in ("KafkaProducer", "KafkaConsumer"):  # the example leaves closing to the end of the process
        names[client] = remembering(names[client], made)

    names["test_what_is_sent_arrives"](kafka_broker, kafka_topic)

    assert len(made) == 2
    for client in made:
        client.close()


def test_the_commands_in_the_readme_exist():
    """Every ``make`` target and every ``pykbroker`` command that the README names is there."""
    from pykbroker.cli.main import main

    text = README.read_text()
    makefile = (README.parent / "Makefile").read_text()
    commands = set(re.findall(r"`pykbroker ([a-z]+)", text))
    targets = set(re.findall(r"make ([a-z]+)", text)) - {"s"}

    assert commands <= set(main.list_commands(None))
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
