"""Topics: creating and deleting them (API keys 19 and 20), and creating them because somebody asked for one.

Lives here: every check in Kafka's order, so that a request with two mistakes gets Kafka's error.
Invariant: a topic's records are TopicRecord, its ConfigRecords, its PartitionRecords 0..n-1.
Never: waits, or creates two topics of one name in a batch.

Kafka: ``ReplicationControlManager.createTopics`` and ``deleteTopics``, ``ControllerApis``. Its answers, as 4.3.1
gives them: names that collide in one request are both created; a name that appears twice is refused once with
INVALID_REQUEST; a request for more than 10,000 partitions or records is refused as a whole with POLICY_VIOLATION,
even when it only validates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import product

from pykbroker.controller.assignments import isr_of, partition_record, validate_assignment
from pykbroker.controller.decision import (
    ANYBODY,
    MAX_RECORDS_PER_REQUEST,
    Decision,
    Requester,
    check_size,
)
from pykbroker.controller.settings import Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import CONFIG_TOPIC, ZERO_UUID, MetadataImage
from pykbroker.metadata.placement import place
from pykbroker.names import METADATA_TOPIC, new_uuid, validate_topic_name
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.stored_metadata_topics import ConfigRecord, RemoveTopicRecord, TopicRecord
from pykbroker.wire.messages.topics import (
    CreatableTopic,
    CreatableTopicConfigs,
    CreatableTopicResult,
    CreateTopicsRequest,
    CreateTopicsResponse,
    DeletableTopicResult,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
)

BY_DEFAULT = -1
"""As many partitions or replicas as the broker's configuration says."""


def create_topics(
    image: MetadataImage, request: CreateTopicsRequest, settings: Settings, requester: Requester = ANYBODY
) -> Decision[CreateTopicsResponse]:
    """Create every topic that can be; the others are answered with what is wrong with them."""
    try:
        records, results = _create_wanted(image, request, settings, requester)
    except KafkaError as error:  # too much for one request: nothing of it is done
        refused = [_refused_creation(topic.name, error) for topic in request.topics]
        return Decision((), CreateTopicsResponse(topics=refused))
    return Decision(() if request.validate_only else records, CreateTopicsResponse(topics=results))


def _create_wanted(
    image: MetadataImage, request: CreateTopicsRequest, settings: Settings, requester: Requester
) -> tuple[list[StoredMessage], list[CreatableTopicResult]]:
    times_named = Counter(topic.name for topic in request.topics)
    wanted: list[CreatableTopic] = []
    forbidden: list[CreatableTopic] = []
    for topic in request.topics:
        if times_named[topic.name] > 1:
            continue
        allowed = topic.name != METADATA_TOPIC and requester.may_create(topic.name)
        (wanted if allowed else forbidden).append(topic)
    partitions = sum(_partition_count(topic, settings) for topic in wanted)
    if partitions > MAX_RECORDS_PER_REQUEST:
        raise KafkaError(ErrorCode.POLICY_VIOLATION, f"{partitions} partitions are too many for one request")
    records: list[StoredMessage] = []
    results = [_create_one(image, topic, settings, requester, records) for topic in wanted]
    check_size(records)
    results += [_refused_creation(name, _NAMED_TWICE) for name, times in times_named.items() if times > 1]
    results += [
        _refused_creation(topic.name, _METADATA_TOPIC if topic.name == METADATA_TOPIC else _NOT_AUTHORIZED)
        for topic in forbidden
    ]
    return records, results


def _partition_count(topic: CreatableTopic, settings: Settings) -> int:
    if topic.assignments:
        return len(topic.assignments)
    return settings.default_num_partitions if topic.num_partitions == BY_DEFAULT else max(topic.num_partitions, 0)


def _create_one(
    image: MetadataImage,
    topic: CreatableTopic,
    settings: Settings,
    requester: Requester,
    records: list[StoredMessage],
) -> CreatableTopicResult:
    """Check one topic and add its records; the result says what came of it."""
    try:
        _check_name(image, topic.name)
        configs = _checked_configs(topic, settings)
        replicas = _assigned(image, topic) if topic.assignments else _placed(image, topic, settings)
        requester.charge(len(replicas))
    except KafkaError as error:
        return _refused_creation(topic.name, error)
    topic_id = new_uuid(settings.random)
    records.append(TopicRecord(name=topic.name, topic_id=topic_id))
    records += [
        ConfigRecord(resource_type=CONFIG_TOPIC, resource_name=topic.name, name=name, value=value)
        for name, value in configs.items()
    ]
    records += [
        partition_record(image, topic_id, partition_id, assigned) for partition_id, assigned in enumerate(replicas)
    ]
    if not requester.may_describe_configs(topic.name):
        return CreatableTopicResult(
            name=topic.name,
            topic_id=topic_id,
            error_code=ErrorCode.NONE,
            topic_config_error_code=ErrorCode.TOPIC_AUTHORIZATION_FAILED,
        )
    return CreatableTopicResult(
        name=topic.name,
        topic_id=topic_id,
        error_code=ErrorCode.NONE,
        num_partitions=len(replicas),
        replication_factor=len(replicas[0]),
        configs=_described(image, configs, settings),
    )


