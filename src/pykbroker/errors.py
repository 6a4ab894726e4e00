"""Kafka's error codes, and the one exception that carries them.

Three tables: the codes, which of them a client may retry, and what each means in a sentence (ours, not Kafka's).
``KafkaError`` is for what a client, another broker or a disk can do wrong; our own mistakes are ``assert``s.
"""

from __future__ import annotations

from enum import IntEnum


class ErrorCode(IntEnum):
    """Every error code of Apache Kafka 4.3 (``org.apache.kafka.common.protocol.Errors``)."""

    UNKNOWN_SERVER_ERROR = -1
    NONE = 0
    OFFSET_OUT_OF_RANGE = 1
    CORRUPT_MESSAGE = 2
    UNKNOWN_TOPIC_OR_PARTITION = 3
    INVALID_FETCH_SIZE = 4
    LEADER_NOT_AVAILABLE = 5
    NOT_LEADER_OR_FOLLOWER = 6
    REQUEST_TIMED_OUT = 7
    BROKER_NOT_AVAILABLE = 8
    REPLICA_NOT_AVAILABLE = 9
    MESSAGE_TOO_LARGE = 10
    STALE_CONTROLLER_EPOCH = 11
    OFFSET_METADATA_TOO_LARGE = 12
    NETWORK_EXCEPTION = 13
    COORDINATOR_LOAD_IN_PROGRESS = 14
    COORDINATOR_NOT_AVAILABLE = 15
    NOT_COORDINATOR = 16
    INVALID_TOPIC_EXCEPTION = 17
    RECORD_LIST_TOO_LARGE = 18
    NOT_ENOUGH_REPLICAS = 19
    NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20
    INVALID_REQUIRED_ACKS = 21
    ILLEGAL_GENERATION = 22
    INCONSISTENT_GROUP_PROTOCOL = 23
    INVALID_GROUP_ID = 24
    UNKNOWN_MEMBER_ID = 25
    INVALID_SESSION_TIMEOUT = 26
    REBALANCE_IN_PROGRESS = 27
    INVALID_COMMIT_OFFSET_SIZE = 28
    TOPIC_AUTHORIZATION_FAILED = 29
    GROUP_AUTHORIZATION_FAILED = 30
    CLUSTER_AUTHORIZATION_FAILED = 31
    INVALID_TIMESTAMP = 32
    UNSUPPORTED_SASL_MECHANISM = 33
    ILLEGAL_SASL_STATE = 34
    UNSUPPORTED_VERSION = 35
    TOPIC_ALREADY_EXISTS = 36
    INVALID_PARTITIONS = 37
    INVALID_REPLICATION_FACTOR = 38
    INVALID_REPLICA_ASSIGNMENT = 39
    INVALID_CONFIG = 40
    NOT_CONTROLLER = 41
    INVALID_REQUEST = 42
    UNSUPPORTED_FOR_MESSAGE_FORMAT = 43
    POLICY_VIOLATION = 44
    OUT_OF_ORDER_SEQUENCE_NUMBER = 45
    DUPLICATE_SEQUENCE_NUMBER = 46
    INVALID_PRODUCER_EPOCH = 47
    INVALID_TXN_STATE = 48
    INVALID_PRODUCER_ID_MAPPING = 49
    INVALID_TRANSACTION_TIMEOUT = 50
    CONCURRENT_TRANSACTIONS = 51
    TRANSACTION_COORDINATOR_FENCED = 52
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53
    SECURITY_DISABLED = 54
    OPERATION_NOT_ATTEMPTED = 55
    KAFKA_STORAGE_ERROR = 56
    LOG_DIR_NOT_FOUND = 57
    SASL_AUTHENTICATION_FAILED = 58
    UNKNOWN_PRODUCER_ID = 59
    REASSIGNMENT_IN_PROGRESS = 60
    DELEGATION_TOKEN_AUTH_DISABLED = 61
    DELEGATION_TOKEN_NOT_FOUND = 62
    DELEGATION_TOKEN_OWNER_MISMATCH = 63
    DELEGATION_TOKEN_REQUEST_NOT_ALLOWED = 64
    DELEGATION_TOKEN_AUTHORIZATION_FAILED = 65
    DELEGATION_TOKEN_EXPIRED = 66
    INVALID_PRINCIPAL_TYPE = 67
    NON_EMPTY_GROUP = 68
    GROUP_ID_NOT_FOUND = 69
    FETCH_SESSION_ID_NOT_FOUND = 70
    INVALID_FETCH_SESSION_EPOCH = 71
    LISTENER_NOT_FOUND = 72
    TOPIC_DELETION_DISABLED = 73
    FENCED_LEADER_EPOCH = 74
    UNKNOWN_LEADER_EPOCH = 75
    UNSUPPORTED_COMPRESSION_TYPE = 76
    STALE_BROKER_EPOCH = 77
    OFFSET_NOT_AVAILABLE = 78
    MEMBER_ID_REQUIRED = 79
    PREFERRED_LEADER_NOT_AVAILABLE = 80
    GROUP_MAX_SIZE_REACHED = 81
    FENCED_INSTANCE_ID = 82
    ELIGIBLE_LEADERS_NOT_AVAILABLE = 83
    ELECTION_NOT_NEEDED = 84
    NO_REASSIGNMENT_IN_PROGRESS = 85
    GROUP_SUBSCRIBED_TO_TOPIC = 86
    INVALID_RECORD = 87
    UNSTABLE_OFFSET_COMMIT = 88
    THROTTLING_QUOTA_EXCEEDED = 89
    PRODUCER_FENCED = 90
    RESOURCE_NOT_FOUND = 91
    DUPLICATE_RESOURCE = 92
    UNACCEPTABLE_CREDENTIAL = 93
    INCONSISTENT_VOTER_SET = 94
    INVALID_UPDATE_VERSION = 95
    FEATURE_UPDATE_FAILED = 96
    PRINCIPAL_DESERIALIZATION_FAILURE = 97
    SNAPSHOT_NOT_FOUND = 98
    POSITION_OUT_OF_RANGE = 99
    UNKNOWN_TOPIC_ID = 100
    DUPLICATE_BROKER_REGISTRATION = 101
    BROKER_ID_NOT_REGISTERED = 102
    INCONSISTENT_TOPIC_ID = 103
    INCONSISTENT_CLUSTER_ID = 104
    TRANSACTIONAL_ID_NOT_FOUND = 105
    FETCH_SESSION_TOPIC_ID_ERROR = 106
    INELIGIBLE_REPLICA = 107
    NEW_LEADER_ELECTED = 108
    OFFSET_MOVED_TO_TIERED_STORAGE = 109
    FENCED_MEMBER_EPOCH = 110
    UNRELEASED_INSTANCE_ID = 111
    UNSUPPORTED_ASSIGNOR = 112
    STALE_MEMBER_EPOCH = 113
    MISMATCHED_ENDPOINT_TYPE = 114
    UNSUPPORTED_ENDPOINT_TYPE = 115
    UNKNOWN_CONTROLLER_ID = 116
    UNKNOWN_SUBSCRIPTION_ID = 117
    TELEMETRY_TOO_LARGE = 118
    INVALID_REGISTRATION = 119
    TRANSACTION_ABORTABLE = 120
    INVALID_RECORD_STATE = 121
    SHARE_SESSION_NOT_FOUND = 122
    INVALID_SHARE_SESSION_EPOCH = 123
    FENCED_STATE_EPOCH = 124
    INVALID_VOTER_KEY = 125
    DUPLICATE_VOTER = 126
    VOTER_NOT_FOUND = 127
    INVALID_REGULAR_EXPRESSION = 128
    REBOOTSTRAP_REQUIRED = 129
    STREAMS_INVALID_TOPOLOGY = 130
    STREAMS_INVALID_TOPOLOGY_EPOCH = 131
    STREAMS_TOPOLOGY_FENCED = 132
    SHARE_SESSION_LIMIT_REACHED = 133

    @property
    def retriable(self) -> bool:
        """Whether a client may simply try again (Kafka's ``RetriableException``)."""
        return self in _RETRIABLE

    @property
    def default_message(self) -> str:
        """What to say when nobody gave a reason."""
        return _MESSAGES[self]


