"""Kafka's own command line tools, as people type them. Each call is a JVM of its own, so stories ask for much at once."""

import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import tap
from tap import equal, story, unique, wait_until
from tool import Running, attempt, run, says, write_file


def new_topic(prefix, partitions=1, *configs):
    topic = unique(prefix)
    overrides = [word for config in configs for word in ("--config", config)]
    run("kafka-topics", "--create", "--topic", topic, "--partitions", str(partitions), *overrides)
    return topic


def produce(topic, lines, *arguments):
    run("kafka-console-producer", "--topic", topic, *arguments, stdin="".join(line + "\n" for line in lines))


def consume(topic, count, *arguments):
    found = run("kafka-console-consumer", "--topic", topic, "--max-messages", str(count), "--timeout-ms", "20000", *arguments)
    return [line for line in found.splitlines() if not line.startswith(("Processed a total of", "The consumer rebalance"))]


@story
def tool_topics():
    """kafka-topics: create, refuse a second, describe, alter, list, delete."""
    topic = new_topic("tool-topics", 2, "retention.ms=3600000")
    code, output = attempt("kafka-topics", "--create", "--topic", topic)
    equal((code != 0, "already exists" in output), (True, True), output)
    run("kafka-topics", "--create", "--topic", topic, "--if-not-exists")
    run("kafka-topics", "--alter", "--topic", topic, "--partitions", "3")
    output = run("kafka-topics", "--describe", "--topic", topic)
    says(output, "PartitionCount: 3 ReplicationFactor: 1", "retention.ms=3600000", "Partition: 2 Leader: ")
    assert re.search(r"TopicId: [\w-]{22}\b", output), output
    assert topic in run("kafka-topics", "--list").split()
    equal(run("kafka-topics", "--describe", "--under-replicated-partitions").strip(), "")
    run("kafka-topics", "--delete", "--topic", topic)
    assert topic not in run("kafka-topics", "--list").split()


@story
def tool_configs():
    """kafka-configs: a topic's and the broker's settings are altered, described, deleted; a wrong one is refused."""
    topic = new_topic("tool-configs")
    about = ["--entity-type", "topics", "--entity-name", topic]
    run("kafka-configs", "--alter", *about, "--add-config", "retention.ms=60000,cleanup.policy=[compact,delete]")
    says(run("kafka-configs", "--describe", *about), "retention.ms=60000 sensitive=false", "cleanup.policy=compact,delete")
    run("kafka-configs", "--alter", *about, "--delete-config", "retention.ms")
    assert "retention.ms=60000" not in run("kafka-configs", "--describe", *about)
    code, output = attempt("kafka-configs", "--alter", *about, "--add-config", "retention.ms=soon")
    equal((code != 0, "InvalidConfigurationException" in output), (True, True), output)
    says(run("kafka-configs", "--describe", "--all", "--entity-type", "brokers", "--entity-name", "1"),
         "message.max.bytes=1048588", "STATIC_BROKER_CONFIG:node.id=1")


@story
def tool_cluster_wide_configs():
    """kafka-configs: a default of all brokers is set, described with its source, and deleted."""
    about = ["--entity-type", "brokers", "--entity-default"]
    run("kafka-configs", "--alter", *about, "--add-config", "log.retention.ms=86400000")
    says(run("kafka-configs", "--describe", *about),
         "log.retention.ms=86400000", "DYNAMIC_DEFAULT_BROKER_CONFIG:log.retention.ms=86400000")
    run("kafka-configs", "--alter", *about, "--delete-config", "log.retention.ms")


@story
def tool_console():
    """kafka-console-producer with keys and headers; kafka-console-consumer from the beginning, from an offset, formatted."""
    topic = new_topic("tool-console")
    produce(topic, ["h:1\tk1\tone", "h:2\tk2\ttwo"], "--reader-property", "parse.key=true",
            "--reader-property", "parse.headers=true")
    equal(consume(topic, 2, "--from-beginning"), ["one", "two"])
    everything = [word for part in ("key", "headers", "offset", "partition")
                  for word in ("--formatter-property", "print.%s=true" % part)]
    equal(consume(topic, 1, "--partition", "0", "--offset", "1", *everything), ["Partition:0\tOffset:1\th:2\tk2\ttwo"])


