import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/** Kafka Streams: word count with a state store and its changelog, exactly once, over a restart; a windowed join. */
public final class Program {
    private static final String EXACTLY_ONCE = "exactly_once_v2", AT_LEAST_ONCE = "at_least_once";

    public static void main(String[] arguments) throws Exception {
        Map<String, Tap.Story> stories = new LinkedHashMap<>();
        stories.put("streams_word_count", () -> wordCount(AT_LEAST_ONCE));
        stories.put("streams_exactly_once", () -> wordCount(EXACTLY_ONCE));
        stories.put("streams_over_broker_restart", Program::brokerRestart);
        stories.put("streams_windowed_join", Program::windowedJoin);
        Tap.tellAll(stories);
        System.exit(0);
    }

    /** Counts; a second instance without local state has the counts from the changelog and goes on. */
    private static void wordCount(String guarantee) throws Exception {
        String in = newTopic("words", 2), out = newTopic("counts", 2), application = Tap.unique("wordcount");
        send(in, "to be or", "not to be");
        try (Running first = new Running(application, guarantee, builder -> count(builder, in, out))) {
            waitForCounts(out, Map.of("to", 2L, "be", 2L, "or", 1L, "not", 1L));
        }
        send(in, "be that");
        try (Running second = new Running(application, guarantee, builder -> count(builder, in, out))) {
            waitForCounts(out, Map.of("to", 2L, "be", 3L, "or", 1L, "not", 1L, "that", 1L));
        }
        try (Admin admin = Admin.create(settings())) {
            Tap.waitUntil("its internal topics", () -> {
                var names = admin.listTopics().names().get();
                return names.contains(application + "-counts-changelog") && names.contains(application + "-counts-repartition");
            });
        }
    }

    private static void brokerRestart() throws Exception {
        Tap.requireControl();
        String in = newTopic("words", 1), out = newTopic("counts", 1), application = Tap.unique("survivor");
        try (Running running = new Running(application, EXACTLY_ONCE, builder -> count(builder, in, out))) {
            send(in, "once");
            waitForCounts(out, Map.of("once", 1L));
            Tap.restartBroker();
            send(in, "once more");
            waitForCounts(out, Map.of("once", 2L, "more", 1L));
        }
    }

    private static void windowedJoin() throws Exception {
        String left = newTopic("left", 1), right = newTopic("right", 1), out = newTopic("joined", 1);
        try (Running running = new Running(Tap.unique("join"), AT_LEAST_ONCE, builder -> {
            KStream<String, String> one = builder.stream(left), other = builder.stream(right);
            one.join(other, (a, b) -> a + "+" + b, JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMinutes(1))).to(out);
        })) {
            try (KafkaProducer<String, String> producer = producer()) {
                long now = System.currentTimeMillis();
                producer.send(new ProducerRecord<>(left, 0, now, "k", "a"));
                producer.send(new ProducerRecord<>(right, 0, now + 1000, "k", "b"));
                producer.send(new ProducerRecord<>(right, 0, now + 600_000, "k", "late"));
            }
            List<String> found = new ArrayList<>();
            try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings("isolation.level=read_committed"),
                    new StringDeserializer(), new StringDeserializer())) {
                assign(consumer, out);
                Tap.waitUntil("a+b", () -> {
                    consumer.poll(Duration.ofMillis(100)).forEach(record -> found.add(record.value()));
                    return !found.isEmpty();
                });
            }
            Tap.equal(found, List.of("a+b"));
        }
    }

    private static void count(StreamsBuilder builder, String in, String out) {
        KStream<String, String> lines = builder.stream(in);
        lines.flatMapValues(line -> Arrays.asList(line.split(" "))).groupBy((key, word) -> word)
            .count(Materialized.as("counts")).toStream().to(out, Produced.with(Serdes.String(), Serdes.Long()));
    }

    /**
     * A running application with a state directory of its own, which is gone when it closes. Closing does not leave the
     * group, by the design of Streams: the next instance waits for the end of the session, Kafka's shortest.
     */
    private static final class Running implements AutoCloseable {
        private final KafkaStreams streams;

        Running(String application, String guarantee, Consumer<StreamsBuilder> topology) throws Exception {
            StreamsBuilder builder = new StreamsBuilder();
            topology.accept(builder);
            streams = new KafkaStreams(builder.build(), settings("application.id=" + application,
                "processing.guarantee=" + guarantee, "commit.interval.ms=100", "session.timeout.ms=6000", "heartbeat.interval.ms=300", "state.dir=state/" + Tap.unique("dir"),
                "default.key.serde=" + Serdes.StringSerde.class.getName(), "num.stream.threads=1",
                "default.value.serde=" + Serdes.StringSerde.class.getName(), "auto.offset.reset=earliest"));
            streams.start();
            Tap.waitUntil("RUNNING, is " + streams.state(), () -> streams.state() == KafkaStreams.State.RUNNING);
        }

        @Override
        public void close() {
            streams.close(Duration.ofSeconds(10));
            streams.cleanUp();
        }
    }

    private static void waitForCounts(String topic, Map<String, Long> wanted) throws Exception {
        Map<String, Long> found = new HashMap<>();
        try (KafkaConsumer<String, Long> consumer = new KafkaConsumer<>(settings("isolation.level=read_committed"),
                new StringDeserializer(), new LongDeserializer())) {
            assign(consumer, topic);
            Tap.waitUntil(wanted + ", found " + found, () -> {
                for (ConsumerRecord<String, Long> record : consumer.poll(Duration.ofMillis(100)))
                    found.put(record.key(), record.value());
                return found.equals(wanted);
            });
        } catch (AssertionError late) {
            throw new AssertionError("found " + found + ", wanted " + wanted);
        }
    }

    private static void assign(KafkaConsumer<?, ?> consumer, String topic) {
        List<TopicPartition> partitions = new ArrayList<>();
        consumer.partitionsFor(topic).forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
    }

    private static String newTopic(String prefix, int partitions) throws Exception {
        String topic = Tap.unique(prefix);
        try (Admin admin = Admin.create(settings())) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
        }
        return topic;
    }

    private static KafkaProducer<String, String> producer() {
        return new KafkaProducer<>(settings(), new StringSerializer(), new StringSerializer());
    }

    private static void send(String topic, String... lines) throws Exception {
        try (KafkaProducer<String, String> producer = producer()) {
            for (String line : lines)
                producer.send(new ProducerRecord<>(topic, line)).get();
        }
    }

    private static Properties settings(String... options) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", Tap.BOOTSTRAP);
        for (String option : options)
            settings.put(option.split("=", 2)[0], option.split("=", 2)[1]);
        return settings;
    }
}