_RETRIABLE = frozenset(
    {
        ErrorCode.CORRUPT_MESSAGE,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.LEADER_NOT_AVAILABLE,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.REQUEST_TIMED_OUT,
        ErrorCode.REPLICA_NOT_AVAILABLE,
        ErrorCode.NETWORK_EXCEPTION,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.NOT_ENOUGH_REPLICAS,
        ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        ErrorCode.NOT_CONTROLLER,
        ErrorCode.CONCURRENT_TRANSACTIONS,
        ErrorCode.KAFKA_STORAGE_ERROR,
        ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
        ErrorCode.INVALID_FETCH_SESSION_EPOCH,
        ErrorCode.LISTENER_NOT_FOUND,
        ErrorCode.FENCED_LEADER_EPOCH,
        ErrorCode.UNKNOWN_LEADER_EPOCH,
        ErrorCode.OFFSET_NOT_AVAILABLE,
        ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
        ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
        ErrorCode.ELECTION_NOT_NEEDED,
        ErrorCode.UNSTABLE_OFFSET_COMMIT,
        ErrorCode.THROTTLING_QUOTA_EXCEEDED,
        ErrorCode.UNKNOWN_TOPIC_ID,
        ErrorCode.INCONSISTENT_TOPIC_ID,
        ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
        ErrorCode.SHARE_SESSION_NOT_FOUND,
        ErrorCode.INVALID_SHARE_SESSION_EPOCH,
        ErrorCode.SHARE_SESSION_LIMIT_REACHED,
    }
)


