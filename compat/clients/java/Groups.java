import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Consumer groups: sharing, taking over, resuming, lag. */
final class Groups {
    /** The role of a member that is killed: it says how many partitions it has whenever that changes. */
    static void member(String topic, String group, String... options) throws Exception {
        int before = -1;
        Member member = new Member(topic, group, options);
        while (true) {
            int now = member.owned.size();
            if (now != before)
                System.out.println("owns " + now);
            before = now;
            Thread.sleep(20);
        }
    }

    static void twoMembersSplitAndTakeOver() throws Exception {
        String topic = Clients.newTopic("shared", 4), group = Tap.unique("group");
        try (Member survivor = new Member(topic, group); Tap.Child other = new Tap.Child("member", topic, group)) {
            other.waitFor("owns 2");
            survivor.waitForCount(2);
            other.kill();
            survivor.waitForCount(4);
            try (KafkaProducer<String, String> producer = Clients.producer()) {
                for (int partition = 0; partition < 4; partition++)
                    producer.send(new ProducerRecord<>(topic, partition, null, "to " + partition)).get();
            }
            for (int partition = 0; partition < 4; partition++)
                survivor.waitForValue("to " + partition);
        }
    }

    static void memberLeavesCleanly() throws Exception {
        String topic = Clients.newTopic("leaving", 2), group = Tap.unique("group");
        try (Member stays = new Member(topic, group, "session.timeout.ms=30000")) {
            try (Member leaves = new Member(topic, group, "session.timeout.ms=30000")) {
                leaves.waitForCount(1);
                stays.waitForCount(1);
            }
            stays.waitForCount(2, 10);
        }
    }

    static void commitAndResume() throws Exception {
        String topic = Clients.newTopic("resume", 1), group = Tap.unique("group");
        Clients.send(topic, Clients.numbers(0, 10));
        try (KafkaConsumer<String, String> consumer = Clients.inGroup(group, "max.poll.records=4")) {
            consumer.subscribe(List.of(topic));
            Clients.take(consumer, 4);
            consumer.commitSync();
            Clients.take(consumer, 4);
        }
        Tap.equal(Clients.drain(topic, group), Clients.numbers(4, 10));
    }

    static void commitWithMetadata() throws Exception {
        String topic = Clients.newTopic("metadata", 2);
        TopicPartition first = new TopicPartition(topic, 0), second = new TopicPartition(topic, 1);
        try (KafkaConsumer<String, String> consumer = Clients.inGroup(Tap.unique("group"))) {
            consumer.assign(List.of(first, second));
            consumer.commitSync(Map.of(first, new OffsetAndMetadata(5, "half way")));
            Tap.equal(Ages.committed(consumer, first).offset(), 5L);
            Tap.equal(Ages.committed(consumer, first).metadata(), "half way");
            Tap.equal(Ages.committed(consumer, second), null);
        }
    }

    static void resumeAfterBrokerRestart() throws Exception {
        Tap.requireControl();
        String topic = Clients.newTopic("durable", 1), group = Tap.unique("group");
        Clients.send(topic, Clients.numbers(0, 10));
        try (KafkaConsumer<String, String> consumer = Clients.inGroup(group, "max.poll.records=6")) {
            consumer.subscribe(List.of(topic));
            Clients.take(consumer, 6);
            consumer.commitSync();
        }
        Tap.restartBroker();
        Tap.equal(Clients.drain(topic, group), Clients.numbers(6, 10));
        Tap.equal(Clients.send(topic, List.of("next")), List.of(10L));
    }

    static void consumerSurvivesBrokerRestart() throws Exception {
        Tap.requireControl();
        String topic = Clients.newTopic("survivor", 1), group = Tap.unique("group");
        Clients.send(topic, List.of("one", "two"));
        try (Member member = new Member(topic, group, "enable.auto.commit=true", "auto.commit.interval.ms=100")) {
            member.waitForValue("two");
            waitForCommit(topic, group, 2);
            Tap.restartBroker();
            Clients.send(topic, List.of("three"));
            member.waitForValue("three");
            Tap.equal(new ArrayList<>(member.values), List.of("one", "two", "three"));
        }
    }