@story
def tool_consumer_groups():
    """kafka-consumer-groups: list, describe with lag, members, state; reset by offset, shift and to the end; delete."""
    topic, group = new_topic("tool-groups"), unique("tool-group")
    produce(topic, ["line %d" % i for i in range(10)])
    equal(len(consume(topic, 4, "--from-beginning", "--group", group)), 4)
    assert group in run("kafka-consumer-groups", "--list").split()
    says(run("kafka-consumer-groups", "--describe", "--group", group, "--offsets"), "%s %s 0 4 10 6" % (group, topic))
    says(run("kafka-consumer-groups", "--describe", "--group", group, "--state"), "Empty 0")
    reset = ["--reset-offsets", "--group", group, "--topic", topic, "--execute"]
    says(run("kafka-consumer-groups", *reset, "--to-offset", "7"), "%s %s 0 7" % (group, topic))
    says(run("kafka-consumer-groups", *reset, "--shift-by", "-2"), "%s %s 0 5" % (group, topic))
    equal(consume(topic, 5, "--group", group), ["line %d" % i for i in range(5, 10)])
    says(run("kafka-consumer-groups", *reset, "--to-datetime", "2001-02-03T00:00:00.000"), "%s %s 0 0" % (group, topic))
    says(run("kafka-consumer-groups", "--delete-offsets", "--group", group, "--topic", topic), "Successful")
    says(run("kafka-consumer-groups", "--delete", "--group", group), "was successful")
    assert group not in run("kafka-consumer-groups", "--list").split()


@story
def tool_consumer_groups_with_a_member():
    """A group with a member: Stable, the member is told, neither reset nor deletion is allowed; kafka-groups lists it."""
    topic, group = new_topic("tool-member", 2), unique("tool-group")
    produce(topic, ["one"])
    with Running("kafka-console-consumer", "--topic", topic, "--group", group, "--from-beginning") as console:
        console.wait_for("one")
        output = run("kafka-consumer-groups", "--describe", "--group", group, "--members", "--verbose")
        says(output, "%s console-consumer" % group, "console-consumer 2 ", "%s:0,1" % topic)
        says(run("kafka-consumer-groups", "--describe", "--group", group, "--state"), "Stable 1")
        code, output = attempt("kafka-consumer-groups", "--delete", "--group", group)
        assert "not empty" in output.lower() or "NonEmpty" in output or "NOT_EMPTY" in output, output
        output = run("kafka-consumer-groups", "--reset-offsets", "--group", group, "--all-topics", "--to-latest", "--execute")
        says(output, "can only be reset if the group")
        says(run("kafka-groups", "--list"), "%s Classic consumer" % group)


@story
def tool_get_offsets():
    """kafka-get-offsets: latest, earliest and by time, for a pattern of topics."""
    topic = new_topic("tool-offsets", 2)
    produce(topic, ["a", "b", "c"])
    ends = dict(line.rsplit(":", 1) for line in run("kafka-get-offsets", "--topic", topic).split())
    equal(sum(int(offset) for offset in ends.values()), 3)
    equal(run("kafka-get-offsets", "--topic-partitions", topic + ":0", "--time", "earliest").strip(), topic + ":0:0")
    assert "%s:" % topic in run("kafka-get-offsets", "--topic", topic + ".*", "--time", "max-timestamp")


@story
def tool_delete_records():
    """kafka-delete-records: a JSON file says below which offset; the console then begins there."""
    topic = new_topic("tool-delete")
    produce(topic, ["line %d" % i for i in range(5)])
    wanted = {"version": 1, "partitions": [{"topic": topic, "partition": 0, "offset": 3}]}
    says(run("kafka-delete-records", "--offset-json-file", write_file(json.dumps(wanted))), "low_watermark: 3")
    equal(consume(topic, 2, "--from-beginning"), ["line 3", "line 4"])