def _check_name(image: MetadataImage, name: str) -> None:
    validate_topic_name(name)
    if name in image.topics:
        raise KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
    other = colliding_topic(name, image.topics)
    if other is not None:
        raise KafkaError(
            ErrorCode.INVALID_TOPIC_EXCEPTION,
            f"topic {name!r} and the existing {other!r} differ only in '.' and '_', which metrics cannot tell apart",
        )


def colliding_topic(name: str, topics: Mapping[str, object]) -> str | None:
    """A topic there is that differs from ``name`` only in '.' and '_'.

    The names that could collide are tried one by one, since they are few and topics may be many.
    """
    marks = [position for position, letter in enumerate(name) if letter in "._"]
    if not marks:
        return None
    if 2 ** len(marks) > len(topics):
        key = name.replace(".", "_")
        return next((other for other in topics if other != name and other.replace(".", "_") == key), None)
    letters = list(name)
    for choice in product("._", repeat=len(marks)):
        for position, letter in zip(marks, choice, strict=True):
            letters[position] = letter
        other = "".join(letters)
        if other != name and other in topics:
            return other
    return None


def _checked_configs(topic: CreatableTopic, settings: Settings) -> dict[str, str]:
    configs: dict[str, str] = {}
    nulls = [config.name for config in topic.configs if config.value is None]
    if nulls:
        raise KafkaError(ErrorCode.INVALID_CONFIG, f"a topic's config cannot be null: {', '.join(nulls)}")
    for config in topic.configs:
        assert config.value is not None
        configs[config.name] = config.value
    settings.rules.validate(CONFIG_TOPIC, topic.name, configs)
    return configs


def _assigned(image: MetadataImage, topic: CreatableTopic) -> list[tuple[int, ...]]:
    """The replicas the client chose, by partition."""
    if topic.replication_factor != BY_DEFAULT or topic.num_partitions != BY_DEFAULT:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST,
            "with replicas assigned by hand, the number of partitions and the replication factor must both be -1",
        )
    assigned: dict[int, tuple[int, ...]] = {}
    replication_factor = None
    for assignment in topic.assignments:
        partition_id, replicas = assignment.partition_index, tuple(assignment.broker_ids)
        if partition_id in assigned:
            raise _bad_assignment(f"partition {partition_id} is assigned more than once")
        validate_assignment(image, replicas, replication_factor)
        replication_factor = len(replicas)
        isr_of(image, replicas, ErrorCode.INVALID_REPLICA_ASSIGNMENT)
        assigned[partition_id] = replicas
    if sorted(assigned) != list(range(len(assigned))):
        raise _bad_assignment("the assigned partitions must be numbered from 0 without a gap")
    return [assigned[partition_id] for partition_id in range(len(assigned))]


def _placed(image: MetadataImage, topic: CreatableTopic, settings: Settings) -> list[tuple[int, ...]]:
    """The replicas we choose, by partition."""
    count, replication_factor = topic.num_partitions, topic.replication_factor
    if replication_factor < BY_DEFAULT or replication_factor == 0:
        raise KafkaError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            f"a replication factor of {replication_factor} is neither positive nor -1 (the broker's default)",
        )
    if count < BY_DEFAULT or count == 0:
        raise KafkaError(
            ErrorCode.INVALID_PARTITIONS, f"{count} partitions are neither positive nor -1 (the broker's default)"
        )
    if count == BY_DEFAULT:
        count = settings.default_num_partitions
    if replication_factor == BY_DEFAULT:
        replication_factor = settings.default_replication_factor
    return place(image, count, replication_factor, settings.random)


def _described(image: MetadataImage, configs: Mapping[str, str], settings: Settings) -> list[CreatableTopicConfigs]:
    return [
        CreatableTopicConfigs(
            name=config.name,
            value=None if config.is_sensitive else config.value,
            read_only=False,
            config_source=config.source,
            is_sensitive=config.is_sensitive,
        )
        for config in settings.rules.effective_topic_configs(image, configs)
    ]


