import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Shorthand: clients with this run's bootstrap servers, options as "key=value", reading a known number of records. */
final class Clients {
    static final String[] QUICK = {"session.timeout.ms=6000", "heartbeat.interval.ms=300"}; // Kafka's shortest session

    static Properties settings(String... options) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", Tap.BOOTSTRAP);
        for (String option : options)
            settings.put(option.substring(0, option.indexOf('=')), option.substring(option.indexOf('=') + 1));
        return settings;
    }

    static KafkaProducer<String, String> producer(String... options) {
        return new KafkaProducer<>(settings(options), new StringSerializer(), new StringSerializer());
    }

    /** Begins at the earliest record and commits nothing by itself, unless the options say otherwise. */
    static KafkaConsumer<String, String> consumer(String... options) {
        String[] defaults = {"auto.offset.reset=earliest", "enable.auto.commit=false", "retry.backoff.ms=50"};
        return new KafkaConsumer<>(settings(both(defaults, options)), new StringDeserializer(), new StringDeserializer());
    }

    /** A consumer of the classic protocol in a group. */
    static KafkaConsumer<String, String> inGroup(String group, String... options) {
        return consumer(both(both(QUICK, "group.id=" + group), options));
    }

    static AdminClient admin() {
        return AdminClient.create(settings());
    }

    static String[] both(String[] first, String... second) {
        String[] joined = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, joined, first.length, second.length);
        return joined;
    }

    static String newTopic(String prefix, int partitions, String... configs) throws Exception {
        String topic = Tap.unique(prefix);
        createTopic(topic, partitions, configs);
        return topic;
    }

    static void createTopic(String topic, int partitions, String... configs) throws Exception {
        Map<String, String> overrides = new HashMap<>();
        for (String config : configs)
            overrides.put(config.split("=", 2)[0], config.split("=", 2)[1]);
        try (AdminClient admin = admin()) {
            NewTopic wanted = new NewTopic(topic, partitions, (short) 1).configs(overrides);
            admin.createTopics(Collections.singletonList(wanted)).all().get();
        }
    }

    /** Sends values to partition 0 in order; the offsets that the broker gave them. */
    static List<Long> send(KafkaProducer<String, String> producer, String topic, List<String> values) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (String value : values)
            sent.add(producer.send(new ProducerRecord<>(topic, 0, null, value)));
        List<Long> offsets = new ArrayList<>();
        for (Future<RecordMetadata> future : sent)
            offsets.add(future.get().offset());
        return offsets;
    }

    static List<Long> send(String topic, List<String> values, String... options) throws Exception {
        try (KafkaProducer<String, String> producer = producer(options)) {
            return send(producer, topic, values);
        }
    }

    static List<String> numbers(int from, int to) {
        List<String> found = new ArrayList<>();
        for (int i = from; i < to; i++)
            found.add(String.valueOf(i));
        return found;
    }

    static List<Long> offsets(long from, long to) {
        List<Long> found = new ArrayList<>();
        for (long i = from; i < to; i++)
            found.add(i);
        return found;
    }

    static <K, V> List<ConsumerRecord<K, V>> take(KafkaConsumer<K, V> consumer, int count) throws Exception {
        List<ConsumerRecord<K, V>> found = new ArrayList<>();
        try {
            Tap.waitUntil(count + " records", () -> {
                Ages.poll(consumer, 200).forEach(found::add);
                return found.size() >= count;
            });
        } catch (AssertionError late) {
            throw new AssertionError("read " + found.size() + " of " + count + " records", late);
        }
        return found;
    }

    static List<String> values(List<ConsumerRecord<String, String>> records) {
        return records.stream().map(ConsumerRecord::value).collect(Collectors.toList());
    }

    /** Reads records of all partitions from the beginning, without a group. */
    static List<ConsumerRecord<String, String>> read(String topic, int count, String... options) throws Exception {
        try (KafkaConsumer<String, String> consumer = consumer(options)) {
            assignAll(consumer, topic);
            return take(consumer, count);
        }
    }

    static void assignAll(KafkaConsumer<?, ?> consumer, String topic) {
        Set<TopicPartition> partitions = new HashSet<>();
        for (PartitionInfo info : consumer.partitionsFor(topic))
            partitions.add(new TopicPartition(topic, info.partition()));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
    }

    /** What the group's next consumer gets until nothing has come for a second; it commits what it read. */
    static List<String> drain(String topic, String group, String... options) throws Exception {
        List<String> found = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = inGroup(group, options)) {
            consumer.subscribe(Collections.singletonList(topic));
            Tap.waitUntil("an assignment", () -> {
                Ages.poll(consumer, 100).forEach(record -> found.add(record.value()));
                return !consumer.assignment().isEmpty();
            });
            for (int before = -1; before < found.size(); ) {
                before = found.size();
                Ages.poll(consumer, 1000).forEach(record -> found.add(record.value()));
            }
            consumer.commitSync();
        }
        return found;
    }

    static TopicPartition zero(String topic) {
        return new TopicPartition(topic, 0);
    }
}
