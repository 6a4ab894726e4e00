"""The language of the stories in ``stories/*.txt``: requests to a group coordinator, and what it answered.

A line at the margin is a request; the indented line below it is the answer. Members go by labels: a label
stands for the member id that its first answer brought, and a label that never had one is sent as it is.
``parked`` means that no answer came at once; ``answer a`` shows it when it has come. The answers were
recorded from Apache Kafka 4.3.1 (``record_stories.py``), so what passes here is what that broker does.
Group ids are the letters of the file; times are milliseconds.

A teller sends the requests: ``ShardTeller`` to a shard in virtual time, the recorder's to a real broker.
"""

from typing import Protocol

from group_world import CLIENT, START_MS, GroupWorld, subscription

from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.consumer_groups import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatRequestTopicPartitions,
    ConsumerGroupHeartbeatResponse,
)
from pykbroker.wire.messages.groups import (
    DeleteGroupsRequest,
    DeleteGroupsResponse,
    DescribeGroupsRequest,
    DescribeGroupsResponse,
    HeartbeatRequest,
    HeartbeatResponse,
    JoinGroupRequest,
    JoinGroupRequestProtocol,
    LeaveGroupRequest,
    LeaveGroupResponse,
    ListGroupsRequest,
    ListGroupsResponse,
    MemberIdentity,
    SyncGroupRequest,
    SyncGroupRequestAssignment,
)
from pykbroker.wire.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
    OffsetDeleteResponse,
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
    OffsetFetchResponse,
    OffsetFetchResponseGroup,
)

TOPIC = "orders"


class Pending(Protocol):
    """An answer that may still be to come."""

    @property
    def done(self): ...

    def result(self): ...


class Given:
    """An answer that is there."""

    done = True

    def __init__(self, value):
        self._value = value

    def result(self):
        return self._value


class ShardTeller:
    """Sends to a shard as the broker's handlers do, in virtual time."""

    def __init__(self):
        config = GroupConfig()
        config.initial_rebalance_delay_ms = 0
        config.min_session_timeout_ms = 100
        self.values = {
            "consumer.assignment.interval.ms": 0,
            "consumer.heartbeat.interval.ms": 500,
            "consumer.session.timeout.ms": 1_500,
        }
        config.group_values = lambda group_id: self.values
        self.world = GroupWorld(config)
        self.world.set_topics(orders=3, payments=2)

    def topics(self):
        """Name and id of every topic."""
        return {topic.name: topic.topic_id for topic in self.world.image.topics.values()}

    def set_topics(self, counts):
        """Create, delete and enlarge topics until they are these."""
        self.world.set_topics(**counts)

    def settle(self):
        """Give requests time to be answered."""

    def sleep(self, ms):
        self.world.advance(ms)

    def send(self, request, version):
        return getattr(self, "_" + type(request).__name__)(request, version)

    def _submit(self, method, *args, **flags):
        return self.world.engine.submit(method, *args, **flags)

    def _ConsumerGroupHeartbeatRequest(self, request, version):
        reply = self._submit(GroupShard.consumer_heartbeat, CLIENT, request, id_is_required=version >= 1)
        return reply if reply.error is None else Given(ConsumerGroupHeartbeatResponse(error_code=reply.error.code))

    def _ConsumerGroupDescribeRequest(self, request, version):
        groups = self._submit(GroupShard.describe_consumer_groups, request.group_ids).result()
        return Given(ConsumerGroupDescribeResponse(groups=groups))

    def _JoinGroupRequest(self, request, version):
        return self._submit(
            GroupShard.join, CLIENT, request, id_is_required=version >= 4, may_skip_assignment=version >= 9
        )

    def _SyncGroupRequest(self, request, version):
        return self._submit(GroupShard.sync, request, protocol_is_required=version >= 5)

    def _HeartbeatRequest(self, request, version):
        reply = self._submit(GroupShard.heartbeat, request)
        return reply if reply.error is None else Given(HeartbeatResponse(error_code=reply.error.code))

    def _LeaveGroupRequest(self, request, version):
        reply = self._submit(GroupShard.leave, request, is_batched=version >= 3)
        return reply if reply.error is None else Given(LeaveGroupResponse(error_code=reply.error.code))

    def _OffsetCommitRequest(self, request, version):
        reply = self._submit(GroupShard.commit_offsets, request, knows_group_id_not_found=version >= 9)
        return reply if reply.error is None else Given(_commit_error(request, reply.error))

    def _OffsetFetchRequest(self, request, version):
        reply = self._submit(GroupShard.fetch_offsets, request.groups[0], request.require_stable)
        if reply.error is not None:
            group = OffsetFetchResponseGroup(
                group_id=request.groups[0].group_id, topics=(), error_code=reply.error.code
            )
            return Given(OffsetFetchResponse(groups=[group]))
        return Given(OffsetFetchResponse(groups=[reply.result()]))

    def _OffsetDeleteRequest(self, request, version):
        reply = self._submit(GroupShard.delete_offsets, request)
        return reply if reply.error is None else Given(OffsetDeleteResponse(error_code=reply.error.code, topics=()))

    def _DescribeGroupsRequest(self, request, version):
        groups = self._submit(GroupShard.describe, request.groups, missing_is_error=version >= 6).result()
        return Given(DescribeGroupsResponse(groups=groups))

    def _ListGroupsRequest(self, request, version):
        groups = self._submit(GroupShard.list_groups, request.states_filter, request.types_filter).result()
        return Given(ListGroupsResponse(error_code=0, groups=groups))

    def _DeleteGroupsRequest(self, request, version):
        results = self._submit(GroupShard.delete_groups, request.groups_names).result()
        return Given(DeleteGroupsResponse(throttle_time_ms=0, results=results))