def _refused_creation(name: str, error: KafkaError) -> CreatableTopicResult:
    return CreatableTopicResult(name=name, error_code=error.code, error_message=error.message)


def _bad_assignment(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)


_NAMED_TWICE = KafkaError(ErrorCode.INVALID_REQUEST, "the topic is named more than once in the request")
_METADATA_TOPIC = KafkaError(ErrorCode.INVALID_REQUEST, f"{METADATA_TOPIC} is the cluster's own and cannot be created")
_NOT_AUTHORIZED = KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED)


# -- deleting ------------------------------------------------------------------------------------------------------


def delete_topics(
    image: MetadataImage, request: DeleteTopicsRequest, settings: Settings, requester: Requester = ANYBODY
) -> Decision[DeleteTopicsResponse]:
    """Delete topics named by name (``topic_names`` before v6), by id, or some so and some so.

    Answers come in the order of the request; Kafka shuffles them so that nobody learns from their order which topics
    exist.
    """
    if not settings.delete_topic_enable:
        raise KafkaError(ErrorCode.TOPIC_DELETION_DISABLED)
    asked: list[tuple[str | None, bytes]] = [(name, ZERO_UUID) for name in request.topic_names]
    asked += [(topic.name, topic.topic_id) for topic in request.topics]
    times_asked = Counter(asked)
    by_both_ways = _named_by_both(image, times_asked)
    records: list[StoredMessage] = []
    responses = []
    for (name, topic_id), times in times_asked.items():
        try:
            if times > 1:
                raise _twice("name" if name is not None else "id", name, topic_id)
            responses.append(_delete_one(image, name, topic_id, requester, by_both_ways, records))
        except KafkaError as error:
            responses.append(
                DeletableTopicResult(name=name, topic_id=topic_id, error_code=error.code, error_message=error.message)
            )
    check_size(records)
    return Decision(records, DeleteTopicsResponse(responses=responses))


def _named_by_both(image: MetadataImage, asked: Iterable[tuple[str | None, bytes]]) -> Container[bytes]:
    """Ids of topics that the request names once by name and once by id."""
    ids = {topic_id for name, topic_id in asked if name is None}
    named = (image.topics.get(name) for name, topic_id in asked if name is not None and topic_id == ZERO_UUID)
    return {topic.topic_id for topic in named if topic is not None and topic.topic_id in ids}


def _delete_one(
    image: MetadataImage,
    name: str | None,
    topic_id: bytes,
    requester: Requester,
    by_both_ways: Container[bytes],
    records: list[StoredMessage],
) -> DeletableTopicResult:
    if name is None and topic_id == ZERO_UUID:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "the topic has neither a name nor an id")
    if name is not None and topic_id != ZERO_UUID:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "the topic has both a name and an id; give one of them")
    if name is not None and not requester.may_describe(name):
        raise KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    topic = image.topics_by_id.get(topic_id) if name is None else image.topics.get(name)
    if topic is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_ID if name is None else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    if not requester.may_delete(topic.name):
        if name is None and requester.may_describe(topic.name):
            return DeletableTopicResult(
                name=topic.name,
                topic_id=topic_id,
                error_code=ErrorCode.TOPIC_AUTHORIZATION_FAILED,
                error_message=_NOT_AUTHORIZED.message,
            )
        raise _NOT_AUTHORIZED
    if topic.topic_id in by_both_ways:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "the topic is named both by name and by id")
    requester.charge(len(topic.partitions))
    records.append(RemoveTopicRecord(topic_id=topic.topic_id))
    return DeletableTopicResult(name=topic.name, topic_id=topic.topic_id, error_code=ErrorCode.NONE)


def _twice(how: str, name: str | None, topic_id: bytes) -> KafkaError:
    if name is None and topic_id == ZERO_UUID:
        return KafkaError(ErrorCode.INVALID_REQUEST, "the topic has neither a name nor an id")
    return KafkaError(ErrorCode.INVALID_REQUEST, f"the topic's {how} appears more than once in the request")


# -- creating because somebody asked -------------------------------------------------------------------------------


def auto_create_request(names: Sequence[str], settings: Settings) -> CreateTopicsRequest:
    """The creation of topics that a client asked about and that do not exist (auto.create.topics.enable)."""
    return CreateTopicsRequest(topics=[settings.internal_topics.get(name) or _by_default(name) for name in names])


def _by_default(name: str) -> CreatableTopic:
    return CreatableTopic(
        name=name, num_partitions=BY_DEFAULT, replication_factor=BY_DEFAULT, assignments=(), configs=()
    )
