"""Declarations: version ranges, structs and their defaults, and what importing a family costs."""

import pytest

from pykbroker.wire.messages.fetch import FetchRequest, ReplicaState
from pykbroker.wire.messages.sasl import SaslAuthenticateRequest
from pykbroker.wire.schema import MAX_INT64, NEVER, Struct, Versions, array, int32, string, struct


class Leaf(Struct):
    number: int = int32(default=-1)


class Tree(Struct):
    name: str = string()
    leaf: Leaf = struct(Leaf)
    leaves: list[Leaf] = array(Leaf, nullable="0+")


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [("3", {3}, {2, 4}), ("3-5", {3, 4, 5}, {2, 6}), ("3+", {3, 32767}, {2}), ("none", set(), {0, 1})],
)
def test_versions_are_written_as_kafka_writes_them(text, inside, outside):
    """Ranges are inclusive, "3+" is open, and the text comes back."""
    versions = Versions.parse(text)
    assert all(version in versions for version in inside)
    assert not any(version in versions for version in outside)
    assert str(versions) == text
    assert repr(versions) == f"Versions.parse({text!r})"
    assert bool(versions) == bool(inside)
    assert Versions.parse(text) is versions


def test_versions_are_values():
    """Equal ranges are equal and hash alike; they iterate and intersect."""
    assert Versions(3, 5) == Versions.parse("3-5")
    assert hash(Versions(3, 5)) == hash(Versions.parse("3-5"))
    assert Versions(3, 5) != "3-5"
    assert list(Versions(3, 5)) == [3, 4, 5]
    assert Versions(3, 5).intersection(Versions.parse("4+")) == Versions(4, 5)
    assert not Versions(0, 2).intersection(Versions(5, 6))
    assert list(NEVER) == []


def test_a_struct_has_its_fields_and_nothing_else():
    """Slots: a misspelt field is an error, and there is no dictionary."""
    tree = Tree(name="oak")
    assert tree.__slots__ == ("name", "leaf", "leaves")
    assert not hasattr(tree, "__dict__")
    with pytest.raises(AttributeError):
        tree.nmae = "elm"
    with pytest.raises(TypeError, match="nmae"):
        Tree(nmae="elm")
    with pytest.raises(TypeError):
        Tree("positional")


def test_what_is_left_out_has_its_default():
    """Numbers 0, texts empty, arrays empty, structs one shared instance of all their defaults."""
    tree = Tree()
    assert (tree.name, tree.leaves) == ("", ())
    assert tree.leaf == Leaf() == Leaf(number=-1)
    assert tree.leaf is Tree().leaf


def test_structs_are_equal_by_value():
    """Lists and tuples of equal elements are equal, for both are arrays; different classes are not."""
    assert Tree(name="a", leaves=[Leaf(number=1)]) == Tree(name="a", leaves=(Leaf(number=1),))
    assert Tree(leaves=[Leaf(number=1)]) != Tree(leaves=[Leaf(number=2)])
    assert Tree(leaves=[Leaf()]) != Tree(leaves=[Leaf(), Leaf()])
    assert Tree(leaves=None) != Tree(leaves=())
    assert Leaf() != Tree()
    with pytest.raises(TypeError):
        hash(Leaf())


def test_a_struct_shows_itself_but_not_its_secrets():
    """repr names every field; a secret is only said to be there."""
    assert repr(Tree(name="oak")) == "Tree(name='oak', leaf=Leaf(number=-1), leaves=())"
    assert repr(SaslAuthenticateRequest(auth_bytes=b"hunter2")) == "SaslAuthenticateRequest(auth_bytes=<secret>)"


def test_a_plain_struct_takes_no_message_keywords():
    """``versions=`` on a struct that is no message is a mistake, not ignored."""
    with pytest.raises(TypeError, match="Wrong is a plain struct: versions are for messages"):

        class Wrong(Struct, versions="0"):
            pass


def test_a_declared_default_beyond_zero():
    """Defaults are Kafka's, where Kafka declares one."""
    request = FetchRequest()
    assert request.replica_id == -1
    assert request.replica_state == ReplicaState(replica_id=-1, replica_epoch=-1)
    assert FetchRequest.__fields__[-1].default == ""
    assert MAX_INT64 == 2**63 - 1