_MESSAGES = {
    ErrorCode.UNKNOWN_SERVER_ERROR: "The broker failed in a way it did not expect; its log says more.",
    ErrorCode.NONE: "No error.",
    ErrorCode.OFFSET_OUT_OF_RANGE: "The log does not reach to this offset.",
    ErrorCode.CORRUPT_MESSAGE: "The records are damaged: checksum, size or format is wrong.",
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: "This broker has no such topic or partition.",
    ErrorCode.INVALID_FETCH_SIZE: "A fetch size must not be negative.",
    ErrorCode.LEADER_NOT_AVAILABLE: "The partition has no leader at the moment.",
    ErrorCode.NOT_LEADER_OR_FOLLOWER: "This broker is not the replica that can answer for the partition.",
    ErrorCode.REQUEST_TIMED_OUT: "The request took longer than its timeout.",
    ErrorCode.BROKER_NOT_AVAILABLE: "That broker is not available.",
    ErrorCode.REPLICA_NOT_AVAILABLE: "That replica is not available.",
    ErrorCode.MESSAGE_TOO_LARGE: "The record batch is larger than max.message.bytes allows.",
    ErrorCode.STALE_CONTROLLER_EPOCH: "A newer controller has taken over.",
    ErrorCode.OFFSET_METADATA_TOO_LARGE: (
        "The metadata of the committed offset is longer than offset.metadata.max.bytes."
    ),
    ErrorCode.NETWORK_EXCEPTION: "The connection ended before the answer came.",
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS: "The coordinator is still loading its state.",
    ErrorCode.COORDINATOR_NOT_AVAILABLE: "No coordinator is available yet.",
    ErrorCode.NOT_COORDINATOR: "Another broker coordinates this group or transactional id.",
    ErrorCode.INVALID_TOPIC_EXCEPTION: "This topic cannot be used like that, or its name is not legal.",
    ErrorCode.RECORD_LIST_TOO_LARGE: "The record batch does not fit into one segment.",
    ErrorCode.NOT_ENOUGH_REPLICAS: (
        "Fewer replicas are in sync than min.insync.replicas asks for; nothing was written."
    ),
    ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND: (
        "Written, but fewer replicas are in sync than min.insync.replicas asks for."
    ),
    ErrorCode.INVALID_REQUIRED_ACKS: "Acks must be -1, 0 or 1.",
    ErrorCode.ILLEGAL_GENERATION: "The group is not in this generation.",
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL: "The member's protocols do not fit those of the group.",
    ErrorCode.INVALID_GROUP_ID: "This group id is not legal.",
    ErrorCode.UNKNOWN_MEMBER_ID: "The group has no such member.",
    ErrorCode.INVALID_SESSION_TIMEOUT: (
        "The session timeout is outside group.min.session.timeout.ms and group.max.session.timeout.ms."
    ),
    ErrorCode.REBALANCE_IN_PROGRESS: "The group is rebalancing; the member has to join again.",
    ErrorCode.INVALID_COMMIT_OFFSET_SIZE: "The committed offsets do not fit into one record batch.",
    ErrorCode.TOPIC_AUTHORIZATION_FAILED: "Not authorized for this topic.",
    ErrorCode.GROUP_AUTHORIZATION_FAILED: "Not authorized for this group.",
    ErrorCode.CLUSTER_AUTHORIZATION_FAILED: "Not authorized for this operation on the cluster.",
    ErrorCode.INVALID_TIMESTAMP: "A record's timestamp is outside what the topic accepts.",
    ErrorCode.UNSUPPORTED_SASL_MECHANISM: "This SASL mechanism is not enabled.",
    ErrorCode.ILLEGAL_SASL_STATE: "The request does not fit the present state of the SASL exchange.",
    ErrorCode.UNSUPPORTED_VERSION: "This version of the request, or of what it asks for, is not supported.",
    ErrorCode.TOPIC_ALREADY_EXISTS: "A topic of this name exists already.",
    ErrorCode.INVALID_PARTITIONS: "The number of partitions is not possible.",
    ErrorCode.INVALID_REPLICATION_FACTOR: ("The replication factor is below 1 or above the number of usable brokers."),
    ErrorCode.INVALID_REPLICA_ASSIGNMENT: "The replica assignment is not possible.",
    ErrorCode.INVALID_CONFIG: "The configuration is not valid.",
    ErrorCode.NOT_CONTROLLER: "This node is not the active controller.",
    ErrorCode.INVALID_REQUEST: "The request contradicts itself or the protocol.",
    ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT: "The stored message format cannot answer this request.",
    ErrorCode.POLICY_VIOLATION: "A policy of this cluster forbids the request.",
    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER: "The producer's sequence number does not follow the last one.",
    ErrorCode.DUPLICATE_SEQUENCE_NUMBER: (
        "This sequence number was written already, and too long ago to repeat the answer."
    ),
    ErrorCode.INVALID_PRODUCER_EPOCH: "A newer epoch of this producer exists.",
    ErrorCode.INVALID_TXN_STATE: "The transaction is in a state that does not allow this.",
    ErrorCode.INVALID_PRODUCER_ID_MAPPING: "The transactional id belongs to another producer id.",
    ErrorCode.INVALID_TRANSACTION_TIMEOUT: ("The transaction timeout is not between 1 and transaction.max.timeout.ms."),
    ErrorCode.CONCURRENT_TRANSACTIONS: "Another change of this transaction is still under way.",
    ErrorCode.TRANSACTION_COORDINATOR_FENCED: "A newer transaction coordinator has taken over.",
    ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "Not authorized for this transactional id.",
    ErrorCode.SECURITY_DISABLED: "No authorizer is configured on this broker.",
    ErrorCode.OPERATION_NOT_ATTEMPTED: "Not tried, because another part of the request failed.",
    ErrorCode.KAFKA_STORAGE_ERROR: "The disk that holds this partition failed.",
    ErrorCode.LOG_DIR_NOT_FOUND: "The broker has no such log directory.",
    ErrorCode.SASL_AUTHENTICATION_FAILED: "Authentication failed.",
    ErrorCode.UNKNOWN_PRODUCER_ID: "Nothing is known of this producer id any more.",
    ErrorCode.REASSIGNMENT_IN_PROGRESS: "The partition is being reassigned.",
    ErrorCode.DELEGATION_TOKEN_AUTH_DISABLED: "Delegation tokens are not enabled on this broker.",
    ErrorCode.DELEGATION_TOKEN_NOT_FOUND: "There is no such delegation token.",
    ErrorCode.DELEGATION_TOKEN_OWNER_MISMATCH: "This principal is neither owner nor renewer of the token.",
    ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: (
        "Delegation tokens need an authenticated connection that did not itself use a token."
    ),
    ErrorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED: "Not authorized for this delegation token.",
    ErrorCode.DELEGATION_TOKEN_EXPIRED: "The delegation token has expired.",
    ErrorCode.INVALID_PRINCIPAL_TYPE: "This type of principal is not supported.",
    ErrorCode.NON_EMPTY_GROUP: "The group still has members.",
    ErrorCode.GROUP_ID_NOT_FOUND: "There is no such group.",
    ErrorCode.FETCH_SESSION_ID_NOT_FOUND: "There is no such fetch session.",
    ErrorCode.INVALID_FETCH_SESSION_EPOCH: "This is not the next epoch of the fetch session.",
    ErrorCode.LISTENER_NOT_FOUND: ("The partition's leader has no listener of the name the request came in on."),
    ErrorCode.TOPIC_DELETION_DISABLED: "Delete.topic.enable is false.",
    ErrorCode.FENCED_LEADER_EPOCH: "The leader epoch of the request is older than the partition's.",
    ErrorCode.UNKNOWN_LEADER_EPOCH: "The leader epoch of the request is newer than the partition's.",
    ErrorCode.UNSUPPORTED_COMPRESSION_TYPE: "The client cannot read the compression of this partition.",
    ErrorCode.STALE_BROKER_EPOCH: "The broker has registered again since.",
    ErrorCode.OFFSET_NOT_AVAILABLE: "The new leader does not know its high watermark yet.",
    ErrorCode.MEMBER_ID_REQUIRED: "Join again with the member id of this answer.",
    ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE: "The preferred replica cannot lead at the moment.",
    ErrorCode.GROUP_MAX_SIZE_REACHED: "The group has as many members as it may have.",
    ErrorCode.FENCED_INSTANCE_ID: "Another member has taken over this group.instance.id.",
    ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE: "No replica can lead at the moment.",
    ErrorCode.ELECTION_NOT_NEEDED: "The partition has the right leader already.",
    ErrorCode.NO_REASSIGNMENT_IN_PROGRESS: "The partition is not being reassigned.",
    ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC: "The group still subscribes to this topic.",
    ErrorCode.INVALID_RECORD: "A record breaks a rule of the topic or of the protocol.",
    ErrorCode.UNSTABLE_OFFSET_COMMIT: "Offsets of an open transaction are pending.",
    ErrorCode.THROTTLING_QUOTA_EXCEEDED: "The quota is used up.",
    ErrorCode.PRODUCER_FENCED: "A newer producer uses this transactional id.",
    ErrorCode.RESOURCE_NOT_FOUND: "The request names something that does not exist.",
    ErrorCode.DUPLICATE_RESOURCE: "The request names the same thing twice.",
    ErrorCode.UNACCEPTABLE_CREDENTIAL: "The credential does not meet the rules.",
    ErrorCode.INCONSISTENT_VOTER_SET: "One side of the request is not a voter as expected.",
    ErrorCode.INVALID_UPDATE_VERSION: "The version to update to is not possible.",
    ErrorCode.FEATURE_UPDATE_FAILED: "The features could not be updated.",
    ErrorCode.PRINCIPAL_DESERIALIZATION_FAILURE: "The principal of a forwarded request cannot be read.",
    ErrorCode.SNAPSHOT_NOT_FOUND: "There is no such snapshot.",
    ErrorCode.POSITION_OUT_OF_RANGE: "The position lies outside the snapshot.",
    ErrorCode.UNKNOWN_TOPIC_ID: "This broker has no topic of this id.",
    ErrorCode.DUPLICATE_BROKER_REGISTRATION: "Another broker uses this node id.",
    ErrorCode.BROKER_ID_NOT_REGISTERED: "No broker of this id is registered.",
    ErrorCode.INCONSISTENT_TOPIC_ID: "The topic has another id on this broker.",
    ErrorCode.INCONSISTENT_CLUSTER_ID: "The cluster has another id.",
    ErrorCode.TRANSACTIONAL_ID_NOT_FOUND: "There is no such transactional id.",
    ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR: "The fetch session mixes topic ids and names.",
    ErrorCode.INELIGIBLE_REPLICA: "A replica of the new ISR is not allowed in it.",
    ErrorCode.NEW_LEADER_ELECTED: "Done, and the partition has another leader now.",
    ErrorCode.OFFSET_MOVED_TO_TIERED_STORAGE: "The records of this offset are in tiered storage.",
    ErrorCode.FENCED_MEMBER_EPOCH: "The member is fenced; it has to give up its partitions and join again.",
    ErrorCode.UNRELEASED_INSTANCE_ID: "Another member still uses this instance id.",
    ErrorCode.UNSUPPORTED_ASSIGNOR: "The group has no such assignor.",
    ErrorCode.STALE_MEMBER_EPOCH: "The member has a newer epoch; a heartbeat brings it.",
    ErrorCode.MISMATCHED_ENDPOINT_TYPE: "This endpoint is of the other type (broker or controller).",
    ErrorCode.UNSUPPORTED_ENDPOINT_TYPE: "This type of endpoint is not supported.",
    ErrorCode.UNKNOWN_CONTROLLER_ID: "There is no controller of this id.",
    ErrorCode.UNKNOWN_SUBSCRIPTION_ID: "The telemetry subscription is out of date.",
    ErrorCode.TELEMETRY_TOO_LARGE: "The telemetry is larger than telemetry.max.bytes.",
    ErrorCode.INVALID_REGISTRATION: "The controller does not accept this broker registration.",
    ErrorCode.TRANSACTION_ABORTABLE: "The transaction cannot commit; abort it and go on.",
    ErrorCode.INVALID_RECORD_STATE: "The record is not in a state that can be acknowledged like this.",
    ErrorCode.SHARE_SESSION_NOT_FOUND: "There is no such share session.",
    ErrorCode.INVALID_SHARE_SESSION_EPOCH: "This is not the next epoch of the share session.",
    ErrorCode.FENCED_STATE_EPOCH: "The share group's state epoch is another one.",
    ErrorCode.INVALID_VOTER_KEY: "The voter's directory id is another one.",
    ErrorCode.DUPLICATE_VOTER: "The voter is in the set already.",
    ErrorCode.VOTER_NOT_FOUND: "The voter is not in the set.",
    ErrorCode.INVALID_REGULAR_EXPRESSION: "The regular expression cannot be compiled.",
    ErrorCode.REBOOTSTRAP_REQUIRED: "The client has to start over from its bootstrap servers.",
    ErrorCode.STREAMS_INVALID_TOPOLOGY: "The topology is not valid.",
    ErrorCode.STREAMS_INVALID_TOPOLOGY_EPOCH: "The topology epoch is not valid.",
    ErrorCode.STREAMS_TOPOLOGY_FENCED: "A newer topology epoch exists.",
    ErrorCode.SHARE_SESSION_LIMIT_REACHED: "This broker has as many share sessions as it may have.",
}


class KafkaError(Exception):
    """Something went wrong that Kafka has a code for."""

    def __init__(self, code: ErrorCode, message: str | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message if message is not None else (code.default_message if code else None)

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"
