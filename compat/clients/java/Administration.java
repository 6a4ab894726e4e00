import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** The admin client: topics, configurations, partitions, records, groups. */
final class Administration {
    static void adminTopics() throws Exception {
        String topic = Clients.newTopic("admin", 3);
        try (AdminClient admin = Clients.admin()) {
            Tap.equal(Ages.describe(admin, topic).partitions().size(), 3);
            Tap.refusedWith("TopicExistsException", () -> create(admin, topic, 1, Map.of()));
            Tap.refusedWith("InvalidReplicationFactorException", () -> create(admin, Tap.unique("r"), 3, Map.of()));
            Tap.refusedWith("InvalidTopicException", () -> create(admin, "no/slash", 1, Map.of()));
            Tap.refusedWith("InvalidConfigurationException",
                () -> create(admin, Tap.unique("c"), 1, Map.of("retention.ms", "soon")));
            admin.deleteTopics(List.of(topic)).all().get();
            Tap.waitUntil("it to be gone", () -> !admin.listTopics().names().get().contains(topic));
            Tap.refusedWith("UnknownTopicOrPartitionException", () -> admin.deleteTopics(List.of(topic)).all().get());
        }
    }

    private static void create(AdminClient admin, String topic, int replicas, Map<String, String> configs)
            throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, 1, (short) replicas).configs(configs))).all().get();
    }

    static void adminRecreate() throws Exception {
        String topic = Clients.newTopic("again", 1);
        Clients.send(topic, List.of("old"));
        try (AdminClient admin = Clients.admin()) {
            admin.deleteTopics(List.of(topic)).all().get();
            Tap.waitUntil("it to be gone", () -> !admin.listTopics().names().get().contains(topic));
        }
        Clients.createTopic(topic, 1);
        Tap.equal(Clients.send(topic, List.of("new")), List.of(0L));
        Tap.equal(Clients.values(Clients.read(topic, 1)), List.of("new"));
    }

    private static Config configOf(AdminClient admin, ConfigResource.Type type, String name) throws Exception {
        ConfigResource resource = new ConfigResource(type, name);
        return admin.describeConfigs(List.of(resource)).all().get().get(resource);
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static void adminConfigs() throws Exception {
        String topic = Clients.newTopic("configured", 1, "retention.ms=3600000", "max.message.bytes=2000");
        try (AdminClient admin = Clients.admin()) {
            Config config = configOf(admin, ConfigResource.Type.TOPIC, topic);
            Tap.equal(config.get("retention.ms").value(), "3600000");
            Tap.require(!config.get("retention.ms").isDefault(), "retention.ms was set");
            Tap.equal(config.get("cleanup.policy").value(), "delete");
            Tap.require(config.get("cleanup.policy").isDefault(), "cleanup.policy was not set");
            Tap.refusedWith("RecordTooLargeException",
                () -> Clients.send(topic, List.of(String.join("", Collections.nCopies(3000, "x")))));
        }
    }

    @SuppressWarnings("unchecked")
    static void adminIncrementalConfigs() throws Exception {
        Ages.need(2, 3, "incrementalAlterConfigs");
        String topic = Clients.newTopic("appended", 1, "retention.ms=3600000", "cleanup.policy=delete");
        Class<Enum> kind = (Class<Enum>) Ages.type("org.apache.kafka.clients.admin.AlterConfigOp$OpType");
        Object append = Ages.type("org.apache.kafka.clients.admin.AlterConfigOp").getConstructor(ConfigEntry.class, kind)
            .newInstance(new ConfigEntry("cleanup.policy", "compact"), Enum.valueOf(kind, "APPEND"));
        try (AdminClient admin = Clients.admin()) {
            ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
            Object result = Ages.call(admin, "incrementalAlterConfigs", Map.of(resource, List.of(append)));
            ((KafkaFuture<Void>) Ages.call(result, "all")).get();
            Tap.waitUntil("delete,compact", () -> configOf(admin, ConfigResource.Type.TOPIC, topic)
                .get("cleanup.policy").value().equals("delete,compact"));
            Tap.equal(configOf(admin, ConfigResource.Type.TOPIC, topic).get("retention.ms").value(), "3600000");
        }
    }

    static void adminBrokerConfigs() throws Exception {
        try (AdminClient admin = Clients.admin()) {
            String id = admin.describeCluster().nodes().get().iterator().next().idString();
            Config config = configOf(admin, ConfigResource.Type.BROKER, id);
            Tap.require(config.entries().size() > 100, config.entries().size() + " settings");
            Tap.equal(config.get("message.max.bytes").value(), "1048588");
            Tap.equal(config.get("node.id").value(), id);
        }
    }

    static void adminPartitions() throws Exception {
        String topic = Clients.newTopic("growing", 1), group = Tap.unique("group");
        try (AdminClient admin = Clients.admin(); Member member = new Member(topic, group, "metadata.max.age.ms=300")) {
            member.waitForCount(1);
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get();
            member.waitForCount(3);
            try (KafkaProducer<String, String> producer = Clients.producer()) {
                for (int partition = 0; partition < 3; partition++)
                    producer.send(new ProducerRecord<>(topic, partition, null, "to " + partition)).get();
            }
            for (int partition = 0; partition < 3; partition++)
                member.waitForValue("to " + partition);
            Tap.refusedWith("InvalidPartitionsException",
                () -> admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(2))).all().get());
        }
    }

    static void deleteRecords() throws Exception {
        String topic = Clients.newTopic("trimmed", 1);
        TopicPartition partition = Clients.zero(topic);
        Clients.send(topic, Clients.numbers(0, 10));
        try (AdminClient admin = Clients.admin(); KafkaConsumer<String, String> consumer = Clients.consumer()) {
            Tap.equal(deleteBelow(admin, partition, 6), 6L);
            Tap.equal(consumer.beginningOffsets(List.of(partition)).get(partition), 6L);
            Tap.equal(consumer.endOffsets(List.of(partition)).get(partition), 10L);
            Tap.equal(deleteBelow(admin, partition, -1), 10L);
            Tap.refusedWith("OffsetOutOfRangeException", () -> deleteBelow(admin, partition, 11));
        }
    }

    private static long deleteBelow(AdminClient admin, TopicPartition partition, long offset) throws Exception {
        return admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(offset))).lowWatermarks()
            .get(partition).get().lowWatermark();
    }

    static void listOffsets() throws Exception {
        Ages.need(2, 5, "listOffsets");
        String topic = Clients.newTopic("offsets", 1);
        try (KafkaProducer<String, String> producer = Clients.producer()) {
            for (long timestamp : new long[] {1000, 9000, 5000})
                producer.send(new ProducerRecord<>(topic, 0, timestamp, null, "" + timestamp)).get();
        }
        try (AdminClient admin = Clients.admin()) {
            Tap.equal(offset(admin, topic, "earliest"), 0L);
            Tap.equal(offset(admin, topic, "latest"), 3L);
            Tap.equal(offset(admin, topic, "forTimestamp", 4000L), 1L);
            Tap.equal(offset(admin, topic, "forTimestamp", 9001L), -1L);
            if (Ages.isAtLeast(3, 0))
                Tap.equal(offset(admin, topic, "maxTimestamp"), 1L);
        }
    }

    @SuppressWarnings("unchecked")
    private static long offset(AdminClient admin, String topic, String kind, Object... arguments) throws Exception {
        Class<?> specs = Ages.type("org.apache.kafka.clients.admin.OffsetSpec");
        Class<?>[] types = arguments.length == 0 ? new Class<?>[0] : new Class<?>[] {long.class};
        Object spec = specs.getMethod(kind, types).invoke(null, arguments);
        Object result = Ages.call(admin, "listOffsets", Map.of(Clients.zero(topic), spec));
        return (Long) Ages.call(((KafkaFuture<?>) Ages.call(result, "partitionResult", Clients.zero(topic))).get(), "offset");
    }

    static void adminGroups() throws Exception {
        Ages.need(2, 0, "listConsumerGroups");
        String topic = Clients.newTopic("grouped", 1), group = Tap.unique("group");
        try (AdminClient admin = Clients.admin()) {
            try (Member member = new Member(topic, group, "client.id=well-known")) {
                member.waitForCount(1);
                Tap.waitUntil("the group in the list", () -> listed(admin, group));
                Object found = describe(admin, group);
                Tap.equal(Ages.call(found, "state").toString(), "Stable");
                Object told = ((Collection<?>) Ages.call(found, "members")).iterator().next();
                Tap.equal(Ages.call(told, "clientId"), "well-known");
                Object assigned = Ages.call(Ages.call(told, "assignment"), "topicPartitions");
                Tap.equal(assigned, Set.of(Clients.zero(topic)));
                Tap.refusedWith("GroupNotEmptyException", () -> delete(admin, group));
            }
            Tap.waitUntil("an empty group", () -> Ages.call(describe(admin, group), "state").toString().equals("Empty"));
            delete(admin, group);
            Tap.require(!listed(admin, group), "it is still listed");
        }
    }

    private static boolean listed(AdminClient admin, String group) throws Exception {
        Object all = ((KafkaFuture<?>) Ages.call(Ages.call(admin, "listConsumerGroups"), "all")).get();
        for (Object listing : (Collection<?>) all)
            if (Ages.call(listing, "groupId").equals(group))
                return true;
        return false;
    }

    private static Object describe(AdminClient admin, String group) throws Exception {
        Object result = Ages.call(admin, "describeConsumerGroups", List.of(group));
        return ((Map<?, ?>) ((KafkaFuture<?>) Ages.call(result, "all")).get()).get(group);
    }

    private static void delete(AdminClient admin, String group) throws Exception {
        ((KafkaFuture<?>) Ages.call(Ages.call(admin, "deleteConsumerGroups", List.of(group)), "all")).get();
    }

    static void adminDescribe() throws Exception {
        String topic = Clients.newTopic("described", 2);
        try (AdminClient admin = Clients.admin()) {
            Tap.equal(admin.describeCluster().clusterId().get().length(), 22);
            int node = admin.describeCluster().nodes().get().iterator().next().id();
            Tap.equal(admin.describeCluster().controller().get().id(), node);
            TopicDescription found = Ages.describe(admin, topic);
            Tap.equal(found.isInternal(), false);
            Tap.equal(found.partitions().get(1).leader().id(), node);
            Tap.equal(found.partitions().get(1).isr().size(), 1);
            if (Ages.isAtLeast(3, 1))
                Tap.equal(Ages.call(found, "topicId").toString().length(), 22);
        }
    }

    static void alterAndDeleteGroupOffsets() throws Exception {
        Ages.need(2, 5, "alterConsumerGroupOffsets");
        String topic = Clients.newTopic("moved", 1), group = Tap.unique("group");
        Clients.send(topic, Clients.numbers(0, 6));
        Tap.equal(Clients.drain(topic, group), Clients.numbers(0, 6));
        TopicPartition partition = Clients.zero(topic);
        try (AdminClient admin = Clients.admin()) {
            Object listed = Ages.call(admin, "listConsumerGroupOffsets", group);
            Object offsets = ((KafkaFuture<?>) Ages.call(listed, "partitionsToOffsetAndMetadata")).get();
            Tap.equal(((OffsetAndMetadata) ((Map<?, ?>) offsets).get(partition)).offset(), 6L);
            Object altered = Ages.call(admin, "alterConsumerGroupOffsets", group, Map.of(partition, new OffsetAndMetadata(3)));
            ((KafkaFuture<?>) Ages.call(altered, "all")).get();
            Tap.equal(Clients.drain(topic, group), Clients.numbers(3, 6));
            Object deleted = Ages.call(admin, "deleteConsumerGroupOffsets", group, Set.of(partition));
            ((KafkaFuture<?>) Ages.call(deleted, "all")).get();
            Tap.equal(Clients.drain(topic, group), Clients.numbers(0, 6));
        }
    }

    static void compactedTopicRefusesKeyless() throws Exception {
        String topic = Clients.newTopic("compacted", 1, "cleanup.policy=compact");
        try (KafkaProducer<String, String> producer = Clients.producer("retries=0", "enable.idempotence=false")) {
            producer.send(new ProducerRecord<>(topic, "key", "value")).get();
            String name = Tap.failure(() -> producer.send(new ProducerRecord<>(topic, "no key")).get())
                .getClass().getSimpleName();
            // Clients before 2.4 do not know the code INVALID_RECORD.
            Tap.equal(name, Ages.isAtLeast(2, 4) ? "InvalidRecordException" : "UnknownServerException");
        }
    }
}