def _commit_error(request, error: KafkaError):
    return OffsetCommitResponse(
        topics=[
            OffsetCommitResponseTopic(
                name=topic.name,
                partitions=[
                    OffsetCommitResponsePartition(partition_index=each.partition_index, error_code=error.code)
                    for each in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )


class Story:
    """Runs requests and writes down the answers."""

    def __init__(self, teller, *, suffix=""):
        self.teller = teller
        self._suffix = suffix
        self._topic = TOPIC + suffix
        self._counts = {"orders": 3, "payments": 2}
        self._ids: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._literals: set[str] = set()
        self._parked: dict[str, tuple[str, object]] = {}

    def run(self, text):
        """The story with its answers as they are now."""
        out = []
        for line in text.splitlines():
            if line.startswith(" "):
                continue
            out.append(line)
            if line and not line.startswith("#"):
                out += ["    " + answer for answer in self._tell(line)]
        return "\n".join(out) + "\n"

    def _tell(self, line):
        verb, *words = line.split()
        names = [word for word in words if "=" not in word]
        options = dict(word.split("=", 1) for word in words if "=" in word)
        return getattr(self, "_" + verb.replace("-", "_"))(names, options)

    # -- names -----------------------------------------------------------------------------------------------

    def _group(self, options, default="g"):
        name = options.get("group", default)
        return name + self._suffix if name else name

    def _plain(self, text):
        return text.replace(self._suffix, "") if self._suffix else text

    def _id(self, label):
        if label == "-":
            return ""
        if label not in self._ids:
            self._literals.add(label)
        return self._ids.get(label, label)

    def _label(self, member_id):
        if not member_id:
            return "-"
        # `?` is an id that was given to somebody whose answer has not been shown yet.
        return self._labels.get(member_id, member_id if member_id in self._literals else "?")

    # -- verbs -----------------------------------------------------------------------------------------------

    def _sleep(self, names, options):
        self.teller.sleep(int(names[0]))
        return []

    def _answer(self, names, options):
        if names[0] not in self._parked:
            return ["not parked"]
        kind, pending = self._parked.pop(names[0])
        return getattr(self, f"_show_{kind}")(names[0], pending.result())

    def _later(self, kind, label, pending):
        self.teller.settle()
        if pending.done:
            return getattr(self, f"_show_{kind}")(label, pending.result())
        self._parked[label] = (kind, pending)
        return ["parked"]

    def _join(self, names, options):
        label = names[0]
        offered = [each for each in options.get("offers", "range").split(",") if each]
        request = JoinGroupRequest(
            group_id=self._group(options),
            session_timeout_ms=int(options.get("session", 10_000)),
            rebalance_timeout_ms=int(options.get("rebalance", 20_000)),
            member_id=self._ids.get(label) or self._id(options.get("member", "-")),
            group_instance_id=options.get("instance"),
            protocol_type=options.get("type", "consumer"),
            protocols=[JoinGroupRequestProtocol(name=each, metadata=subscription(self._topic)) for each in offered],
        )
        return self._later("join", label, self.teller.send(request, int(options.get("v", 9))))

    def _show_join(self, label, answer):
        if answer.member_id and label not in self._ids:
            self._ids[label] = answer.member_id
            self._labels[answer.member_id] = label
        words = [ErrorCode(answer.error_code).name, f"member={self._label(answer.member_id)}"]
        if answer.error_code == ErrorCode.NONE:
            words += [f"generation={answer.generation_id}", f"protocol={answer.protocol_name}"]
            words += [f"leader={self._label(answer.leader)}"]
            words += ["skip"] if answer.skip_assignment else []
            members = sorted(
                self._label(each.member_id) + (f"({each.group_instance_id})" if each.group_instance_id else "")
                for each in answer.members
            )
            words += [f"members={','.join(members)}"] if members else []
        return [" ".join(words)]

    def _sync(self, names, options):
        assignments = [each.split(":") for each in options.get("assign", "").split(",") if each]
        request = SyncGroupRequest(
            group_id=self._group(options),
            generation_id=int(options.get("generation", 1)),
            member_id=self._id(names[0]),
            group_instance_id=options.get("instance"),
            protocol_type=options.get("type", "consumer") or None,
            protocol_name=options.get("protocol", "range") or None,
            assignments=[
                SyncGroupRequestAssignment(member_id=self._id(label), assignment=text.encode())
                for label, text in assignments
            ],
        )
        return self._later("sync", names[0], self.teller.send(request, int(options.get("v", 5))))

    def _show_sync(self, label, answer):
        return [f"{ErrorCode(answer.error_code).name} assignment={bytes(answer.assignment).decode() or '-'}"]

    def _heartbeat(self, names, options):
        request = HeartbeatRequest(
            group_id=self._group(options),
            generation_id=int(options.get("generation", 1)),
            member_id=self._id(names[0]),
            group_instance_id=options.get("instance"),
        )
        return [ErrorCode(self.teller.send(request, 4).result().error_code).name]

    def _leave(self, names, options):
        version = int(options.get("v", 5))
        identities = [
            MemberIdentity(member_id=self._id(each), group_instance_id=options.get("instance")) for each in names
        ]
        request = LeaveGroupRequest(
            group_id=self._group(options),
            member_id=identities[0].member_id if version < 3 else "",
            members=identities if version >= 3 else (),
        )
        answer = self.teller.send(request, version).result()
        each = [f"{self._label(m.member_id)}={ErrorCode(m.error_code).name}" for m in answer.members if version >= 3]
        return [" ".join([ErrorCode(answer.error_code).name, *each])]

    def _commit(self, names, options):
        partition = OffsetCommitRequestPartition(
            partition_index=int(options.get("partition", 0)),
            committed_offset=int(options["offset"]),
            committed_metadata="x" * int(options["size"]) if "size" in options else options.get("metadata"),
        )
        request = OffsetCommitRequest(
            group_id=self._group(options),
            generation_id_or_member_epoch=int(options.get("generation", -1)),
            member_id=self._id(names[0]),
            group_instance_id=options.get("instance"),
            retention_time_ms=int(options.get("retention", -1)),
            topics=[self._commit_topic(partition)],
        )
        answer = self.teller.send(request, int(options.get("v", 9))).result()
        return [ErrorCode(answer.topics[0].partitions[0].error_code).name]

    def _commit_topic(self, partition):
        # A broker looks up the id before it asks the coordinator.
        known = self.teller.topics() if isinstance(self.teller, ShardTeller) else {}
        fields = {"topic_id": known[self._topic]} if known else {}
        return OffsetCommitRequestTopic(name=self._topic, partitions=[partition], **fields)

    def _beat(self, names, options):
        owned = options.get("owned")
        topics = options.get("topics")
        request = ConsumerGroupHeartbeatRequest(
            group_id=self._group(options),
            member_id="" if names[0] == "-" else names[0],
            member_epoch=int(options["epoch"]),
            instance_id=options.get("instance"),
            rebalance_timeout_ms=int(options.get("rebalance", 60_000 if options["epoch"] == "0" else -1)),
            subscribed_topic_names=None
            if topics is None
            else [self._named(each) for each in topics.split(",") if each],
            subscribed_topic_regex=options.get("regex"),
            server_assignor=options.get("assignor"),
            topic_partitions=self._owned("" if owned is None and options["epoch"] == "0" else owned),
        )
        answer = self.teller.send(request, int(options.get("v", 1))).result()
        words = [ErrorCode(answer.error_code).name]
        if answer.error_code == ErrorCode.NONE:
            words.append(f"epoch={answer.member_epoch}")
            words += (
                [] if answer.assignment is None else [f"assigned={self._placed(answer.assignment.topic_partitions)}"]
            )
        return [" ".join(words)]

    def _named(self, topic):
        return topic + self._suffix

    def _owned(self, text):
        if text is None:
            return None
        ids = self.teller.topics()
        return [
            ConsumerGroupHeartbeatRequestTopicPartitions(
                topic_id=ids[self._named(topic)], partitions=[int(each) for each in partitions.split("+")]
            )
            for topic, _, partitions in (each.partition(":") for each in text.split(",") if each)
        ]

    def _placed(self, topics):
        names = {topic_id: name for name, topic_id in self.teller.topics().items()}
        each = [
            f"{self._plain(names[topic.topic_id])}:{'+'.join(str(p) for p in sorted(topic.partitions))}"
            for topic in topics
        ]
        return ",".join(sorted(each)) or "-"

    def _describe_consumer(self, names, options):
        request = ConsumerGroupDescribeRequest(group_ids=[self._group(options)], include_authorized_operations=False)
        group = self.teller.send(request, 1).result().groups[0]
        if group.error_code:
            return [f"{ErrorCode(group.error_code).name} {self._plain(group.error_message)}"]
        epochs = f"epoch={group.group_epoch} assignment-epoch={group.assignment_epoch}"
        members = [
            f"{m.member_id}{f'({m.instance_id})' if m.instance_id else ''} {m.client_id} {m.client_host}"
            f" epoch={m.member_epoch} topics={self._sorted(m.subscribed_topic_names)}"
            + (f" regex={m.subscribed_topic_regex}" if m.subscribed_topic_regex else "")
            + f" has={self._placed(m.assignment.topic_partitions)}"
            + f" target={self._placed(m.target_assignment.topic_partitions)} type={m.member_type}"
            for m in group.members
        ]
        return [f"NONE {group.group_state} {epochs} assignor={group.assignor_name}", *sorted(members)]

    def _sorted(self, topics):
        return ",".join(sorted(self._plain(each) for each in topics)) or "-"

    def _topics(self, names, options):
        """The cluster's topics from now on, with so many partitions."""
        self._counts = {name: int(count) for name, count in options.items()}
        self.teller.set_topics(self._counts)
        return []

    def _fetch(self, names, options):
        topics = [OffsetFetchRequestTopics(name=self._topic, partition_indexes=[int(each) for each in names])]
        request = OffsetFetchRequest(
            groups=[
                OffsetFetchRequestGroup(
                    group_id=self._group(options),
                    member_id=options.get("member"),
                    member_epoch=int(options.get("epoch", -1)),
                    topics=topics if names else None,
                )
            ],
            require_stable="stable" in options,
        )
        group = self.teller.send(request, 9).result().groups[0]
        partitions = sorted(
            (each for topic in group.topics for each in topic.partitions), key=lambda p: p.partition_index
        )
        each = [
            f"{p.partition_index}:{p.committed_offset}"
            + (f"({p.metadata[:10]})" if p.metadata else "")
            + (f" {ErrorCode(p.error_code).name}" if p.error_code else "")
            for p in partitions
        ]
        return [" ".join([ErrorCode(group.error_code).name, *each])]

    def _delete_offsets(self, names, options):
        partitions = [OffsetDeleteRequestPartition(partition_index=int(each)) for each in names]
        request = OffsetDeleteRequest(
            group_id=self._group(options),
            topics=[OffsetDeleteRequestTopic(name=self._topic, partitions=partitions)],
        )
        answer = self.teller.send(request, 0).result()
        each = [
            f"{p.partition_index}={ErrorCode(p.error_code).name}" for topic in answer.topics for p in topic.partitions
        ]
        return [" ".join([ErrorCode(answer.error_code).name, *each])]

    def _describe(self, names, options):
        version = int(options.get("v", 6))
        request = DescribeGroupsRequest(groups=[self._group(options)])
        group = self.teller.send(request, version).result().groups[0]
        head = [ErrorCode(group.error_code).name, group.group_state, f"type={group.protocol_type or '-'}"]
        head += [f"protocol={group.protocol_data or '-'}"]
        head += [f"({self._plain(group.error_message)})"] if group.error_message else []
        members = [
            f"{self._label(m.member_id)}{f'({m.group_instance_id})' if m.group_instance_id else ''}"
            f" {m.client_id} {m.client_host} {'metadata' if m.member_metadata else 'no metadata'}"
            f" assignment={bytes(m.member_assignment).decode() or '-'}"
            for m in group.members
        ]
        return [" ".join(head), *sorted(members)]

    def _list(self, names, options):
        request = ListGroupsRequest(
            states_filter=[each for each in options.get("states", "").split(",") if each],
            types_filter=[each for each in options.get("types", "").split(",") if each],
        )
        answer = self.teller.send(request, 5).result()
        groups = [each for each in answer.groups if each.group_id.endswith(self._suffix)]
        each = [f"{self._plain(g.group_id)}:{g.protocol_type or '-'}:{g.group_state}:{g.group_type}" for g in groups]
        return [" ".join([ErrorCode(answer.error_code).name, *sorted(each)])]

    def _delete(self, names, options):
        request = DeleteGroupsRequest(groups_names=[each + self._suffix for each in names])
        answer = self.teller.send(request, 2).result()
        each = [f"{self._plain(r.group_id)}={ErrorCode(r.error_code).name}" for r in answer.results]
        return [" ".join(sorted(each))]


__all__ = ["START_MS", "TOPIC", "ShardTeller", "Story"]
