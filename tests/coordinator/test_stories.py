"""What Apache Kafka 4.3.1 answered to scripted requests, our shard answers too."""

import pathlib

import pytest
from story_language import ShardTeller, Story

STORIES = sorted((pathlib.Path(__file__).parent / "stories").glob("*.txt"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_ends_as_it_did_with_apache_kafka(path):
    """Error codes, generations, leaders, states and what is still parked, line by line."""
    told = path.read_text()

    assert Story(ShardTeller()).run(told) == told
