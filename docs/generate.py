"""Write docs/reference from the tables in the code: ``make docs``.

Two pages: every configuration, and every API. A test holds the committed files against what this gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pykbroker.apis.table import ApiTable
from pykbroker.config.definitions import MAX_DOUBLE, MAX_INT, MAX_LONG, ConfigDef, UpdateMode
from pykbroker.config.descriptions import documentation
from pykbroker.config.presets import PRESETS, REASONS
from pykbroker.config.releases import CHANGED_IN, RELEASES
from pykbroker.config.tables import (
    BROKER_RESOURCE,
    BROKER_THEMES,
    CLIENT_METRICS_CONFIGS,
    CLIENT_METRICS_RESOURCE,
    GROUP_CONFIGS,
    GROUP_RESOURCE,
    TOPIC_CONFIGS,
    TOPIC_RESOURCE,
)
from pykbroker.wire.messages import api_table
from pykbroker.wire.schema import Versions

REFERENCE = Path(__file__).resolve().parent / "reference"

ADVERTISED = REFERENCE.parents[1] / "tests" / "wire" / "apache_kafka" / "advertised.tsv"
"""What Apache Kafka 4.3.1 advertises."""

MADE_BY = "<!-- Made by `make docs` from the tables in the code: change those. -->\n"

THEME_TITLES = {
    "network": "Listeners, connections, threads, quotas, metrics",
    "log": "Topics' defaults and logs",
    "cluster": "Node, controller, replication",
    "groups": "Consumer and streams groups",
    "transactions": "Transactions and producers",
    "share": "Share groups",
    "security": "Security",
    "remote": "Tiered storage",
}

NAMED_NUMBERS = {MAX_INT: "2³¹-1", MAX_LONG: "2⁶³-1", MAX_DOUBLE: "largest"}

CHANGES = {
    UpdateMode.READ_ONLY: "at the start",
    UpdateMode.PER_BROKER: "any time, per broker",
    UpdateMode.CLUSTER_WIDE: "any time",
    UpdateMode.RESOURCE: "any time",
}


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """File name → text."""
    return {"configuration.md": configuration_page(), "apis.md": apis_page()}


def configuration_page() -> str:
    """Every configuration of brokers, topics, groups and telemetry subscriptions."""
    broker_words = documentation(BROKER_RESOURCE)
    parts = [MADE_BY, CONFIGURATION_INTRODUCTION, "\n## Presets\n\n", *_preset_rows(), "\n## Broker\n"]
    for theme, definitions in BROKER_THEMES.items():
        parts.append(f"\n### {THEME_TITLES[theme]}\n\n")
        parts += _config_rows(definitions, broker_words, show_change=True)
    for title, table, resource in (
        ("Topic", TOPIC_CONFIGS, TOPIC_RESOURCE),
        ("Group", GROUP_CONFIGS, GROUP_RESOURCE),
        ("Telemetry subscription (client-metrics)", CLIENT_METRICS_CONFIGS, CLIENT_METRICS_RESOURCE),
    ):
        parts.append(f"\n## {title}\n\nAll of these can be changed at any time.\n\n")
        parts += _config_rows(table.values(), documentation(resource), show_change=False)
    return "".join(parts)


def _preset_rows() -> Iterator[str]:
    yield "| configuration | Apache Kafka's default | `kafka` | `dev` | why |\n|---|---|---|---|---|\n"
    defaults = {definition.name: definition for table in BROKER_THEMES.values() for definition in table}
    for name, why in REASONS.items():
        chosen = [_code(preset.configs.get(name)) for preset in (PRESETS["kafka"], PRESETS["dev"])]
        yield f"| `{name}` | {_default(defaults[name])} | {' | '.join(chosen)} | {why} |\n"


def _config_rows(definitions: Iterable[ConfigDef], words: dict[str, str], *, show_change: bool) -> Iterator[str]:
    """One row each; internal ones are left out, as DescribeConfigs leaves them out."""
    columns = ["configuration", "type", "default", "in `dev`", "allowed", "changes", "meaning"]
    if not show_change:
        columns = ["configuration", "type", "default", "allowed", "default from", "meaning"]
    yield f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    for definition in definitions:
        if definition.is_internal:
            continue
        cells = [f"`{definition.name}`", definition.type.name.lower(), _default(definition)]
        allowed = definition.rule.text.replace("|", "\\|") if definition.rule is not None else ""
        if show_change:
            cells += [_in_dev(definition), allowed, CHANGES[definition.update_mode]]
        else:
            cells += [allowed, _code(definition.synonym)]
        yield f"| {' | '.join([*cells, words[definition.name]])} |\n"


def _default(definition: ConfigDef) -> str:
    if isinstance(definition.default, (int, float)) and definition.default in NAMED_NUMBERS:
        return NAMED_NUMBERS[definition.default]
    return _code(definition.default_text)


def _in_dev(definition: ConfigDef) -> str:
    text = PRESETS["dev"].configs.get(definition.name)
    return "" if text in (None, definition.default_text) else _code(text)


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def apis_page() -> str:
    """Every API of Kafka 4.3, with the versions it has and those that are served."""
    served = ApiTable().versions
    advertised = _advertised_by_kafka()
    rows = ["| key | API | served here | Apache Kafka 4.3.1 | messages | flexible from |\n|---|---|---|---|---|---|\n"]
    for row in api_table():
        flexible = str(row.flexible.low) if row.flexible else ""
        mine = _versions(served[row.key]) if row.key in served else ""
        theirs = advertised.get(row.key, "")
        rows.append(f"| {row.key} | {row.name} | {mine} | {theirs} | {_versions(row.versions)} | {flexible} |\n")
    changed = [
        f"| `{name}` | {_code(older)} | {release} |\n"
        for release, defaults in CHANGED_IN.items()
        for name, older in defaults.items()
    ]
    as_version = AS_VERSION.format(releases=", ".join(RELEASES), defaults="".join(changed))
    return "".join([MADE_BY, APIS_INTRODUCTION.format(served=len(served)), *rows, as_version])


def _advertised_by_kafka() -> dict[int, str]:
    """API key → versions, as a running broker told them (``tests/wire/test_advertised.py`` asks it again)."""
    lines = ADVERTISED.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {int(key): versions for key, _, versions in rows}


def _versions(versions: Versions) -> str:
    return f"{versions.low}" if versions.low == versions.high else f"{versions.low}-{versions.high}"


CONFIGURATION_INTRODUCTION = """
# Configuration

