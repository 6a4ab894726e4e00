"""kcat's stories: the console's life, by the command that people type."""

import contextlib
import json
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import tap
from tap import BOOTSTRAP, WAIT_S, equal, require_control, restart_broker, story, unique, wait_until

TIMEOUT_S = 30
QUICK = ["-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=300"]  # 6 s is the shortest that Kafka allows


def kcat(*arguments, stdin=None):
    """Runs kcat to its end and returns what it printed; complains when it failed."""
    done = subprocess.run(["kcat", "-b", BOOTSTRAP, *arguments], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        raise AssertionError("kcat %s: %s" % (" ".join(arguments), done.stderr.decode(errors="replace").strip()))
    return done.stdout


def produce(topic, lines, *arguments):
    kcat("-P", "-t", topic, *arguments, stdin="".join(line + "\n" for line in lines).encode())


def consume(topic, *arguments):
    """Everything from the beginning to the end, as lines."""
    return kcat("-C", "-t", topic, "-e", *arguments).decode().splitlines()


class Background:
    """A kcat that keeps running: a console left open, or a member of a group."""

    def __init__(self, *arguments):
        self.output = tap.unique("kcat") + ".out"
        with open(self.output, "wb") as output:
            self._process = subprocess.Popen(["kcat", "-b", BOOTSTRAP, "-u", *arguments], stdin=subprocess.DEVNULL,
                                             stdout=output, stderr=subprocess.STDOUT)

    def lines(self):
        return Path(self.output).read_text(errors="replace").splitlines()

    def wait_lines(self, wanted):
        """Waits for these lines, among others, in any order."""
        wait_until(lambda: set(wanted) <= set(self.lines()), "%r among %r" % (wanted, self.lines()))

    def assigned(self):
        """The partitions of the last assignment that kcat spoke of."""
        words = [line for line in self.lines() if "rebalanced" in line and "assigned:" in line]
        return sorted(int(part.split("[")[1].split("]")[0]) for part in words[-1].split("assigned:")[1].split(",")) \
            if words else []

    def wait_assigned(self, count):
        return wait_until(lambda: len(self.assigned()) == count and self.assigned(),
                          "%d partitions: %r" % (count, self.lines()), WAIT_S)

    def end(self, politely=True):
        if self._process.poll() is None:
            (self._process.terminate if politely else self._process.kill)()
            self._process.wait(WAIT_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(politely=False)


@story
def hundred_messages_to_a_new_topic():
    """Lines typed into a topic nobody created come out again, in order."""
    topic = unique("typed")
    produce(topic, ["message %d" % i for i in range(100)])
    equal(consume(topic), ["message %d" % i for i in range(100)])


@story
def console_consumer():
    """kcat -C: from the beginning, from an offset, the last three, the first two; with topic, partition, offset, key."""
    topic = unique("console")
    produce(topic, ["k%d:v%d" % (i, i) for i in range(10)], "-K:")
    equal(consume(topic, "-o", "beginning"), ["v%d" % i for i in range(10)])
    equal(consume(topic, "-o", "7"), ["v7", "v8", "v9"])
    equal(consume(topic, "-o", "-3"), ["v7", "v8", "v9"])
    equal(consume(topic, "-c", "2"), ["v0", "v1"])
    equal(consume(topic, "-o", "-1", "-f", "%t %p %o %k %s\\n"), ["%s 0 9 k9 v9" % topic])
    equal(json.loads(consume(topic, "-o", "-1", "-J")[0])["payload"], "v9")


@story
def console_left_open():
    """A console at the end of a topic shows a line when it is produced."""
    topic = unique("open")
    produce(topic, ["old"])
    with Background("-C", "-t", topic, "-o", "end") as console:
        wait_until(lambda: any("Reached end" in line for line in console.lines()), "the console to be at the end")
        produce(topic, ["new"])
        console.wait_lines(["new"])
        equal("old" in console.lines(), False)


@story
def compression_each():
    """Every codec comes back as it was sent, in one partition, mixed."""
    topic = unique("codecs")
    codecs = ("none", "gzip", "snappy", "lz4", "zstd")
    for codec in codecs:
        produce(topic, ["%s %d " % (codec, i) * 50 for i in range(10)], "-z", codec)
    found = consume(topic, "-X", "check.crcs=true")
    equal([line.split()[0] for line in found[::10]], list(codecs))


@story
def acks_each():
    """acks=0, acks=1 and acks=all each arrive."""
    topic = unique("acks")
    for acks in ("1", "0", "all"):
        produce(topic, [acks], "-X", "acks=%s" % acks)
        wait_until(lambda wanted=acks: wanted in consume(topic), "acks=%s" % acks)


@story
def headers_keys_nulls():
    """Headers, keys and null values survive."""
    topic = unique("shapes")
    kcat("-P", "-t", topic, "-Z", "-K:", "-H", "trace=abc", "-H", "more=", stdin=b"key:value\ntombstone:\n")
    found = consume(topic, "-Z", "-f", "%k=%s %h\\n")
    equal(found, ["key=value trace=abc,more=", "tombstone=NULL trace=abc,more="])


@story
def large_message():
    """A record of 900 kB comes back whole; one of 2 MB is refused."""
    topic = unique("large")
    produce(topic, ["first"])
    value = "x" * 900000
    produce(topic, [value])
    equal(consume(topic, "-o", "1"), [value])
    try:
        produce(topic, ["y" * 2000000], "-X", "message.max.bytes=4000000")
    except AssertionError as refusal:
        assert "too large" in str(refusal), refusal
    else:
        raise AssertionError("2 MB were accepted")


@story
def idempotent_producer():
    """A producer with idempotence writes each line once and in order."""
    topic = unique("idempotent")
    produce(topic, ["%d" % i for i in range(500)], "-X", "enable.idempotence=true", "-X", "batch.num.messages=5")
    equal(consume(topic), ["%d" % i for i in range(500)])


@story
def transaction_commit():
    """Lines produced in a transaction are read by a consumer of committed records."""
    topic = unique("transaction")
    produce(topic, ["before"])
    try:
        produce(topic, ["a", "b"], "-X", "transactional.id=%s" % unique("tx"), "-X", "transaction.timeout.ms=10000")
    except AssertionError as error:
        raise tap.Skip("the broker has no transactions") from error
    equal(consume(topic, "-X", "isolation.level=read_committed"), ["before", "a", "b"])


@story
def seek_by_time():
    """-o s@T begins with the first record since T; -Q answers the offset for a moment."""
    topic = unique("timed")
    produce(topic, ["early"])
    time.sleep(0.05)  # so that the two have different timestamps
    moment = int(time.time() * 1000)
    produce(topic, ["late"])
    equal(consume(topic, "-o", "s@%d" % moment), ["late"])
    equal(kcat("-Q", "-t", "%s:0:%d" % (topic, moment)).decode().split(), [topic, "[0]", "offset", "1"])
    equal(kcat("-Q", "-t", "%s:0:-1" % topic).decode().split()[-1], "2")


@story
def group_resumes():
    """kcat -G reads with a group, commits when it ends, and goes on there the next time."""
    topic, group = unique("grouped"), unique("group")
    produce(topic, ["one", "two"])
    read = ["-G", group, "-X", "auto.offset.reset=earliest", "-e", *QUICK, topic]
    equal(kcat(*read).decode().splitlines(), ["one", "two"])
    produce(topic, ["three"])
    equal(kcat(*read).decode().splitlines(), ["three"])


@story
def two_members_split_and_take_over():
    """Two kcats of one group share the partitions; when one is killed, the other has all."""
    topic, group = new_topic_with_partitions(4), unique("group")
    member = ["-G", group, *QUICK, "-X", "auto.offset.reset=earliest", topic]
    with Background(*member) as survivor, Background(*member) as other:
        theirs = other.wait_assigned(2)
        mine = survivor.wait_assigned(2)
        equal(sorted(mine + theirs), [0, 1, 2, 3])
        other.end(politely=False)
        equal(survivor.wait_assigned(4), [0, 1, 2, 3])
        for partition in range(4):
            produce(topic, ["to %d" % partition], "-p", str(partition))
        survivor.wait_lines(["to %d" % partition for partition in range(4)])


def new_topic_with_partitions(count):
    """kcat cannot create topics; a raw CreateTopics v2 request does, in forty bytes or so."""
    topic = unique("partitions").encode()
    body = struct.pack(">ih", 1, len(topic)) + topic + struct.pack(">ihiii", count, 1, 0, 0, 30000) + b"\0"
    frame = struct.pack(">hhih", 19, 2, 1, -1) + body
    host, _, port = BOOTSTRAP.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as connection:
        connection.sendall(struct.pack(">i", len(frame)) + frame)
        connection.recv(4096)
    name = topic.decode()
    wait_until(lambda: len(json.loads(kcat("-L", "-J", "-t", name))["topics"][0]["partitions"]) == count, name)
    return name


@story
def metadata_listing():
    """kcat -L lists brokers and topics, and as JSON with leaders and replicas."""
    topic = new_topic_with_partitions(3)
    text = kcat("-L").decode()
    assert 'topic "%s" with 3 partitions' % topic in text, text
    found = json.loads(kcat("-L", "-J", "-t", topic))
    broker = found["brokers"][0]["id"]
    partitions = found["topics"][0]["partitions"]
    equal([p["partition"] for p in partitions], [0, 1, 2])
    equal({p["leader"] for p in partitions}, {broker})
    equal([p["isrs"] for p in partitions], [[{"id": broker}]] * 3)


@story
def resume_after_broker_restart():
    """Lines and a group's position outlive the broker."""
    require_control()
    topic, group = unique("durable"), unique("group")
    produce(topic, ["one", "two"])
    read = ["-G", group, "-X", "auto.offset.reset=earliest", "-e", *QUICK, topic]
    equal(kcat(*read).decode().splitlines(), ["one", "two"])
    restart_broker()
    produce(topic, ["three"])
    equal(kcat(*read).decode().splitlines(), ["three"])
    equal(consume(topic), ["one", "two", "three"])


@story
def consumer_survives_broker_restart():
    """A console left open (-E: not giving up) shows what is produced after the broker came back."""
    require_control()
    topic = unique("survivor")
    produce(topic, ["before"])
    with Background("-C", "-E", "-t", topic, "-X", "reconnect.backoff.max.ms=500") as console:
        console.wait_lines(["before"])
        restart_broker()
        produce(topic, ["after"])
        console.wait_lines(["after"])


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        tap.main([sys.modules["__main__"]])
