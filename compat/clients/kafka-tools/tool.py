"""Runs Kafka's own tools from their jars, by the names of the shell scripts that people know."""

import glob
import os
import subprocess
import threading

from tap import BOOTSTRAP, unique, wait_until

LIBS = os.environ.get("COMPAT_KAFKA_LIBS", "")
TIMEOUT_S = 50

CLASSES = {
    "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-client-metrics": "org.apache.kafka.tools.ClientMetricsCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-consumer-perf-test": "org.apache.kafka.tools.ConsumerPerformance",
    "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-features": "org.apache.kafka.tools.FeatureCommand",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-groups": "org.apache.kafka.tools.GroupsCommand",
    "kafka-leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
    "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-reassign-partitions": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
    "kafka-verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
    "kafka-verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
    "client-compatibility-test": "org.apache.kafka.tools.ClientCompatibilityTest",
    "connect-standalone": "org.apache.kafka.connect.cli.ConnectStandalone",
}
# Tools that call the address differently.
ADDRESS = {"kafka-verifiable-producer": "--bootstrap-server", "kafka-producer-perf-test": "--bootstrap-server",
           "connect-standalone": None}


def command(name, *arguments):
    """The command line of a tool. The server runtime's compilers are left out: a tool lives for a second."""
    switch = ADDRESS.get(name, "--bootstrap-server")
    address = [switch, BOOTSTRAP] if switch else []
    jars = ":".join(sorted(glob.glob(LIBS + "/*.jar")))
    return ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto",
            "-Dlog4j2.configurationFile=" + quiet_logging(), "-cp", jars, CLASSES[name], *address, *arguments]


def quiet_logging():
    """Errors to stderr, nothing else: what the tools print must stay readable."""
    path = os.path.abspath("log4j2.properties")
    if not os.path.exists(path):
        with open(path, "w") as file:
            file.write("rootLogger.level=ERROR\nrootLogger.appenderRef.e.ref=E\nappender.e.type=Console\nappender.e.name=E\n"
                       "appender.e.target=SYSTEM_ERR\nappender.e.layout.type=PatternLayout\nappender.e.layout.pattern=%m%n\n")
    return path


def attempt(name, *arguments, stdin=None):
    """Runs a tool to its end: exit code and everything it printed."""
    done = subprocess.run(command(name, *arguments), input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, timeout=TIMEOUT_S, check=False)
    return done.returncode, done.stdout


def run(name, *arguments, stdin=None):
    """Runs a tool that must succeed; returns what it printed."""
    code, output = attempt(name, *arguments, stdin=stdin)
    if code:
        raise AssertionError("%s %s ended with %d: %s" % (name, " ".join(arguments), code, output[-600:]))
    return output


def says(output, *wanted):
    """Each of these texts is in the output, whatever the spaces between words."""
    plain = " ".join(output.split())
    for text in wanted:
        if text not in plain:
            raise AssertionError("%r is not in: %.600s" % (text, plain))


def write_file(text):
    """A file in this run's directory, for tools that read JSON or properties."""
    path = os.path.abspath(unique("input"))
    with open(path, "w") as file:
        file.write(text)
    return path


class Running:
    """A tool that stays open; its lines are read as they come."""

    def __init__(self, name, *arguments):
        self.lines = []
        self.process = subprocess.Popen(command(name, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, universal_newlines=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def wait_for(self, text, timeout_s=30):
        wait_until(lambda: any(text in line for line in list(self.lines)), "%r among %r" % (text, self.lines[-8:]), timeout_s)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
