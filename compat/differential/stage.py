"""Where a scene is played: sends its requests to one broker and keeps every answer as a step.

A scene is a function that takes a Stage. It is played once on each broker, from the same text, with the same names; what
one broker invents (topic ids, member ids, producer ids) is read from its own answers. Answers are compared later.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from differential.connection import Closed, Connection
from differential.schemas import Schemas

Scene = Callable[["Stage"], None]
SCENES: dict[str, Scene] = {}
WAIT_S = 20


def scene(function: Scene) -> Scene:
    """Registers a scene under the function's name; its docstring says what it asks."""
    SCENES[function.__name__] = function
    return function


@dataclass
class Step:
    """One recorded answer. `label` is the same on both brokers, or the scene has gone different ways."""

    label: str
    answer: Any


@dataclass
class Stage:
    schemas: Schemas
    bootstrap: str
    advertised: dict[int, tuple[int, int]]
    steps: list[Step] = field(default_factory=list)
    markers: int = 0

    def __post_init__(self) -> None:
        self.connection = Connection(self.schemas, self.bootstrap)

    def versions(self, api: str) -> tuple[int, int]:
        """The versions that both brokers offer; the same on either stage. All of them when neither offers the API."""
        known = self.schemas.request(api).versions
        return self.advertised.get(self.schemas.keys[api], (known.low, known.high))

    def ask(self, api: str, body: dict[str, Any] | None = None, version: int | None = None, note: str = "",
            answered: bool = True) -> dict[str, Any]:
        """One request, at the newest version unless told; its answer is a step."""
        version = self.versions(api)[1] if version is None else version
        answer = self._call(self.connection, api, version, body or {}, answered)
        self.keep(f"{api} v{version}{' ' if note else ''}{note}", answer)
        return answer

    def both(self, api: str, body: dict[str, Any] | None = None, note: str = "") -> dict[str, Any]:
        """The same request at the oldest and at the newest version."""
        low, high = self.versions(api)
        if low != high:
            self.ask(api, body, low, note)
        return self.ask(api, body, high, note)

    def every(self, api: str, body: dict[str, Any] | None = None, note: str = "") -> dict[str, Any]:
        """The same request at every version."""
        low, high = self.versions(api)
        for version in range(low, high):
            self.ask(api, body, version, note)
        return self.ask(api, body, high, note)

    def until(self, condition: Callable[[dict[str, Any]], Any], api: str, body: dict[str, Any] | None = None,
              version: int | None = None, note: str = "") -> dict[str, Any]:
        """Asks again and again until the answer fulfils a condition; only the last answer is a step."""
        version = self.versions(api)[1] if version is None else version
        deadline = time.monotonic() + WAIT_S
        while True:
            answer = self._call(self.connection, api, version, body or {}, True)
            if condition(answer) or time.monotonic() > deadline:
                self.keep(f"{api} v{version}{' ' if note else ''}{note}", answer)
                return answer
            time.sleep(0.02)

    def keep(self, label: str, answer: Any) -> None:
        self.steps.append(Step(label, answer))

    def another(self, client_id: str = "another") -> Connection:
        """A second connection, for scenes with two clients; its answers are kept with `keep`."""
        return Connection(self.schemas, self.bootstrap, client_id)

    def _call(self, connection: Connection, api: str, version: int, body: dict[str, Any], answered: bool) -> Any:
        try:
            return connection.call(api, version, body, answered=answered)
        except Closed:
            self.connection = Connection(self.schemas, self.bootstrap)
            return {"(connection)": "closed instead of answered"}
        except TimeoutError:
            self.connection = Connection(self.schemas, self.bootstrap)
            return {"(connection)": "no answer in time"}

    # ---------------------------------------------------------------------------------- what scenes begin with

    def topic(self, name: str, partitions: int = 1, **configs: str) -> str:
        """Creates a topic and waits until it can be used; returns its id."""
        wanted = [{"Name": key.replace("_", "."), "Value": value} for key, value in configs.items()]
        body = {"Name": name, "NumPartitions": partitions, "ReplicationFactor": 1, "Configs": wanted}
        self.ask("CreateTopics", {"Topics": [body], "timeoutMs": 10000}, 7, note=f"creating {name}")

        def ready(answer: dict[str, Any]) -> bool:
            found = answer["Topics"][0]
            return not found["ErrorCode"] and len(found["Partitions"]) == partitions and all(
                p["LeaderId"] >= 0 for p in found["Partitions"])

        answer = self.until(ready, "Metadata", {"Topics": [{"Name": name}]}, 12, note=f"waiting for {name}")
        ends = [{"PartitionIndex": partition, "Timestamp": -1} for partition in range(partitions)]
        self.until(lambda found: all(not p["ErrorCode"] for p in found["Topics"][0]["Partitions"]), "ListOffsets",
                   {"ReplicaId": -1, "Topics": [{"Name": name, "Partitions": ends}]}, 7, note=f"waiting for the leaders of {name}")
        return answer["Topics"][0]["TopicId"]

    def settle(self) -> None:
        """Waits until the broker has heard of what the controller has decided so far.

        Apache Kafka answers when the controller has decided; the broker in the same process hears of it a little later,
        in order, and its dynamic settings follow last. So one of them is set, and waited for. Nothing of it is kept.
        """
        self.markers += 1
        key, value = "log.cleaner.backoff.ms", str(15000 + self.markers)
        config = {"Name": key, "ConfigOperation": 0, "Value": value}
        change = {"Resources": [{"ResourceType": 4, "ResourceName": "", "Configs": [config]}]}
        self.connection.call("IncrementalAlterConfigs", 1, change)
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            wanted = {"Resources": [{"ResourceType": 4, "ResourceName": "1", "ConfigurationKeys": [key]}]}
            answer = self.connection.call("DescribeConfigs", 4, wanted)
            if any(entry["Value"] == value for entry in answer["Results"][0]["Configs"]):
                return
            time.sleep(0.01)

    def coordinator(self, key: str, kind: int = 0, name: str = "") -> None:
        """Waits until a group (0), transactional id (1) or share group (2) has a coordinator that has loaded."""
        self.until(lambda answer: not answer["ErrorCode"], "FindCoordinator", {"Key": key, "KeyType": kind}, 2,
                   note=f"waiting for {name or key}")
        if kind == 0:
            self.until(lambda answer: answer["ErrorCode"] not in (14, 15, 16), "OffsetFetch", {"GroupId": key, "Topics": None}, 7,
                       note=f"waiting for {key} to load")

    def produce(self, topic: str, data: bytes | None, partition: int = 0, version: int = 9, acks: int = -1,
                note: str = "", transactional_id: str | None = None) -> dict[str, Any]:
        """One batch to one partition; returns the partition's answer."""
        partitions = [{"Index": partition, "Records": data}]
        body = {"TransactionalId": transactional_id, "Acks": acks, "TimeoutMs": 10000,
                "TopicData": [{"Name": topic, "PartitionData": partitions}]}
        answer = self.ask("Produce", body, version, note or topic, answered=acks != 0)
        return answer["Responses"][0]["PartitionResponses"][0] if answer.get("Responses") else answer