@story
def tool_log_dirs():
    """kafka-log-dirs: the size of a topic's partitions."""
    topic = new_topic("tool-dirs", 2)
    produce(topic, ["something"])
    output = run("kafka-log-dirs", "--describe", "--topic-list", topic)
    found = json.loads([line for line in output.splitlines() if line.startswith("{")][0])
    partitions = [p for broker in found["brokers"] for d in broker["logDirs"] for p in d["partitions"]]
    equal(sorted(p["partition"] for p in partitions), ["%s-0" % topic, "%s-1" % topic])
    assert sum(p["size"] for p in partitions) > 60, partitions


@story
def tool_metadata_quorum():
    """kafka-metadata-quorum: the status names the leader and its voters; replication shows no lag."""
    says(run("kafka-metadata-quorum", "describe", "--status"), "LeaderId: 1", "MaxFollowerLag: 0", "CurrentVoters: [")
    says(run("kafka-metadata-quorum", "describe", "--replication"), "NodeId DirectoryId LogEndOffset Lag", "Leader")


@story
def tool_features():
    """kafka-features: metadata.version is finalized, and there are features besides it."""
    output = run("kafka-features", "describe")
    says(output, "Feature: metadata.version SupportedMinVersion: 3.3-IV3", "FinalizedVersionLevel: 4.3-IV0")


@story
def tool_api_versions():
    """kafka-broker-api-versions: every API that a data plane needs is usable by this client."""
    output = run("kafka-broker-api-versions")
    for name in ("Produce(0)", "Fetch(1)", "Metadata(3)", "JoinGroup(11)", "CreateTopics(19)", "DescribeTopicPartitions(75)"):
        assert re.search(re.escape(name) + r": .*\[usable: \d+\]", output), "%s: %.300s" % (name, output)


@story
def tool_leader_election():
    """kafka-leader-election: one replica leads already; nothing is to be elected."""
    topic = new_topic("tool-election")
    output = run("kafka-leader-election", "--election-type", "preferred", "--topic", topic, "--partition", "0")
    says(output, "Valid replica already elected for partitions %s-0" % topic)


@story
def tool_reassign_partitions():
    """kafka-reassign-partitions: generate, execute to where the replica is already, verify."""
    topic = new_topic("tool-reassign")
    wanted = write_file(json.dumps({"version": 1, "topics": [{"topic": topic}]}))
    output = run("kafka-reassign-partitions", "--generate", "--topics-to-move-json-file", wanted, "--broker-list", "1")
    plan = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    equal(plan[-1]["partitions"][0]["replicas"], [1])
    path = write_file(json.dumps(plan[-1]))
    says(run("kafka-reassign-partitions", "--execute", "--reassignment-json-file", path),
         "Successfully started partition reassignment for %s-0" % topic)
    says(run("kafka-reassign-partitions", "--verify", "--reassignment-json-file", path),
         "Reassignment of partition %s-0 is completed" % topic)
    says(run("kafka-reassign-partitions", "--list"), "No partition reassignments found")


@story
def tool_perf_tests():
    """kafka-producer-perf-test and kafka-consumer-perf-test: 20,000 records of 100 bytes go and come."""
    topic = new_topic("tool-perf", 2)
    says(run("kafka-producer-perf-test", "--topic", topic, "--num-records", "20000", "--record-size", "100",
             "--throughput", "-1"), "20000 records sent")
    output = run("kafka-consumer-perf-test", "--topic", topic, "--num-records", "20000")
    last = output.strip().splitlines()[-1].split(", ")
    equal(int(float(last[4])) >= 20000, True, output)


@story
def tool_verifiable_clients():
    """kafka-verifiable-producer sends 200 with acks=all, kafka-verifiable-consumer reads them; each tells it as JSON."""
    topic, group = new_topic("tool-verifiable"), unique("tool-group")
    told = run("kafka-verifiable-producer", "--topic", topic, "--max-messages", "200", "--acks", "-1")
    last = json.loads(told.strip().splitlines()[-1])
    equal((last["name"], last["acked"]), ("tool_data", 200))
    with Running("kafka-verifiable-consumer", "--topic", topic, "--group-id", group, "--reset-policy", "earliest") as reader:

        def offsets():
            told = [json.loads(line) for line in list(reader.lines) if line.startswith('{') and '"offsets_committed"' in line]
            return [p["offset"] for event in told for p in event["offsets"]]

        wait_until(lambda: offsets() and max(offsets()) == 200, "200 committed: %r" % reader.lines[-3:], 30)