    static void manyGroups() throws Exception {
        String topic = Clients.newTopic("many", 1);
        Clients.send(topic, Clients.numbers(0, 20));
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < 10; i++)
            members.add(new Member(topic, Tap.unique("group")));
        for (Member member : members) {
            member.waitForValue("19");
            Tap.equal(new ArrayList<>(member.values), Clients.numbers(0, 20));
        }
        for (Member member : members)
            member.close();
    }

    static void consumerLag() throws Exception {
        String topic = Clients.newTopic("lag", 2), group = Tap.unique("group");
        try (KafkaProducer<String, String> producer = Clients.producer()) {
            for (int i = 0; i < 30; i++)
                producer.send(new ProducerRecord<>(topic, i % 2, null, "" + i)).get();
        }
        try (KafkaConsumer<String, String> consumer = Clients.inGroup(group, "max.poll.records=10")) {
            consumer.subscribe(List.of(topic));
            Clients.take(consumer, 10);
            consumer.commitSync();
        }
        try (KafkaConsumer<String, String> other = Clients.inGroup(group)) {
            List<TopicPartition> partitions = List.of(new TopicPartition(topic, 0), new TopicPartition(topic, 1));
            Map<TopicPartition, Long> ends = other.endOffsets(partitions);
            long lag = 0;
            for (TopicPartition partition : partitions) {
                Tap.equal(ends.get(partition), 15L);
                OffsetAndMetadata committed = Ages.committed(other, partition);
                lag += 15 - (committed == null ? 0 : committed.offset());
            }
            Tap.equal(lag, 20L);
        }
    }

    static void patternSubscription() throws Exception {
        String prefix = Tap.unique("pattern");
        Clients.createTopic(prefix + "-a", 1);
        Clients.createTopic(Tap.unique("other"), 1);
        try (Member member = new Member(prefix + ".*", Tap.unique("group"), "metadata.max.age.ms=300")) {
            member.waitForCount(1);
            Clients.createTopic(prefix + "-b", 1);
            member.waitForCount(2);
        }
    }

    static void staticMember() throws Exception {
        Ages.need(2, 3, "group.instance.id");
        String topic = Clients.newTopic("static", 2), group = Tap.unique("group");
        String[] patient = {"session.timeout.ms=30000", "group.instance.id=dies"};
        try (Member stays = new Member(topic, group, "session.timeout.ms=30000", "group.instance.id=stays")) {
            stays.waitForCount(2);
            try (Tap.Child first = new Tap.Child("member", Clients.both(new String[] {topic, group}, patient))) {
                first.waitFor("owns 1");
                stays.waitForCount(1);
            }
            Set<TopicPartition> mine = Set.copyOf(stays.owned);
            int rebalances = stays.rebalances.size();
            try (Tap.Child second = new Tap.Child("member", Clients.both(new String[] {topic, group}, patient))) {
                second.waitFor("owns 1");
                Tap.equal(stays.rebalances.size(), rebalances);
                Tap.equal(Set.copyOf(stays.owned), mine);
            }
        }
    }

    static void cooperativeRebalance() throws Exception {
        Ages.need(2, 4, "cooperative assignor");
        givesUpOnlyTwo("partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
    }

    static void consumerProtocol848() throws Exception {
        Ages.need(4, 0, "group.protocol");
        givesUpOnlyTwo("group.protocol=consumer");
    }

    private static void givesUpOnlyTwo(String protocol) throws Exception {
        String topic = Clients.newTopic("cooperative", 4), group = Tap.unique("group");
        try (Member first = protocolMember(topic, group, protocol)) {
            first.waitForCount(4);
            first.revoked.clear();
            try (Member second = protocolMember(topic, group, protocol)) {
                second.waitForCount(2);
                first.waitForCount(2);
                Tap.equal(new TreeSet<>(names(first.revoked)), new TreeSet<>(names(second.owned)));
            }
            first.waitForCount(4);
        }
    }

    /** The classic protocol's sessions are the member's affair; in KIP-848 they are the group's, and not to be set. */
    private static Member protocolMember(String topic, String group, String protocol) {
        String[] options = {"group.id=" + group, protocol, "metadata.max.age.ms=500"};
        return new Member(topic, Clients.consumer(
            protocol.equals("group.protocol=consumer") ? options : Clients.both(Clients.QUICK, options)));
    }

    private static List<String> names(Iterable<TopicPartition> partitions) {
        List<String> names = new ArrayList<>();
        partitions.forEach(partition -> names.add(partition.toString()));
        return names;
    }

    static void autocommitWhileRunning() throws Exception {
        String topic = Clients.newTopic("autocommit", 1), group = Tap.unique("group");
        Clients.send(topic, Clients.numbers(0, 5));
        try (Member member = new Member(topic, group, "enable.auto.commit=true", "auto.commit.interval.ms=200")) {
            member.waitForValue("4");
            waitForCommit(topic, group, 5);
        }
    }

    /** Waits until another client sees what a running member has committed. */
    private static void waitForCommit(String topic, String group, long offset) throws Exception {
        try (KafkaConsumer<String, String> other = Clients.inGroup(group)) {
            Tap.waitUntil("offset " + offset + " to be committed", () -> {
                OffsetAndMetadata committed = Ages.committed(other, Clients.zero(topic));
                return committed != null && committed.offset() == offset;
            });
        }
    }
}
