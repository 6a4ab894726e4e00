"""Types: what text they take, and how they print, as Kafka's ConfigDef does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.config.definitions import ConfigDef, ConfigError, ConfigType, Password, parse, to_text
from pykbroker.config.rules import at_least, list_of


@pytest.mark.parametrize(
    ("config_type", "text", "value"),
    [
        (ConfigType.BOOLEAN, " TRUE ", True),
        (ConfigType.BOOLEAN, "false", False),
        (ConfigType.INT, " +10 ", 10),
        (ConfigType.INT, "-2147483648", -(2**31)),
        (ConfigType.SHORT, "32767", 32767),
        (ConfigType.LONG, "9223372036854775807", 2**63 - 1),
        (ConfigType.DOUBLE, "1e3", 1000.0),
        (ConfigType.DOUBLE, ".5", 0.5),
        (ConfigType.DOUBLE, "2d", 2.0),
        (ConfigType.STRING, " a b ", "a b"),
        (ConfigType.LIST, " a , b,c ", ("a", "b", "c")),
        (ConfigType.LIST, "  ", ()),
        (ConfigType.PASSWORD, " s3cret ", Password("s3cret")),
    ],
)
def test_text_that_is_taken(config_type, text, value):
    """Blanks around a value do not count; case does not for booleans."""
    assert parse(config_type, text) == value


@pytest.mark.parametrize(
    ("config_type", "text"),
    [
        (ConfigType.BOOLEAN, "yes"),
        (ConfigType.BOOLEAN, ""),
        (ConfigType.INT, "2147483648"),
        (ConfigType.INT, "1.0"),
        (ConfigType.INT, "1_000"),
        (ConfigType.INT, "0x10"),
        (ConfigType.INT, ""),
        (ConfigType.INT, "9" * 10_000),
        (ConfigType.SHORT, "32768"),
        (ConfigType.LONG, "٣"),
        (ConfigType.DOUBLE, "1_0"),
        (ConfigType.DOUBLE, "nan"),
        (ConfigType.DOUBLE, ""),
        (ConfigType.DOUBLE, "inf"),
    ],
)
def test_text_that_is_refused(config_type, text):
    """What Java does not take for a number or a truth value, we do not either."""
    with pytest.raises(ValueError, match="must be"):
        parse(config_type, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (1.0, "1.0"),
        (0.0, "0.0"),
        (0.001, "0.001"),
        (1e-5, "1.0E-5"),
        (1234567.0, "1234567.0"),
        (1e7, "1.0E7"),
        (1e10, "1.0E10"),
        (123456789.125, "1.23456789125E8"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_doubles_print_as_in_java(value, text):
    """Clients compare these texts with what Apache Kafka shows."""
    assert to_text(ConfigType.DOUBLE, value) == text


@given(st.floats(allow_nan=False))
def test_a_double_survives_its_text(value):
    """Printing loses nothing."""
    assert parse(ConfigType.DOUBLE, to_text(ConfigType.DOUBLE, value)) == value


@given(st.sampled_from([ConfigType.INT, ConfigType.LONG, ConfigType.BOOLEAN, ConfigType.LIST]), st.text())
def test_any_text_is_a_value_or_a_value_error(config_type, text):
    """Whatever a client sends, there is no other outcome."""
    try:
        value = parse(config_type, text)
    except ValueError:
        return
    assert parse(config_type, to_text(config_type, value)) == value or config_type is ConfigType.LIST


def test_an_error_names_key_value_and_rule():
    """So that whoever reads it knows what to change."""
    definition = ConfigDef("num.x", ConfigType.INT, 1, at_least(1))

    with pytest.raises(ConfigError, match=r"^num\.x=0: must be at least 1$"):
        definition.parse("0")


def test_secrets_are_not_shown():
    """Neither in errors nor by printing nor by repr."""
    definition = ConfigDef("ssl.key.password", ConfigType.PASSWORD, None, list_of("never"))

    with pytest.raises(ConfigError) as caught:
        definition._replace(rule=at_least(1)._replace(complaint=lambda value: "must be longer")).parse("hunter2")

    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Password("hunter2"))
    assert to_text(ConfigType.PASSWORD, Password("hunter2")) == "[hidden]"


def test_repeated_entries_of_a_list_count_once():
    """Where Kafka's ValidList stands guard."""
    definition = ConfigDef("x", ConfigType.LIST, (), list_of("a", "b"))

    assert definition.parse("b,a,b") == ("b", "a")