Names, types, defaults and rules are those of Apache Kafka 4.3.1; the words are ours. Every configuration is
accepted, checked and shown by DescribeConfigs; one about a part that this broker does not have (a thread pool, tiered
storage) has no effect.

## Where values come from

From the weakest to the strongest:

1. the preset: `--preset dev` (the default) or `--preset kafka`;
2. a properties file: `--config server.properties`, in the syntax of Java's properties;
3. `KAFKA_*` environment variables, as the container images have them: `KAFKA_LOG_RETENTION_MS` is
   `log.retention.ms`, `__` stands for an underscore and `___` for a dash; `KAFKA_CFG_LOG_RETENTION_MS` is understood
   too. Variables about an image (`KAFKA_HEAP_OPTS`, …) are passed over; `CLUSTER_ID` is the id of a fresh cluster;
4. `-o key=value`;
5. `--host`, `--port`, `--advertise`, `--data-dir`, `--ephemeral`.

Above all of these are dynamic configurations, set by AlterConfigs or IncrementalAlterConfigs while the broker runs: for
all brokers, and above that for one. `listener.name.NAME.KEY` gives KEY another value for one listener.

An unknown name is a warning that offers the nearest known one. A wrong value stops the start.

Some configurations come in several units. `log.retention.ms` wins over `log.retention.minutes`, and that over
`log.retention.hours`; the same with `log.roll.ms` and `log.roll.hours`, `log.roll.jitter.ms` and
`log.roll.jitter.hours`.

Security protocols other than PLAINTEXT are refused at the start rather than served without their protection. Listeners
named in `controller.listener.names` are not opened: the controller lives in the same process.
"""

APIS_INTRODUCTION = """
# APIs

{served} APIs are served, in the versions of the third column; ApiVersions advertises exactly these. The fourth column
is what a broker of Apache Kafka 4.3.1 advertises in its default configuration: it no longer takes the oldest versions,
and only shows Produce from 0 on for librdkafka's sake. The fifth says which versions' messages this project can read
and write.

"""

AS_VERSION = """
## Being like an older release

`pykbroker serve --as-version RELEASE` (in Python `broker_config(as_version=...)` and `EmbeddedBroker(as_version=...)`)
makes the broker offer what a broker of that Apache Kafka release offered; releases are {releases}.

What is narrowed:

- **APIs and versions**: those of the release, as far as they are served here. Up to 3.2 the release is taken to run
  with ZooKeeper, from 3.3 on with KRaft. A request in a version that came later closes the connection, and
  ApiVersions itself answers a newer version as the release did (KIP-511).
- **Features**: a fresh data directory has the `metadata.version` of the release, and features that came later
  (`transaction.version`, `group.version`, ...) are neither supported nor finalized. Up to 3.2, ApiVersions tells of no
  features, and the directory has 3.3-IV3, the oldest one there is. The lowest `metadata.version` is always told as 7,
  where 3.x said 1. A directory with a newer `metadata.version` than the release's is refused.
- **Defaults** that changed between the releases and mean something here: those in the table below. They stand under
  the preset, so that everything said explicitly wins; DescribeConfigs shows them as static broker configurations.

| configuration | default | before |
|---|---|---|
{defaults}
What is not narrowed: which configurations exist and which values they take (`segment.bytes` below 1 MiB was allowed
before 4.0), the answers' error codes and messages, and formats on disk other than the metadata log's. Message formats
0 and 1 are converted as they come in, whatever the release.
"""


if __name__ == "__main__":
    main()