@story
def tool_client_compatibility_test():
    """Kafka's own check that a client finds what it expects of a broker of these abilities."""
    topic = new_topic("tool-compatible")
    run("client-compatibility-test", "--topic", topic, "--num-cluster-nodes", "1", "--offsets-for-times-supported", "true",
        "--cluster-id-supported", "true", "--expect-record-too-large-exception", "false", "--create-topics-supported", "true",
        "--describe-acls-supported", "true", "--idempotent-producer-supported", "true",
        "--describe-configs-supported", "true")  # an answer of SECURITY_DISABLED counts as support


@story
def tool_transactions():
    """kafka-transactions: nothing hangs, no transaction of that name, a partition's producers."""
    topic = new_topic("tool-transactions")
    produce(topic, ["one"])
    says(run("kafka-transactions", "list"), "TransactionalId")
    says(run("kafka-transactions", "describe-producers", "--topic", topic, "--partition", "0"), "ProducerId ProducerEpoch")
    says(run("kafka-transactions", "find-hanging", "--topic", topic), "Topic Partition ProducerId")


@story
def tool_client_metrics():
    """kafka-client-metrics: a subscription is made, described and deleted (KIP-714)."""
    name = unique("metrics")
    run("kafka-client-metrics", "--alter", "--name", name, "--metrics", "org.apache.kafka.producer.", "--interval", "60000")
    says(run("kafka-client-metrics", "--describe", "--name", name), "interval.ms=60000")
    assert name in run("kafka-client-metrics", "--list").split()
    run("kafka-client-metrics", "--delete", "--name", name)


@story
def connect_file_source_to_sink():
    """Kafka Connect standalone: lines appended to a file reach a topic, and from there another file, transformed."""
    topic, source, target = unique("connect"), write_file("alpha\nbeta\n"), write_file("")
    worker = write_file("\n".join([
        "bootstrap.servers=" + tap.BOOTSTRAP, "offset.storage.file.filename=" + write_file("") + ".offsets",
        "offset.flush.interval.ms=500", "listeners=http://127.0.0.1:0", "plugin.discovery=service_load", "plugin.path=" + os.path.abspath("plugins"),
        "key.converter=org.apache.kafka.connect.storage.StringConverter",
        "value.converter=org.apache.kafka.connect.storage.StringConverter"]))
    reads = write_file("name=reads\nconnector.class=org.apache.kafka.connect.file.FileStreamSourceConnector\n"
                       "tasks.max=1\nfile=%s\ntopic=%s\n" % (source, topic))
    writes = write_file("name=%s\nconnector.class=org.apache.kafka.connect.file.FileStreamSinkConnector\ntasks.max=1\n"
                        "file=%s\ntopics=%s\nconsumer.override.metadata.max.age.ms=500\ntransforms=wrap\n"
                        "transforms.wrap.type=org.apache.kafka.connect.transforms.HoistField$Value\n"
                        "transforms.wrap.field=line\n" % (unique("writes"), target, topic))
    with Running("connect-standalone", worker, reads, writes) as connect:

        def arrived(*lines):
            found = Path(target).read_text().splitlines()
            return found == ["Struct{line=%s}" % line for line in lines]

        wait_until(lambda: arrived("alpha", "beta") or connect.process.poll() is not None, "two lines", 50)
        equal(connect.process.poll(), None, "\n".join(connect.lines[-5:]))
        with open(source, "a") as file:
            file.write("gamma\n")
        wait_until(lambda: arrived("alpha", "beta", "gamma"), "the third line", 20)


if __name__ == "__main__":
    tap.main([sys.modules["__main__"]])
